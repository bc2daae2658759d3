public import TraceModel

/// Spans from OTLP's protobuf messages `ExportTraceServiceRequest` and `TracesData`, which are written alike.
///
/// Nothing that the messages say is lost, but fields that this version of OTLP has not got. A span whose IDs are
/// missing or of another length, or with too many attributes, is left out and counted; of a link with such IDs the
/// span tells that one more was dropped. Strings that are not UTF-8 are mended and counted.
public struct OTLPProtobufDecoder {
    /// Adds the spans of a body to `builder`; an empty body has none.
    /// - Throws: `DecodeError` for a body that is no such message, or is over a limit of the whole body: `builder` then
    ///   holds the spans before the fault, and is to be emptied.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, options: OTLPOptions = OTLPOptions(),
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try OTLPSpanStage.checkSize(bytes, builder)
        var reader = OTLPProtobufReader(limits, options)
        return try reader.read(bytes, into: &builder)
    }
}
