internal import GraphDrawing
public import NetworkServer
internal import Threads
package import Topology
public import TraceStore

/// The part of the program's own query API that tells who calls whom, and where traces fall apart.
public struct TopologyQueries: Sendable {
    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case topology = "/api/skein/v1/topology"
        case propagation = "/api/skein/v1/propagation"
    }

    package typealias Graphs = @Sendable (TopologyQuery) throws -> TopologyGraph
    package typealias Reports = @Sendable (_ within: Range<Int64>) throws -> PropagationReport

    private let graphs: Graphs
    private let reports: Reports
    private let now: @Sendable () -> Int64

    public init(store: any QueryableStore) {
        self.init(
            graphs: { query in try store.topology(query) },
            reports: { window in try store.propagation(within: window) }, now: SystemClock.nanosecondsSince1970)
    }

    /// - Parameter now: nanoseconds since 1970.
    package init(graphs: @escaping Graphs, reports: @escaping Reports, now: @escaping @Sendable () -> Int64) {
        self.graphs = graphs
        self.reports = reports
        self.now = now
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(.get, route.rawValue) { request, _ in
                try answer(route, QueryParameters(request.query))
            }
        }
    }

    private func answer(_ route: Route, _ parameters: QueryParameters) throws -> HTTPResponse {
        switch route {
        case .topology:
            let format: GraphFormat = try TopologyParameters.format(parameters) ?? .json
            let query = try TopologyParameters.query(parameters, now: now())
            let body = GraphDrawing.draw(try graphs(query), as: format)
            return SkeinAnswer.document(format.contentType, body)
        case .propagation:
            try SkeinQueryParameters.checkNames(parameters, ["since", "until", "format"])
            let format: GraphDrawing.ReportFormat = try TopologyParameters.format(parameters) ?? .json
            let window = try TopologyParameters.window(parameters, now: now())
            return SkeinAnswer.document(format.contentType, GraphDrawing.draw(try reports(window), as: format))
        }
    }
}
