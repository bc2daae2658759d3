package import Comparison
public import NetworkServer
package import Releases
internal import Threads
internal import Topology
internal import TraceModel
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
    private let limits: QueryLimits
    private let now: @Sendable () -> Int64

    public init(store: any QueryableStore, limits: QueryLimits) {
        self.init(store: store, limits: limits, now: SystemClock.nanosecondsSince1970)
    }

    /// - Parameter now: nanoseconds since 1970.
    package init(store: any QueryableStore, limits: QueryLimits, now: @escaping @Sendable () -> Int64) {
        self.store = store
        self.limits = limits
        self.now = now
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(.get, route.rawValue) { request, path in
                let parameters = QueryParameters(request.query)
                return try answer(route, parameters, path["service"], limits.work(for: request))
            }
        }
    }

    private func answer(
        _ route: Route, _ parameters: QueryParameters, _ service: String?, _ work: QueryWork
    ) throws -> HTTPResponse {
        switch route {
        case .releases, .release:
            try SkeinQueryParameters.checkNames(parameters, ["since", "until"])
            let window = try TopologyParameters.window(parameters, now: now())
            let report = try Self.releases(store, within: window, ofService: service, work)
            if let service, report.releases.isEmpty {
                let reasons = ["\(service) has no two versions in this time"] + report.notes
                return SkeinAnswer.failure(.notFound, reasons.joined(separator: "; "))
            }
            return try SkeinAnswer.json(report)
        case .compare:
            let format: ComparisonFormat = try TopologyParameters.format(parameters) ?? .json
            let links = try ComparisonParameters.links(parameters)
            let query = try ComparisonParameters.query(parameters, now: now())
            let report = try Self.report(store, query, work)
            return switch format {
            case .json: try SkeinAnswer.json(report)
            case .markdown: SkeinAnswer.document(format.contentType, Array(report.markdown(links: links).utf8))
            case .html: SkeinAnswer.document(format.contentType, Array(report.html(links: links).utf8))
            }
        }
    }

    // MARK: Answers

    /// - Parameters:
    ///   - window: nanoseconds since 1970.
    ///   - service: only its releases, with how requests were shared over time; nil: all, without.
    package static func releases(
        _ store: any QueryableStore, within window: Range<Int64>, ofService service: String?,
        _ work: QueryWork = QueryWork()
    ) throws -> ReleaseReport {
        let step = ComparisonReport.stepSeconds(of: window)
        let requests = try store.servedRequests(ofService: service, within: window, stepSeconds: step, work)
        return ReleaseReport(
            ReleaseFinder.releases(requests.operations, stepSeconds: step), of: requests, window: window,
            hasSteps: service != nil)
    }

    /// What the query asks for. Exact figures are taken where the store has them, unless it asks for stored requests.
    package static func report(
        _ store: any QueryableStore, _ query: ComparisonQuery, _ work: QueryWork
    ) throws -> ComparisonReport {
        guard let counted = try counted(store, query) else {
            let stored = try StoredRequestPair(
                of: query.serviceName, base: query.base, candidate: query.candidate, within: query.window, from: store,
                limits: query.limits, work)
            var limits = StoredNeighbours.Limits()
            limits.time = query.limits.time
            let comparison = ReleaseComparison(
                stored, try StoredNeighbours(of: stored, from: store, limits: limits, work),
                configuredShare: query.configuredShare, thresholds: query.thresholds)
            var report = ComparisonReport(comparison)
            try addParticulars(of: query, comparison.window, store, work, to: &report)
            if query.hasEvidence {
                report.evidence = try evidence(stored, store, query, work)
                report.mirror = try mirror(report, stored, nil, store, query, work)
            }
            return report
        }
        let comparison = ReleaseComparison(
            serviceName: query.serviceName, base: query.base, candidate: query.candidate, totals: counted.totals,
            window: counted.window, configuredShare: query.configuredShare, thresholds: query.thresholds)
        var report = ComparisonReport(comparison)
        try addParticulars(of: query, comparison.window, store, work, to: &report)
        guard query.hasEvidence else { return report }
        let hasMirrored = counted.totals.contains { $0.isMirrored && $0.callee.serviceName == query.serviceName }
        do {
            let stored = try StoredRequestPair(
                of: query.serviceName, base: query.base, candidate: query.candidate, within: counted.window,
                isMirrored: comparison.isMirrored, hasMirrored: hasMirrored,
                counts: (comparison.baseCount, comparison.candidateCount), from: store, limits: query.limits, work)
            report.evidence = try evidence(stored, store, query, work)
            report.mirror = try mirror(report, stored, counted.totals, store, query, work)
        } catch let error as StoreError where error.code != .cancelled {
            // The verdict does not need it.
            report.notes.append("stored requests could not be looked at: \(error.message)")
        }
        return report
    }

    /// What was to matter, and when the versions served.
    /// - Parameter window: nanoseconds since 1970.
    private static func addParticulars(
        of query: ComparisonQuery, _ window: Range<Int64>, _ store: any QueryableStore, _ work: QueryWork,
        to report: inout ComparisonReport
    ) throws {
        report.thresholds = ComparisonReport.Thresholds(query.thresholds)
        let step = ComparisonReport.stepSeconds(of: window)
        let requests = try store.servedRequests(
            ofService: query.serviceName, within: window, stepSeconds: step, work)
        report.addTimeline(requests.operations, stepSeconds: step)
        report.notes += requests.notes
    }

    /// What stored requests tell, and how the first pairs of them differ.
    private static func evidence(
        _ stored: StoredRequestPair, _ store: any QueryableStore, _ query: ComparisonQuery, _ work: QueryWork
    ) throws -> ComparisonReport.Evidence {
        var evidence = ComparisonReport.Evidence(stored)
        let work = work.limited(to: query.limits.time / 2)
        for place in evidence.pairs.indices.prefix(ComparisonReport.Evidence.comparedPairCountMax) {
            let (base, candidate) = (evidence.pairs[place].base, evidence.pairs[place].candidate)
            guard let a = TraceID(hex: base.traceID), let b = TraceID(hex: candidate.traceID) else { continue }
            let traces = TraceDiffQuery(
                a: a, b: b, aSpan: SpanID(hex: base.spanID), bSpan: SpanID(hex: candidate.spanID))
            do {
                let report = try TraceDiffQueries.compare(store, traces, work).report
                evidence.pairs[place].differences = report.words(a: query.base, b: query.candidate)
            } catch is TraceDiffQueries.NotFound {
                // Removed meanwhile.
            } catch let error as StoreError where error.code == .timedOut {
                break
            }
        }
        return evidence
    }

    /// - Parameter totals: nil: not known.
    private static func mirror(
        _ report: ComparisonReport, _ stored: StoredRequestPair, _ totals: [NamedTotals]?, _ store: any QueryableStore,
        _ query: ComparisonQuery, _ work: QueryWork
    ) throws -> ComparisonReport.Mirror? {
        var search = MirrorSearch(
            of: query.serviceName, base: query.base, candidate: query.candidate, within: query.window)
        search.limits.time = query.limits.time
        let served = MirrorSearch.Served(
            requestCount: report.total.candidateRequestCount, copyCount: totals.map(search.copyCount),
            hasShadowHosts: stored.candidateHasShadowHosts)
        return try search.report(served, from: store, work)
    }

    /// Nil: stored requests are to be compared.
    private static func counted(
        _ store: any QueryableStore, _ query: ComparisonQuery
    ) throws(StoreError) -> (totals: [NamedTotals], window: Range<Int64>)? {
        if query.figures == .stored { return nil }
        do throws(StoreError) {
            return try store.calls(ofService: query.serviceName, within: query.window)
        } catch {
            guard error.code == .unsupported, query.figures == nil else { throw error }
            return nil
        }
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
    /// Nil: counted where the store has such, stored otherwise.
    package var figures: Figures?
    /// Whether the answer also has what stored requests tell of why.
    package var hasEvidence = true
    /// Of stored requests.
    package var limits = StoredRequestLimits()

    /// What is compared.
    package enum Figures: String, Sendable, CaseIterable {
        case counted  // every request, stored or not
        case stored  // those that are stored, weighted where sampling left out others
    }

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
        "service", "base", "candidate", "since", "until", "share", "errors", "latency", "confidence", "figures",
        "evidence", "requests", "readingSeconds", "format", "link",
    ]

    /// Stored requests of each version that may be looked at.
    package static let requestCounts = 100...200_000
    /// How long each kind of stored data may be read.
    package static let readingSeconds = 1...60

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
        if let text = parameters.text("figures") {
            guard let figures = ComparisonQuery.Figures(rawValue: text) else {
                throw QueryError("figures: neither counted nor stored: \(text)")
            }
            query.figures = figures
        }
        if let text = parameters.text("evidence") {
            guard let hasEvidence = Bool(text) else { throw QueryError("evidence: neither true nor false: \(text)") }
            query.hasEvidence = hasEvidence
        }
        if let text = parameters.text("requests") {
            guard let count = Int(text), requestCounts.contains(count) else {
                throw QueryError(
                    "requests: not a number from \(requestCounts.lowerBound) to \(requestCounts.upperBound): \(text)")
            }
            query.limits.requestCountMax = count
        }
        if let text = parameters.text("readingSeconds") {
            guard let seconds = Int(text), readingSeconds.contains(seconds) else {
                throw QueryError(
                    "readingSeconds: not a number from \(readingSeconds.lowerBound) to \(readingSeconds.upperBound): "
                        + text)
            }
            query.limits.time = .seconds(seconds)
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
