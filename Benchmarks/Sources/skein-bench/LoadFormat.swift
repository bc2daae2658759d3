import ArgumentParser
import Workload

/// How a load is sent: how spans are written, and what carries them.
enum LoadFormat: String, CaseIterable {
    case zipkinJSON = "zipkin-json"
    case zipkinProtobuf = "zipkin-protobuf"
    case otlpProtobuf = "otlp-protobuf"
    case otlpGRPC = "otlp-grpc"
    case otlpJSON = "otlp-json"
    case jaegerThrift = "jaeger-thrift"

    var spans: SpanFormat {
        switch self {
        case .zipkinJSON: .zipkinJSON
        case .zipkinProtobuf: .zipkinProtobuf
        case .otlpProtobuf, .otlpGRPC: .otlpProtobuf
        case .otlpJSON: .otlpJSON
        case .jaegerThrift: .jaegerThrift
        }
    }

    /// The name of the server's listener.
    var listener: String {
        switch self {
        case .zipkinJSON, .zipkinProtobuf: "zipkin"
        case .otlpProtobuf, .otlpJSON: "otlp-http"
        case .otlpGRPC: "otlp-grpc"
        case .jaegerThrift: "jaeger-http"
        }
    }

    var path: String {
        switch self {
        case .zipkinJSON, .zipkinProtobuf: "/api/v2/spans"
        case .otlpProtobuf, .otlpJSON: "/v1/traces"
        case .otlpGRPC: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        case .jaegerThrift: "/api/traces?format=jaeger.thrift"
        }
    }

    var contentType: String {
        switch self {
        case .zipkinJSON, .otlpJSON: "application/json"
        case .zipkinProtobuf, .otlpProtobuf: "application/x-protobuf"
        case .otlpGRPC: "application/grpc"
        case .jaegerThrift: "application/x-thrift"
        }
    }

    /// What a server of this protocol answers to a post that it has taken.
    var acceptedStatus: Int { listener == "otlp-http" || self == .otlpGRPC ? 200 : 202 }

    /// How its usual senders tell a body's length: Envoy posts in chunks, others know the length beforehand.
    var framing: BodyFraming { listener == "zipkin" ? .chunked : .length }

    /// Spans a post of the senders that the targets are about.
    var batch: Int { listener == "zipkin" ? 20 : 512 }

    /// Whether an accepted post's answer says that some spans were left out all the same.
    func isPartial(_ answer: [UInt8]) -> Bool {
        switch self {
        case .zipkinJSON, .zipkinProtobuf, .jaegerThrift: false
        // The only field is the partial success; empty, it says nothing.
        case .otlpProtobuf, .otlpGRPC: answer.count > 2
        case .otlpJSON: String(decoding: answer, as: UTF8.self).contains("rejectedSpans")
        }
    }
}

/// Reads the name of a format.
func parseFormat(_ text: String) throws -> LoadFormat {
    guard let format = LoadFormat(rawValue: text) else {
        throw ValidationError("the formats are \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return format
}
