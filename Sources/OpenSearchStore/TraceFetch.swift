internal import TraceModel
internal import TraceStore
internal import WireFormats

/// Reads whole traces from the cluster.
struct TraceFetch {
    let cluster: Cluster
    /// In which the traces' spans are.
    let indices: IndexWindow
    let work: QueryWork
    /// Why not all of it was read, in words, each once.
    private(set) var gaps: [String] = []

    private static let pageSize = 2_000
    /// Of the traces that are read at once; so many are in memory.
    static let spanCountMax = 500_000

    init(_ cluster: Cluster, _ indices: IndexWindow, _ work: QueryWork) {
        self.cluster = cluster
        self.indices = indices
        self.work = work
    }

    /// The traces with these IDs of which any span is stored, in any order.
    mutating func traces(_ traceIDs: [TraceID]) throws(StoreError) -> [TraceID: Trace] {
        var spans: [TraceID: [SpanView]] = [:]
        try forEachBatch(of: traceIDs) { batch in
            for span in batch.spans { spans[span.traceID, default: []].append(span) }
        }
        return spans.reduce(into: [:]) { traces, own in
            traces[own.key] = Trace(traceID: own.key, spans: Trace.distinct(own.value))
        }
    }

    /// Calls `body` with all spans of these traces, some at a time.
    mutating func forEachBatch(of traceIDs: [TraceID], _ body: (SpanBatch) -> Void) throws(StoreError) {
        guard !traceIDs.isEmpty else { return }
        var pages = SpanPages(
            cluster, indices, Self.filter(of: traceIDs), order: .earliestFirst, size: Self.pageSize, work)
        var spanCount = 0
        while let batch = try pages.next() {
            for gap in pages.gaps { note(gap) }
            body(batch)
            spanCount += batch.spanCount
            if spanCount >= Self.spanCountMax, !pages.isAtEnd {
                note("only the first \(spanCount) spans were read")
                return
            }
        }
    }

    /// The spans of these traces.
    static func filter(of traceIDs: [TraceID]) -> DocumentFilter {
        .terms(DocumentField.traceID, traceIDs.flatMap(documentIDs))
    }

    private mutating func note(_ gap: String) {
        if !gaps.contains(gap) { gaps.append(gap) }
    }

    /// Of an ID of 64 bits, also without the zeros before it, as some have written it.
    private static func documentIDs(_ traceID: TraceID) -> [String] {
        let whole = Hex.string(traceID.high) + Hex.string(traceID.low)
        guard traceID.high == 0 else { return [whole] }
        let short = Hex.string(traceID.low)
        let bare = String(short.drop { $0 == "0" })
        return bare == short ? [whole, short] : [whole, short, bare]
    }
}
