import Configuration
import Ingestion
import TraceModel
import WireFormats

// Where and how bodies of each format are posted.

extension SpanProtocol {
    /// Those that a file can hold and HTTP carries.
    static let postable: [SpanProtocol] = [
        .zipkinJSON, .zipkinProtobuf, .zipkinV1JSON, .zipkinV1Thrift, .jaegerThrift, .otlpProtobuf, .otlpJSON,
    ]

    var listener: Listener {
        switch self {
        case .jaegerThrift: .jaegerHTTP
        case .otlpProtobuf, .otlpJSON: .otlpHTTP
        default: .zipkin
        }
    }

    var path: String {
        switch self {
        case .zipkinV1JSON, .zipkinV1Thrift: "/api/v1/spans"
        case .jaegerThrift: "/api/traces?format=jaeger.thrift"
        case .otlpProtobuf, .otlpJSON: "/v1/traces"
        default: "/api/v2/spans"
        }
    }

    var contentType: String {
        switch self {
        case .zipkinProtobuf, .otlpProtobuf: "application/x-protobuf"
        case .zipkinV1Thrift, .jaegerThrift: "application/x-thrift"
        default: "application/json"
        }
    }

    /// How many spans a body has.
    func spanCount(of body: [UInt8]) throws -> Int {
        var builder = SpanBatchBuilder()
        // The server's limits count, not ours.
        let limits = SpanLimits(spanCountMax: 1 << 30, attributeCountMax: 100_000, valueByteCountMax: 1 << 30)
        return try body.withUnsafeBytes { try decode($0, limits: limits, into: &builder).acceptedCount }
    }

    /// The format that `bytes` can be read in. Formats that are alike to the eye are told apart by reading them whole.
    static func detected(in bytes: [UInt8]) throws(CommandFailure) -> SpanProtocol {
        let first = bytes.first { !JSONSlices.isBlank($0) }
        if first == UInt8(ascii: "[") || first == nil {
            return (try? SpanProtocol.zipkinV1JSON.spanCount(of: bytes)) ?? 0 > 0 ? .zipkinV1JSON : .zipkinJSON
        }
        if first == UInt8(ascii: "{"), let value = JSONSlices.values(bytes[...]).first {
            return (try? SpanProtocol.otlpJSON.spanCount(of: Array(value))) ?? 0 > 0 ? .otlpJSON : .zipkinJSON
        }
        for format in [SpanProtocol.otlpProtobuf, .zipkinProtobuf, .jaegerThrift, .zipkinV1Thrift]
        where (try? format.spanCount(of: bytes)) ?? 0 > 0 {
            return format
        }
        throw CommandFailure("it holds spans in no format that can be sent; name it with --span-format")
    }
}
