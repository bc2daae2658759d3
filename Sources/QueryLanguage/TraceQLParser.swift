extension TraceQLQuery {
    /// Reads a query; a text without any means `{ }`, as every client of Tempo may leave it out.
    ///
    /// Hints (`with (...)`) are taken and have no effect. What Tempo would refuse for its types is refused too.
    /// - Throws: if the text is none, is longer than `byteCountMax`, has more than `depthMax` levels, or asks for
    ///   numbers over time (`rate()` and others), which are not answered.
    public init(parsing text: String) throws(TraceQLError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.byteCountMax else {
            throw TraceQLError("a query has at most \(Self.byteCountMax) bytes", at: Self.byteCountMax, in: bytes)
        }
        var parser = TraceQLParser(bytes)
        self = try parser.query()
    }

    /// Bytes that a query may have.
    public static let byteCountMax = 1 << 16
    /// Parentheses and signs that may stand within each other.
    public static let depthMax = 64
    /// Levels of what a query says, in which `a && b && c` has as many as there are operators.
    static let treeDepthMax = 128
    /// Operands of `a && b && c` that are joined one after the other. Those of a longer chain are halved until
    /// `shortChainLength` are left, which says the same; what is printed of that has chains that are short enough.
    static let chainLengthMax = 32
    static let shortChainLength = 8
}

/// Reads a query from left to right, without going back.
struct TraceQLParser {
    var scanner: TraceQLScanner
    private var depth = 0

    init(_ text: [UInt8]) { scanner = TraceQLScanner(text) }

    /// A part of a query, with the levels that it has.
    struct Part<Value> {
        var value: Value
        var depth = 1
        /// Where it starts.
        var place: Int
    }

    /// What may stand between two bars.
    enum Item {
        case stage(TraceQLQuery.Stage, depth: Int)
        case scalar(Part<TraceQLQuery.Scalar>)
    }

    /// What may stand in parentheses.
    enum Enclosed {
        case pipeline(Part<TraceQLQuery.Pipeline>)
        case scalar(Part<TraceQLQuery.Scalar>)
    }

    // MARK: Levels

    /// Enters what stands in parentheses or behind a sign; `leave` ends it.
    mutating func enter() throws(TraceQLError) {
        depth += 1
        if depth > TraceQLQuery.depthMax {
            throw scanner.error("more than \(TraceQLQuery.depthMax) levels within each other")
        }
    }

    mutating func leave() { depth -= 1 }

    /// A level above others.
    func level(above depths: Int...) throws(TraceQLError) -> Int {
        let depth = 1 + (depths.max() ?? 0)
        if depth > TraceQLQuery.treeDepthMax {
            throw scanner.error("more than \(TraceQLQuery.treeDepthMax) operators that depend on each other")
        }
        return depth
    }

    /// One part of several that stand in a row between operators of the same kind.
    func chain<Value>(
        _ parts: ArraySlice<Part<Value>>, lengthMax: Int = TraceQLQuery.chainLengthMax, _ join: (Value, Value) -> Value
    ) throws(TraceQLError) -> Part<Value> {
        guard var whole = parts.first else { preconditionFailure("a chain has at least one part") }
        if parts.count > lengthMax {
            let middle = parts.startIndex + parts.count / 2
            let first = try chain(parts[..<middle], lengthMax: TraceQLQuery.shortChainLength, join)
            let second = try chain(parts[middle...], lengthMax: TraceQLQuery.shortChainLength, join)
            return Part(
                value: join(first.value, second.value), depth: try level(above: first.depth, second.depth),
                place: whole.place)
        }
        for part in parts.dropFirst() {
            whole.value = join(whole.value, part.value)
            whole.depth = try level(above: whole.depth, part.depth)
        }
        return whole
    }

    // MARK: Pipelines

    mutating func query() throws(TraceQLError) -> TraceQLQuery {
        scanner.skipSpace()
        if scanner.isAtEnd { return TraceQLQuery(pipeline: .init(stages: [.spansets(.filter(nil))])) }
        switch try pipeline(isEnclosed: false) {
        case .pipeline(let pipeline):
            try hints()
            scanner.skipSpace()
            guard scanner.isAtEnd else {
                throw scanner.error("expected `|`, an operator or the end, found \(scanner.whatComesNext())")
            }
            return TraceQLQuery(pipeline: pipeline.value)
        case .scalar: preconditionFailure("a scalar stands alone in parentheses only")
        }
    }

    private mutating func pipeline(isEnclosed: Bool) throws(TraceQLError) -> Enclosed {
        scanner.skipSpace()
        let place = scanner.offset
        var stages: [TraceQLQuery.Stage] = []
        var deepest = 1
        repeat {
            scanner.skipSpace()
            let itemPlace = scanner.offset
            switch try item() {
            case .stage(let stage, let stageDepth):
                deepest = max(deepest, stageDepth)
                if stages.isEmpty {
                    if case .coalesce = stage {
                        throw scanner.error("coalesce() has no spansets to join here", at: itemPlace)
                    }
                    // What does not say of which spans is of every span.
                    if case .spansets = stage {} else { stages.append(.spansets(.filter(nil))) }
                }
                stages.append(stage)
            case .scalar(let scalar):
                scanner.skipSpace()
                if isEnclosed, stages.isEmpty, scanner.peek() == UInt8(ascii: ")") { return .scalar(scalar) }
                throw scanner.error("expected a comparison, such as `> 2`, found \(scanner.whatComesNext())")
            }
        } while takeBar()
        return .pipeline(Part(value: .init(stages: stages), depth: try level(above: deepest), place: place))
    }

    private mutating func takeBar() -> Bool {
        scanner.skipSpace()
        return scanner.comesNext("||") ? false : scanner.take("|")
    }

    private mutating func hints() throws(TraceQLError) {
        guard scanner.peekWord() == "with" else { return }
        scanner.advance(4)
        try scanner.expect("(", "after with")
        repeat {
            let word = scanner.peekWord()
            guard !word.isEmpty else { throw scanner.error("expected the name of a hint") }
            scanner.advance(word.utf8.count)
            try scanner.expect("=", "after the hint's name")
            scanner.skipSpace()
            guard try literal() != nil else {
                throw scanner.error("expected the hint's value, found \(scanner.whatComesNext())")
            }
        } while scanner.take(",")
        try scanner.expect(")", "after the hints")
    }

    private mutating func item() throws(TraceQLError) -> Item {
        scanner.skipSpace()
        if scanner.peek() == UInt8(ascii: "{") { return try spansetsItem(from: nil) }
        if scanner.peek() == UInt8(ascii: "(") {
            switch try enclosed() {
            case .pipeline(let pipeline):
                return try spansetsItem(from: try spansets(of: pipeline))
            case .scalar(let scalar): return try scalarItem(from: scalar)
            }
        }
        let word = scanner.peekWord()
        switch word {
        case "by":
            scanner.advance(2)
            let group = try groupExpression()
            return .stage(.group(group.value), depth: group.depth)
        case "coalesce":
            scanner.advance(word.utf8.count)
            try scanner.expect("(", "after coalesce")
            try scanner.expect(")", "after coalesce(")
            return .stage(.coalesce, depth: 1)
        case "select":
            scanner.advance(word.utf8.count)
            return .stage(.select(try selectedFields()), depth: 1)
        case _ where TraceQLNames.metricsFunctions.contains(word):
            throw scanner.error("metrics queries are not answered: \(word)() makes numbers over time, not traces")
        default: return try scalarItem(from: nil)
        }
    }

    private mutating func selectedFields() throws(TraceQLError) -> [TraceQLQuery.Field] {
        try scanner.expect("(", "after select")
        var fields: [TraceQLQuery.Field] = []
        repeat {
            scanner.skipSpace()
            guard let field = try field() else {
                throw scanner.error("expected a field, found \(scanner.whatComesNext())")
            }
            fields.append(field)
        } while scanner.take(",")
        try scanner.expect(")", "or `,` after a field")
        return fields
    }

    mutating func enclosed() throws(TraceQLError) -> Enclosed {
        try scanner.expect("(", "")
        try enter()
        let enclosed = try pipeline(isEnclosed: true)
        leave()
        try scanner.expect(")", "or an operator")
        return enclosed
    }

    // MARK: Spansets

    private mutating func spansetsItem(from first: Part<TraceQLQuery.Spansets>?) throws(TraceQLError) -> Item {
        let spansets = try spansets(from: first)
        return .stage(.spansets(spansets.value), depth: spansets.depth)
    }

    private func spansets(
        of pipeline: Part<TraceQLQuery.Pipeline>
    ) throws(TraceQLError) -> Part<TraceQLQuery.Spansets> {
        // Parentheses around spansets are only for the order.
        if pipeline.value.stages.count == 1, case .spansets(let spansets) = pipeline.value.stages[0] {
            return Part(value: spansets, depth: pipeline.depth, place: pipeline.place)
        }
        return Part(value: .pipeline(pipeline.value), depth: try level(above: pipeline.depth), place: pipeline.place)
    }

    /// Spansets with `&&` and `||` between them, which bind equally.
    private mutating func spansets(
        from first: Part<TraceQLQuery.Spansets>?
    ) throws(TraceQLError) -> Part<TraceQLQuery.Spansets> {
        var left = try related(from: first)
        while true {
            guard let sign = takeLogical() else { return left }
            var parts = [left]
            var next: TraceQLQuery.SpansetOperator?
            repeat {
                parts.append(try related(from: nil))
                next = peekLogical()
                if next == sign { _ = takeLogical() }
            } while next == sign
            left = try chain(parts[...]) { .combined($0, sign, $1) }
        }
    }

    private func peekLogical() -> TraceQLQuery.SpansetOperator? {
        var scanner = scanner
        return scanner.take("&&") ? .and : scanner.take("||") ? .or : nil
    }

    private mutating func takeLogical() -> TraceQLQuery.SpansetOperator? {
        scanner.take("&&") ? .and : scanner.take("||") ? .or : nil
    }

    /// Spansets with relations between them.
    private mutating func related(
        from first: Part<TraceQLQuery.Spansets>?
    ) throws(TraceQLError) -> Part<TraceQLQuery.Spansets> {
        var left: Part<TraceQLQuery.Spansets>
        if let first { left = first } else { left = try spansetOperand() }
        while let sign = takeRelation() {
            let right = try spansetOperand()
            left.depth = try level(above: left.depth, right.depth)
            left.value = .combined(left.value, sign, right.value)
        }
        return left
    }

    /// Longer ones first.
    private static let relations = TraceQLQuery.SpansetOperator.allCases.filter { $0 != .and && $0 != .or }
        .sorted { $0.rawValue.utf8.count > $1.rawValue.utf8.count }

    private mutating func takeRelation() -> TraceQLQuery.SpansetOperator? {
        scanner.skipSpace()
        for relation in Self.relations where scanner.comesNext(relation.rawValue) {
            // `>=` and `<=` are none.
            let end = scanner.peek(relation.rawValue.utf8.count)
            if end == UInt8(ascii: "=") { return nil }
            scanner.advance(relation.rawValue.utf8.count)
            return relation
        }
        return nil
    }

    private mutating func spansetOperand() throws(TraceQLError) -> Part<TraceQLQuery.Spansets> {
        scanner.skipSpace()
        let place = scanner.offset
        if scanner.peek() == UInt8(ascii: "(") {
            switch try enclosed() {
            case .pipeline(let pipeline): return try spansets(of: pipeline)
            case .scalar: throw scanner.error("expected spansets, found a number in parentheses", at: place)
            }
        }
        guard scanner.take("{") else { throw scanner.error("expected `{` or `(`, found \(scanner.whatComesNext())") }
        if scanner.take("}") { return Part(value: .filter(nil), place: place) }
        let condition = try expression()
        try scanner.expect("}", "or an operator")
        guard condition.type.mayBe(.bool) else {
            throw scanner.error("this is \(condition.type.words), and not true or false", at: condition.place)
        }
        return Part(value: .filter(condition.value), depth: try level(above: condition.depth), place: place)
    }
}
