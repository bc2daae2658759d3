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

    private var results: TraceResults
    private var gaps: [String] = []

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
        results = TraceResults(matcher)
        candidates = try CandidateSearch(cluster, indices, matcher, limit: query.limit, work)
    }

    /// - Throws: `StoreError`, and what `body` throws.
    mutating func run(_ body: (FoundTrace) throws -> Void) throws -> TraceSearchOutcome {
        do {
            return try search(body)
        } catch let error as StoreError where error.code == .timedOut && results.isFull {
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
                try results.emit(startingAfter: page[place].latestStart, body)
                if results.isDone { return outcome(isComplete: false) }
                let end = min(place + fetchCount, page.count)
                try consider(page[place..<end].map(\.traceID))
                place = end
            }
        }
        try results.emit(startingAfter: nil, body)
        return outcome(isComplete: true)
    }

    /// About as many as are needed.
    private var fetchCount: Int { min(max(query.limit - results.emittedCount + 1, 10), Self.fetchCountMax) }

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
            results.consider(trace)
        }
    }

    private func outcome(isComplete: Bool) -> TraceSearchOutcome {
        let gaps = self.gaps + candidates.gaps.filter { !self.gaps.contains($0) }
        return results.outcome(isExact: isComplete && gaps.isEmpty, gaps: gaps)
    }
}
