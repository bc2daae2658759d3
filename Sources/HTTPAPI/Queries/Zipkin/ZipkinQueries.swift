internal import Bytes
public import NetworkServer
internal import Threads
internal import TraceModel
public import TraceStore

/// Zipkin's query API, version 2, on the port that its spans come to, and what its page, Lens, asks for beside it.
public struct ZipkinQueries: Sendable {
    private let store: any QueryableStore
    private let lookback: Int64
    private let limits: QueryLimits
    private let autocompleteKeys: [String]
    private let version: String
    private let isReady: @Sendable () -> Bool

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case trace = "/api/v2/trace/:traceId"
        case traces = "/api/v2/traces"
        case traceMany = "/api/v2/traceMany"
        case services = "/api/v2/services"
        case spans = "/api/v2/spans"
        case remoteServices = "/api/v2/remoteServices"
        case dependencies = "/api/v2/dependencies"
        case autocompleteKeys = "/api/v2/autocompleteKeys"
        case autocompleteValues = "/api/v2/autocompleteValues"
        case configuration = "/config.json"
        case info = "/info"
        case health = "/health"
        case actuatorHealth = "/actuator/health"
    }

    /// Values of a tag to choose from, at most.
    private static let autocompleteValueCountMax = 1000

    /// - Parameters:
    ///   - lookback: nanoseconds that a search goes back where it does not say.
    ///   - autocompleteKeys: keys of tags that are offered to search by; if empty, those of the last `lookback` that
    ///     have few values.
    ///   - version: of this program.
    ///   - isReady: whether requests are served; asked on event loops.
    public init(
        store: any QueryableStore, lookback: Int64, limits: QueryLimits, autocompleteKeys: [String], version: String,
        isReady: @escaping @Sendable () -> Bool
    ) {
        self.store = store
        self.lookback = lookback
        self.limits = limits
        self.autocompleteKeys = autocompleteKeys
        self.version = version
        self.isReady = isReady
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases { router.on(.get, route.rawValue, handler(route)) }
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .trace: return answering(trace)
        case .traces: return answering(traces)
        case .traceMany: return answering(traceMany)
        case .services: return answering { _ in try self.services() }
        case .spans: return answering(spans)
        case .remoteServices: return answering(remoteServices)
        case .dependencies: return answering(dependencies)
        case .autocompleteKeys: return answering(keys)
        case .autocompleteValues: return answering(values)
        case .configuration:
            return .eventLoop { _, _, responder in responder.respond(ZipkinAnswer.configuration) }
        case .info:
            let info = ZipkinAnswer.info(version: version)
            return .eventLoop { _, _, responder in responder.respond(info) }
        case .health, .actuatorHealth:
            let isReady = isReady
            return .eventLoop { _, _, responder in responder.respond(ZipkinAnswer.health(isUp: isReady())) }
        }
    }

    private func answering(_ handler: @escaping @Sendable (QueryCall) throws -> HTTPResponse) -> HTTPHandler {
        .query(limits, failure: { error, _ in .plainFailure(error) }, handler)
    }

    private func listing(
        isSearch: Bool = false, _ write: @escaping @Sendable (inout ByteWriter, LongAnswer.Outlet) throws -> AnswerEnd
    ) -> HTTPResponse {
        LongAnswer(failure: { .plainFailure($0) }, write: write).response(isSearch: isSearch)
    }

    private func window(ending now: Int64) -> ClosedRange<Int64> { max(0, now.addingClamped(-lookback))...now }

    // MARK: Traces

    @Sendable private func trace(_ call: QueryCall) throws -> HTTPResponse {
        let traceID = try ZipkinQueryParameters.traceID(call.path["traceId"] ?? "")
        let work = call.work
        guard let cursor = try store.openTrace(traceID, work) else { return ZipkinAnswer.notFound(traceID) }
        return listing { writer, outlet in
            try ZipkinAnswer.append(cursor, work, &writer, outlet)
            return AnswerEnd(gaps: cursor.gaps)
        }
    }

    @Sendable private func traces(_ call: QueryCall) throws -> HTTPResponse {
        let query = try ZipkinQueryParameters.query(
            call.parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
        let (store, work) = (store, call.work)
        return listing(isSearch: true) { writer, outlet in
            var isFirst = true
            let outcome = try store.find(query, work) { found in
                writer.write(UInt8(ascii: isFirst ? "[" : ","))
                isFirst = false
                try ZipkinAnswer.append(TraceCursor(found.trace), work, &writer, outlet)
            }
            writer.write(isFirst ? "[]" : "]")
            return AnswerEnd(hasMore: outcome.hasMore, gaps: outcome.gaps)
        }
    }

    @Sendable private func traceMany(_ call: QueryCall) throws -> HTTPResponse {
        let traceIDs = try ZipkinQueryParameters.traceIDs(call.parameters)
        let (store, work) = (store, call.work)
        return listing { writer, outlet in
            var isFirst = true
            var gaps: [String] = []
            for traceID in traceIDs {
                guard let cursor = try store.openTrace(traceID, work) else { continue }
                writer.write(UInt8(ascii: isFirst ? "[" : ","))
                isFirst = false
                try ZipkinAnswer.append(cursor, work, &writer, outlet)
                gaps += cursor.gaps
            }
            writer.write(isFirst ? "[]" : "]")
            return AnswerEnd(gaps: gaps)
        }
    }

    // MARK: Names

    private func services() throws -> HTTPResponse {
        let names = try store.serviceNames()
        return ZipkinAnswer.names(names, serviceCount: names.count)
    }

    @Sendable private func spans(_ call: QueryCall) throws -> HTTPResponse {
        let operations = try store.operations(ofService: try ZipkinQueryParameters.serviceName(call.parameters))
        // One name may come with several kinds.
        return try answer(names: Set(operations.map(\.name)).sorted())
    }

    @Sendable private func remoteServices(_ call: QueryCall) throws -> HTTPResponse {
        let service = try ZipkinQueryParameters.serviceName(call.parameters)
        return try answer(names: try store.remoteServiceNames(ofService: service))
    }

    @Sendable private func keys(_ call: QueryCall) throws -> HTTPResponse {
        guard autocompleteKeys.isEmpty else { return try answer(names: autocompleteKeys) }
        let window = window(ending: SystemClock.nanosecondsSince1970())
        return try answer(names: try store.attributeKeysWithFewValues(within: window, call.work))
    }

    @Sendable private func values(_ call: QueryCall) throws -> HTTPResponse {
        let key = try ZipkinQueryParameters.key(call.parameters)
        guard autocompleteKeys.isEmpty || autocompleteKeys.contains(key) else { return try answer(names: []) }
        let window = window(ending: SystemClock.nanosecondsSince1970())
        let found = try store.attributeValues(
            scope: .span, key: key, within: window, limit: Self.autocompleteValueCountMax, call.work)
        // A number and a text may look the same.
        return try answer(names: Set(found.values.map(\.text)).sorted())
    }

    private func answer(names: [String]) throws -> HTTPResponse {
        ZipkinAnswer.names(names, serviceCount: try store.serviceNames().count)
    }

    // MARK: Dependencies

    @Sendable private func dependencies(_ call: QueryCall) throws -> HTTPResponse {
        let window = try ZipkinQueryParameters.dependencyWindow(call.parameters, lookback: lookback)
        return ZipkinAnswer.links(try store.dependencies(within: window, call.work))
    }
}
