public import TraceModel

/// A batch, and when it came: nanoseconds since 1970.
public struct ArrivedBatch: Sendable {
    public let batch: SpanBatch
    public let arrival: Int64

    public init(_ batch: SpanBatch, arrival: Int64) {
        self.batch = batch
        self.arrival = arrival
    }
}

/// The batches of a generation that no segment has yet, kept and only counted ones alike.
public struct UnsealedBatches: Sendable {
    /// Ascending within one process, from 1.
    public let generation: UInt64
    /// In the order in which sealing hands them over; what came since goes to the end.
    public let batches: [ArrivedBatch]

    public init(generation: UInt64, batches: [ArrivedBatch]) {
        self.generation = generation
        self.batches = batches
    }
}
