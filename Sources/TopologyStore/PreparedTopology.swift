public import Catalog
internal import Topology

/// What sealing changes of the topology, worked out and not yet done.
public struct PreparedTopology: Sendable {
    /// For the transaction that enters the segments.
    public let change: TopologyChange
    let work: Work

    /// What is so when the change is made.
    struct Work: Sendable {
        let generation: UInt64?
        /// By the start of the minute, nanoseconds since 1970.
        let counted: [Int64: [CallSeries: CallTotals]]
        let waiting: WaitingCalls
        let rows: WaitingRows
        let settledTraceCount: Int
        let settledSpanCount: Int
        let earlyTraceCount: Int
    }
}
