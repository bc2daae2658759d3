public import TraceModel

/// Spans from a body of `POST /api/v1/spans` in Thrift: a list of Zipkin v1 spans in the binary protocol.
///
/// As `ZipkinV1JSONDecoder` makes them of the same spans in JSON. Strings that are not UTF-8 are mended and counted.
public struct ZipkinV1ThriftDecoder {
    /// Adds the spans of a body to `builder`; an empty body and an empty list have none.
    /// - Throws: `DecodeError` for the first span that is wrong, which rejects the body: `builder` then holds the spans
    ///   before it and perhaps a part of it, and is to be emptied.
    /// - Returns: the number of spans that were added, which may be more than were sent.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try ZipkinSpanStage.checkSize(bytes, builder)
        if bytes.isEmpty { return DecodeOutcome() }
        var reader = ZipkinV1ThriftReader(bytes, limits: limits)
        return try reader.readList(into: &builder)
    }
}
