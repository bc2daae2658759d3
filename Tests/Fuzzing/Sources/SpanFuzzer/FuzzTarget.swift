internal import TraceModel
internal import WireFormats

/// What one run of the fuzzer tries; named by the environment variable SKEIN_FUZZ.
enum FuzzTarget: String, CaseIterable {
    case zipkinJSON = "zipkin-json"
    case zipkinProtobuf = "zipkin-protobuf"
    case zipkinV1JSON = "zipkin-v1-json"
    case zipkinV1Thrift = "zipkin-v1-thrift"
    case jaegerThrift = "jaeger-thrift"
    case jaegerCompact = "jaeger-compact"
    case jaegerBinary = "jaeger-binary"
    case jaegerProtobuf = "jaeger-protobuf"
    case otlpProtobuf = "otlp-protobuf"
    case otlpJSON = "otlp-json"
    /// The answer to a search for Jaeger's documents.
    case jaegerDocumentJSON = "jaeger-document-json"
    /// The image of a batch, as it lies in the journal.
    case batchImage = "batch-image"
    /// A packed body.
    case gzip
    /// A query, asked of a small trace.
    case traceQL = "traceql"

    var knowsFacts: Bool { self == .otlpProtobuf || self == .otlpJSON }

    /// Spans come in Zipkin's model.
    var isZipkins: Bool { rawValue.hasPrefix("zipkin-") }

    /// Adds the spans of a body to `builder`.
    func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, options: OTLPOptions,
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        switch self {
        case .zipkinJSON: try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinProtobuf: try ZipkinProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinV1JSON: try ZipkinV1JSONDecoder.decode(bytes, limits: limits, into: &builder)
        case .zipkinV1Thrift: try ZipkinV1ThriftDecoder.decode(bytes, limits: limits, into: &builder)
        case .jaegerThrift: try JaegerThriftDecoder.decodeBatch(bytes, limits: limits, into: &builder)
        case .jaegerCompact:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .compact, limits: limits, into: &builder)
        case .jaegerBinary:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .binary, limits: limits, into: &builder)
        case .jaegerProtobuf: try JaegerProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        case .otlpProtobuf: try OTLPProtobufDecoder.decode(bytes, limits: limits, options: options, into: &builder)
        case .otlpJSON: try OTLPJSONDecoder.decode(bytes, limits: limits, options: options, into: &builder)
        case .jaegerDocumentJSON:
            try JaegerDocumentDecoder.decodeSpans(bytes, limits: limits, into: &builder).outcome
        case .batchImage, .gzip, .traceQL:
            throw DecodeError(.otherFormat, "\(rawValue) is no format of spans", offset: 0)
        }
    }
}
