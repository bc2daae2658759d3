/// How the topology fares. Counts are since the process began unless they say what is at hand.
public struct TopologyStatistics: Sendable, Equatable {
    /// Spans at hand that wait for the rest of their traces, and the memory that they take.
    public var waitingSpanCount = 0
    public var waitingByteCount = 0
    /// Traces, or pieces of them, that were counted for good, and their spans.
    public var settledTraceCount = 0
    public var settledSpanCount = 0
    /// Of the traces those that were counted before they had rested: too many waited, or they never rest.
    public var earlyTraceCount = 0
    /// At hand.
    public var seriesCount = 0
    public var bucketCount = 0
    /// Calls that were counted with others because of the limit on series.
    public var foldedCallCount = 0
    /// Calls that came when all buckets of their time had been removed.
    public var expiredCallCount = 0
    /// Rows of the catalog that could not be read.
    public var damagedRowCount = 0

    public init() {}
}
