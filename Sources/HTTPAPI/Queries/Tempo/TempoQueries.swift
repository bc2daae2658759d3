internal import Bytes
public import NetworkServer
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Tempo's query API over HTTP, as Grafana's data source and Kiali ask it.
///
/// Whatever goes wrong is told in plain text, which Grafana shows as it is.
public struct TempoQueries: Sendable {
    let store: any QueryableStore
    /// Nanoseconds that a query goes back where it does not say.
    let lookback: Int64
    private let limits: QueryLimits
    private let version: String
    private let isReady: @Sendable () -> Bool

    /// Of Tempo without a time range: what came last.
    public static let lookbackDefault: Int64 = 3_600_000_000_000

    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case echo = "/api/echo"
        case ready = "/ready"
        case buildInfo = "/api/status/buildinfo"
        case services = "/status/services"
        case trace = "/api/traces/:traceID"
        case traceV2 = "/api/v2/traces/:traceID"
        case search = "/api/search"
        case tags = "/api/search/tags"
        case tagsV2 = "/api/v2/search/tags"
        case tagValues = "/api/search/tag/:tagName/values"
        case tagValuesV2 = "/api/v2/search/tag/:tagName/values"
        case metrics = "/api/metrics/query"
        case metricsRange = "/api/metrics/query_range"
    }

    /// - Parameters:
    ///   - version: of this program, as clients are told.
    ///   - isReady: whether requests are to be sent here; asked on an event loop, so it must not block.
    public init(
        store: any QueryableStore, lookback: Int64 = Self.lookbackDefault, limits: QueryLimits, version: String,
        isReady: @escaping @Sendable () -> Bool
    ) {
        self.store = store
        self.lookback = lookback
        self.limits = limits
        self.version = version
        self.isReady = isReady
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases { router.on(.get, route.rawValue, handler(route)) }
    }

    private func handler(_ route: Route) -> HTTPHandler {
        switch route {
        case .echo: return answering(.text(.ok, "echo"))
        case .ready:
            let isReady = isReady
            return .eventLoop { _, _, responder in
                responder.respond(isReady() ? .text(.ok, "ready\n") : .text(.serviceUnavailable, "not ready\n"))
            }
        case .buildInfo: return answering(buildInfo)
        case .services: return answering(services)
        case .trace: return answering { try trace($0, .v1) }
        case .traceV2: return answering { try trace($0, .v2) }
        case .metrics, .metricsRange: return answering(.text(.unprocessableContent, Self.noMetrics))
        case .search: return answering(search)
        case .tags: return answering(tags)
        case .tagsV2: return answering(tagsV2)
        case .tagValues: return answering(tagValues)
        case .tagValuesV2: return answering(tagValuesV2)
        }
    }

    private func answering(_ response: HTTPResponse) -> HTTPHandler {
        .eventLoop { _, _, responder in responder.respond(response) }
    }

    private func answering(_ handler: @escaping @Sendable (QueryCall) throws -> HTTPResponse) -> HTTPHandler {
        .query(limits, failure: { error, _ in .plainFailure(error) }, handler)
    }

    // MARK: Status

    private static let noMetrics = """
        Metrics are not computed from traces here: ask the Prometheus that scrapes this program, or search for traces \
        without rate(), count_over_time(), quantile_over_time() and the like.
        """

    /// Prometheus' fields; of a program that is not written in Go.
    private var buildInfo: HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"version\":")
        writer.writeJSONString(version)
        writer.write(",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}")
        return .json(writer.bytes)
    }

    /// Kiali takes this for the names of the services that there are.
    @Sendable private func services(_ call: QueryCall) throws -> HTTPResponse {
        var writer = ByteWriter()
        writer.writeJSONStrings(try store.serviceNames())
        return .json(writer.bytes)
    }

    // MARK: One trace

    private func trace(_ call: QueryCall, _ form: TempoTraceAnswer.Form) throws -> HTTPResponse {
        let traceID = try TempoParameters.traceID(call.path["traceID"] ?? "")
        // The range only helps to find a trace, which needs no help here.
        _ = try TempoParameters.range(call.parameters)
        guard let traceID, let cursor = try store.openTrace(traceID, call.work) else {
            return .text(.notFound, "trace not found")
        }
        let isProtobuf = TempoParameters.wantsProtobuf(call.request.header("accept"))
        return TempoTraceAnswer(cursor: cursor, form: form, work: call.work).response(isProtobuf: isProtobuf)
    }
}
