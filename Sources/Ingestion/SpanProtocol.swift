public import TraceModel
public import WireFormats

/// A way in which spans come: a format, and what carries it. Named so in metrics and logs.
public enum SpanProtocol: String, CaseIterable, Sendable {
    case zipkinJSON = "zipkin-json"
    case zipkinProtobuf = "zipkin-protobuf"
    case zipkinGRPC = "zipkin-grpc"
    case zipkinV1JSON = "zipkin-v1-json"
    case zipkinV1Thrift = "zipkin-v1-thrift"
    case jaegerThrift = "jaeger-thrift"
    case jaegerGRPC = "jaeger-grpc"
    case jaegerCompact = "jaeger-compact"
    case jaegerBinary = "jaeger-binary"
    case otlpGRPC = "otlp-grpc"
    case otlpProtobuf = "otlp-protobuf"
    case otlpJSON = "otlp-json"

    /// Adds the spans of one body, message or datagram to `builder`; see the decoder of each format.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        switch self {
        case .zipkinJSON:
            try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinProtobuf, .zipkinGRPC:
            try ZipkinProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinV1JSON:
            try ZipkinV1JSONDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinV1Thrift:
            try ZipkinV1ThriftDecoder.decode(bytes, limits: limits, into: &builder)
        case .jaegerThrift:
            try JaegerThriftDecoder.decodeBatch(bytes, limits: limits, into: &builder)
        case .jaegerCompact:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .compact, limits: limits, into: &builder)
        case .jaegerBinary:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .binary, limits: limits, into: &builder)
        case .jaegerGRPC:
            try JaegerProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        case .otlpGRPC, .otlpProtobuf:
            try OTLPProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        case .otlpJSON:
            try OTLPJSONDecoder.decode(bytes, limits: limits, into: &builder)
        }
    }
}
