internal import Bytes
public import NetworkServer
internal import QueryFiles
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Jaeger's query services over gRPC: `jaeger.api_v2.QueryService`, which Kiali calls, and
/// `jaeger.api_v3.QueryService`.
public struct JaegerCalls: Sendable {
    /// The services, as health checks and reflection name them.
    public static let services = ["jaeger.api_v2.QueryService", "jaeger.api_v3.QueryService"]

    private let store: any QueryableStore
    private let limits: QueryLimits

    public init(store: any QueryableStore, limits: QueryLimits) {
        self.store = store
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        let handlers = JaegerCallHandlers(store: store, limits: limits)
        registerV2(handlers, &router)
        registerV3(handlers, &router)
    }

    /// Tells clients by reflection what the services are.
    public static func registerReflection(on router: inout HTTPRouter) {
        router.onReflection(descriptorSet: GRPCDescriptors.jaegerQuery, services: services)
    }

    private func registerV2(_ handlers: JaegerCallHandlers, _ router: inout HTTPRouter) {
        let store = store
        let service = "/jaeger.api_v2.QueryService/"
        handlers.on(service + "GetServices", &router) { _, _, writer in
            JaegerQueryV2.appendServices(try store.serviceNames(), to: &writer)
        }
        handlers.on(service + "GetOperations", &router) { body, _, writer in
            let asked = try body.withUnsafeBytes { try JaegerOperationsRequest(decoding: $0) }
            JaegerQueryV2.appendOperations(try handlers.operations(asked), to: &writer)
        }
        handlers.on(service + "GetDependencies", &router) { body, work, writer in
            let asked = try body.withUnsafeBytes { try JaegerQueryV2.GetDependenciesRequest(decoding: $0) }
            JaegerQueryV2.appendDependencies(try handlers.dependencies(asked.range, work), to: &writer)
        }
        handlers.on(service + "ArchiveTrace", &router) { body, _, _ in
            _ = try Self.traceRequest(body)
            throw GRPCStatus(.internalError, "failed to archive trace: " + JaegerAnswer.noArchive)
        }
        handlers.onStream(service + "GetTrace", &router) { body, work, messages in
            let asked = try Self.traceRequest(body)
            guard let cursor = try store.openTrace(asked.traceID, work) else {
                throw JaegerCallHandlers.traceNotFound
            }
            try JaegerSpanMessages.send(cursor, isRaw: asked.isRaw, work, &messages)
            try AnswerGaps.end(cursor.gaps)
        }
        handlers.onStream(service + "FindTraces", &router) { body, work, messages in
            let asked = try body.withUnsafeBytes { try JaegerQueryV2.FindTracesRequest(decoding: $0) }.query
            if asked == JaegerTraceQuery() { throw GRPCStatus(.invalidArgument, "missing query") }
            let outcome = try store.find(try JaegerCallQuery.query(asked), work) { found in
                try JaegerSpanMessages.send(TraceCursor(found.trace), isRaw: asked.isRaw, work, &messages)
            }
            try AnswerGaps.end(outcome.gaps)
        }
    }

    private static func traceRequest(_ body: HTTPBody) throws -> JaegerQueryV2.GetTraceRequest {
        let asked = try body.withUnsafeBytes { try JaegerQueryV2.GetTraceRequest(decoding: $0) }
        guard asked.traceID != TraceID(high: 0, low: 0) else {
            throw GRPCStatus(.invalidArgument, "uninitialized TraceID is not allowed")
        }
        return asked
    }

    private func registerV3(_ handlers: JaegerCallHandlers, _ router: inout HTTPRouter) {
        let store = store
        let service = "/jaeger.api_v3.QueryService/"
        handlers.on(service + "GetServices", &router) { _, _, writer in
            JaegerQueryV3.appendServices(try store.serviceNames(), to: &writer)
        }
        handlers.on(service + "GetOperations", &router) { body, _, writer in
            let asked = try body.withUnsafeBytes { try JaegerOperationsRequest(decoding: $0) }
            JaegerQueryV3.appendOperations(try handlers.operations(asked), to: &writer)
        }
        handlers.on(service + "GetDependencies", &router) { body, work, writer in
            let asked = try body.withUnsafeBytes { try JaegerQueryV3.GetDependenciesRequest(decoding: $0) }
            JaegerQueryV3.appendDependencies(try handlers.dependencies(asked.range, work), to: &writer)
        }
        handlers.onStream(service + "GetTrace", &router) { body, work, messages in
            let asked = try body.withUnsafeBytes { try JaegerQueryV3.GetTraceRequest(decoding: $0) }
            let traceID = try JaegerV3Parameters.traceID(asked.traceID)
            guard let cursor = try store.openTrace(traceID, work) else { throw JaegerCallHandlers.traceNotFound }
            try JaegerSpanMessages.sendOTLP(cursor, isRaw: asked.isRaw, work, &messages)
            try AnswerGaps.end(cursor.gaps)
        }
        handlers.onStream(service + "FindTraces", &router) { body, work, messages in
            let asked = try body.withUnsafeBytes { try JaegerQueryV3.FindTracesRequest(decoding: $0) }.query
            let outcome = try store.find(try JaegerCallQuery.queryV3(asked), work) { found in
                try JaegerSpanMessages.sendOTLP(TraceCursor(found.trace), isRaw: asked.isRaw, work, &messages)
            }
            try AnswerGaps.end(outcome.gaps)
        }
        handlers.onStream(service + "FindTraceSummaries", &router) { body, work, messages in
            let asked = try body.withUnsafeBytes { try JaegerQueryV3.FindTracesRequest(decoding: $0) }.query
            try handlers.sendSummaries(try JaegerCallQuery.queryV3(asked), work, &messages) {
                JaegerQueryV3.appendSummaries($0, to: &$1)
            }
        }
    }
}
