public import Ingestion
public import NetworkServer

/// Zipkin's collector: `POST /api/v2/spans` and `/api/v1/spans`, which accept with 202 and an empty body, and the gRPC
/// method `zipkin.proto3.SpanService/Report`.
public struct ZipkinReceiver: Sendable {
    private let intake: BodyIntake

    public init(pipeline: IngestPipeline) { intake = BodyIntake(pipeline: pipeline) }

    public func register(on router: inout HTTPRouter) {
        register(
            "/api/v2/spans", on: &router, others: .zipkinJSON,
            [("application/x-protobuf", .zipkinProtobuf), ("application/protobuf", .zipkinProtobuf)])
        register(
            "/api/v1/spans", on: &router, others: .zipkinV1JSON,
            [("application/x-thrift", .zipkinV1Thrift)])
        // ReportResponse has no fields.
        intake.registerCall("/zipkin.proto3.SpanService/Report", on: &router, .zipkinGRPC) { _ in [] }
    }

    /// `others` is the JSON that a body is taken for unless its content type is one of `types`.
    private func register(
        _ path: String, on router: inout HTTPRouter, others: SpanProtocol, _ types: [(String, SpanProtocol)]
    ) {
        let supported = "application/json or " + (types.first?.0 ?? "")
        intake.register(
            path, on: &router,
            protocolOf: { type in
                types.first { $0.0 == type }?.1 ?? (Self.isJSON(type) ? others : nil)
            }, supported: supported, unpackFailureMessage: "Cannot gunzip spans")
    }

    /// Zipkin takes whatever is not called something else for JSON.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return true }
        return contentType == "application/json" || contentType == "text/json" || contentType == "text/plain"
            || contentType == "application/x-www-form-urlencoded" || contentType.hasSuffix("+json")
    }
}
