extension TraceQLParser {
    /// An expression, what it makes, and its levels.
    struct Typed {
        var value: TraceQLQuery.Expression
        var type: TraceQLType
        var depth = 1
        /// Where it starts.
        var place: Int
        /// A field of the span is in it.
        var hasField = false
    }

    // MARK: Operators, from those that bind least

    mutating func expression() throws(TraceQLError) -> Typed {
        try enter()
        defer { leave() }
        var left = try comparison()
        while let isAnd = takeLogicalWord() {
            var parts = [left]
            var next: Bool?
            repeat {
                parts.append(try comparison())
                next = peekLogicalWord()
                if next == isAnd { _ = takeLogicalWord() }
            } while next == isAnd
            for part in parts where !part.type.mayBe(.bool) {
                throw scanner.error(
                    "`\(isAnd ? "&&" : "||")` joins what is true or false, and this is \(part.type.words)",
                    at: part.place)
            }
            let hasField = parts.contains { $0.hasField }
            let joined = try chain(
                parts.map { Part(value: $0.value, depth: $0.depth, place: $0.place) }[...]
            ) { isAnd ? .and($0, $1) : .or($0, $1) }
            left = Typed(
                value: joined.value, type: .bool, depth: joined.depth, place: joined.place, hasField: hasField)
        }
        return left
    }

    /// True for `&&`, false for `||`, nil for anything else.
    private mutating func takeLogicalWord() -> Bool? { scanner.take("&&") ? true : scanner.take("||") ? false : nil }

    private func peekLogicalWord() -> Bool? {
        var scanner = scanner
        return scanner.take("&&") ? true : scanner.take("||") ? false : nil
    }

    private mutating func comparison() throws(TraceQLError) -> Typed {
        var left = try additive()
        while true {
            scanner.skipSpace()
            let place = scanner.offset
            guard let comparison = takeComparison() else { return left }
            scanner.skipSpace()
            let rightPlace = scanner.offset
            let pattern = comparison == .matches || comparison == .notMatches ? try takePattern(left) : nil
            let right: Typed
            if let pattern { right = pattern } else { right = try additive() }
            if pattern == nil { try check(left, comparison, right, at: place) }
            left = Typed(
                value: .comparison(left.value, comparison, right.value), type: .bool,
                depth: try level(above: left.depth, right.depth), place: min(left.place, rightPlace),
                hasField: left.hasField || right.hasField)
        }
    }

    /// A pattern, which is checked here.
    private mutating func takePattern(_ left: Typed) throws(TraceQLError) -> Typed {
        let place = scanner.offset
        guard left.type.mayBe(.string) else {
            throw scanner.error("a pattern is for text, and this is \(left.type.words)", at: left.place)
        }
        guard let (pattern, plainStart) = try scanner.takeString() else {
            throw scanner.error("expected a pattern in quotes, found \(scanner.whatComesNext())")
        }
        do {
            _ = try Pattern(pattern)
        } catch {
            throw scanner.error("not a pattern: \(error.message)", at: plainStart.map { $0 + error.offset } ?? place)
        }
        return Typed(value: .literal(.string(pattern)), type: .string, place: place)
    }

    private func check(
        _ left: Typed, _ comparison: TraceQLQuery.Comparison, _ right: Typed, at place: Int
    ) throws(TraceQLError) {
        let isEquality = comparison == .equal || comparison == .notEqual
        if left.type == .none || right.type == .none {
            guard isEquality else { throw scanner.error("nil is compared with = and != only", at: place) }
            return
        }
        guard left.type.mayBe(right.type) || right.type.mayBe(left.type) else {
            throw scanner.error("\(left.type.words) is never compared with \(right.type.words)", at: place)
        }
        for type in [left.type, right.type] {
            switch type {
            case .bool, .status, .kind:
                guard isEquality else { throw scanner.error("\(type.words) has no order", at: place) }
            case .string, .number, .none, .any: break
            }
        }
    }

    private mutating func additive() throws(TraceQLError) -> Typed {
        var left = try multiplicative()
        while let sign = takeSign(.plus, .minus) {
            left = try join(left, sign, try multiplicative())
        }
        return left
    }

    private mutating func multiplicative() throws(TraceQLError) -> Typed {
        var left = try power()
        while let sign = takeSign(.times, .dividedBy, .modulo) {
            left = try join(left, sign, try power())
        }
        return left
    }

    private mutating func power() throws(TraceQLError) -> Typed {
        let left = try operand()
        guard takeSign(.power) != nil else { return left }
        try enter()
        defer { leave() }
        return try join(left, .power, try power())
    }

    private mutating func takeSign(_ signs: TraceQLQuery.Arithmetic...) -> TraceQLQuery.Arithmetic? {
        signs.first { scanner.take($0.rawValue) }
    }

    private func join(
        _ left: Typed, _ sign: TraceQLQuery.Arithmetic, _ right: Typed
    ) throws(TraceQLError) -> Typed {
        for part in [left, right] where !part.type.mayBe(.number) {
            throw scanner.error("`\(sign.rawValue)` is for numbers, and this is \(part.type.words)", at: part.place)
        }
        return Typed(
            value: .arithmetic(left.value, sign, right.value), type: .number,
            depth: try level(above: left.depth, right.depth), place: left.place,
            hasField: left.hasField || right.hasField)
    }

    // MARK: Operands

    private mutating func operand() throws(TraceQLError) -> Typed {
        scanner.skipSpace()
        let place = scanner.offset
        if scanner.take("(") {
            let inner = try expression()
            try scanner.expect(")", "or an operator")
            return inner
        }
        if scanner.take("-") {
            if let number = try foldedNumber() { return Typed(value: .literal(number), type: .number, place: place) }
            return try signed(at: place, .number, "`-` is for numbers") { .negative($0) }
        }
        // `!=` and the like never start an operand.
        if scanner.peek() == UInt8(ascii: "!"), scanner.peek(1) != UInt8(ascii: "=") {
            scanner.advance(1)
            return try signed(at: place, .bool, "`!` is for what is true or false") { .not($0) }
        }
        if let field = try field() {
            var type = TraceQLType.any
            switch field {
            case .intrinsic(let intrinsic), .ofParent(.intrinsic(let intrinsic)): type = intrinsic.type
            case .attribute, .ofParent: break
            }
            return Typed(value: .field(field), type: type, place: place, hasField: true)
        }
        guard let literal = try literal() else {
            let word = scanner.peekWord()
            if TraceQLNames.scopes[word] != nil || word == "parent" {
                throw scanner.error("expected a key: `\(word).KEY`")
            }
            if word.isEmpty { throw scanner.error("expected a field or a value, found \(scanner.whatComesNext())") }
            throw scanner.error("`\(word)` is no field; attributes are written `.\(word)` or `span.\(word)`")
        }
        return Typed(value: .literal(literal), type: literal.type, place: place)
    }

    private mutating func signed(
        at place: Int, _ type: TraceQLType, _ reason: String,
        _ make: (TraceQLQuery.Expression) -> TraceQLQuery.Expression
    ) throws(TraceQLError) -> Typed {
        try enter()
        defer { leave() }
        let operand = try multiplicative()
        guard operand.type.mayBe(type) else {
            throw scanner.error("\(reason), and this is \(operand.type.words)", at: operand.place)
        }
        return Typed(
            value: make(operand.value), type: type, depth: try level(above: operand.depth), place: place,
            hasField: operand.hasField)
    }

    /// The number behind a minus, if the sign is its own: in `-2 ^ 2` it is not.
    mutating func foldedNumber() throws(TraceQLError) -> TraceQLQuery.Literal? {
        var ahead = scanner
        // A number that is too large is so without its sign too, except for the least one.
        guard let number = try ahead.takeNumber(isNegative: true) else { return nil }
        var behind = ahead
        if behind.take(TraceQLQuery.Arithmetic.power.rawValue) { return nil }
        scanner = ahead
        return number
    }

    /// Takes a literal without a sign, or with one before a number.
    mutating func literal() throws(TraceQLError) -> TraceQLQuery.Literal? {
        scanner.skipSpace()
        if let (text, _) = try scanner.takeString() { return .string(text) }
        if let number = try scanner.takeNumber(isNegative: false) { return number }
        if scanner.peek() == UInt8(ascii: "-") {
            var ahead = scanner
            ahead.advance(1)
            guard let number = try ahead.takeNumber(isNegative: true) else { return nil }
            scanner = ahead
            return number
        }
        let word = scanner.peekWord()
        guard let literal = TraceQLNames.literals[word] else { return nil }
        scanner.advance(word.utf8.count)
        return literal
    }

    /// Takes a field, if one comes next.
    mutating func field() throws(TraceQLError) -> TraceQLQuery.Field? {
        scanner.skipSpace()
        if scanner.peek() == UInt8(ascii: ".") {
            scanner.advance(1)
            return .attribute(.any, key: try scanner.takeKey().key)
        }
        let word = scanner.peekWord()
        let end = scanner.peek(word.utf8.count)
        if word == "parent", end == UInt8(ascii: ".") {
            scanner.advance(word.utf8.count + 1)
            return .ofParent(try fieldOfParent())
        }
        if let field = try scopedField() { return field }
        guard let intrinsic = TraceQLNames.plainIntrinsics[word] else { return nil }
        scanner.advance(word.utf8.count)
        return .intrinsic(intrinsic)
    }

    /// `scope.key` or `scope:name`.
    private mutating func scopedField() throws(TraceQLError) -> TraceQLQuery.Field? {
        let word = scanner.peekWord()
        let end = scanner.peek(word.utf8.count)
        if end == UInt8(ascii: "."), let scope = TraceQLNames.scopes[word] {
            scanner.advance(word.utf8.count + 1)
            return .attribute(scope, key: try scanner.takeKey().key)
        }
        guard end == UInt8(ascii: ":"), word == "trace" || TraceQLNames.scopes[word] != nil else { return nil }
        let place = scanner.offset
        scanner.advance(word.utf8.count + 1)
        // No white space within a name.
        let byte = scanner.peek()
        let name = byte > 0x20 ? scanner.peekWord() : ""
        guard let intrinsic = TraceQLNames.scopedIntrinsics["\(word):\(name)"] else {
            throw scanner.error("there is no field `\(word):\(name)`", at: place)
        }
        scanner.advance(name.utf8.count)
        return .intrinsic(intrinsic)
    }

    private mutating func fieldOfParent() throws(TraceQLError) -> TraceQLQuery.Field {
        // No white space within a name.
        if scanner.peek() > 0x20, let field = try scopedField() { return field }
        let (key, hasQuotes) = try scanner.takeKey()
        if !hasQuotes, let intrinsic = TraceQLNames.plainIntrinsics[key] { return .intrinsic(intrinsic) }
        return .attribute(.any, key: key)
    }

    // MARK: Groups

    mutating func groupExpression() throws(TraceQLError) -> Typed {
        try scanner.expect("(", "after by")
        let operand = try expression()
        try scanner.expect(")", "or an operator")
        try check(operand, isFor: "by")
        return operand
    }

    /// - Throws: if the expression is the same for every span.
    func check(_ operand: Typed, isFor function: String) throws(TraceQLError) {
        guard operand.hasField else {
            throw scanner.error("\(function)() needs a field of the spans", at: operand.place)
        }
    }
}

extension TraceQLQuery.Literal {
    var type: TraceQLType {
        switch self {
        case .string: .string
        case .int, .double, .duration: .number
        case .bool: .bool
        case .status: .status
        case .kind: .kind
        case .none: .none
        }
    }
}
