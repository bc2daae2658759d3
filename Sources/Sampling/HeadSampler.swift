public import TraceModel

public final class HeadSampler: Sendable {
    let policy: HeadPolicy
    let keepsKey: @Sendable (UnsafeRawBufferPointer) -> Bool

    public init(
        _ policy: HeadPolicy, countedKeys keepsKey: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) {
        self.policy = policy
        self.keepsKey = keepsKey
    }

    public var keepsEverything: Bool { policy.keepsEverything }

    public func split(_ batch: SpanBatch, worker: Int, now: Int64) -> HeadSplit {
        HeadSplit(kept: batch, counted: nil, droppedCounts: [])
    }
}

/// A batch, parted.
public struct HeadSplit: Sendable {
    /// To be stored; the batch itself if nothing of it changes.
    public var kept: SpanBatch?
    /// Not to be stored, only counted.
    public var counted: SpanBatch?
    /// How many spans were left out, by the names of `HeadPolicy.ruleNames`; without those that left out none.
    public var droppedCounts: [(policy: String, count: Int)]
}
