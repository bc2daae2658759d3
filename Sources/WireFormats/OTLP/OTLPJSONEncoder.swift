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

    /// Of a trace that is in memory.
    private let spans: [SpanView]
    /// The one written last: the next is compared with it.
    private var last: SpanView?
    private let ids: JaegerSpanIDs
    private var json: OTLPJSONWriter

    /// To write one trace piece by piece: `begin`, each span, `end`.
    /// - Parameter isRaw: IDs that client and server share stay as they were reported; else as in `JaegerJSONEncoder`.
    public init(_ trace: Trace, isRaw: Bool = false, options: OTLPOptions = OTLPOptions()) {
        spans = trace.spans
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
        json = OTLPJSONWriter(options)
    }

    /// For a trace whose spans come one by one.
    public init(_ outline: TraceOutline, isRaw: Bool = false, options: OTLPOptions = OTLPOptions()) {
        spans = []
        ids = JaegerSpanIDs(outline, keepsSharedIDs: isRaw)
        json = OTLPJSONWriter(options)
    }

    /// Writes what stands before the spans.
    public func begin(_ writer: inout ByteWriter) { writer.write("{\"resourceSpans\":[") }

    /// Writes one span of a trace in memory, and what stands between it and the one before.
    /// - Parameter place: of the span in the trace.
    public mutating func append(_ place: Int, _ writer: inout ByteWriter) { append(spans[place], place, &writer) }

    /// Writes one span, and what stands between it and the one before.
    /// - Parameter place: of the span in the trace.
    public mutating func append(_ span: SpanView, _ place: Int, _ writer: inout ByteWriter) {
        json.append(span, spanID: ids.spanIDs[place], parentID: ids.parentIDs[place], to: &writer)
        last = span
    }

    /// Writes what stands behind the spans.
    public mutating func end(_ writer: inout ByteWriter) {
        json.finish(&writer)
        writer.write("]}")
        withExtendedLifetime(last) {}
    }
}
