public import TraceStore

/// How a destination fares. Counts are since the process began.
public struct ForwarderStatus: Sendable {
    /// Of the destination.
    public var name: String
    public var lag = ForwardLag()
    /// What keeps spans from being handed on, with since when; nil if nothing does.
    public var problem: String?
    /// Answers to bulk requests by HTTP status; 0 where there was none.
    public var requestCounts: [Int: Int] = [:]
    /// Documents that are in the index.
    public var documentCount = 0
    /// Documents that became dead letters.
    public var rejectedCount = 0
    /// Dead letters that are kept, and their bytes.
    public var deadLetterCount = 0
    public var deadLetterByteCount = 0
    /// Spans that the filter left out.
    public var filteredSpanCount = 0
    /// Spans that could not be read, and so were not handed on.
    public var damagedSpanCount = 0

    public init(name: String) { self.name = name }
}

/// What came of sending dead letters again.
public struct DeadLetterOutcome: Sendable, Equatable {
    /// In the index now, and no longer kept.
    public var deliveredCount = 0
    /// Refused again, and kept with the new reason.
    public var refusedCount = 0

    public init(deliveredCount: Int = 0, refusedCount: Int = 0) {
        self.deliveredCount = deliveredCount
        self.refusedCount = refusedCount
    }
}
