public import Bytes
public import TraceModel

/// One trace as the JSON of Tempo's query API: OTLP in protobuf's own JSON, with IDs in base64, enumerations by their
/// names and 64-bit numbers as text.
///
/// Written at once by `append`, or piece by piece: `begin`, each span, `end`. Every resource has a `service.name` and
/// one scope; resource, scope and status are always there.
public struct TempoJSONEncoder {
    /// Of the API's paths.
    public enum Version: Sendable {
        /// `/api/traces/{id}`: `{"batches":[...]}`
        case v1
        /// `/api/v2/traces/{id}`: `{"trace":{"resourceSpans":[...]}}`
        case v2
    }

    /// Writes one trace as an object.
    /// - Parameter isRaw: IDs that client and server share stay as they were reported; else as in `JaegerJSONEncoder`.
    public static func append(
        _ trace: Trace, _ version: Version, isRaw: Bool = false, to writer: inout ByteWriter
    ) {
        var encoder = TempoJSONEncoder(trace, version, isRaw: isRaw)
        encoder.begin(&writer)
        for place in trace.spans.indices { encoder.append(place, &writer) }
        encoder.end(&writer)
    }

    /// Of a trace that is in memory.
    private let spans: [SpanView]
    /// The one written last: the next is compared with it.
    private var last: SpanView?
    private let version: Version
    private let ids: JaegerSpanIDs
    private var json = OTLPJSONWriter(TempoProtobufEncoder.options, .protobuf)

    public init(_ trace: Trace, _ version: Version, isRaw: Bool = false) {
        spans = trace.spans
        self.version = version
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
    }

    /// For a trace whose spans come one by one.
    public init(_ outline: TraceOutline, _ version: Version, isRaw: Bool = false) {
        spans = []
        self.version = version
        ids = JaegerSpanIDs(outline, keepsSharedIDs: isRaw)
    }

    /// Writes what stands before the spans.
    public func begin(_ writer: inout ByteWriter) {
        writer.write(version == .v1 ? "{\"batches\":[" : "{\"trace\":{\"resourceSpans\":[")
    }

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
        writer.write(version == .v1 ? "]}" : "]}}")
        withExtendedLifetime(last) {}
    }
}
