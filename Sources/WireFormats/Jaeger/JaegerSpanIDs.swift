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
        if !keepsSharedIDs { tellApart { trace.spans[$0].traits.kind } }
    }

    /// - Parameter keepsSharedIDs: every ID stays as it was reported.
    init(_ outline: TraceOutline, keepsSharedIDs: Bool) {
        spanIDs = outline.spanIDs
        parentIDs = outline.parentIDs
        if !keepsSharedIDs { tellApart { outline.traits($0).kind } }
    }

    /// Gives the server's halves of shared IDs their own.
    /// - Parameter kind: of the span at a place.
    private mutating func tellApart(_ kind: (Int) -> SpanKind) {
        // For the few spans of most traces cheaper than a set; for those of others smaller.
        let sorted = spanIDs.sorted()
        let shared = Set(zip(sorted, sorted.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
        guard !shared.isEmpty else { return }
        let reported = spanIDs
        var clientIDs: Set<UInt64> = []
        for place in reported.indices where shared.contains(reported[place]) && kind(place) == .client {
            clientIDs.insert(reported[place])
        }
        guard !clientIDs.isEmpty else { return }
        func isServerHalf(_ place: Int) -> Bool { clientIDs.contains(reported[place]) && kind(place) == .server }
        var newIDs: [UInt64: UInt64] = [:]
        var next: UInt64 = 0
        // Of the IDs in use the first that is not below `next`.
        var used = 0
        for place in reported.indices where isServerHalf(place) {
            next += 1
            while used < sorted.count, sorted[used] <= next {
                if sorted[used] == next { next += 1 }
                used += 1
            }
            newIDs[reported[place]] = next
            spanIDs[place] = next
            parentIDs[place] = reported[place]
        }
        // What either half called was called by the server.
        for place in reported.indices where !isServerHalf(place) {
            if let newID = newIDs[parentIDs[place]] { parentIDs[place] = newID }
        }
    }
}
