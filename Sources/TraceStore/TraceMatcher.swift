internal import SegmentStore
internal import TraceModel

/// Whether a whole trace is what a query asks for, exactly.
struct TraceMatcher {
    let query: TraceQuery
    let filter: SpanFilter

    init(_ query: TraceQuery) {
        self.query = query
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
        var clauses: [SpanFilter.Clause] = []
        if let name = query.operationName { clauses.append(.operation(bytes(name))) }
        if let name = query.remoteServiceName { clauses.append(.remoteService(bytes(name))) }
        if query.durationMin != nil || query.durationMax != nil {
            let low = query.durationMin ?? 0
            clauses.append(.duration(low...max(low, query.durationMax ?? .max)))
        }
        for attribute in query.attributes.prefix(SpanFilter.clauseCountMax - clauses.count) {
            switch attribute.target {
            case .keyOrEvent: clauses.append(.keyOrEvent(bytes(attribute.key)))
            case .attribute(let value):
                clauses.append(.attribute(key: bytes(attribute.key), value: bytes(value)))
            case .anywhere(let value):
                clauses.append(.anywhere(key: bytes(attribute.key), value: bytes(value)))
            }
        }
        filter = SpanFilter(
            serviceName: query.serviceName.map(bytes), clauses: clauses, needsOneSpan: query.rules == .oneSpan)
    }

    var window: ClosedRange<Int64> { query.startMin...max(query.startMin, query.startMax) }

    func matches(_ trace: Trace) -> Bool {
        switch query.rules {
        case .oneSpan:
            return trace.spans.contains { span in
                isOfService(span) && span.start.map { window.contains($0) } ?? false
                    && filter.clauses.allSatisfy { SpanMatcher.meets($0, span) }
            }
        case .anySpans:
            guard let start = trace.rootStart, window.contains(start) else { return false }
            let spans = trace.spans.filter(isOfService)
            guard !spans.isEmpty else { return false }
            return filter.clauses.allSatisfy { clause in spans.contains { SpanMatcher.meets(clause, $0) } }
        }
    }

    /// What traces are ordered by: the start that the window tests.
    func order(_ trace: Trace) -> Int64 {
        (query.rules == .anySpans ? trace.rootStart : trace.spans.lazy.compactMap(\.start).min()) ?? .min
    }

    private func isOfService(_ span: SpanView) -> Bool {
        filter.serviceName.map { span.serviceName.elementsEqual($0) } ?? true
    }
}

extension Trace {
    /// Start of the root span, or of the earliest span if there is no root with a start.
    var rootStart: Int64? {
        spans.first { $0.parentID == nil && $0.start != nil }?.start ?? spans.lazy.compactMap(\.start).min()
    }
}
