internal import SegmentStore
internal import TraceModel
internal import TraceStore

/// Traces that a query may be for, those whose last span of interest starts last first.
struct CandidateSearch {
    struct Candidate {
        let traceID: TraceID
        /// Of the last of its spans that may be of interest and were not told of before; nanoseconds since 1970.
        let latestStart: Int64
    }

    private let cluster: Cluster
    private let indices: ClusterIndices
    private let matcher: TraceMatcher
    private let work: QueryWork
    /// Of one span of each trace sought.
    private let filter: DocumentFilter
    private var pageSize: Int
    /// Microseconds: up to here spans were not looked at.
    private var bound: Int64
    /// Traces that were told of and may have spans up to the bound.
    private var known: [TraceID: Known] = [:]
    private(set) var isExhausted = false
    /// Why not all were found, in words.
    private(set) var gaps: [String] = []

    private struct Known {
        /// What documents call it.
        var names: Set<String>
        /// Microseconds; nil if nobody told.
        var start: Int64?
    }

    private static let pageSizeMax = 4_000
    private static let knownCountMax = 20_000
    /// Traces at most that began within the window but have their spans of interest behind it.
    private static let lateCountMax = 10_000

    init(
        _ cluster: Cluster, _ indices: ClusterIndices, _ matcher: TraceMatcher, limit: Int, _ work: QueryWork
    ) throws(StoreError) {
        self.cluster = cluster
        self.indices = indices
        self.matcher = matcher
        self.work = work
        pageSize = min(max(2 * limit, 100), 1_000)
        bound = Self.microseconds(matcher.window.upperBound)
        let window = DocumentFilter.starts(matcher.window)
        let cost = try Self.costs(matcher.filter, cluster, indices.spans(matcher.window), window, work)
        filter = .candidates(matcher.filter, cost: cost)
    }

    static func microseconds(_ nanoseconds: Int64) -> Int64 { max(nanoseconds, 0) / 1_000 }

    /// How many documents each spanset finds, where there is a choice.
    private static func costs(
        _ filter: SpanFilter, _ cluster: Cluster, _ indices: IndexWindow, _ window: DocumentFilter, _ work: QueryWork
    ) throws(StoreError) -> [Int] {
        guard filter.spansets.count > 1 else { return [0] }
        struct Counts: Decodable {
            let counts: FilterCounts
        }
        var body = SearchBody(size: 0, filter: window)
        body.add(aggregation: "counts", FilterCounts.text(filter.spansets.map { DocumentFilter($0) }))
        let answer = try cluster.aggregate(indices, body, work, as: Counts.self)
        let counts = answer.aggregations?.counts.counts ?? []
        return counts.count == filter.spansets.count ? counts : filter.spansets.map { _ in 0 }
    }

    // MARK: Within the window

    private struct Starts: Decodable {
        struct Bucket: Decodable {
            let key: String
            let start: NumberAggregation
        }
        struct Buckets: Decodable {
            let buckets: [Bucket]
            let sumOtherDocCount: Int
        }
        let traces: Buckets
    }

    /// The next traces; none of those before. An empty page does not mean that there are no more.
    mutating func next() throws(StoreError) -> [Candidate] {
        guard !isExhausted else { return [] }
        let start = Self.microseconds(matcher.window.lowerBound)
        guard bound >= start else {
            isExhausted = true
            return []
        }
        var parts = [DocumentFilter.range(DocumentField.start, from: start, to: bound), filter]
        known = known.filter { $0.value.start ?? .min <= bound }
        if !known.isEmpty {
            parts.append(.not(.terms(DocumentField.traceID, known.values.flatMap(\.names).sorted())))
        }
        var body = SearchBody(size: 0, filter: .all(parts))
        body.add(aggregation: "traces", Self.latest(pageSize))
        let indices = indices.spans(
            matcher.window.lowerBound...max(bound.multipliedClamped(by: 1_000), matcher.window.lowerBound))
        let answer = try cluster.aggregate(indices, body, work, as: Starts.self)
        if let gap = answer.gap { miss(gap) }
        let buckets = answer.aggregations?.traces.buckets ?? []
        // A search that was cut short knows nothing of what it did not look at.
        isExhausted = answer.timedOut || buckets.count < pageSize
        var candidates: [Candidate] = []
        for bucket in buckets {
            guard let value = bucket.start.value, let start = Int64(exactly: value.rounded()) else { continue }
            bound = min(bound, start)
            let traceID = note(bucket.key)
            if let traceID {
                candidates.append(Candidate(traceID: traceID, latestStart: start.multipliedClamped(by: 1_000)))
            }
        }
        guard known.count <= Self.knownCountMax else {
            throw StoreError(.timedOut, "the query has to look at too many traces: narrow it, or its time")
        }
        pageSize = min(2 * pageSize, Self.pageSizeMax)
        return candidates
    }

    private static func latest(_ size: Int) -> String {
        """
        {"terms":{"field":"traceID","size":\(size),"order":{"start":"desc"}},\
        "aggs":{"start":{"max":{"field":"startTime"}}}}
        """
    }

    /// Tells where a trace begins.
    mutating func begins(_ traceID: TraceID, at start: Int64) {
        known[traceID]?.start = Self.microseconds(start)
    }

    /// Has a trace not come again.
    /// - Returns: its ID; nil if it is none, or was told of by another name.
    private mutating func note(_ name: String) -> TraceID? {
        let traceID = TraceID(hex: name)
        let isNew = known[traceID ?? Self.noTrace] == nil
        known[traceID ?? Self.noTrace, default: Known(names: [])].names.insert(name)
        return isNew ? traceID : nil
    }

    private static let noTrace = TraceID(high: 0, low: 0)

    private mutating func miss(_ gap: String) {
        if !gaps.contains(gap) { gaps.append(gap) }
    }

    // MARK: Behind the window

    /// Traces that begin within the window, but whose spans of interest may start only behind it.
    mutating func late() throws(StoreError) -> [TraceID] {
        let end = matcher.window.upperBound
        // What every span meets, the first one of a trace does too.
        guard matcher.testsTraceStart, filter != .anything else { return [] }
        let window = end.addingClamped(1)...end.addingClamped(ClusterIndices.traceLengthMax)
        guard window.lowerBound <= indices.wholeWindow.upperBound else { return [] }
        let found = try late(
            .all([.range(DocumentField.start, from: Self.microseconds(end) + 1, to: nil), filter]), window)
        guard !found.isEmpty else { return [] }
        let begun = matcher.window.lowerBound.subtractingClamped(ClusterIndices.traceLengthMax)...end
        let ids = DocumentFilter.terms(DocumentField.traceID, found)
        return try late(.all([DocumentFilter.starts(begun), ids]), begun).compactMap { note($0) }
    }

    /// What the documents call the traces that have spans of interest, those first that have them first.
    private mutating func late(
        _ filter: DocumentFilter, _ window: ClosedRange<Int64>
    ) throws(StoreError) -> [String] {
        var body = SearchBody(size: 0, filter: filter)
        body.add(
            aggregation: "traces",
            """
            {"terms":{"field":"traceID","size":\(Self.lateCountMax),"order":{"start":"asc"}},\
            "aggs":{"start":{"min":{"field":"startTime"}}}}
            """)
        let answer = try cluster.aggregate(indices.spans(window), body, work, as: Starts.self)
        if let gap = answer.gap { miss(gap) }
        guard let traces = answer.aggregations?.traces else { return [] }
        if traces.sumOtherDocCount > 0, let value = traces.buckets.last?.start.value,
            let last = Int64(exactly: value.rounded())
        {
            let seconds = last.subtractingClamped(Self.microseconds(matcher.window.upperBound)) / 1_000_000
            miss("traces that match only by spans more than \(seconds) s behind the window are left out")
        }
        return traces.buckets.map(\.key)
    }
}

extension DocumentFilter {
    /// Spans that start within a window of nanoseconds since 1970.
    static func starts(_ window: ClosedRange<Int64>) -> DocumentFilter {
        .range(
            DocumentField.start, from: CandidateSearch.microseconds(window.lowerBound),
            to: CandidateSearch.microseconds(window.upperBound))
    }
}
