public import Catalog
internal import Topology

/// What sealing changes of the topology, worked out and not yet done.
public struct PreparedTopology: Sendable {
    /// For the transaction that enters the segments.
    public let change: TopologyChange
    let work: Work

    /// What is so when the change is made.
    final class Work: @unchecked Sendable {
        // Unchecked: nothing changes after init.
        let generation: UInt64?
        let buckets: CallBuckets.Prepared
        /// By the start of the minute, nanoseconds since 1970.
        let counted: [Int64: [CallSeries: CallTotals]]
        let waiting: WaitingCalls
        let rows: WaitingRows
        let settledTraceCount: Int
        let settledSpanCount: Int
        let earlyTraceCount: Int

        init(
            generation: UInt64?, buckets: CallBuckets.Prepared, counted: [Int64: [CallSeries: CallTotals]],
            waiting: WaitingCalls, rows: WaitingRows, _ settling: Settling, earlyTraceCount: Int
        ) {
            self.generation = generation
            self.buckets = buckets
            self.counted = counted
            self.waiting = waiting
            self.rows = rows
            settledTraceCount = settling.settledTraceCount
            settledSpanCount = settling.settledSpanCount
            self.earlyTraceCount = earlyTraceCount
        }
    }
}
