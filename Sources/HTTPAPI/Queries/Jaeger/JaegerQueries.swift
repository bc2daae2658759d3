internal import Bytes
public import NetworkServer
internal import Threads
internal import Topology
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Jaeger's query API over HTTP, the paths that Kiali, Grafana, KubeSphere and Jaeger's own UI call.
public struct JaegerQueries: Sendable {
    private let store: any QueryableStore
    private let lookback: Int64
    private let limits: QueryLimits
    private let version: String

    /// What is served; the patterns of the router.
    package enum Route: String, CaseIterable {
        case services = "/api/services"
        case operationNames = "/api/services/:service/operations"
        case operations = "/api/operations"
        case search = "/api/traces"
        case trace = "/api/traces/:traceID"
        case dependencies = "/api/dependencies"
        case archive = "/api/archive/:traceID"
        case transform = "/api/transform"
        case index = "/"

        package var method: HTTPMethod {
            switch self {
            case .archive, .transform: .post
            case .services, .operationNames, .operations, .search, .trace, .dependencies, .index: .get
            }
        }
    }

    /// - Parameters:
    ///   - lookback: nanoseconds that a search goes back where it does not say.
    ///   - version: what Kiali is told about this program.
    public init(
        store: any QueryableStore, lookback: Int64, limits: QueryLimits = QueryLimits(time: .seconds(30)),
        version: String
    ) {
        self.store = store
        self.lookback = lookback
        self.limits = limits
        self.version = version
    }

    /// Adds the routes, those of the Monitor too, and the page for what is none.
    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.on(
                route.method, route.rawValue,
                refusalWriter: { error, _ in
                    JaegerAnswer.failure(error.status, error.message, headers: error.headers)
                }, handler(route))
        }
        JaegerMetrics(store: store).register(on: &router)
        router.fallback = JaegerPage.fallback(version: version)
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .services: return answering(services)
        case .operationNames: return answering(operationNames)
        case .operations: return answering(operations)
        case .search: return answering(search)
        case .trace: return answering(trace)
        case .dependencies: return answering(dependencies)
        case .archive: return answering(archive)
        case .transform: return answering(transform)
        case .index:
            let version = version
            return .eventLoop { _, path, responder in
                responder.respond(JaegerPage.response(version: version, mountPrefix: path.mountPrefix))
            }
        }
    }

    private func answering(_ handler: @escaping @Sendable (QueryCall) throws -> HTTPResponse) -> HTTPHandler {
        .query(limits, failure: JaegerAnswer.failure, handler)
    }

    private func listing(
        _ form: JaegerQueryParameters.Form,
        _ write: @escaping @Sendable (inout ByteWriter, LongAnswer.Outlet) throws -> AnswerEnd
    ) -> LongAnswer {
        LongAnswer(failure: { JaegerAnswer.failure($0, isPretty: form.isPretty) }, write: write)
    }

    // MARK: Names

    @Sendable private func services(_ call: QueryCall) throws -> HTTPResponse {
        JaegerAnswer.names(try store.serviceNames(), isPretty: call.isPretty)
    }

    @Sendable private func operationNames(_ call: QueryCall) throws -> HTTPResponse {
        let operations = try store.operations(ofService: call.path["service"] ?? "")
        // One name may come with several kinds.
        return JaegerAnswer.names(Set(operations.map(\.name)).sorted(), isPretty: call.isPretty)
    }

    @Sendable private func operations(_ call: QueryCall) throws -> HTTPResponse {
        let service = try JaegerQueryParameters.service(call.parameters)
        let operations = try store.operations(ofService: service, jaegerKind: call.parameters.text("spanKind"))
        return JaegerAnswer.operations(operations, isPretty: call.isPretty)
    }

    @Sendable private func dependencies(_ call: QueryCall) throws -> HTTPResponse {
        let window = try JaegerQueryParameters.dependencyWindow(
            call.parameters, now: SystemClock.nanosecondsSince1970())
        let service = call.parameters.text("service")
        let links = try store.dependencies(within: window, call.work).filter {
            service == nil || $0.parent == service || $0.child == service
        }
        return JaegerAnswer.dependencies(links, isPretty: call.isPretty)
    }

    // MARK: Traces

    @Sendable private func search(_ call: QueryCall) throws -> HTTPResponse {
        let search = try JaegerQueryParameters.search(
            call.parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        let form = try JaegerQueryParameters.form(call.parameters)
        let (store, work) = (store, call.work)
        let answer =
            switch search {
            case .query(let query):
                listing(form) { writer, outlet in
                    var list = JaegerTraceList(isRaw: form.isRaw)
                    list.begin(&writer)
                    let outcome = try store.find(query, work) { try list.append($0.trace, &writer, outlet) }
                    list.end(&writer, notes: outcome.gaps)
                    return AnswerEnd(hasMore: outcome.hasMore, gaps: outcome.gaps, areGapsTold: true)
                }
            case .traceIDs(let traceIDs):
                listing(form) { writer, outlet in
                    var list = JaegerTraceList(isRaw: form.isRaw)
                    var missing: [TraceID] = []
                    var gaps: [String] = []
                    list.begin(&writer)
                    for traceID in traceIDs {
                        try work.check()
                        if let cursor = try store.openTrace(traceID, work) {
                            try list.append(cursor, &writer, outlet)
                            gaps += cursor.gaps
                        } else {
                            missing.append(traceID)
                        }
                    }
                    list.end(&writer, missing: missing, notes: gaps)
                    return AnswerEnd(gaps: gaps, areGapsTold: true)
                }
            }
        return answer.response(isSearch: true, isPretty: form.isPretty)
    }

    @Sendable private func trace(_ call: QueryCall) throws -> HTTPResponse {
        let traceID = try JaegerQueryParameters.traceID(call.path["traceID"] ?? "")
        try JaegerQueryParameters.checkTimeHints(call.parameters)
        let form = try JaegerQueryParameters.form(call.parameters)
        let work = call.work
        guard let cursor = try store.openTrace(traceID, work) else {
            return JaegerAnswer.failure(.notFound, JaegerAnswer.traceNotFound, isPretty: form.isPretty)
        }
        let answer = listing(form) { writer, outlet in
            var list = JaegerTraceList(isRaw: form.isRaw)
            list.begin(&writer)
            try list.append(cursor, &writer) { written in
                try work.check()
                try outlet(&written)
            }
            list.end(&writer, notes: cursor.gaps)
            return AnswerEnd(gaps: cursor.gaps, areGapsTold: true)
        }
        return answer.response(isPretty: form.isPretty)
    }

    /// There is one store, which keeps everything as long as its retention says: nothing to move a trace to.
    @Sendable private func archive(_ call: QueryCall) throws -> HTTPResponse {
        _ = try JaegerQueryParameters.traceID(call.path["traceID"] ?? "")
        try JaegerQueryParameters.checkTimeHints(call.parameters)
        return JaegerAnswer.failure(.internalServerError, JaegerAnswer.noArchive, isPretty: call.isPretty)
    }

    @Sendable private func transform(_ call: QueryCall) throws -> HTTPResponse {
        let form = try JaegerQueryParameters.form(call.parameters)
        let (traces, notes) = try JaegerTransform.traces(call.request.body)
        return JaegerAnswer.traces(traces, notes: notes, form: form)
    }
}

extension QueryCall {
    /// Its answer is to be indented.
    fileprivate var isPretty: Bool { JaegerQueryParameters.isPretty(parameters) }
}

extension QueryableStore {
    /// A service's operations of one of Jaeger's span kinds; nil means any.
    func operations(ofService service: String, jaegerKind kind: String?) throws(StoreError) -> [Operation] {
        try operations(ofService: service).filter { kind == nil || ($0.kind.jaegerName ?? "unspecified") == kind }
    }
}
