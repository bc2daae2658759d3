internal import TraceModel
internal import TraceStore
internal import WireFormats

/// Spans of documents that a filter finds, page by page.
struct SpanPages {
    enum Order {
        case earliestFirst
        case latestFirst
    }

    private let cluster: Cluster
    private let indices: IndexWindow
    private let filter: DocumentFilter
    private let order: Order
    private let size: Int
    private let work: QueryWork
    private var lastSort: String?
    private(set) var isAtEnd = false
    /// Why not all of it was read, in words, each once.
    private(set) var gaps: [String] = []

    /// - Parameter size: of a page; OpenSearch gives no more at a time than 10,000.
    init(
        _ cluster: Cluster, _ indices: IndexWindow, _ filter: DocumentFilter, order: Order, size: Int, _ work: QueryWork
    ) {
        self.cluster = cluster
        self.indices = indices
        self.filter = filter
        self.order = order
        self.size = size
        self.work = work
    }

    /// The next spans, those of one page; nil behind the last.
    mutating func next() throws(StoreError) -> SpanBatch? {
        guard !isAtEnd else { return nil }
        var search = SearchBody(size: size, filter: filter)
        let direction = order == .earliestFirst ? "asc" : "desc"
        search.add(
            #""sort":[{"startTime":"\#(direction)"},{"spanID":"\#(direction)"},{"traceID":"\#(direction)"}]"#)
        search.add(#""track_total_hits":false"#)
        if let lastSort { search.add(searchAfter: lastSort) }
        let (page, batch) = try Self.decode(try cluster.search(indices, search, work), size)
        if page.summary.failedShardCount > 0 {
            note(SearchGap.shards(failed: page.summary.failedShardCount, total: nil, reason: page.shardFailures.first))
        }
        if page.isTimedOut { note(SearchGap.time) }
        if page.unreadableCount > 0 { note("documents in OpenSearch that are no spans were left out") }
        lastSort = page.lastSort
        isAtEnd = page.spanCount + page.unreadableCount < size || page.isTimedOut || lastSort == nil
        return batch
    }

    private mutating func note(_ gap: String) {
        if !gaps.contains(gap) { gaps.append(gap) }
    }

    private static func decode(
        _ bytes: [UInt8], _ size: Int
    ) throws(StoreError) -> (page: SearchPage, batch: SpanBatch) {
        var builder = SpanBatchBuilder()
        let limits = SpanLimits(spanCountMax: size, attributeCountMax: .max, valueByteCountMax: .max)
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
