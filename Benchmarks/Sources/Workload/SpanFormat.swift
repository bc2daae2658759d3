/// How the spans of a post are written.
public enum SpanFormat: String, CaseIterable, Sendable {
    /// Version 2, a list.
    case zipkinJSON = "zipkin-json"
    /// `ListOfSpans`.
    case zipkinProtobuf = "zipkin-protobuf"
    /// `ExportTraceServiceRequest`.
    case otlpProtobuf = "otlp-protobuf"
    /// The same in protobuf's JSON, with IDs in hex.
    case otlpJSON = "otlp-json"
    /// `Batch` in Thrift's binary protocol.
    case jaegerThrift = "jaeger-thrift"

    /// Who made the spans and what instrumented them stand once above them rather than in each.
    var hasResource: Bool {
        switch self {
        case .zipkinJSON, .zipkinProtobuf: false
        case .otlpProtobuf, .otlpJSON, .jaegerThrift: true
        }
    }

    var hasScope: Bool { self == .otlpProtobuf || self == .otlpJSON }

    /// What stands between two spans.
    var separator: UInt8? { self == .zipkinJSON || self == .otlpJSON ? UInt8(ascii: ",") : nil }
}
