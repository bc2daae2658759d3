package import Comparison
internal import FoundationEssentials
public import NetworkServer
package import Releases
internal import Threads
internal import Topology
public import TraceStore

/// The part of the program's own query API that tells which services are released in several versions, and how these
/// compare.
public struct ReleaseQueries: Sendable {
    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case releases = "/api/skein/v1/releases"
        case release = "/api/skein/v1/releases/:service"
        case compare = "/api/skein/v1/compare"
    }

    private let store: any QueryableStore
    private let now: @Sendable () -> Int64

    public init(store: any QueryableStore) {
        self.init(store: store, now: SystemClock.nanosecondsSince1970)
    }

    /// - Parameter now: nanoseconds since 1970.
    package init(store: any QueryableStore, now: @escaping @Sendable () -> Int64) {
        self.store = store
        self.now = now
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.on(
                .get, route.rawValue,
                refusalWriter: { error, _ in SkeinAnswer.failure(error.status, error.message, headers: error.headers) },
                .workerThread { request, path in
                    do {
                        return try answer(route, QueryParameters(request.query), path["service"])
                    } catch {
                        guard let answer = SkeinAnswer.failure(error) else { throw error }
                        return answer
                    }
                })
        }
    }

    private func answer(_ route: Route, _ parameters: QueryParameters, _ service: String?) throws -> HTTPResponse {
        switch route {
        case .releases, .release:
            try SkeinQueryParameters.checkNames(parameters, ["since", "until"])
            let window = try TopologyParameters.window(parameters, now: now())
            let report = try Self.releases(store, within: window, ofService: service)
            if let service, report.releases.isEmpty {
                return SkeinAnswer.failure(.notFound, "\(service) has no two versions in this time")
            }
            return try Self.json(report)
        case .compare:
            let format: ComparisonFormat = try TopologyParameters.format(parameters) ?? .json
            let links = try ComparisonParameters.links(parameters)
            let report = try Self.report(store, try ComparisonParameters.query(parameters, now: now()))
            return switch format {
            case .json: try Self.json(report)
            case .markdown: Self.text(report.markdown(links: links), format)
            case .html: Self.text(report.html(links: links), format)
            }
        }
    }

    // MARK: Answers

    /// - Parameters:
    ///   - window: nanoseconds since 1970.
    ///   - service: only its releases, with how requests were shared over time; nil: all, without.
    package static func releases(
        _ store: any QueryableStore, within window: Range<Int64>, ofService service: String?
    ) throws -> ReleaseReport {
        let step = ComparisonReport.stepSeconds(of: window)
        let operations = try store.operations(within: window, stepSeconds: step)
            .filter { service == nil || $0.serviceName == service }
        return ReleaseReport(
            ReleaseFinder.releases(operations, stepSeconds: step), window: window, hasSteps: service != nil)
    }

    /// A comparison with all that is told of it.
    package static func report(_ store: any QueryableStore, _ query: ComparisonQuery) throws -> ComparisonReport {
        let comparison = try compare(store, query)
        var report = ComparisonReport(comparison)
        report.thresholds = ComparisonReport.Thresholds(query.thresholds)
        let step = ComparisonReport.stepSeconds(of: comparison.window)
        do throws(StoreError) {
            let operations = try store.operations(within: comparison.window, stepSeconds: step)
            report.addTimeline(operations, stepSeconds: step)
        } catch {
            // Where nothing is counted by time, there is none to tell.
            guard error.code == .unsupported else { throw error }
        }
        return report
    }

    package static func compare(
        _ store: any QueryableStore, _ query: ComparisonQuery
    ) throws -> ReleaseComparison {
        let counted = try store.calls(ofService: query.serviceName, within: query.window)
        return ReleaseComparison(
            serviceName: query.serviceName, base: query.base, candidate: query.candidate, totals: counted.totals,
            window: counted.window, configuredShare: query.configuredShare, thresholds: query.thresholds)
    }

    private static func text(_ text: String, _ format: ComparisonFormat) -> HTTPResponse {
        // Names come from outside: whatever they look like, no browser is to run a script for them.
        HTTPResponse(
            status: .ok,
            headers: [
                ("content-type", format.contentType), ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ], body: Array(text.utf8))
    }

    private static func json(_ value: some Encodable) throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(Array(try encoder.encode(value)))
    }
}

/// Which versions are compared, and what matters.
package struct ComparisonQuery: Sendable, Equatable {
    package var serviceName: String
    package var base: String
    package var candidate: String
    /// Nanoseconds since 1970.
    package var window: Range<Int64>
    /// The candidate's part of the requests as it was set up, from 0 to 1.
    package var configuredShare: Double?
    package var thresholds = VerdictThresholds()

    package init(serviceName: String, base: String, candidate: String, window: Range<Int64>) {
        self.serviceName = serviceName
        self.base = base
        self.candidate = candidate
        self.window = window
    }
}

/// The parameters of questions for a comparison as values.
package enum ComparisonParameters {
    private static let names: Set<String> = [
        "service", "base", "candidate", "since", "until", "share", "errors", "latency", "confidence", "format", "link",
    ]

    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `QueryError`.
    package static func query(_ parameters: QueryParameters, now: Int64) throws -> ComparisonQuery {
        try SkeinQueryParameters.checkNames(parameters, names)
        var query = ComparisonQuery(
            serviceName: try needed("service", parameters), base: try needed("base", parameters),
            candidate: try needed("candidate", parameters),
            window: try TopologyParameters.window(parameters, now: now))
        guard query.base != query.candidate else { throw QueryError("candidate: the same as base") }
        query.configuredShare = try number("share", parameters, in: 0...1)
        if let errors = try number("errors", parameters, in: 0.0001...1) { query.thresholds.errorShare = errors }
        if let part = try number("latency", parameters, in: 0.01...100) { query.thresholds.durationPart = part }
        if let confidence = try number("confidence", parameters, in: 0.5...0.9999) {
            query.thresholds.confidence = confidence
        }
        return query
    }

    /// Where traces are shown, for reports.
    static func links(_ parameters: QueryParameters) throws -> TraceLinks {
        guard let base = parameters.text("link") else { return TraceLinks() }
        guard let links = TraceLinks(base: base) else { throw QueryError("link: no address of http or https: \(base)") }
        return links
    }

    private static func needed(_ name: String, _ parameters: QueryParameters) throws -> String {
        guard let text = parameters.text(name) else { throw QueryError("\(name): missing") }
        return text
    }

    private static func number(
        _ name: String, _ parameters: QueryParameters, in range: ClosedRange<Double>
    ) throws -> Double? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw QueryError("\(name): not a number from \(range.lowerBound) to \(range.upperBound): \(text)")
        }
        return number
    }
}
