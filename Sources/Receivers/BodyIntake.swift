internal import Ingestion
internal import NetworkServer
internal import WireFormats

/// What receivers do alike: take a body, have its spans stored, and answer.
struct BodyIntake: Sendable {
    let pipeline: IngestPipeline

    /// Seconds after which a sender that was refused may come again.
    static let retryDelaySeconds = 1

    // MARK: HTTP

    /// Takes spans posted to `path`, and answers 202 without a body, or with a reason in plain text.
    /// - Parameters:
    ///   - protocolOf: what a content type means, given in lower case and without parameters; nil where it means
    ///     nothing here.
    ///   - supported: the types that are taken, in words.
    func register(
        _ path: String, on router: inout HTTPRouter, protocolOf: @escaping @Sendable (String?) -> SpanProtocol?,
        supported: String, unpackFailureMessage: String = "Cannot unpack the body"
    ) {
        let pipeline = pipeline
        let refuse: HTTPRefusalWriter = { error, contentType in
            count(protocolOf(contentType), error.status.code)
            return HTTPResponse(error)
        }
        router.on(
            .post, path, unpackFailureMessage: unpackFailureMessage, refusalWriter: refuse,
            .eventLoop { request, _, responder in
                let type = request.contentType
                guard let spanProtocol = protocolOf(type) else {
                    count(nil, HTTPStatus.unsupportedMediaType.code)
                    responder.respond(
                        .text(
                            .unsupportedMediaType, "content type \(type ?? "") is not supported: send \(supported)\n"))
                    return
                }
                request.body.withUnsafeBytes { bytes in
                    pipeline.ingest(
                        spanProtocol, bytes, worker: request.eventLoopIndex, sender: request.remoteAddress
                    ) { outcome in
                        let response = Self.response(outcome)
                        count(spanProtocol, response.status.code)
                        responder.respond(response)
                    }
                }
            })
    }

    func count(_ spanProtocol: SpanProtocol?, _ code: Int) {
        pipeline.metrics.requestAnswered(spanProtocol, code: code)
    }

    private static let accepted = HTTPResponse.empty(.accepted)

    private static func response(_ outcome: IngestOutcome) -> HTTPResponse {
        switch outcome {
        case .accepted: accepted
        case .malformed(let reason): .text(.badRequest, reason)
        case .tooLarge(let reason): .text(.contentTooLarge, reason)
        case .overloaded(let reason):
            HTTPResponse(
                HTTPError(.serviceUnavailable, reason, headers: [("retry-after", String(retryDelaySeconds))]))
        }
    }

    // MARK: gRPC

    /// Takes the message of each call of `method` as spans.
    /// - Parameter answer: the message that says what became of them.
    func registerCall(
        _ method: String, on router: inout HTTPRouter, _ spanProtocol: SpanProtocol,
        answer: @escaping @Sendable (DecodeOutcome) -> [UInt8]
    ) {
        let pipeline = pipeline
        router.onCall(method, refused: { count(spanProtocol, $0.code.rawValue) }) { request, responder in
            request.body.withUnsafeBytes { bytes in
                pipeline.ingest(
                    spanProtocol, bytes, worker: request.eventLoopIndex, sender: request.remoteAddress
                ) { outcome in
                    if case .accepted(let decoded) = outcome {
                        count(spanProtocol, 0)
                        responder.succeed(answer(decoded))
                    } else {
                        let status = Self.status(outcome)
                        count(spanProtocol, status.code.rawValue)
                        responder.fail(status)
                    }
                }
            }
        }
    }

    /// The status of a call, or of an OTLP request, whose spans were not taken.
    static func status(_ outcome: IngestOutcome) -> GRPCStatus {
        switch outcome {
        case .accepted: GRPCStatus(.unknown, "accepted")
        case .malformed(let reason): GRPCStatus(.invalidArgument, reason)
        case .tooLarge(let reason): GRPCStatus(.resourceExhausted, reason)
        case .overloaded(let reason):
            GRPCStatus(.unavailable, reason, retryDelaySeconds: retryDelaySeconds)
        }
    }
}
