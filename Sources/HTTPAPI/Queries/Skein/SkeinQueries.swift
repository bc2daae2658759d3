internal import Bytes
public import NetworkServer
internal import QueryLanguage
internal import Threads
internal import TraceModel
public import TraceStore
internal import WireFormats

/// The program's own query API: what the others have no words for. Described in queries/openapi.yaml.
public struct SkeinQueries: Sendable {
    private let store: any QueryableStore
    private let lookback: Int64
    private let limits: QueryLimits

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case services = "/api/skein/v1/services"
        case operations = "/api/skein/v1/services/:service/operations"
        case search = "/api/skein/v1/search"
        case trace = "/api/skein/v1/traces/:traceID"
        case span = "/api/skein/v1/traces/:traceID/spans/:spanID"
        case export = "/api/skein/v1/traces/:traceID/export"
    }

    /// - Parameter lookback: nanoseconds that a search goes back where it does not say.
    public init(store: any QueryableStore, lookback: Int64, limits: QueryLimits) {
        self.store = store
        self.lookback = lookback
        self.limits = limits
    }

    /// Adds the routes, those of the topology too.
    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(.get, route.rawValue) { request, path in
                try answer(route, QueryCall(request, path, limits))
            }
        }
        TopologyQueries(store: store).register(on: &router)
        ReleaseQueries(store: store, limits: limits).register(on: &router)
        TraceDiffQueries(store: store, limits: limits).register(on: &router)
    }

    private func answer(_ route: Route, _ call: QueryCall) throws -> HTTPResponse {
        switch route {
        case .services: try services(call)
        case .operations: try operations(call)
        case .search: try search(call)
        case .trace: try trace(call)
        case .span: try span(call)
        case .export: try export(call)
        }
    }

    // MARK: Names

    private func services(_ call: QueryCall) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, [])
        return SkeinAnswer.services(try store.serviceNames())
    }

    private func operations(_ call: QueryCall) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, [])
        return SkeinAnswer.operations(try store.operations(ofService: call.path["service"] ?? ""))
    }

    // MARK: Search

    private func search(_ call: QueryCall) throws -> HTTPResponse {
        let search = try SkeinQueryParameters.search(
            call.parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        var traces: [FoundTrace] = []
        let outcome = try store.find(search.query, call.work) { traces.append($0) }
        var cursor: String?
        if outcome.hasMore, let last = traces.last { cursor = SkeinQueryParameters.cursor(last.place) }
        let notes =
            traces.isEmpty && search.query.after == nil
            ? try SearchNotes.whyNothing(search.query, search.language, store, call.work) : []
        return SkeinAnswer.search(traces, outcome, search, cursor: cursor, notes: outcome.notes + outcome.gaps + notes)
    }

    // MARK: One trace

    private func trace(_ call: QueryCall) throws -> HTTPResponse {
        let rows = try SkeinQueryParameters.rows(call.parameters)
        return try withTrace(call) { cursor in
            SkeinTraceAnswer(cursor.outline).response(rows)
        }
    }

    /// The spans with an ID, which client and server may share.
    private func span(_ call: QueryCall) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, [])
        let spanID = try SkeinQueryParameters.spanID(call.path["spanID"] ?? "")
        return try withTrace(call) { cursor in
            var found: [SpanView] = []
            while let piece = try cursor.next() { found += piece.spans.filter { $0.spanID == spanID } }
            guard !found.isEmpty else {
                return SkeinAnswer.failure(.notFound, "no span \(spanID) of trace \(cursor.traceID) is stored")
            }
            var writer = ByteWriter()
            OTLPJSONEncoder.append(found, to: &writer)
            return .json(writer.bytes)
        }
    }

    private func withTrace(
        _ call: QueryCall, _ answer: (TraceCursor) throws -> HTTPResponse
    ) throws -> HTTPResponse {
        let traceID = try SkeinQueryParameters.traceID(call.path["traceID"] ?? "")
        guard let cursor = try store.openTrace(traceID, call.work) else {
            return SkeinAnswer.failure(.notFound, "no span of trace \(traceID) is stored")
        }
        var response = try answer(cursor)
        response.headers += cursor.gaps.map { (AnswerGaps.headerName, AnswerGaps.value($0)) }
        return response
    }

    private enum Format: String, CaseIterable {
        case jaeger, zipkin, otlp
    }

    private func export(_ call: QueryCall) throws -> HTTPResponse {
        try SkeinQueryParameters.checkNames(call.parameters, ["format"])
        guard let format = Format(rawValue: call.parameters.text("format") ?? "jaeger") else {
            let names = Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw QueryError("format: not one of \(names)")
        }
        let work = call.work
        return try withTrace(call) { cursor in
            let name = "trace-\(cursor.traceID)-\(format.rawValue).json"
            let answer = LongAnswer(failure: SkeinAnswer.failure) { writer, outlet in
                try Self.write(cursor, as: format, to: &writer) { written in
                    try work.check()
                    try outlet(&written)
                }
                return AnswerEnd()
            }
            return answer.response(headers: [
                ("content-type", "application/json"), ("content-disposition", "attachment; filename=\"\(name)\""),
            ])
        }
    }

    private static func write(
        _ cursor: TraceCursor, as format: Format, to writer: inout ByteWriter,
        _ outlet: (inout ByteWriter) throws -> Void
    ) throws {
        switch format {
        case .jaeger:
            var list = JaegerTraceList(isRaw: false)
            list.begin(&writer)
            try list.append(cursor, &writer, outlet)
            list.end(&writer)
        case .zipkin:
            var isFirst = true
            writer.write("[")
            try forEachSpan(of: cursor) { span, _ in
                if !isFirst { writer.write(",") }
                isFirst = false
                ZipkinJSONEncoder.append(span, to: &writer)
                try outlet(&writer)
            }
            writer.write("]")
        case .otlp:
            var encoder = OTLPJSONEncoder(cursor.outline, isRaw: true)
            encoder.begin(&writer)
            try forEachSpan(of: cursor) { span, place in
                encoder.append(span, place, &writer)
                try outlet(&writer)
            }
            encoder.end(&writer)
        }
    }

    private static func forEachSpan(of cursor: TraceCursor, _ body: (SpanView, Int) throws -> Void) throws {
        while let piece = try cursor.next() {
            for (index, span) in piece.spans.enumerated() { try body(span, piece.place + index) }
        }
    }
}
