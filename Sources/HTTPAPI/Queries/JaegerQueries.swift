internal import Bytes
public import HTTPServer
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Jaeger's query API over HTTP, the paths that Kiali, Grafana, KubeSphere and Jaeger's own UI call.
public struct JaegerQueries: Sendable {
    private let store: TraceStore
    private let lookback: Int64
    private let version: String

    /// - Parameters:
    ///   - lookback: nanoseconds that a search goes back where it does not say.
    ///   - version: what Kiali is told about this program.
    public init(store: TraceStore, lookback: Int64, version: String) {
        self.store = store
        self.lookback = lookback
        self.version = version
    }

    public func register(on router: inout HTTPRouter) {
        router.on(.get, "/api/services", .workerThread(Self.answering(services)))
        router.on(.get, "/api/services/:service/operations", .workerThread(Self.answering(operationNames)))
        router.on(.get, "/api/operations", .workerThread(Self.answering(operations)))
        router.on(.get, "/api/traces", .workerThread(Self.answering(search)))
        router.on(.get, "/api/traces/:traceID", .workerThread(Self.answering(trace)))
        let page = HTTPResponse(
            status: .ok, headers: [("Content-Type", "text/html; charset=utf-8")], body: Array(indexPage.utf8))
        router.on(.get, "/", .eventLoop { _, _, responder in responder.respond(page) })
    }

    /// Kiali takes the version out of this page by its text.
    private var indexPage: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Skein</title>
        <script>const JAEGER_VERSION = {"gitCommit":"","gitVersion":"\(version)","buildDate":""};</script></head>
        <body><h1>Skein</h1><p>Traces are read through the API of Jaeger, here, and that of Zipkin, on its own port.</p>
        <p><a href="api/services">Services</a></p></body></html>

        """
    }

    private typealias Handler = @Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse

    private static func answering(_ handler: @escaping Handler) -> Handler {
        { request, parameters in
            do {
                return try handler(request, parameters)
            } catch let error as QueryError {
                return JaegerEnvelope.failure(.badRequest, error.message)
            } catch let error as StoreError {
                return JaegerEnvelope.failure(.internalServerError, error.message)
            }
        }
    }

    @Sendable private func services(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        JaegerEnvelope.names(try store.serviceNames())
    }

    @Sendable private func operationNames(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let operations = try store.operations(ofService: parameters["service"] ?? "")
        return JaegerEnvelope.names(Set(operations.map(\.name)).sorted())
    }

    @Sendable private func operations(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let query = QueryParameters(request.query)
        guard let service = query.text("service") else { throw QueryError("parameter 'service' is required") }
        let kind = query.text("spanKind")
        let operations = try store.operations(ofService: service).filter {
            kind == nil || ($0.kind.jaegerName ?? "") == kind
        }
        var writer = ByteWriter()
        JaegerEnvelope.begin(&writer)
        writer.write("[")
        for (index, operation) in operations.enumerated() {
            if index > 0 { writer.write(",") }
            writer.write("{\"name\":")
            writer.writeJSONString(operation.name)
            writer.write(",\"spanKind\":")
            writer.writeJSONString(operation.kind.jaegerName ?? "")
            writer.write("}")
        }
        writer.write("]")
        JaegerEnvelope.end(&writer, total: operations.count)
        return .json(writer.bytes)
    }

    @Sendable private func search(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let search = try JaegerQueryParameters.search(
            QueryParameters(request.query), now: Clock.now(), lookback: lookback)
        switch search {
        case .query(let query):
            return Self.answer(try store.find(query).traces, missing: [])
        case .traceIDs(let traceIDs):
            let traces = try store.traces(traceIDs)
            let found = Set(traces.map(\.traceID))
            return Self.answer(traces, missing: traceIDs.filter { !found.contains($0) })
        }
    }

    @Sendable private func trace(_ request: HTTPRequest, _ parameters: HTTPParameters) throws -> HTTPResponse {
        let traceID = try JaegerQueryParameters.traceID(parameters["traceID"] ?? "")
        guard let trace = try store.trace(traceID) else {
            return JaegerEnvelope.failure(.notFound, "trace not found")
        }
        return Self.answer([trace], missing: [])
    }

    private static func answer(_ traces: [Trace], missing: [TraceID]) -> HTTPResponse {
        var writer = ByteWriter()
        JaegerEnvelope.begin(&writer)
        writer.write("[")
        for (index, trace) in traces.enumerated() {
            if index > 0 { writer.write(",") }
            JaegerJSONEncoder.append(trace, to: &writer)
        }
        writer.write("]")
        JaegerEnvelope.end(&writer, total: 0, missing: missing)
        return .json(writer.bytes)
    }
}

/// What stands around every answer.
private enum JaegerEnvelope {
    static func begin(_ writer: inout ByteWriter) { writer.write("{\"data\":") }

    static func end(_ writer: inout ByteWriter, total: Int, missing: [TraceID] = []) {
        writer.write(",\"total\":")
        writer.write(Array("\(total)".utf8))
        writer.write(",\"limit\":0,\"offset\":0,\"errors\":")
        if missing.isEmpty {
            writer.write("null}")
            return
        }
        writer.write("[")
        for (index, traceID) in missing.enumerated() {
            if index > 0 { writer.write(",") }
            writer.write("{\"msg\":\"trace not found\",\"traceID\":")
            writer.writeJSONString(traceID.description)
            writer.write("}")
        }
        writer.write("]}")
    }

    static func names(_ names: [String]) -> HTTPResponse {
        var writer = ByteWriter()
        begin(&writer)
        writer.writeJSONStrings(names)
        end(&writer, total: names.count)
        return .json(writer.bytes)
    }

    static func failure(_ status: HTTPStatus, _ message: String) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":")
        writer.write(Array("\(status.code)".utf8))
        writer.write(",\"msg\":")
        writer.writeJSONString(message)
        writer.write("}]}")
        return .json(writer.bytes, status: status)
    }
}
