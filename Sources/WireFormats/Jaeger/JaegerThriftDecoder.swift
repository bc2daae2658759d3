public import TraceModel

/// Spans from Jaeger's Thrift structs: what its clients post to the collector, and send to the agent.
///
/// Nothing that a batch says of its spans is lost. Tags that OpenTelemetry has places for go there: `span.kind`,
/// `error`, `otel.status_code`, `otel.status_description`, `w3c.tracestate`, `otel.scope.*`; the status of HTTP decides
/// where no tag says whether the span failed. Times beyond 64 bits of nanoseconds become the farthest that are not.
/// Strings that are not UTF-8 are mended and counted. One bad span, as one without IDs, refuses all.
public enum JaegerThriftDecoder {
    /// How Thrift writes a message.
    public enum Encoding: Sendable, CaseIterable {
        case binary  // TBinaryProtocol: agents take it on UDP port 6832
        case compact  // TCompactProtocol: on UDP port 6831
    }

    /// Adds the spans of a struct `Batch` in the binary protocol, as it is posted to `/api/traces`.
    /// - Throws: `DecodeError`; `builder` then holds spans of a body that is refused, and is to be emptied.
    public static func decodeBatch(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try JaegerSpanStage.checkSize(bytes, builder)
        // No type of a field looks like the beginning of a message.
        if let first = bytes.first, first & 0x80 != 0 {
            throw DecodeError(.otherFormat, "a Thrift message, where a struct Batch is expected", offset: 0)
        }
        var reader = JaegerThriftReader<ThriftBinaryReader>(bytes, limits)
        return try reader.readBody(into: &builder)
    }

    /// Adds the spans of a message to the agent: a call of `emitBatch`, one datagram.
    /// - Throws: `DecodeError`, likewise; with the code `otherFormat` for calls of other methods.
    public static func decodeMessage(
        _ bytes: UnsafeRawBufferPointer, encoding: Encoding, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try JaegerSpanStage.checkSize(bytes, builder)
        switch encoding {
        case .binary:
            var reader = JaegerThriftReader<ThriftBinaryReader>(bytes, limits)
            return try reader.readMessage(into: &builder)
        case .compact:
            var reader = JaegerThriftReader<ThriftCompactReader>(bytes, limits)
            return try reader.readMessage(into: &builder)
        }
    }
}
