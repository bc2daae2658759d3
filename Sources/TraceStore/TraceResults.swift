package import TraceModel

/// The traces that a search has found to match, told of in their order: those that start last first.
package struct TraceResults {
    private let matcher: TraceMatcher
    package var scanned = TraceSearchOutcome.Scanned()
    private var matchCount = 0
    private var estimate = SampleEstimate()
    package private(set) var emittedCount = 0
    /// They wait until nothing unread can start later.
    private var pending: [(order: Int64, found: FoundTrace)] = []

    package init(_ matcher: TraceMatcher) { self.matcher = matcher }

    private var query: TraceQuery { matcher.query }

    /// Keeps a trace, if it matches, among those that wait for their turn.
    package mutating func consider(_ trace: Trace) {
        scanned.traceCount += 1
        scanned.spanCount += trace.spans.count
        let order = matcher.order(trace)
        if let after = query.after, !after.isFollowed(by: order, trace.traceID) { return }
        guard let found = matcher.match(trace, at: order) else { return }
        matchCount += 1
        estimate.add(probability: trace.samplingProbability)
        let place = pending.firstIndex { ($0.order, $0.found.trace.traceID) < (order, trace.traceID) } ?? pending.count
        guard place < query.limit - emittedCount else { return }
        pending.insert((order, found), at: place)
        if pending.count > query.limit - emittedCount { pending.removeLast() }
    }

    /// Tells of the traces that are known to be next: no other starts as late.
    /// - Parameter bound: of what is not known yet; nil if all is.
    package mutating func emit(startingAfter bound: Int64?, _ body: (FoundTrace) throws -> Void) throws {
        var count = 0
        for next in pending {
            if let bound, next.order <= bound { break }
            try body(next.found)
            count += 1
            emittedCount += 1
        }
        pending.removeFirst(count)
    }

    /// Whether no further trace could change the answer.
    package var isDone: Bool { emittedCount == query.limit && matchCount > max(query.limit, query.countMax) }

    /// Whether all that was asked for has been told, so that only the count can be wrong.
    package var isFull: Bool { emittedCount == query.limit && query.limit > 0 }

    /// - Parameters:
    ///   - isExact: every trace that may match was considered.
    ///   - gaps: why some were not, in words.
    package func outcome(isExact: Bool, gaps: [String]) -> TraceSearchOutcome {
        TraceSearchOutcome(
            count: isExact ? .exactly(matchCount) : .atLeast(matchCount), hasMore: matchCount > emittedCount,
            scanned: scanned, estimate: estimate, gaps: gaps)
    }
}
