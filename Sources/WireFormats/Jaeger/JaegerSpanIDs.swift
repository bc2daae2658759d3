internal import TraceModel

/// The IDs of a trace's spans and of their parents, unique where client and server share one.
struct JaegerSpanIDs {
    /// In the order of the trace's spans; a parent of 0 is none.
    private(set) var spanIDs: [UInt64]
    private(set) var parentIDs: [UInt64]

    /// - Parameter keepsSharedIDs: every ID stays as it was reported.
    init(_ trace: Trace, keepsSharedIDs: Bool) {
        spanIDs = trace.spans.map(\.spanID.value)
        parentIDs = trace.spans.map { $0.parentID?.value ?? 0 }
        guard !keepsSharedIDs, hasSharedIDs else { return }
        var used = Set(spanIDs)
        let clientIDs = Set(trace.spans.lazy.filter { $0.traits.kind == .client }.map(\.spanID.value))
        var newIDs: [UInt64: UInt64] = [:]
        var next: UInt64 = 1
        for (index, span) in trace.spans.enumerated() where isServerHalf(span, of: clientIDs) {
            while used.contains(next) { next += 1 }
            used.insert(next)
            newIDs[span.spanID.value] = next
            spanIDs[index] = next
            parentIDs[index] = span.spanID.value
        }
        // What either half called was called by the server.
        for (index, span) in trace.spans.enumerated() where !isServerHalf(span, of: clientIDs) {
            if let newID = newIDs[parentIDs[index]] { parentIDs[index] = newID }
        }
    }

    private var hasSharedIDs: Bool {
        // For the few spans of most traces cheaper than a set.
        let sorted = spanIDs.sorted()
        return zip(sorted, sorted.dropFirst()).contains { $0 == $1 }
    }

    private func isServerHalf(_ span: SpanView, of clientIDs: Set<UInt64>) -> Bool {
        span.traits.kind == .server && clientIDs.contains(span.spanID.value)
    }
}
