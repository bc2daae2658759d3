public import Ingestion
public import NetworkServer

/// Zipkin's collector: `POST /api/v2/spans`. Accepts with 202 and an empty body.
public struct ZipkinReceiver: Sendable {
    private let pipeline: IngestPipeline

    public init(pipeline: IngestPipeline) { self.pipeline = pipeline }

    public func register(on router: inout HTTPRouter) {
        router.on(.post, "/api/v2/spans", unpackFailureMessage: "Cannot gunzip spans", .eventLoop(receive))
    }

    @Sendable private func receive(_ request: HTTPRequest, _ parameters: HTTPParameters, _ responder: HTTPResponder) {
        guard Self.isJSON(request.contentType) else {
            let type = request.contentType ?? ""
            responder.respond(
                .text(.unsupportedMediaType, "content type \(type) is not supported: send application/json\n"))
            return
        }
        request.body.withUnsafeBytes { bytes in
            pipeline.ingestZipkinJSON(bytes, worker: request.eventLoopIndex) { outcome in
                responder.respond(Self.response(outcome))
            }
        }
    }

    /// Zipkin takes whatever is not called something else for JSON.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return true }
        return contentType == "application/json" || contentType == "text/json" || contentType == "text/plain"
            || contentType == "application/x-www-form-urlencoded" || contentType.hasSuffix("+json")
    }

    private static let accepted = HTTPResponse.empty(.accepted)

    private static func response(_ outcome: IngestOutcome) -> HTTPResponse {
        switch outcome {
        case .accepted: accepted
        case .malformed(let reason): .text(.badRequest, reason)
        case .tooLarge(let reason): .text(.contentTooLarge, reason)
        case .overloaded(let reason):
            HTTPResponse(
                status: .serviceUnavailable,
                headers: [("Retry-After", "1"), ("Content-Type", "text/plain; charset=utf-8")],
                body: Array(reason.utf8))
        }
    }
}
