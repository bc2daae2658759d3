extension TraceQLParser {
    mutating func scalarItem(from first: Part<TraceQLQuery.Scalar>?) throws(TraceQLError) -> Item {
        let left = try sum(from: first)
        scanner.skipSpace()
        guard let comparison = takeComparison() else { return .scalar(left) }
        if comparison == .matches || comparison == .notMatches {
            throw scanner.error("a number is not compared with a pattern")
        }
        let right = try sum(from: nil)
        return .stage(
            .scalarFilter(left.value, comparison, right.value), depth: try level(above: left.depth, right.depth))
    }

    mutating func takeComparison() -> TraceQLQuery.Comparison? {
        for comparison in [.notEqual, .matches, .notMatches, .lessOrEqual, .greaterOrEqual] as [TraceQLQuery.Comparison]
        where scanner.take(comparison.rawValue) {
            return comparison
        }
        scanner.skipSpace()
        switch (scanner.peek(), scanner.peek(1)) {
        case (UInt8(ascii: "="), UInt8(ascii: "=")), (UInt8(ascii: "<"), UInt8(ascii: "<")),
            (UInt8(ascii: ">"), UInt8(ascii: ">")):
            return nil
        default: break
        }
        for comparison in [.equal, .less, .greater] as [TraceQLQuery.Comparison]
        where scanner.take(comparison.rawValue) {
            return comparison
        }
        return nil
    }

    /// The operator, not taken, if it is one of `signs`; never one that is part of `&&` or the like.
    private mutating func takeArithmetic(_ signs: TraceQLQuery.Arithmetic...) -> TraceQLQuery.Arithmetic? {
        signs.first { scanner.take($0.rawValue) }
    }

    private mutating func sum(from first: Part<TraceQLQuery.Scalar>?) throws(TraceQLError) -> Part<TraceQLQuery.Scalar>
    {
        var left = try product(from: first)
        while let sign = takeArithmetic(.plus, .minus) {
            left = try join(left, sign, try product(from: nil))
        }
        return left
    }

    private mutating func product(
        from first: Part<TraceQLQuery.Scalar>?
    ) throws(TraceQLError) -> Part<TraceQLQuery.Scalar> {
        var left = try power(from: first)
        while let sign = takeArithmetic(.times, .dividedBy, .modulo) {
            left = try join(left, sign, try power(from: nil))
        }
        return left
    }

    private mutating func power(
        from first: Part<TraceQLQuery.Scalar>?
    ) throws(TraceQLError) -> Part<TraceQLQuery.Scalar> {
        var left: Part<TraceQLQuery.Scalar>
        if let first { left = first } else { left = try scalarOperand() }
        guard takeArithmetic(.power) != nil else { return left }
        try enter()
        left = try join(left, .power, try power(from: nil))
        leave()
        return left
    }

    private func join(
        _ left: Part<TraceQLQuery.Scalar>, _ sign: TraceQLQuery.Arithmetic, _ right: Part<TraceQLQuery.Scalar>
    ) throws(TraceQLError) -> Part<TraceQLQuery.Scalar> {
        Part(
            value: .arithmetic(left.value, sign, right.value), depth: try level(above: left.depth, right.depth),
            place: left.place)
    }

    private mutating func scalarOperand() throws(TraceQLError) -> Part<TraceQLQuery.Scalar> {
        scanner.skipSpace()
        let place = scanner.offset
        if scanner.peek() == UInt8(ascii: "(") {
            switch try enclosed() {
            case .scalar(let scalar): return scalar
            case .pipeline: throw scanner.error("arithmetic between pipelines is not supported", at: place)
            }
        }
        if scanner.take("-") {
            if let number = try foldedNumber() { return Part(value: .literal(number), place: place) }
            try enter()
            let operand = try product(from: nil)
            leave()
            return Part(value: .negative(operand.value), depth: try level(above: operand.depth), place: place)
        }
        if let number = try scanner.takeNumber(isNegative: false) { return Part(value: .literal(number), place: place) }
        let word = scanner.peekWord()
        if word == "count" {
            scanner.advance(word.utf8.count)
            try scanner.expect("(", "after count")
            try scanner.expect(")", "after count(")
            return Part(value: .count, place: place)
        }
        guard let aggregate = TraceQLQuery.Aggregate(rawValue: word) else {
            throw scanner.error(
                "expected `{`, count(), avg(), min(), max(), sum(), by(), coalesce() or select(),"
                    + " found \(scanner.whatComesNext())")
        }
        scanner.advance(word.utf8.count)
        try scanner.expect("(", "after \(word)")
        let operand = try expression()
        try scanner.expect(")", "or an operator")
        try check(operand, isFor: word)
        guard operand.type.mayBe(.number) else {
            throw scanner.error("\(word)() is of numbers, and this is \(operand.type.words)", at: operand.place)
        }
        return Part(
            value: .aggregate(aggregate, operand.value), depth: try level(above: operand.depth), place: place)
    }
}
