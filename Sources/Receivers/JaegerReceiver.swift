public import Ingestion
public import NetworkServer

/// Jaeger's collector: thrift over HTTP and the gRPC method `jaeger.api_v2.CollectorService/PostSpans`.
public struct JaegerReceiver: Sendable {
    private let intake: BodyIntake

    public init(pipeline: IngestPipeline) { intake = BodyIntake(pipeline: pipeline) }

    /// `POST /api/traces`, whose parameter `format` has had but one meaning and is passed over.
    public func registerHTTP(on router: inout HTTPRouter) {
        intake.register(
            "/api/traces", on: &router,
            protocolOf: { type in
                switch type {
                case "application/x-thrift", "application/vnd.apache.thrift.binary": .jaegerThrift
                default: nil
                }
            }, supported: "application/x-thrift or application/vnd.apache.thrift.binary")
    }

    /// PostSpansResponse has no fields.
    public func registerGRPC(on router: inout HTTPRouter) {
        intake.registerCall("/jaeger.api_v2.CollectorService/PostSpans", on: &router, .jaegerGRPC) { _ in [] }
    }

    /// Takes one datagram of Jaeger's agent protocol. Nobody is told what became of it: metrics and log are.
    public func receive(
        _ datagram: UnsafeRawBufferPointer, _ encoding: DatagramEncoding, worker: Int,
        sender: @autoclosure () -> String?
    ) {
        intake.pipeline.ingest(encoding.spanProtocol, datagram, worker: worker, sender: sender()) { _ in }
    }

    /// Counts a datagram that is larger than allowed.
    public func refuse(byteCount: Int, _ encoding: DatagramEncoding, sender: @autoclosure () -> String?) {
        intake.pipeline.refuse(
            encoding.spanProtocol, byteCount: byteCount, reason: "the datagram is too large", sender: sender())
    }

    /// How thrift writes the datagrams of a port.
    public enum DatagramEncoding: Sendable {
        case compact
        case binary

        fileprivate var spanProtocol: SpanProtocol {
            switch self {
            case .compact: .jaegerCompact
            case .binary: .jaegerBinary
            }
        }
    }
}
