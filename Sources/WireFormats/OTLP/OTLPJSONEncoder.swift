public import Bytes
public import TraceModel

/// Spans as OTLP/JSON: `TracesData` as one object on one line, IDs in lower-case hex, 64-bit numbers as text.
///
/// Like `OTLPProtobufEncoder`. A double that is no number is told as such, whatever its bits are.
public struct OTLPJSONEncoder {
    /// Writes one object with the spans in their order; no line end.
    public static func append(
        _ spans: some Sequence<SpanView>, options: OTLPOptions = OTLPOptions(), to writer: inout ByteWriter
    ) {
        var json = OTLPJSONWriter(options)
        writer.write("{\"resourceSpans\":[")
        for span in spans { json.append(span, to: &writer) }
        json.finish(&writer)
        writer.write("]}")
    }
}
