internal import Bytes
public import NetworkServer
internal import Threads
package import Topology
internal import TraceModel
public import TraceStore

/// Rates, errors and durations for the Monitor page of Jaeger's web interface.
public struct JaegerMetrics: Sendable {
    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case latencies = "/api/metrics/latencies"
        case calls = "/api/metrics/calls"
        case errors = "/api/metrics/errors"
        case minStep = "/api/metrics/minstep"
    }

    package typealias Operations =
        @Sendable (_ within: Range<Int64>, _ stepSeconds: Int64) throws -> [OperationTotals]

    private let operations: Operations
    private let now: @Sendable () -> Int64

    public init(store: any QueryableStore) {
        self.init(
            operations: { window, step in try store.operations(within: window, stepSeconds: step) },
            now: SystemClock.nanosecondsSince1970)
    }

    /// - Parameter now: nanoseconds since 1970.
    package init(operations: @escaping Operations, now: @escaping @Sendable () -> Int64) {
        self.operations = operations
        self.now = now
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.on(
                .get, route.rawValue,
                refusalWriter: { error, _ in
                    JaegerAnswer.failure(error.status, error.message, headers: error.headers)
                },
                .query(failure: JaegerAnswer.failure) { request, _ in
                    let parameters = QueryParameters(request.query)
                    return try answer(route, parameters, isPretty: JaegerQueryParameters.isPretty(parameters))
                })
        }
    }

    private func answer(_ route: Route, _ parameters: QueryParameters, isPretty: Bool) throws -> HTTPResponse {
        let measure: JaegerMetricFamily.Measure
        switch route {
        case .latencies: measure = .latencies(quantile: try JaegerMetricsParameters.quantile(parameters))
        case .calls: measure = .calls
        case .errors: measure = .errors
        case .minStep:
            return JaegerAnswer.number(JaegerMetricsParameters.levels[0] * 1000, isPretty: isPretty)
        }
        let now = now()
        let asked = try JaegerMetricsParameters(parameters, now: now)
        let family = JaegerMetricFamily(
            measure, asked, try operations(asked.window, asked.stepSeconds), now: now)
        return family.response(isPretty: isPretty)
    }
}
