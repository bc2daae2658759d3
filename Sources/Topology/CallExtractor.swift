public import TraceModel

public struct CallExtractor: Sendable {
    public init() {}

    public mutating func append(
        _ batch: SpanBatch, to records: inout [CallRecord], _ names: inout CallNames
    ) {
    }
}
