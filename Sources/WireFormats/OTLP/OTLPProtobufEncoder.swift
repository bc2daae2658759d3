public import Bytes
public import TraceModel

/// Spans as OTLP's protobuf messages `TracesData` and `ExportTraceServiceRequest`, which are written alike.
///
/// A span that came by OTLP is given as it came. One of another model gets a resource with its service's name, and
/// attributes as `OTLPOptions` says. Consecutive spans of one resource and scope stand together.
public struct OTLPProtobufEncoder: ~Copyable {
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

    private let trace: Trace
    private let ids: JaegerSpanIDs
    private var message: OTLPProtobufWriter

    /// To write one trace in several messages.
    /// - Parameter isRaw: IDs that client and server share stay as they were reported; else as in `JaegerJSONEncoder`.
    public init(_ trace: Trace, isRaw: Bool = false, options: OTLPOptions = OTLPOptions()) {
        self.trace = trace
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
        message = OTLPProtobufWriter(options)
    }

    /// Writes one message with the spans of these places.
    public mutating func append(_ places: Range<Int>, to writer: inout ByteWriter) {
        _ = append(from: places.lowerBound, spanCountMax: places.count, byteCountMax: .max, to: &writer)
    }

    /// Writes one message with the spans from a place on: as many as the bounds allow, but at least one, and none for
    /// no spans.
    /// - Parameter byteCountMax: no more spans follow when the message is as long; its last span may exceed it.
    /// - Returns: the place of the next span; the trace's end when there are no more.
    public mutating func append(
        from place: Int, spanCountMax: Int, byteCountMax: Int, to writer: inout ByteWriter
    ) -> Int {
        message.removeAll()
        var next = place
        while next < trace.spans.count && next - place < spanCountMax && message.bytes.count < byteCountMax {
            message.append(trace.spans[next], spanID: ids.spanIDs[next], parentID: ids.parentIDs[next])
            next += 1
        }
        message.finish()
        writer.write(message.bytes)
        return next
    }
}
