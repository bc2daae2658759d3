public import Comparison
internal import Terminal
public import Topology
internal import TraceModel

/// How a new version of a service does beside the old one: by what was counted of every request, stored or not, or by
/// the requests that are stored.
public struct ReleaseComparison: Sendable {
    public var serviceName: String
    public var base: String
    public var candidate: String
    /// The time that the figures are of. Nanoseconds since 1970.
    public var window: Range<Int64>
    /// The figures are of every request; if not, of stored ones, each weighted by how many it is one of.
    public var isExact = true
    /// Requests of each, without mirrored ones unless only these are compared; of weighted ones an estimate.
    public var baseCount: Int
    public var candidateCount: Int
    /// The candidate's figures are those of copies of requests: it served no others.
    public var isMirrored: Bool
    public var verdict: Verdict
    /// By name.
    public var callers: [CallerEffect]
    /// What differs first, then by name.
    public var callees: [CalleeChange]
    /// What one should know of the figures, in sentences.
    public var notes: [String]

    /// The candidate's part of the requests of the two versions, and where the true one lies (95 %).
    public var share: Share

    /// What a caller sees of the two versions.
    public struct CallerEffect: Sendable {
        public var serviceName: String
        public var base: CallFigures
        public var candidate: CallFigures
    }

    /// What the versions ask of another service.
    public struct CalleeChange: Sendable {
        public var serviceName: String
        public var kind: CallSeries.Kind
        public var base: CallFigures
        public var candidate: CallFigures
        /// Calls for each request served.
        public var basePerRequest: Double
        public var candidatePerRequest: Double
        public var change: Change
        /// Of estimates: where the parts of the requests lie that have the version make such calls (95 %, at one look).
        public var baseCalling: ClosedRange<Double>?
        public var candidateCalling: ClosedRange<Double>?

        public enum Change: String, Sendable {
            case none
            case added  // only the candidate calls it
            case removed  // only the base does
        }
    }

    /// - Parameters:
    ///   - totals: all that was counted of the service's calls and operations.
    ///   - configuredShare: the candidate's part as it was set up, 0 to 1, if that is known.
    public init(
        serviceName: String, base: String, candidate: String, totals: [NamedTotals], window: Range<Int64>,
        configuredShare: Double? = nil, thresholds: VerdictThresholds = VerdictThresholds()
    ) {
        self.serviceName = serviceName
        self.base = base
        self.candidate = candidate
        self.window = window
        notes = []
        let served = totals.filter { $0.isServed(by: serviceName) }
        func operations(_ version: String, isMirrored: Bool) -> [String: CallFigures] {
            var figures: [String: CallFigures] = [:]
            for own in served where own.callee.version == version && own.isMirrored == isMirrored {
                figures[Self.commonName(own.callee.operationName), default: CallFigures()].add(
                    own.totals)
            }
            return figures
        }
        let baseOperations = operations(base, isMirrored: false)
        var candidateOperations = operations(candidate, isMirrored: false)
        isMirrored = false
        if candidateOperations.isEmpty {
            candidateOperations = operations(candidate, isMirrored: true)
            isMirrored = !candidateOperations.isEmpty
            if isMirrored { notes.append("\(candidate) served copies of requests only: its errors were no user's") }
        }
        baseCount = baseOperations.values.reduce(0) { $0 + $1.callCount }
        candidateCount = candidateOperations.values.reduce(0) { $0 + $1.callCount }
        share = Share(count: candidateCount, total: baseCount + candidateCount)
        verdict = Verdict(
            base: base, candidate: candidate,
            operations: Self.matched(baseOperations, candidateOperations, &notes) { .all($0) }, thresholds: thresholds)
        (callers, callees) = ([], [])
        var ofBase = VersionCalls(of: serviceName, base)
        for own in totals { ofBase.add(own) }
        var ofCandidate = VersionCalls(
            of: serviceName, candidate, isMirrored: isMirrored,
            kindsOfCopies: VersionNeighbours.kinds(of: ofBase.callees.keys))
        for own in totals { ofCandidate.add(own) }
        compare(VersionNeighbours(ofBase), VersionNeighbours(ofCandidate))
        note(configuredShare)
    }

    mutating func note(_ configured: Double?) {
        if baseCount == 0 || candidateCount == 0 {
            let lacking = baseCount == 0 ? base : candidate
            notes.append("\(lacking) served no request of \(serviceName) in this time")
        }
        guard let configured, !isMirrored, baseCount + candidateCount > 0 else { return }
        let interval = share.interval()
        guard !interval.contains(configured) else { return }
        notes.append(
            "\(candidate) served \(NumberText.percent(share.value)) of the requests "
                + "(\(NumberText.percent(interval.lowerBound)) to \(NumberText.percent(interval.upperBound))), "
                + "not \(NumberText.percent(configured)) as it was set up")
    }

    // MARK: Operations

    /// A mesh names what a route serves after the route, `host:port/*`, as soon as a release splits it: such names
    /// stand for each other, as `all routes`.
    static func commonName(_ name: String) -> String {
        guard name.hasSuffix("/*"), let colon = name.lastIndex(of: ":") else { return name }
        let port = name[name.index(after: colon)...].dropLast(2)
        let isRoute = !port.isEmpty && port.allSatisfy(\.isNumber) && !name[..<colon].contains("/")
        return isRoute ? "all routes" : name
    }

    /// The operations of both versions, by requests, the most first.
    /// - Parameter together: the figures of several operations, or of one or none.
    static func matched<Figures>(
        _ base: [String: Figures], _ candidate: [String: Figures], _ notes: inout [String],
        together: ([Figures]) -> RequestFigures
    ) -> [OperationFigures] {
        let names = Set(base.keys).union(candidate.keys)
        if !base.isEmpty, !candidate.isEmpty, names.allSatisfy({ base[$0] == nil || candidate[$0] == nil }) {
            notes.append("the versions' operations have no name in common: all requests are compared together")
            return [
                OperationFigures(
                    "all requests", base: together(Array(base.values)), candidate: together(Array(candidate.values)))
            ]
        }
        func figures(_ own: Figures?) -> RequestFigures { together(own.map { [$0] } ?? []) }
        return names.map { name in
            OperationFigures(
                name.isEmpty ? "(unnamed)" : name, base: figures(base[name]), candidate: figures(candidate[name]))
        }.sorted { a, b in
            let (countA, countB) = (a.base.requests + a.candidate.requests, b.base.requests + b.candidate.requests)
            return countA == countB ? a.operation < b.operation : countA > countB
        }
    }
}

extension RequestFigures {
    fileprivate static func all(_ figures: [CallFigures]) -> RequestFigures {
        var all = CallFigures()
        for own in figures {
            all.callCount += own.callCount
            all.errorCount += own.errorCount
            all.durations.merge(own.durations)
        }
        return RequestFigures(requests: all.callCount, errors: all.errorCount, durations: all.durations)
    }
}
