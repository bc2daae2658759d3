internal import Topology
internal import TraceModel

/// What the batches of one generation tell of calls, in the order in which they came.
struct ExtractedCalls: Sendable {
    struct Batch: Sendable {
        let batch: SpanBatch
        let arrival: Int64
        /// The place behind its last site.
        let end: Int
        /// Whether there may be spans that share their IDs.
        let hasShared: Bool
    }

    private(set) var batches: [Batch] = []
    /// Of each span, its site; the rest of a record is read from the batch when it is asked for.
    private(set) var sites: [UInt32] = []

    /// How many of these batches need not be looked at again. Whoever asks for fewer than are known asks for what was.
    mutating func keepCommon(with others: [ArrivedBatch]) -> Int {
        var common = 0
        while common < min(batches.count, others.count), batches[common].batch === others[common].batch { common += 1 }
        if common < min(batches.count, others.count) {
            batches.removeSubrange(common...)
            sites.removeSubrange((batches.last?.end ?? 0)...)
        }
        if sites.isEmpty { sites.reserveCapacity(others.reduce(0) { $0 + $1.batch.spanCount }) }
        return common
    }

    mutating func append(_ arrived: ArrivedBatch, _ extractor: inout CallExtractor, _ names: inout CallNames) {
        let hasShared = extractor.append(arrived.batch, to: &sites, &names)
        batches.append(
            Batch(batch: arrived.batch, arrival: arrived.arrival, end: sites.count, hasShared: hasShared))
    }
}
