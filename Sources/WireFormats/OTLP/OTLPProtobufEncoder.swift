public import Bytes
public import TraceModel

/// Spans as OTLP's protobuf messages `TracesData` and `ExportTraceServiceRequest`, which are written alike.
///
/// A span that came by OTLP is given as it came. One of another model gets a resource with its service's name, and
/// attributes as `OTLPOptions` says. Consecutive spans of one resource and scope stand together.
public struct OTLPProtobufEncoder {
    /// Writes one message with the spans in their order; no bytes for no spans. Two such messages, one after the
    /// other, are one message with the spans of both.
    public static func append(
        _ spans: some Sequence<SpanView>, options: OTLPOptions = OTLPOptions(), to writer: inout ByteWriter
    ) {
        var message = OTLPProtobufWriter(options)
        for span in spans { message.append(span) }
        message.finish()
        writer.write(message.bytes)
    }
}
