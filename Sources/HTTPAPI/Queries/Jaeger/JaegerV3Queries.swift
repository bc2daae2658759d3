internal import Bytes
public import NetworkServer
internal import TraceModel
public import TraceStore

/// Jaeger's API v3 over HTTP, which its web interface uses from 2.15 on and Grafana on demand.
///
/// An answer of traces is one document, as Jaeger's is: `result` with the spans of all of them. A long one is sent
/// while they are found.
public struct JaegerV3Queries: Sendable {
    private let store: any QueryableStore
    private let limits: QueryLimits

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case services = "/api/v3/services"
        case operations = "/api/v3/operations"
        case search = "/api/v3/traces"
        case trace = "/api/v3/traces/:trace_id"
        case summaries = "/api/v3/trace-summaries"
        case dependencies = "/api/v3/dependencies"
        case capabilities = "/api/v3/capabilities"
    }

    private struct NothingFound: Error {}

    public init(store: any QueryableStore, limits: QueryLimits) {
        self.store = store
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.on(
                .get, route.rawValue,
                refusalWriter: { error, _ in
                    JaegerV3Answer.failure(error.status, error.message, headers: error.headers)
                }, handler(route))
        }
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .services: answering { call in JaegerV3Answer.services(try store.serviceNames()) }
        case .operations: answering(operations)
        case .search: answering(search)
        case .trace: answering(trace)
        case .summaries: answering(summaries)
        case .dependencies: answering(dependencies)
        case .capabilities: .eventLoop { _, _, responder in responder.respond(JaegerV3Answer.capabilities) }
        }
    }

    private func answering(_ handler: @escaping @Sendable (QueryCall) throws -> HTTPResponse) -> HTTPHandler {
        .query(limits, failure: { error, _ in Self.failure(error) }, handler)
    }

    /// The answer to an error; nil for what is the program's own.
    @Sendable private static func failure(_ error: any Error) -> HTTPResponse? {
        switch error {
        case let error as QueryError: JaegerV3Answer.failure(.badRequest, error.message)
        case let error as JaegerV3Parameters.Unsupported: JaegerV3Answer.failure(.notImplemented, error.message)
        case is NothingFound: JaegerV3Answer.failure(.notFound, JaegerV3Answer.notFound)
        case let error as StoreError:
            JaegerV3Answer.failure(error.httpStatus, error.message, headers: error.httpHeaders)
        default: nil
        }
    }

    @Sendable private func operations(_ call: QueryCall) throws -> HTTPResponse {
        JaegerV3Answer.operations(
            try store.operations(
                ofService: call.parameters.text("service") ?? "",
                jaegerKind: JaegerV3Parameters.spanKind(call.parameters)))
    }

    @Sendable private func dependencies(_ call: QueryCall) throws -> HTTPResponse {
        JaegerV3Answer.dependencies(
            try store.dependencies(within: try JaegerV3Parameters.window(call.parameters), call.work))
    }

    @Sendable private func search(_ call: QueryCall) throws -> HTTPResponse {
        let query = try JaegerV3Parameters.query(call.parameters)
        let isRaw = try JaegerV3Parameters.isRawSearch(call.parameters)
        let (store, work) = (store, call.work)
        let answer = LongAnswer(failure: Self.failure) { writer, outlet in
            var list = JaegerV3TraceList(isRaw: isRaw)
            list.begin(&writer)
            let outcome = try store.find(query, work) { try list.append(TraceCursor($0.trace), &writer, outlet) }
            if list.isEmpty { throw NothingFound() }
            list.end(&writer)
            return AnswerEnd(hasMore: outcome.hasMore, gaps: outcome.gaps)
        }
        return answer.response(isSearch: true)
    }

    @Sendable private func trace(_ call: QueryCall) throws -> HTTPResponse {
        let traceID = try JaegerV3Parameters.traceID(call.path["trace_id"] ?? "")
        let isRaw = try JaegerV3Parameters.isRawTrace(call.parameters)
        let work = call.work
        guard let cursor = try store.openTrace(traceID, work) else { throw NothingFound() }
        let answer = LongAnswer(failure: Self.failure) { writer, outlet in
            var list = JaegerV3TraceList(isRaw: isRaw)
            list.begin(&writer)
            try list.append(cursor, &writer) { written in
                try work.check()
                try outlet(&written)
            }
            list.end(&writer)
            return AnswerEnd(gaps: cursor.gaps)
        }
        return answer.response()
    }

    @Sendable private func summaries(_ call: QueryCall) throws -> HTTPResponse {
        let query = try JaegerV3Parameters.query(call.parameters)
        let (store, work) = (store, call.work)
        let answer = LongAnswer(failure: Self.failure) { writer, outlet in
            var list = JaegerSummaryList()
            let outcome = try store.find(query, work) { found in
                try list.append(TraceSummary(found.trace), &writer, outlet)
            }
            list.end(&writer)
            return AnswerEnd(hasMore: outcome.hasMore, gaps: outcome.gaps)
        }
        return answer.response(isSearch: true)
    }
}
