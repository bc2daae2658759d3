public import TraceModel

/// Spans from OTLP/JSON: `ExportTraceServiceRequest` or `TracesData` as one object, with IDs in hex.
///
/// Like `OTLPProtobufDecoder`; unknown members and nulls are ignored, enums may be names, 64-bit numbers may be text.
/// A body with a string that is not UTF-8 is no JSON and is refused.
public struct OTLPJSONDecoder {
    /// Adds the spans of a body to `builder`; an empty body has none.
    /// - Throws: `DecodeError` as `OTLPProtobufDecoder` does.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, options: OTLPOptions = OTLPOptions(),
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try OTLPSpanStage.checkSize(bytes, builder)
        var reader = OTLPJSONReader(bytes, limits, options)
        return try reader.read(into: &builder)
    }
}
