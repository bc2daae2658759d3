public import NetworkServer
internal import Threads
internal import TraceModel
public import TraceStore

/// Zipkin's query API, version 2, on the port that its spans come to.
public struct ZipkinQueries: Sendable {
    private let store: TraceStore
    private let lookback: Int64

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case trace = "/api/v2/trace/:traceId"
        case traces = "/api/v2/traces"
        case traceMany = "/api/v2/traceMany"
        case services = "/api/v2/services"
        case spans = "/api/v2/spans"
        case remoteServices = "/api/v2/remoteServices"
        case health = "/health"
    }

    /// - Parameter lookback: nanoseconds that a search goes back where it does not say.
    public init(store: TraceStore, lookback: Int64) {
        self.store = store
        self.lookback = lookback
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases { router.on(.get, route.rawValue, handler(route)) }
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .trace: answering(trace)
        case .traces: answering(traces)
        case .traceMany: answering(traceMany)
        case .services: answering(services)
        case .spans: answering(spans)
        case .remoteServices: answering(remoteServices)
        case .health: .eventLoop { _, _, responder in responder.respond(ZipkinAnswer.healthy) }
        }
    }

    private func answering(
        _ handler: @escaping @Sendable (HTTPParameters, QueryParameters) throws -> HTTPResponse
    ) -> HTTPHandler {
        .workerThread { request, parameters in
            do {
                return try handler(parameters, QueryParameters(request.query))
            } catch let error as QueryError {
                return ZipkinAnswer.failure(error)
            }
        }
    }

    @Sendable private func trace(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let traceID = try ZipkinQueryParameters.traceID(path["traceId"] ?? "")
        guard let trace = try store.trace(traceID) else { return ZipkinAnswer.notFound(traceID) }
        return ZipkinAnswer.trace(trace)
    }

    @Sendable private func traces(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let query = try ZipkinQueryParameters.query(
            parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        let result = try store.find(query)
        return ZipkinAnswer.traces(result.traces).tellingOfMore(result.hasMore)
    }

    @Sendable private func traceMany(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        ZipkinAnswer.traces(try store.traces(try ZipkinQueryParameters.traceIDs(parameters)))
    }

    @Sendable private func services(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let names = try store.serviceNames()
        return ZipkinAnswer.names(names, serviceCount: names.count)
    }

    @Sendable private func spans(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let operations = try store.operations(ofService: try ZipkinQueryParameters.serviceName(parameters))
        // One name may come with several kinds.
        return try answer(names: Set(operations.map(\.name)).sorted())
    }

    @Sendable private func remoteServices(
        _ path: HTTPParameters, _ parameters: QueryParameters
    ) throws -> HTTPResponse {
        try answer(names: try store.remoteServiceNames(ofService: try ZipkinQueryParameters.serviceName(parameters)))
    }

    private func answer(names: [String]) throws -> HTTPResponse {
        ZipkinAnswer.names(names, serviceCount: try store.serviceNames().count)
    }
}
