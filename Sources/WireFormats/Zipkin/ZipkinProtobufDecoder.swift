public import TraceModel

/// Spans from Zipkin's protobuf message `zipkin.proto3.ListOfSpans`: a body of `POST /api/v2/spans`, or the request of
/// the gRPC call `zipkin.proto3.SpanService/Report`.
///
/// A span is what `ZipkinJSONDecoder` makes of the same span in JSON. Strings that are not UTF-8 are mended and
/// counted.
public struct ZipkinProtobufDecoder {
    /// Adds the spans of a body to `builder`; an empty body has none.
    /// - Throws: `DecodeError` for the first span that is wrong, which rejects the body: `builder` then holds the spans
    ///   before it and perhaps a part of it, and is to be emptied.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try ZipkinSpanStage.checkSize(bytes, builder)
        guard let start = bytes.baseAddress, bytes.count > 0 else { return DecodeOutcome() }
        var reader = ZipkinProtobufReader(end: start + bytes.count, limits: limits)
        return try reader.readList(bytes, into: &builder)
    }
}
