public import NetworkServer
package import Releases
package import TraceModel
public import TraceStore

/// The part of the program's own query API that compares two traces.
public struct TraceDiffQueries: Sendable {
    /// What is served, all by GET; the patterns of the router.
    package enum Route: String, CaseIterable {
        case compare = "/api/skein/v1/traces/compare"
    }

    private let store: any QueryableStore
    private let limits: QueryLimits

    public init(store: any QueryableStore, limits: QueryLimits) {
        self.store = store
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        for route in Route.allCases {
            router.onSkein(.get, route.rawValue) { request, _ in
                try answer(try TraceDiffQuery(QueryParameters(request.query)), limits.work(for: request))
            }
        }
    }

    private func answer(_ query: TraceDiffQuery, _ work: QueryWork) throws -> HTTPResponse {
        do {
            let (report, gaps) = try Self.compare(store, query, work)
            var response = try SkeinAnswer.json(report)
            response.headers += gaps.map { (AnswerGaps.headerName, AnswerGaps.value($0)) }
            return response
        } catch let failure as NotFound {
            return SkeinAnswer.failure(.notFound, failure.message)
        }
    }

    /// A trace or a span that is asked for is not there.
    package struct NotFound: Error, Equatable {
        package let message: String
    }

    /// - Returns: the comparison, and why spans of the traces may be missing.
    /// - Throws: `NotFound`, `StoreError`.
    package static func compare(
        _ store: any QueryableStore, _ query: TraceDiffQuery, _ work: QueryWork
    ) throws -> (report: TraceDiffReport, gaps: [String]) {
        var builder = GatheredSpans.Builder()
        var gaps: [String] = []
        /// - Returns: whether spans were left out.
        func gather(_ traceID: TraceID) throws -> Bool {
            guard let cursor = try store.openTrace(traceID, work) else {
                throw NotFound(message: "no span of trace \(traceID) is stored")
            }
            gaps += cursor.gaps
            while let piece = try cursor.next() {
                for span in piece.spans where !builder.append(span) { return true }
            }
            return false
        }
        let isFirstCut = try gather(query.a)
        builder.beginSecond()
        let isSecondCut = try gather(query.b)
        try work.check()
        let diff: TraceDiff
        do throws(TraceDiff.Failure) {
            diff = try TraceDiff(builder.gathered(), a: query.aSpan, b: query.bSpan)
        } catch {
            guard case .noSpan(let isFirst, let spanID) = error else { throw error }
            let isCut = isFirst ? isFirstCut : isSecondCut
            let place = isCut ? "is among those looked at of trace" : "of trace"
            let end = isCut ? "" : " is stored"
            throw NotFound(message: "no span \(spanID) \(place) \(isFirst ? query.a : query.b)\(end)")
        }
        let report = TraceDiffReport(
            diff, ids: (query.a, query.b), isCut: (isFirstCut, isSecondCut), rowCountMax: query.limit)
        return (report, gaps)
    }
}

/// Which traces are compared.
package struct TraceDiffQuery: Sendable, Equatable {
    package var a: TraceID
    package var b: TraceID
    /// The span at the top of the part that is compared; nil: the whole trace.
    package var aSpan: SpanID?
    package var bSpan: SpanID?
    /// Rows at most.
    package var limit: Int

    package static let limitMax = SkeinQueryParameters.rowLimitMax

    package init(
        a: TraceID, b: TraceID, aSpan: SpanID? = nil, bSpan: SpanID? = nil,
        limit: Int = TraceDiffReport.rowCountDefault
    ) {
        self.a = a
        self.b = b
        self.aSpan = aSpan
        self.bSpan = bSpan
        self.limit = limit
    }

    /// - Throws: `QueryError`.
    package init(_ parameters: QueryParameters) throws {
        try SkeinQueryParameters.checkNames(parameters, ["a", "b", "aSpan", "bSpan", "limit"])
        func traceID(_ name: String) throws -> TraceID {
            guard let text = parameters.text(name) else { throw QueryError("\(name): missing") }
            guard let traceID = TraceID(hex: text) else {
                throw QueryError("\(name): no trace ID of 1 to 32 hex digits: \(text)")
            }
            return traceID
        }
        func spanID(_ name: String) throws -> SpanID? {
            guard let text = parameters.text(name) else { return nil }
            guard let spanID = SpanID(hex: text) else {
                throw QueryError("\(name): no span ID of 1 to 16 hex digits: \(text)")
            }
            return spanID
        }
        self.init(a: try traceID("a"), b: try traceID("b"), aSpan: try spanID("aSpan"), bSpan: try spanID("bSpan"))
        if let text = parameters.text("limit") {
            guard let number = Int(text), (0...Self.limitMax).contains(number) else {
                throw QueryError("limit: not a number from 0 to \(Self.limitMax): \(text)")
            }
            limit = number
        }
    }
}
