public import TraceModel

/// Spans of one trace that belong together in the answer to a query.
public struct Spanset: Hashable, Sendable {
    /// Indices into the trace's spans, ascending.
    public var places: [Int]
    /// What by() and aggregates found out, by the text of their expression; of one name the last.
    public var attributes: [Attribute]

    public struct Attribute: Hashable, Sendable {
        public var name: String
        public var value: FieldValue

        public init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    public init(places: [Int], attributes: [Attribute] = []) {
        self.places = places
        self.attributes = attributes
    }

    fileprivate mutating func set(_ name: String, _ value: FieldValue) {
        attributes.removeAll { $0.name == name }
        attributes.append(Attribute(name: name, value: value))
    }
}

/// A query prepared for many traces.
///
/// A trace is looked at as a whole; its time and memory grow with its spans alone, times the length of the query.
/// May be used by several threads at once.
public struct TraceQLMatcher: Sendable {
    private let pipeline: CompiledPipeline

    public init(_ query: TraceQLQuery) { pipeline = CompiledPipeline(query.pipeline) }

    /// The spansets that the query leaves of a trace, each with a span at least; none if the trace does not match.
    public func match(_ trace: Trace) -> [Spanset] {
        pipeline.run([Spanset(places: Array(trace.spans.indices))], TraceFacts(trace))
    }

    /// What a field says of a span; see `TraceFieldReader`, which is for many fields of one trace.
    public func value(of field: TraceQLQuery.Field, place: Int, in trace: Trace) -> FieldValue? {
        TraceFieldReader(trace).value(of: field, place: place)
    }
}

/// Tells fields of a trace's spans. For one thread at a time.
public struct TraceFieldReader {
    private let facts: TraceFacts

    public init(_ trace: Trace) { facts = TraceFacts(trace) }

    /// nil if the span has none. Of events and links: the value of the only one that has any, or an array.
    /// - Parameter place: an index into the trace's spans.
    public func value(of field: TraceQLQuery.Field, place: Int) -> FieldValue? {
        var values: [FieldValue] = []
        facts.forEachValue(of: CompiledField(field), place) { value in
            if let value = value.fieldValue { values.append(value) }
            return true
        }
        return values.count > 1 ? .array(values) : values.first
    }
}

/// A pipeline with its conditions prepared.
struct CompiledPipeline: Sendable {
    private enum Stage: Sendable {
        case spansets(CompiledSpansets)
        case scalarFilter(CompiledScalar, TraceQLQuery.Comparison, CompiledScalar)
        case group(Term, name: String)
        case coalesce
    }

    private let stages: [Stage]

    init(_ pipeline: TraceQLQuery.Pipeline) {
        stages = pipeline.stages.compactMap { stage in
            switch stage {
            case .spansets(let spansets): .spansets(CompiledSpansets(spansets))
            case .scalarFilter(let left, let comparison, let right):
                .scalarFilter(CompiledScalar(left), comparison, CompiledScalar(right))
            case .group(let expression): .group(Term(expression), name: "by(\(expression))")
            case .coalesce: .coalesce
            case .select: nil  // Changes what is told, not what is found.
            }
        }
    }

    func run(_ spansets: [Spanset], _ facts: TraceFacts) -> [Spanset] {
        var spansets = spansets
        for stage in stages {
            if spansets.isEmpty { break }
            switch stage {
            case .spansets(let condition):
                spansets = spansets.compactMap { spanset in
                    var left = spanset
                    left.places = condition.places(spanset.places, facts)
                    return left.places.isEmpty ? nil : left
                }
            case .scalarFilter(let left, let comparison, let right):
                spansets = spansets.compactMap { Self.filter($0, left, comparison, right, facts) }
            case .group(let term, let name): spansets = spansets.flatMap { Self.group($0, term, name, facts) }
            case .coalesce:
                var all = Set<Int>()
                for spanset in spansets { all.formUnion(spanset.places) }
                spansets = [Spanset(places: all.sorted())]
            }
        }
        return spansets
    }

    private static func filter(
        _ spanset: Spanset, _ left: CompiledScalar, _ comparison: TraceQLQuery.Comparison, _ right: CompiledScalar,
        _ facts: TraceFacts
    ) -> Spanset? {
        var spanset = spanset
        let a = left.value(&spanset, facts)
        let b = right.value(&spanset, facts)
        return Operand.holds(a, comparison, b) ? spanset : nil
    }

    /// One spanset for each value, in the order of their first spans.
    private static func group(_ spanset: Spanset, _ term: Term, _ name: String, _ facts: TraceFacts) -> [Spanset] {
        var indices: [FieldValue: Int] = [:]
        var groups: [Spanset] = []
        for place in spanset.places {
            let value = term.value(place, facts).fieldValue ?? .none
            if let index = indices[value] {
                groups[index].places.append(place)
            } else {
                indices[value] = groups.count
                var group = Spanset(places: [place], attributes: spanset.attributes)
                group.set(name, value)
                groups.append(group)
            }
        }
        return groups
    }
}

/// Something about a whole spanset.
indirect enum CompiledScalar: Sendable {
    case literal(TraceQLQuery.Literal)
    case count
    case aggregate(TraceQLQuery.Aggregate, Term, name: String)
    case negative(CompiledScalar)
    case arithmetic(CompiledScalar, TraceQLQuery.Arithmetic, CompiledScalar)

    init(_ scalar: TraceQLQuery.Scalar) {
        switch scalar {
        case .literal(let literal): self = .literal(literal)
        case .count: self = .count
        case .aggregate(let aggregate, let expression):
            self = .aggregate(aggregate, Term(expression), name: scalar.description)
        case .negative(let operand): self = .negative(CompiledScalar(operand))
        case .arithmetic(let left, let sign, let right):
            self = .arithmetic(CompiledScalar(left), sign, CompiledScalar(right))
        }
    }

    /// Also tells the spanset what was found out.
    func value(_ spanset: inout Spanset, _ facts: TraceFacts) -> Operand {
        switch self {
        case .literal(let literal): return Operand(literal)
        case .count:
            let count = Int64(spanset.places.count)
            spanset.set("count()", .int(count))
            return .int(count)
        case .aggregate(let aggregate, let term, let name):
            let value = Self.aggregate(aggregate, term, spanset.places, facts)
            if let told = value.fieldValue { spanset.set(name, told) }
            return value
        case .negative(let operand): return operand.value(&spanset, facts).negated
        case .arithmetic(let left, let sign, let right):
            return Operand.arithmetic(left.value(&spanset, facts), sign, right.value(&spanset, facts))
        }
    }

    /// Over the spans whose value is a number; no value without any.
    private static func aggregate(
        _ aggregate: TraceQLQuery.Aggregate, _ term: Term, _ places: [Int], _ facts: TraceFacts
    ) -> Operand {
        var count: Int64 = 0
        var result = Operand.absent
        for place in places {
            let value = term.value(place, facts)
            guard value.number != nil else { continue }
            count += 1
            if count == 1 {
                result = value.withoutText
                continue
            }
            switch aggregate {
            case .average, .sum: result = Operand.arithmetic(result, .plus, value)
            case .minimum: if Operand.holds(value, .less, result) { result = value.withoutText }
            case .maximum: if Operand.holds(value, .greater, result) { result = value.withoutText }
            }
        }
        guard aggregate == .average, count > 0 else { return result }
        return Operand.arithmetic(result, .dividedBy, .double(Double(count)))
    }
}
