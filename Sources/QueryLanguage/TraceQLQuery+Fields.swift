extension TraceQLQuery {
    /// Every field that the query names, each once, in the order of the text: what is told of each span that was
    /// found, as Tempo does.
    public var selectedFields: [Field] {
        var fields: [Field] = []
        var known: Set<Field> = []
        pipeline.forEachField { if known.insert($0).inserted { fields.append($0) } }
        return fields
    }
}

extension TraceQLQuery.Field {
    /// What an answer calls it: the key without its scope, or the intrinsic field's name.
    public var key: String {
        switch self {
        case .attribute(_, let key): key
        case .intrinsic(let intrinsic): intrinsic.rawValue
        case .ofParent(let field): "parent.\(field.key)"
        }
    }
}

extension TraceQLQuery.Pipeline {
    func forEachField(_ body: (TraceQLQuery.Field) -> Void) {
        for stage in stages {
            switch stage {
            case .spansets(let spansets): spansets.forEachField(body)
            case .scalarFilter(let left, _, let right):
                left.forEachField(body)
                right.forEachField(body)
            case .group(let expression): expression.forEachField(body)
            case .coalesce: break
            case .select(let fields): fields.forEach(body)
            }
        }
    }
}

extension TraceQLQuery.Spansets {
    func forEachField(_ body: (TraceQLQuery.Field) -> Void) {
        switch self {
        case .filter(let expression): expression?.forEachField(body)
        case .combined(let left, _, let right):
            left.forEachField(body)
            right.forEachField(body)
        case .pipeline(let pipeline): pipeline.forEachField(body)
        }
    }
}

extension TraceQLQuery.Expression {
    func forEachField(_ body: (TraceQLQuery.Field) -> Void) {
        switch self {
        case .literal: break
        case .field(let field): body(field)
        case .negative(let operand), .not(let operand): operand.forEachField(body)
        case .arithmetic(let left, _, let right), .comparison(let left, _, let right), .and(let left, let right),
            .or(let left, let right):
            left.forEachField(body)
            right.forEachField(body)
        }
    }
}

extension TraceQLQuery.Scalar {
    func forEachField(_ body: (TraceQLQuery.Field) -> Void) {
        switch self {
        case .literal, .count: break
        case .aggregate(_, let expression): expression.forEachField(body)
        case .negative(let operand): operand.forEachField(body)
        case .arithmetic(let left, _, let right):
            left.forEachField(body)
            right.forEachField(body)
        }
    }
}
