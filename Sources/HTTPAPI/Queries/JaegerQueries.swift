internal import Bytes
public import NetworkServer
internal import Threads
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Jaeger's query API over HTTP, the paths that Kiali, Grafana, KubeSphere and Jaeger's own UI call.
public struct JaegerQueries: Sendable {
    private let store: TraceStore
    private let lookback: Int64
    private let version: String

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case services = "/api/services"
        case operationNames = "/api/services/:service/operations"
        case operations = "/api/operations"
        case search = "/api/traces"
        case trace = "/api/traces/:traceID"
        case index = "/"
    }

    /// - Parameters:
    ///   - lookback: nanoseconds that a search goes back where it does not say.
    ///   - version: what Kiali is told about this program.
    public init(store: TraceStore, lookback: Int64, version: String) {
        self.store = store
        self.lookback = lookback
        self.version = version
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases { router.on(.get, route.rawValue, handler(route)) }
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .services: return answering(services)
        case .operationNames: return answering(operationNames)
        case .operations: return answering(operations)
        case .search: return answering(search)
        case .trace: return answering(trace)
        case .index:
            let page = HTTPResponse(
                status: .ok, headers: [("Content-Type", "text/html; charset=utf-8")],
                body: Self.indexPage(version: version))
            return .eventLoop { _, _, responder in responder.respond(page) }
        }
    }

    private func answering(
        _ handler: @escaping @Sendable (HTTPParameters, QueryParameters) throws -> HTTPResponse
    ) -> HTTPHandler {
        .workerThread { request, path in
            let parameters = QueryParameters(request.query)
            let isPretty = JaegerQueryParameters.isPretty(parameters)
            do {
                return try handler(path, parameters)
            } catch let error as QueryError {
                return JaegerAnswer.failure(.badRequest, error.message, isPretty: isPretty)
            } catch let error as StoreError {
                return JaegerAnswer.failure(.internalServerError, error.message, isPretty: isPretty)
            }
        }
    }

    /// Kiali takes the version out of this page by its text: from `const JAEGER_VERSION = ` to the next semicolon.
    package static func indexPage(version: String) -> [UInt8] {
        precondition(!version.contains { ";<&".contains($0) }, "a version can stand in a script")
        var page = ByteWriter()
        page.write(
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Skein</title>
            <script>const JAEGER_VERSION = {"gitCommit":"","gitVersion":
            """)
        page.writeJSONString(version)
        page.write(
            """
            ,"buildDate":""};</script></head>
            <body><h1>Skein</h1>
            <p>Traces are read through the API of Jaeger, here, and that of Zipkin, on its own port.</p>
            <p><a href="api/services">Services</a></p></body></html>

            """)
        return page.bytes
    }

    @Sendable private func services(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        JaegerAnswer.names(try store.serviceNames(), isPretty: JaegerQueryParameters.isPretty(parameters))
    }

    @Sendable private func operationNames(
        _ path: HTTPParameters, _ parameters: QueryParameters
    ) throws -> HTTPResponse {
        let operations = try store.operations(ofService: path["service"] ?? "")
        // One name may come with several kinds.
        let names = Set(operations.map(\.name)).sorted()
        return JaegerAnswer.names(names, isPretty: JaegerQueryParameters.isPretty(parameters))
    }

    @Sendable private func operations(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let service = try JaegerQueryParameters.service(parameters)
        let kind = parameters.text("spanKind")
        let operations = try store.operations(ofService: service).filter {
            kind == nil || ($0.kind.jaegerName ?? "unspecified") == kind
        }
        return JaegerAnswer.operations(operations, isPretty: JaegerQueryParameters.isPretty(parameters))
    }

    @Sendable private func search(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let search = try JaegerQueryParameters.search(
            parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        let form = try JaegerQueryParameters.form(parameters)
        switch search {
        case .query(let query):
            let result = try store.find(query)
            return JaegerAnswer.traces(result.traces, form: form).tellingOfMore(result.hasMore)
        case .traceIDs(let traceIDs):
            let traces = try store.traces(traceIDs)
            let found = Set(traces.map(\.traceID))
            return JaegerAnswer.traces(traces, missing: traceIDs.filter { !found.contains($0) }, form: form)
        }
    }

    @Sendable private func trace(_ path: HTTPParameters, _ parameters: QueryParameters) throws -> HTTPResponse {
        let traceID = try JaegerQueryParameters.traceID(path["traceID"] ?? "")
        let form = try JaegerQueryParameters.form(parameters)
        guard let trace = try store.trace(traceID) else {
            return JaegerAnswer.failure(.notFound, JaegerAnswer.traceNotFound, isPretty: form.isPretty)
        }
        return JaegerAnswer.traces([trace], form: form)
    }
}
