internal import TraceModel

/// An expression that is true or false, prepared for many spans.
indirect enum Condition: Sendable {
    case constant(Bool)
    case test(CompiledField, ValueTest)
    /// Whether there is a value.
    case presence(Term, isWanted: Bool)
    case status(TraceQLQuery.Status, isWanted: Bool)
    case kind(TraceQLQuery.Kind, isWanted: Bool)
    case duration(TraceQLQuery.Comparison, Int64)
    case traceID(TraceID, isWanted: Bool)
    case spanID(SpanID, isWanted: Bool)
    case truth(Term)
    case not(Condition)
    case all([Condition])
    case any([Condition])
    case comparison(Term, TraceQLQuery.Comparison, Term)
    case pattern(Term, Pattern?, isWanted: Bool)

    init(_ expression: TraceQLQuery.Expression) {
        switch expression {
        case .literal(.bool(let flag)): self = .constant(flag)
        case .and: self = .all(Self.operands(of: expression, isAnd: true))
        case .or: self = .any(Self.operands(of: expression, isAnd: false))
        case .not(let operand): self = .not(Condition(operand))
        case .comparison(let left, let comparison, let right): self = .init(left, comparison, right)
        case .literal, .field, .negative, .arithmetic: self = .truth(Term(expression))
        }
    }

    /// Those of `a && b && c`, in order.
    private static func operands(of expression: TraceQLQuery.Expression, isAnd: Bool) -> [Condition] {
        switch expression {
        case .and(let left, let right) where isAnd: operands(of: left, isAnd: true) + operands(of: right, isAnd: true)
        case .or(let left, let right) where !isAnd: operands(of: left, isAnd: false) + operands(of: right, isAnd: false)
        default: [Condition(expression)]
        }
    }

    private init(
        _ left: TraceQLQuery.Expression, _ comparison: TraceQLQuery.Comparison, _ right: TraceQLQuery.Expression
    ) {
        if case .literal = left, case .field = right, comparison != .matches, comparison != .notMatches {
            self.init(right, comparison.flipped, left)
            return
        }
        let isPositive = !comparison.isNegative
        guard case .literal(let literal) = right else {
            if case .literal(.none) = left {
                self = .presence(Term(right), isWanted: !isPositive)
            } else {
                self = .comparison(Term(left), comparison, Term(right))
            }
            return
        }
        if literal == .none {
            self = .presence(Term(left), isWanted: !isPositive)
            return
        }
        guard case .field(let field) = left else {
            if comparison == .matches || comparison == .notMatches, case .string(let text) = literal {
                self = .pattern(Term(left), try? Pattern(text), isWanted: isPositive)
            } else {
                self = .comparison(Term(left), comparison, Term(right))
            }
            return
        }
        self.init(field, comparison, literal)
    }

    private init(
        _ field: TraceQLQuery.Field, _ comparison: TraceQLQuery.Comparison, _ literal: TraceQLQuery.Literal
    ) {
        let isEquality = comparison == .equal || comparison == .notEqual
        let isPositive = comparison == .equal
        switch (field, literal) {
        case (.intrinsic(.status), .status(let status)) where isEquality:
            self = .status(status, isWanted: isPositive)
        case (.intrinsic(.kind), .kind(let kind)) where isEquality:
            self = .kind(kind, isWanted: isPositive)
        case (.intrinsic(.duration), .duration(let number)), (.intrinsic(.duration), .int(let number)):
            self = .duration(comparison, number)
        case (.intrinsic(.traceID), .string(let text)) where isEquality && TraceID(hex: text) != nil:
            self = .traceID(TraceID(hex: text) ?? TraceID(high: 0, low: 0), isWanted: isPositive)
        case (.intrinsic(.spanID), .string(let text)) where isEquality && SpanID(hex: text) != nil:
            self = .spanID(SpanID(hex: text) ?? SpanID(0), isWanted: isPositive)
        case (_, .status), (_, .kind):
            self = .comparison(.field(CompiledField(field)), comparison, .literal(literal))
        default: self = .test(CompiledField(field), ValueTest(comparison, Self.literal(literal, for: field)))
        }
    }

    /// IDs may be written without the zeros before them.
    private static func literal(
        _ literal: TraceQLQuery.Literal, for field: TraceQLQuery.Field
    ) -> TraceQLQuery.Literal {
        guard case .string(let text) = literal else { return literal }
        var field = field
        if case .ofParent(let inner) = field { field = inner }
        return switch field {
        case .intrinsic(.spanID), .intrinsic(.parentID), .intrinsic(.linkSpanID):
            .string(SpanID(hex: text)?.description ?? text)
        case .intrinsic(.traceID), .intrinsic(.linkTraceID): .string(TraceID(hex: text)?.description ?? text)
        default: literal
        }
    }

    // MARK: Spans

    func holds(_ place: Int, _ facts: TraceFacts) -> Bool {
        switch self {
        case .constant(let flag): return flag
        case .test(let field, let test): return Self.holds(field, test, place, facts)
        case .presence(let term, let isWanted): return term.value(place, facts).isAbsent != isWanted
        case .status(let status, let isWanted): return (facts.spans[place].traits.queryStatus == status) == isWanted
        case .kind(let kind, let isWanted): return (facts.spans[place].traits.queryKind == kind) == isWanted
        case .duration(let comparison, let wanted):
            return facts.spans[place].duration.map { comparison.holds(NumberOrder.compare($0, wanted)) } ?? false
        case .traceID(let id, let isWanted): return (facts.traceID == id) == isWanted
        case .spanID(let id, let isWanted): return (facts.spans[place].spanID == id) == isWanted
        case .truth(let term): return term.value(place, facts).isTrue
        case .not(let condition): return !condition.holds(place, facts)
        case .all(let conditions):
            for condition in conditions where !condition.holds(place, facts) { return false }
            return true
        case .any(let conditions):
            for condition in conditions where condition.holds(place, facts) { return true }
            return false
        case .comparison(let left, let comparison, let right):
            let value = left.value(place, facts)
            if value.isAbsent { return false }
            return Operand.holds(value, comparison, right.value(place, facts))
        case .pattern(let term, let pattern, let isWanted):
            guard let pattern else { return false }
            switch term.value(place, facts) {
            case .string(let text): return pattern.matches(text) == isWanted
            case .text(let bytes): return bytes.withUnsafeBytes { pattern.matches($0) } == isWanted
            default: return false
            }
        }
    }

    /// Of several values one is enough, or for `!=` and `!~` none may be equal or match.
    private static func holds(_ field: CompiledField, _ test: ValueTest, _ place: Int, _ facts: TraceFacts) -> Bool {
        if !field.isOfParent {
            switch field.source {
            case .spanAttribute(let key): return test.holds(field.spanAttribute(key, facts.spans[place]))
            case .anyAttribute(let key):
                let span = facts.spans[place]
                return test.holds(span.attribute(key) ?? field.anyAttribute(key, span))
            case .resourceAttribute(let key): return test.holds(facts.spans[place].resourceAttribute(key))
            case .serviceName:
                let name = facts.spans[place].serviceName
                return test.holds(name.isEmpty ? nil : .string(name))
            default: break
            }
        }
        let isNegative = test.comparison.isNegative
        var holds = false
        facts.forEachValue(of: field, place) { value in
            holds = test.holds(operand: value)
            // Of a positive comparison the first that holds decides, of a negative one the first that does not.
            return holds == isNegative
        }
        return holds
    }
}

extension ValueTest {
    func holds(operand: Operand) -> Bool {
        switch operand {
        case .absent: return acceptsAbsent
        case .string(let text): return holds(text: text)
        case .int(let number), .duration(let number): return holds(.int(number))
        case .double(let number): return holds(.double(number))
        case .bool(let flag): return holds(.bool(flag))
        case .bytes(let bytes): return holds(.bytes(bytes))
        case .array(let body): return holds(.array(body))
        case .map(let body): return holds(.map(body))
        case .text(let bytes): return bytes.withUnsafeBytes { holds(text: $0) }
        case .id(let text):
            var text = text
            return text.withUTF8 { holds(text: UnsafeRawBufferPointer($0)) }
        case .status, .kind: return false
        }
    }
}

/// An expression that makes a value, prepared for many spans.
indirect enum Term: Sendable {
    case literal(TraceQLQuery.Literal)
    case field(CompiledField)
    case negative(Term)
    case arithmetic(Term, TraceQLQuery.Arithmetic, Term)
    case condition(Condition)

    init(_ expression: TraceQLQuery.Expression) {
        switch expression {
        case .literal(let literal): self = .literal(literal)
        case .field(let field): self = .field(CompiledField(field))
        case .negative(let operand): self = .negative(Term(operand))
        case .arithmetic(let left, let sign, let right): self = .arithmetic(Term(left), sign, Term(right))
        case .not, .comparison, .and, .or: self = .condition(Condition(expression))
        }
    }

    func value(_ place: Int, _ facts: TraceFacts) -> Operand {
        switch self {
        case .literal(let literal): Operand(literal)
        case .field(let field): facts.value(of: field, place)
        case .negative(let term): term.value(place, facts).negated
        case .arithmetic(let left, let sign, let right):
            Operand.arithmetic(left.value(place, facts), sign, right.value(place, facts))
        case .condition(let condition): .bool(condition.holds(place, facts))
        }
    }
}
