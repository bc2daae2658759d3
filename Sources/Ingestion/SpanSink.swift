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
    /// Takes batches without blocking. `completion` is called once, from any thread, when they are durable or refused.
    /// - Parameters:
    ///   - batch: spans to be stored, or, if it says so, only to be counted.
    ///   - counted: spans of the same request that are only counted.
    func append(
        _ batch: SpanBatch, counted: SpanBatch?, completion: @escaping @Sendable (SpanSinkOutcome) -> Void)
}
