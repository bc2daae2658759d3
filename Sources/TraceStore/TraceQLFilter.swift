internal import QueryLanguage
internal import SegmentStore
internal import TraceModel

/// What a query in TraceQL asks of single spans, so that the blocks of segments can be searched for it.
///
/// The filter finds every trace that can match, and others: relations between spans, aggregates and what is known of
/// whole traces only are left to `TraceQLMatcher`.
struct TraceQLFilter {
    private var spansets: [SpanFilter.Condition] = []

    static func filter(for query: TraceQLQuery) -> SpanFilter {
        var filter = TraceQLFilter()
        let needed = filter.combination(query.pipeline)
        guard let needed, !filter.spansets.isEmpty else { return SpanFilter(spansForAll: [.anything]) }
        return SpanFilter(spansets: filter.spansets, combination: needed)
    }

    // MARK: Spansets. nil: any trace may do.

    private mutating func combination(_ pipeline: TraceQLQuery.Pipeline) -> SpanFilter.Combination? {
        var parts: [SpanFilter.Combination?] = []
        for case .spansets(let spansets) in pipeline.stages { parts.append(combination(spansets)) }
        return Self.all(parts)
    }

    private mutating func combination(_ spansets: TraceQLQuery.Spansets) -> SpanFilter.Combination? {
        switch spansets {
        case .filter(let expression):
            let condition = expression.map { Self.condition($0) } ?? .anything
            guard self.spansets.count < SpanFilter.spansetCountMax else { return nil }
            self.spansets.append(condition)
            return .spanset(self.spansets.count - 1)
        case .pipeline(let pipeline):
            return combination(pipeline)
        case .combined(let left, .or, let right):
            let parts = [combination(left), combination(right)]
            return parts.contains { $0 == nil } ? nil : .any(parts.compactMap { $0 })
        case .combined(_, .notChild, let right), .combined(_, .notDescendant, let right),
            .combined(_, .notParent, let right), .combined(_, .notAncestor, let right),
            .combined(_, .notSibling, let right):
            return combination(right)
        case .combined(let left, _, let right):
            return Self.all([combination(left), combination(right)])
        }
    }

    private static func all(_ parts: [SpanFilter.Combination?]) -> SpanFilter.Combination? {
        let known = parts.compactMap { $0 }
        return known.isEmpty ? nil : known.count == 1 ? known[0] : .all(known)
    }

    // MARK: Conditions

    private static let nothing = SpanFilter.Condition.any([])

    private static func condition(_ expression: TraceQLQuery.Expression) -> SpanFilter.Condition {
        switch expression {
        case .literal(.bool(let isTrue)): isTrue ? .anything : nothing
        case .and(let left, let right): .all([condition(left), condition(right)])
        case .or(let left, let right): .any([condition(left), condition(right)])
        case .not(.not(let inner)): condition(inner)
        case .not(.and(let left, let right)): .any([condition(.not(left)), condition(.not(right))])
        case .not(.or(let left, let right)): .all([condition(.not(left)), condition(.not(right))])
        case .field(let field): condition(field, .equal, .bool(true))
        case .comparison(.field(let field), let comparison, .literal(let literal)):
            condition(field, comparison, literal)
        case .comparison(.literal(let literal), let comparison, .field(let field)):
            comparison.mirrored.map { condition(field, $0, literal) } ?? .anything
        // The rest is true of spans that have no such attribute, or needs more than one span.
        case .not, .comparison, .literal, .negative, .arithmetic: .anything
        }
    }

    private static func condition(
        _ field: TraceQLQuery.Field, _ comparison: TraceQLQuery.Comparison, _ literal: TraceQLQuery.Literal
    ) -> SpanFilter.Condition {
        let test = ValueTest(comparison, literal)
        guard !test.acceptsAbsent else { return .anything }
        switch field {
        case .attribute(let scope, let key): return condition(scope, key, test)
        case .intrinsic(.name): return .clause(.operation(textTest(test)))
        case .intrinsic(.duration): return durations(comparison, literal).map { .clause(.duration($0)) } ?? .anything
        case .intrinsic(.kind):
            guard case .kind(let wanted) = literal else { return .anything }
            let isWanted = comparison == .equal
            guard isWanted || comparison == .notEqual else { return .anything }
            return .clause(.traits { ($0.queryKind == wanted) == isWanted })
        case .intrinsic(.status):
            guard case .status(let wanted) = literal else { return .anything }
            let isWanted = comparison == .equal
            guard isWanted || comparison == .notEqual else { return .anything }
            return .clause(.traits { ($0.queryStatus == wanted) == isWanted })
        case .intrinsic(.eventName):
            return test.equalText.map { .clause(.keyOrEvent(Array($0.utf8))) } ?? .anything
        case .intrinsic, .ofParent: return .anything
        }
    }

    private static func condition(
        _ scope: TraceQLQuery.Scope, _ key: String, _ test: ValueTest
    ) -> SpanFilter.Condition {
        func attribute(_ owner: SpanFilter.AttributeTest.Owner) -> SpanFilter.Condition {
            let text = test.equalText.map { Array($0.utf8) }
            return .clause(
                .attribute(.init(owner, key: Array(key.utf8), text: text) { value in test.holds(value) }))
        }
        let isServiceName = key == "service.name"
        let service = SpanFilter.Condition.clause(.service(textTest(test)))
        switch scope {
        case .span, .any:
            // A remote service stands for the attribute where there is none.
            if key == "peer.service" {
                guard let name = test.equalText else { return .anything }
                return .any([attribute(.span), attribute(.resource), .clause(.remoteService(Array(name.utf8)))])
            }
            if scope == .span { return attribute(.span) }
            return .any([attribute(.span), isServiceName ? service : attribute(.resource)])
        case .resource: return isServiceName ? service : attribute(.resource)
        case .instrumentation: return attribute(.scope)
        case .event, .link: return .anything
        }
    }

    private static func textTest(_ test: ValueTest) -> SpanFilter.TextTest {
        if let text = test.equalText { return .equals(Array(text.utf8)) }
        return .meets { test.holds(text: $0) }
    }

    /// The durations that a comparison is true of, or some more; nil if any.
    private static func durations(
        _ comparison: TraceQLQuery.Comparison, _ literal: TraceQLQuery.Literal
    ) -> ClosedRange<Int64>? {
        let bound: Int64
        switch literal {
        case .duration(let nanoseconds), .int(let nanoseconds): bound = nanoseconds
        case .double(let number):
            guard let whole = Int64(exactly: number.rounded(.down)), whole < .max else { return nil }
            return switch comparison {
            case .less, .lessOrEqual: .min...whole &+ 1
            case .greater, .greaterOrEqual: whole ... .max
            default: nil
            }
        default: return nil
        }
        return switch comparison {
        case .equal: bound...bound
        case .less, .lessOrEqual: .min...bound
        case .greater, .greaterOrEqual: bound ... .max
        default: nil
        }
    }
}

extension TraceQLQuery.Comparison {
    /// What says the same with both sides exchanged; nil for those that have no such form.
    fileprivate var mirrored: TraceQLQuery.Comparison? {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .matches, .notMatches: nil
        }
    }
}
