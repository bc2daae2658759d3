internal import Bytes
public import NetworkServer
internal import QueryLanguage
internal import Threads
internal import TraceModel
public import TraceStore
internal import WireFormats

/// The program's own query API: what the others have no words for. Described in queries/openapi.yaml.
public struct SkeinQueries: Sendable {
    private let store: TraceStore
    private let lookback: Int64
    private let limits: QueryLimits

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case services = "/api/skein/v1/services"
        case operations = "/api/skein/v1/services/:service/operations"
        case search = "/api/skein/v1/search"
        case export = "/api/skein/v1/traces/:traceID/export"
    }

    /// - Parameter lookback: nanoseconds that a search goes back where it does not say.
    public init(store: TraceStore, lookback: Int64, limits: QueryLimits) {
        self.store = store
        self.lookback = lookback
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.on(
                .get, route.rawValue,
                refusalWriter: { error, _ in SkeinAnswer.failure(error.status, error.message, headers: error.headers) },
                handler(route))
        }
    }

    private struct Call {
        let request: HTTPRequest
        let path: HTTPParameters
        let parameters: QueryParameters
        let work: QueryWork
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .services: answering(services)
        case .operations: answering(operations)
        case .search: answering(search)
        case .export: answering(export)
        }
    }

    private func answering(_ handler: @escaping @Sendable (Call) throws -> HTTPResponse) -> HTTPHandler {
        .workerThread { request, path in
            let call = Call(
                request: request, path: path, parameters: QueryParameters(request.query),
                work: limits.work(for: request))
            do {
                return try handler(call)
            } catch let error as QueryError {
                return SkeinAnswer.failure(.badRequest, error.message)
            } catch let error as StoreError {
                return SkeinAnswer.failure(error.httpStatus, error.message, headers: error.httpHeaders)
            }
        }
    }

    // MARK: Names

    @Sendable private func services(_ call: Call) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, [])
        return SkeinAnswer.services(try store.serviceNames())
    }

    @Sendable private func operations(_ call: Call) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, [])
        return SkeinAnswer.operations(try store.operations(ofService: call.path["service"] ?? ""))
    }

    // MARK: Search

    @Sendable private func search(_ call: Call) throws -> HTTPResponse {
        let search = try SkeinQueryParameters.search(
            call.parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        var traces: [FoundTrace] = []
        let outcome = try store.find(search.query, call.work) { traces.append($0) }
        var cursor: String?
        if outcome.hasMore, let last = traces.last { cursor = SkeinQueryParameters.cursor(last.place) }
        let notes =
            traces.isEmpty && search.query.after == nil
            ? try SearchNotes.whyNothing(search.query, search.language, store, call.work) : []
        return SkeinAnswer.search(traces, outcome, search, cursor: cursor, notes: outcome.notes + notes)
    }

    // MARK: Export

    private enum Format: String, CaseIterable {
        case jaeger, zipkin, otlp
    }

    @Sendable private func export(_ call: Call) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, ["format"])
        let traceID = try SkeinQueryParameters.traceID(call.path["traceID"] ?? "")
        guard let format = Format(rawValue: call.parameters.text("format") ?? "jaeger") else {
            let names = Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw QueryError("format: not one of \(names)")
        }
        guard let trace = try store.trace(traceID) else {
            return SkeinAnswer.failure(.notFound, "no span of trace \(traceID) is stored")
        }
        let work = call.work
        let headers = [
            ("content-type", "application/json"),
            ("content-disposition", "attachment; filename=\"trace-\(traceID)-\(format.rawValue).json\""),
        ]
        return HTTPResponse(headers: headers) { body in
            var writer = ByteWriter()
            try Self.write(trace, as: format, to: &writer) { written in
                guard written.count >= 32 << 10 else { return }
                try work.check()
                try body.write(written.bytes)
                written.removeAll()
            }
            try body.write(writer.bytes)
        }
    }

    private static func write(
        _ trace: Trace, as format: Format, to writer: inout ByteWriter, _ outlet: (inout ByteWriter) throws -> Void
    ) throws {
        switch format {
        case .jaeger:
            var list = JaegerTraceList(isRaw: false)
            list.begin(&writer)
            try list.append(trace, &writer, outlet)
            list.end(&writer)
        case .zipkin:
            writer.write("[")
            for (place, span) in trace.spans.enumerated() {
                if place > 0 { writer.write(",") }
                ZipkinJSONEncoder.append(span, to: &writer)
                try outlet(&writer)
            }
            writer.write("]")
        case .otlp:
            OTLPJSONEncoder.append(trace.spans, to: &writer)
        }
    }
}
