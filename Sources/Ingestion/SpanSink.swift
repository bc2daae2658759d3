public import TraceModel

/// What became of a batch.
public enum SpanSinkOutcome: Sendable {
    case kept
    case overloaded  // again in a second
    case diskFull(String)  // again when there is room
    case tooLarge(String)  // never
}

/// Where batches go: what the pipeline needs of a store.
public protocol SpanSink: Sendable {
    /// Takes a batch without blocking. `completion` is called once, from any thread, when the batch is durable or
    /// refused.
    func append(_ batch: SpanBatch, completion: @escaping @Sendable (SpanSinkOutcome) -> Void)
}
