internal import TraceModel
internal import TraceStore

/// Finds traces in the cluster, those that start last first, and stops as soon as no older one can be among them.
///
/// The cluster names traces that may match, by the last of their spans that may; each is read whole and held against
/// the query's rules, and told of once none that is not known yet can start later.
struct ClusterTraceSearch {
    private let query: TraceQuery
    private let matcher: TraceMatcher
    private let cluster: Cluster
    private let indices: ClusterIndices
    private let work: QueryWork
    private var candidates: CandidateSearch

    private var scanned = TraceSearchOutcome.Scanned()
    private var gaps: [String] = []
    private var matchCount = 0
    private var estimate = SampleEstimate()
    private var emittedCount = 0
    /// Traces that match and wait until nothing unread can start later; those that start last first.
    private var pending: [(order: Int64, found: FoundTrace)] = []

    /// Traces that are read at once.
    private static let fetchCountMax = 50

    init(
        _ query: TraceQuery, _ cluster: Cluster, _ indices: ClusterIndices, _ work: QueryWork
    ) throws(StoreError) {
        self.query = query
        self.cluster = cluster
        self.indices = indices
        self.work = work
        matcher = TraceMatcher(query)
        candidates = try CandidateSearch(cluster, indices, matcher, limit: query.limit, work)
    }

    /// - Throws: `StoreError`, and what `body` throws.
    mutating func run(_ body: (FoundTrace) throws -> Void) throws -> TraceSearchOutcome {
        do {
            return try search(body)
        } catch let error as StoreError where error.code == .timedOut && emittedCount == query.limit && query.limit > 0
        {
            // All that was asked for has been told; only the count is not at its end.
            return outcome(isComplete: false)
        }
    }

    private mutating func search(_ body: (FoundTrace) throws -> Void) throws -> TraceSearchOutcome {
        let late = try candidates.late()
        for start in stride(from: 0, to: late.count, by: Self.fetchCountMax) {
            try consider(Array(late[start..<min(start + Self.fetchCountMax, late.count)]))
        }
        while !candidates.isExhausted {
            let page = try candidates.next()
            var place = 0
            while place < page.count {
                try emit(startingAfter: page[place].latestStart, body)
                if isDone { return outcome(isComplete: false) }
                let end = min(place + fetchCount, page.count)
                try consider(page[place..<end].map(\.traceID))
                place = end
            }
        }
        try emit(startingAfter: nil, body)
        return outcome(isComplete: true)
    }

    /// About as many as are needed.
    private var fetchCount: Int { min(max(query.limit - emittedCount + 1, 10), Self.fetchCountMax) }

    private var isDone: Bool { emittedCount == query.limit && matchCount > max(query.limit, query.countMax) }

    /// Reads traces and keeps those that match among those that wait for their turn.
    private mutating func consider(_ traceIDs: [TraceID]) throws(StoreError) {
        try work.check()
        // They may have begun before the window, and go on behind it.
        var fetch = TraceFetch(cluster, indices.wholeTraces(matcher.window), work)
        let traces = try fetch.traces(traceIDs)
        for gap in fetch.gaps where !gaps.contains(gap) { gaps.append(gap) }
        for traceID in traceIDs {
            guard let trace = traces[traceID] else { continue }
            candidates.begins(traceID, at: trace.spans.lazy.compactMap(\.start).min() ?? .min)
            scanned.traceCount += 1
            scanned.spanCount += trace.spans.count
            consider(trace)
        }
    }

    private mutating func consider(_ trace: Trace) {
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
    private mutating func emit(startingAfter bound: Int64?, _ body: (FoundTrace) throws -> Void) throws {
        var count = 0
        for next in pending {
            if let bound, next.order <= bound { break }
            try body(next.found)
            count += 1
            emittedCount += 1
        }
        pending.removeFirst(count)
    }

    private func outcome(isComplete: Bool) -> TraceSearchOutcome {
        let gaps = self.gaps + candidates.gaps.filter { !self.gaps.contains($0) }
        return TraceSearchOutcome(
            count: isComplete && gaps.isEmpty ? .exactly(matchCount) : .atLeast(matchCount),
            hasMore: matchCount > emittedCount, scanned: scanned, estimate: estimate, gaps: gaps)
    }
}
