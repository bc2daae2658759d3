internal import QueryLanguage
package import SegmentStore
package import TraceModel

/// Whether a whole trace is what a query asks for, exactly.
package struct TraceMatcher {
    let query: TraceQuery
    /// Finds every trace that can match, and others.
    package let filter: SpanFilter
    /// All conditions, also those that the filter has no room for.
    private let spansets: [SpanFilter.Condition]
    private let language: TraceQLMatcher?

    package init(_ query: TraceQuery) {
        self.query = query
        if case .traceQL(let text) = query.rules {
            language = TraceQLMatcher(text)
            filter = TraceQLFilter.filter(for: text)
            spansets = []
            return
        }
        language = nil
        let service = Self.service(query)
        let clauses = Self.conditions(query)
        switch query.rules {
        case .traceQL: spansets = []
        case .oneSpan:
            spansets = [.all((service.map { [$0] } ?? []) + clauses)]
        case .anySpans:
            let needed = clauses.isEmpty ? [.anything] : clauses
            spansets = needed.map { clause in service.map { .all([$0, clause]) } ?? clause }
        }
        filter = SpanFilter(spansForAll: spansets)
    }

    /// The window tests the start of the trace, as the rules say which; if not, that of each span.
    package var testsTraceStart: Bool { query.rules != .oneSpan }

    package var window: ClosedRange<Int64> { query.startMin...max(query.startMin, query.startMax) }

    /// - Returns: nil if the trace is not what is asked for.
    package func match(_ trace: Trace, at start: Int64) -> FoundTrace? {
        let place = TraceQuery.Place(start: start, traceID: trace.traceID)
        guard let language else {
            return matches(trace) ? FoundTrace(trace: trace, place: place, spansets: []) : nil
        }
        guard window.contains(start) else { return nil }
        let found = language.match(trace)
        return found.isEmpty ? nil : FoundTrace(trace: trace, place: place, spansets: found)
    }

    private func matches(_ trace: Trace) -> Bool {
        switch query.rules {
        case .traceQL: return false
        case .oneSpan:
            return trace.spans.contains { span in
                span.start.map { window.contains($0) } ?? false && SpanMatcher.meets(spansets[0], span)
            }
        case .anySpans:
            guard let start = trace.rootStart, window.contains(start) else { return false }
            return spansets.allSatisfy { spanset in trace.spans.contains { SpanMatcher.meets(spanset, $0) } }
        }
    }

    /// What traces are ordered by.
    package func order(_ trace: Trace) -> Int64 {
        (query.rules == .anySpans ? trace.rootStart : trace.spans.lazy.compactMap(\.start).min()) ?? .min
    }

    // MARK: Clauses

    private static func service(_ query: TraceQuery) -> SpanFilter.Condition? {
        guard let name = query.serviceName else { return nil }
        let service = SpanFilter.Condition.clause(.service(.equals(Array(name.utf8))))
        guard let namespace = query.namespace else { return service }
        let owners = ServiceAlias.namespaceKeys.map { key in
            SpanFilter.Condition.clause(.attribute(.init(key.owner, key: key.name, equals: namespace)))
        }
        return .all([service, .any(owners)])
    }

    private static func conditions(_ query: TraceQuery) -> [SpanFilter.Condition] {
        var conditions: [SpanFilter.Condition] = []
        if let name = query.operationName { conditions.append(.clause(.operation(.equals(Array(name.utf8))))) }
        if let name = query.remoteServiceName { conditions.append(.clause(.remoteService(Array(name.utf8)))) }
        if query.durationMin != nil || query.durationMax != nil {
            let low = query.durationMin ?? 0
            conditions.append(.clause(.duration(low...max(low, query.durationMax ?? .max))))
        }
        for attribute in query.attributes {
            switch attribute.target {
            case .keyOrEvent: conditions.append(.clause(.keyOrEvent(Array(attribute.key.utf8))))
            case .attribute(let value):
                conditions.append(.clause(.attribute(.init(.span, key: attribute.key, equals: value))))
            case .anywhere(let value): conditions.append(anywhere(attribute.key, value))
            }
        }
        return conditions
    }

    /// An attribute, or what Jaeger makes one of: a span's kind, status and remote service.
    private static func anywhere(_ key: String, _ value: String) -> SpanFilter.Condition {
        let attribute = SpanFilter.Condition.clause(.anywhere(.init(.span, key: key, equals: value)))
        func either(_ other: SpanFilter.Condition?) -> SpanFilter.Condition {
            .any([attribute] + (other.map { [$0] } ?? []))
        }
        switch (key, value) {
        case ("span.kind", _):
            return either(.clause(.traits { $0.kind.jaegerName == value }))
        case ("error", "true"):
            return either(.clause(.traits { $0.statusCode == .error }))
        case ("otel.status_code", "OK"):
            return either(.clause(.traits { $0.statusCode == .ok }))
        case ("otel.status_code", "ERROR"):
            // Of Zipkin's spans Jaeger takes those for errors that say so.
            let isMarked = SpanFilter.AttributeTest(.span, key: "error", equals: "true")
            return either(.any([.clause(.traits { $0.statusCode == .error }), .clause(.attribute(isMarked))]))
        case ("peer.service", _):
            return either(.clause(.remoteService(Array(value.utf8))))
        default:
            return attribute
        }
    }
}

extension Trace {
    /// Start of the root span, or of the earliest span if there is no root with a start.
    var rootStart: Int64? {
        spans.first { $0.parentID == nil && $0.start != nil }?.start ?? spans.lazy.compactMap(\.start).min()
    }
}
