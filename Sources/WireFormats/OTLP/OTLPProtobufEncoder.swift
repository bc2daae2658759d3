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

    /// Of a trace that is in memory.
    private let spans: [SpanView]
    private let ids: JaegerSpanIDs
    private var message: OTLPProtobufWriter

    /// To write one trace in several messages.
    /// - Parameter isRaw: IDs that client and server share stay as they were reported; else as in `JaegerJSONEncoder`.
    public init(_ trace: Trace, isRaw: Bool = false, options: OTLPOptions = OTLPOptions()) {
        spans = trace.spans
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
        message = OTLPProtobufWriter(options)
    }

    /// For a trace whose spans come some at a time.
    public init(_ outline: TraceOutline, isRaw: Bool = false, options: OTLPOptions = OTLPOptions()) {
        spans = []
        ids = JaegerSpanIDs(outline, keepsSharedIDs: isRaw)
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
        place
            + append(
                spans[place...], place: place, spanCountMax: spanCountMax, byteCountMax: byteCountMax, to: &writer)
    }

    /// Writes one message with the first of these spans: as many as the bounds allow, but at least one, and none for no
    /// spans.
    /// - Parameters:
    ///   - place: of the first span in the trace.
    ///   - byteCountMax: no more spans follow when the message is as long; its last span may exceed it.
    /// - Returns: how many spans were written.
    public mutating func append(
        _ spans: ArraySlice<SpanView>, place: Int, spanCountMax: Int, byteCountMax: Int, to writer: inout ByteWriter
    ) -> Int {
        message.removeAll()
        var next = place
        for span in spans.prefix(spanCountMax) {
            if message.bytes.count >= byteCountMax { break }
            message.append(span, spanID: ids.spanIDs[next], parentID: ids.parentIDs[next])
            next += 1
        }
        message.finish()
        writer.write(message.bytes)
        return next - place
    }
}
