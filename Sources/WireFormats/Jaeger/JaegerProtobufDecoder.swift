public import TraceModel

/// Spans from the message `jaeger.api_v2.PostSpansRequest`, which the collector takes over gRPC.
///
/// Told apart in nothing from those that `JaegerThriftDecoder` reads, but that a span may have a process of its own.
/// A body without any span is accepted.
public enum JaegerProtobufDecoder {
    /// Adds the spans of a message to `builder`.
    /// - Throws: `DecodeError`; `builder` then holds spans of a body that is refused, and is to be emptied.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try JaegerSpanStage.checkSize(bytes, builder)
        var reader = JaegerProtobufReader(limits)
        return try reader.read(bytes, into: &builder)
    }
}
