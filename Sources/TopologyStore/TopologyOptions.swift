/// How the topology is kept. Times in seconds.
public struct TopologyOptions: Sendable {
    /// How long nothing of a trace has come until its calls are counted for good.
    public var settleTime: Double = 15
    /// Spans that wait for the rest of their traces; beyond it those that wait longest are settled early.
    public var waitingCountMax = 500_000
    /// Series that are told apart; beyond it operations, then parties, are counted together.
    public var seriesCountMax = 100_000
    public var minuteRetention: Double = 6 * 3600
    public var tenMinutesRetention: Double = 2 * 86400
    public var hourRetention: Double = 35 * 86400
    public var dayRetention: Double = 400 * 86400
    /// Memory for buckets that are kept decoded.
    public var cacheByteCountMax = 16 << 20

    /// How old the count of what is not settled may be that an answer gives.
    public var renewalInterval: Double = 1

    public init() {}
}
