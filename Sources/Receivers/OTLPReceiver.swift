public import Ingestion
public import NetworkServer
internal import WireFormats

/// OTLP's trace service: `POST /v1/traces` in protobuf or JSON, and the gRPC method
/// `opentelemetry.proto.collector.trace.v1.TraceService/Export`.
///
/// Answers in the encoding of the request. What can be sent again is refused with 503 or UNAVAILABLE and a delay, for
/// exporters drop what is refused in any other way.
/// Source: https://opentelemetry.io/docs/specs/otlp/
public struct OTLPReceiver: Sendable {
    private let intake: BodyIntake

    public init(pipeline: IngestPipeline) { intake = BodyIntake(pipeline: pipeline) }

    public func registerGRPC(on router: inout HTTPRouter) {
        intake.registerCall(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export", on: &router, .otlpGRPC,
            answer: OTLPAnswer.protobuf)
    }

    public func registerHTTP(on router: inout HTTPRouter) {
        let intake = intake
        let refuse: HTTPRefusalWriter = { error, contentType in
            let spanProtocol = Self.protocolOf(contentType)
            intake.count(spanProtocol, error.status.code)
            return Self.refusal(
                error.status, GRPCStatus(error), error.headers, isJSON: spanProtocol == .otlpJSON)
        }
        router.on(.post, "/v1/traces", refusalWriter: refuse, .eventLoop { Self.receive($0, $2, intake) })
    }

    private static func receive(_ request: HTTPRequest, _ responder: HTTPResponder, _ intake: BodyIntake) {
        let type = request.contentType
        guard let spanProtocol = protocolOf(type) else {
            intake.count(nil, HTTPStatus.unsupportedMediaType.code)
            responder.respond(
                .text(
                    .unsupportedMediaType,
                    "content type \(type ?? "") is not supported: send application/x-protobuf or application/json\n"))
            return
        }
        request.body.withUnsafeBytes { bytes in
            intake.pipeline.ingest(
                spanProtocol, bytes, worker: request.eventLoopIndex, sender: request.remoteAddress
            ) { outcome in
                let response = response(outcome, isJSON: spanProtocol == .otlpJSON)
                intake.count(spanProtocol, response.status.code)
                responder.respond(response)
            }
        }
    }

    private static func protocolOf(_ contentType: String?) -> SpanProtocol? {
        switch contentType {
        case "application/x-protobuf", "application/protobuf": .otlpProtobuf
        case "application/json": .otlpJSON
        default: nil
        }
    }

    // MARK: Answers

    private static func response(_ outcome: IngestOutcome, isJSON: Bool) -> HTTPResponse {
        if case .accepted(let decoded) = outcome {
            return answer(.ok, isJSON ? OTLPAnswer.json(decoded) : OTLPAnswer.protobuf(decoded), [], isJSON: isJSON)
        }
        let status = BodyIntake.status(outcome)
        switch outcome {
        case .tooLarge:
            return refusal(.contentTooLarge, status, [], isJSON: isJSON)
        case .overloaded:
            let delay = ("retry-after", String(BodyIntake.retryDelaySeconds))
            return refusal(.serviceUnavailable, status, [delay], isJSON: isJSON)
        case .malformed, .accepted:
            return refusal(.badRequest, status, [], isJSON: isJSON)
        }
    }

    private static func refusal(
        _ code: HTTPStatus, _ status: GRPCStatus, _ headers: [(name: String, value: String)], isJSON: Bool
    ) -> HTTPResponse {
        answer(code, isJSON ? OTLPAnswer.json(status) : status.protobuf, headers, isJSON: isJSON)
    }

    private static func answer(
        _ code: HTTPStatus, _ body: [UInt8], _ headers: [(name: String, value: String)], isJSON: Bool
    ) -> HTTPResponse {
        let type = isJSON ? "application/json" : "application/x-protobuf"
        return HTTPResponse(status: code, headers: [("content-type", type)] + headers, body: body)
    }
}
