internal import SegmentStore
public import TraceModel
public import TraceStore

extension OpenSearchTraceStore {
    /// Single spans, page by page. One that is damaged, or no span, is left out.
    public func forEachSpan(
        _ query: SpanQuery, _ work: QueryWork, _ body: (SpanView) throws -> Void
    ) throws -> SpanQueryOutcome {
        var search = ClusterSpanSearch(query, cluster, indices, work)
        do {
            try search.run(body)
        } catch let error as StoreError where error.code == .timedOut {
            search.outcome.isComplete = false
        }
        return search.outcome
    }
}

/// Reads single spans from the cluster, those that start last first.
private struct ClusterSpanSearch {
    var outcome = SpanQueryOutcome()
    private let query: SpanQuery
    private let cluster: Cluster
    private let indices: ClusterIndices
    private let work: QueryWork
    private var count = 0
    /// Whether there are copies of requests at all; nil: not asked yet.
    private var hasMirrors: Bool?

    private static let pageSizeMax = 2_000
    /// Traces of which the IDs are asked for at once.
    private static let traceCountMax = 50

    init(_ query: SpanQuery, _ cluster: Cluster, _ indices: ClusterIndices, _ work: QueryWork) {
        self.query = query
        self.cluster = cluster
        self.indices = indices
        self.work = work
    }

    mutating func run(_ body: (SpanView) throws -> Void) throws {
        guard query.limit > 0 else {
            outcome.isComplete = false
            return
        }
        let filter = DocumentFilter.all([.starts(query.closedWindow), DocumentFilter(query.condition)])
        var pages = SpanPages(
            cluster, indices.spans(query.closedWindow), filter, order: .latestFirst,
            size: min(query.limit + 1, Self.pageSizeMax), work)
        while let batch = try pages.next() {
            for gap in pages.gaps where !outcome.gaps.contains(gap) { outcome.gaps.append(gap) }
            let spans = batch.spans.filter { query.isMet(by: $0) }
            let mirrored = query.isMirrored == nil ? [] : try mirroredSpans(spans)
            for span in spans {
                if let isMirrored = query.isMirrored, mirrored.contains(Key(span)) != isMirrored { continue }
                guard count < query.limit else {
                    outcome.isComplete = false
                    return
                }
                count += 1
                try body(span)
            }
        }
    }

    // MARK: Copies of requests

    private struct Key: Hashable {
        let traceID: TraceID
        let spanID: SpanID

        init(_ span: SpanView) {
            traceID = span.traceID
            spanID = span.spanID
        }
    }

    private func findMirrors() throws(StoreError) -> Bool {
        let (counts, gap) = try cluster.counts(
            [DocumentFilter(SpanQuery.mirrors)], among: .anything, indices.wholeTraces(query.closedWindow), work)
        return gap != nil || counts[0] > 0
    }

    /// Those of the spans that are at or below a copy of a request.
    private mutating func mirroredSpans(_ spans: [SpanView]) throws(StoreError) -> Set<Key> {
        let wanted = Array(Set(spans.map(\.traceID)))
        var mirrored: Set<Key> = []
        if hasMirrors == nil { hasMirrors = try findMirrors() }
        if hasMirrors == false { return mirrored }
        for start in stride(from: 0, to: wanted.count, by: Self.traceCountMax) {
            let page = Array(wanted[start..<min(start + Self.traceCountMax, wanted.count)])
            let window = indices.wholeTraces(query.closedWindow)
            var pages = SpanPages(
                cluster, window, .all([TraceFetch.filter(of: page), DocumentFilter(SpanQuery.mirrors)]),
                order: .latestFirst, size: Self.pageSizeMax, work)
            var copied: Set<TraceID> = []
            while let batch = try pages.next() {
                for span in batch.spans { copied.insert(span.traceID) }
            }
            guard !copied.isEmpty else { continue }
            var fetch = TraceFetch(cluster, window, work)
            let traces = try fetch.traces(Array(copied)).mapValues { MirroredSpans($0) }
            for span in spans where traces[span.traceID]?.contains(span.spanID) == true { mirrored.insert(Key(span)) }
        }
        return mirrored
    }
}
