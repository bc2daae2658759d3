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

    /// Documents of one answer: OpenSearch gives no more at a time than 10,000.
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
        let filter = DocumentFilter.terms(DocumentField.traceID, traceIDs.flatMap(Self.documentIDs))
        var spanCount = 0
        var lastSort: String?
        repeat {
            var search = SearchBody(size: Self.pageSize, filter: filter)
            search.add(#""sort":[{"startTime":"asc"},{"spanID":"asc"},{"traceID":"asc"}]"#)
            search.add(#""track_total_hits":false"#)
            if let lastSort { search.add(searchAfter: lastSort) }
            let (page, batch) = try Self.decode(try cluster.search(indices, search, work))
            if page.summary.failedShardCount > 0 {
                note(
                    SearchGap.shards(
                        failed: page.summary.failedShardCount, total: nil, reason: page.shardFailures.first))
            }
            if page.isTimedOut { note(SearchGap.time) }
            if page.unreadableCount > 0 { note("documents in OpenSearch that are no spans were left out") }
            body(batch)
            spanCount += page.spanCount
            lastSort = page.spanCount + page.unreadableCount < Self.pageSize || page.isTimedOut ? nil : page.lastSort
            if lastSort != nil, spanCount >= Self.spanCountMax {
                note("only the first \(spanCount) spans were read")
                lastSort = nil
            }
        } while lastSort != nil
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

    private static func decode(_ bytes: [UInt8]) throws(StoreError) -> (page: SearchPage, batch: SpanBatch) {
        var builder = SpanBatchBuilder()
        let limits = SpanLimits(spanCountMax: pageSize, attributeCountMax: .max, valueByteCountMax: .max)
        let result = bytes.withUnsafeBytes { bytes -> Result<SearchPage, DecodeError> in
            Result { () throws(DecodeError) in
                try JaegerDocumentDecoder.decodeSpans(bytes, limits: limits, into: &builder)
            }
        }
        do {
            return (try result.get(), DocumentSpans.incoming(builder.makeBatch()))
        } catch {
            throw StoreError(.unreachable, "spans of OpenSearch are not understood: \(error.message)")
        }
    }
}
