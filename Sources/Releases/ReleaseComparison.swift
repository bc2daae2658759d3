public import Comparison
public import Topology
public import TraceModel

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
        isMirrored = candidateOperations.isEmpty
        if isMirrored {
            candidateOperations = operations(candidate, isMirrored: true)
            if !candidateOperations.isEmpty {
                notes.append("\(candidate) served copies of requests only: its errors were no user's")
            }
        }
        baseCount = baseOperations.values.reduce(0) { $0 + $1.callCount }
        candidateCount = candidateOperations.values.reduce(0) { $0 + $1.callCount }
        share = Share(count: candidateCount, total: baseCount + candidateCount)
        verdict = Verdict(
            base: base, candidate: candidate,
            operations: Self.matched(baseOperations, candidateOperations, &notes) { .all($0) }, thresholds: thresholds)
        let counts = (base: baseCount, candidate: candidateCount)
        callers = Self.callers(of: serviceName, (base, candidate), totals)
        callees = Self.callees(of: serviceName, (base, candidate), totals, counts, isMirrored: isMirrored)
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
            "\(candidate) served \(ReleaseText.percent(share.value)) of the requests "
                + "(\(ReleaseText.percent(interval.lowerBound)) to \(ReleaseText.percent(interval.upperBound))), "
                + "not \(ReleaseText.percent(configured)) as it was set up")
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

    // MARK: Neighbours

    private static func callers(
        of service: String, _ versions: (base: String, candidate: String), _ totals: [NamedTotals]
    ) -> [CallerEffect] {
        var callers: [String: CallerEffect] = [:]
        for own in totals where own.callee.serviceName == service {
            guard own.kind == .rpc || own.kind == .messaging || own.kind == .retried else { continue }
            guard own.callee.version == versions.base || own.callee.version == versions.candidate else { continue }
            let name = own.caller.serviceName
            var caller =
                callers[name] ?? CallerEffect(serviceName: name, base: CallFigures(), candidate: CallFigures())
            let isBase = own.callee.version == versions.base
            let side = isBase ? \CallerEffect.base : \CallerEffect.candidate
            if own.kind == .retried {
                caller[keyPath: side].retryCount += own.totals.callCount
            } else {
                caller[keyPath: side].add(own.totals)
            }
            callers[name] = caller
        }
        return callers.values.sorted { $0.serviceName < $1.serviceName }
    }

    private static func callees(
        of service: String, _ versions: (base: String, candidate: String), _ totals: [NamedTotals],
        _ requests: (base: Int, candidate: Int), isMirrored: Bool
    ) -> [CalleeChange] {
        struct Key: Hashable {
            var serviceName: String
            var kind: CallSeries.Kind
        }
        var callees: [Key: CalleeChange] = [:]
        // How the base calls others: what copies of requests call is counted apart, whatever kind of call it is.
        var kinds: [String: CallSeries.Kind] = [:]
        for own in totals where own.caller.serviceName == service && own.caller.version == versions.base {
            guard [.rpc, .messaging, .database, .oneSided].contains(own.kind) else { continue }
            kinds[own.callee.serviceName] = own.kind
        }
        for own in totals where own.caller.serviceName == service {
            var kind = own.kind
            switch own.kind {
            case .rpc, .messaging, .database, .oneSided: break
            case .mirrored:
                guard isMirrored, own.caller.version == versions.candidate else { continue }
                kind = kinds[own.callee.serviceName] ?? .mirrored
            case .retried, .operation, .link, .orphan, .unjoined, .lonely: continue
            }
            guard own.caller.version == versions.base || own.caller.version == versions.candidate else { continue }
            let key = Key(serviceName: own.callee.serviceName, kind: kind)
            var callee =
                callees[key]
                ?? CalleeChange(
                    serviceName: key.serviceName, kind: key.kind, base: CallFigures(), candidate: CallFigures(),
                    basePerRequest: 0, candidatePerRequest: 0, change: .none)
            if own.caller.version == versions.base {
                callee.base.add(own.totals)
            } else {
                callee.candidate.add(own.totals)
            }
            callees[key] = callee
        }
        return callees.values.map { callee in
            var callee = callee
            callee.basePerRequest = Double(callee.base.callCount) / Double(max(1, requests.base))
            callee.candidatePerRequest = Double(callee.candidate.callCount) / Double(max(1, requests.candidate))
            // That none came by chance is less likely than 1 in 100 where so many were to be expected.
            let expected = 4.6
            if callee.base.callCount == 0, callee.candidatePerRequest * Double(requests.base) >= expected {
                callee.change = .added
            }
            if callee.candidate.callCount == 0, callee.basePerRequest * Double(requests.candidate) >= expected {
                callee.change = .removed
            }
            return callee
        }.sorted { a, b in
            let (plainA, plainB) = (a.change == .none ? 1 : 0, b.change == .none ? 1 : 0)
            if plainA != plainB { return plainA < plainB }
            return a.serviceName == b.serviceName
                ? a.kind.rawValue < b.kind.rawValue : a.serviceName < b.serviceName
        }
    }
}

/// Calls of one kind, counted.
public struct CallFigures: Sendable, Equatable {
    public var callCount = 0
    public var errorCount = 0
    /// Tries beyond the first.
    public var retryCount = 0
    public var durations = DurationSketch()

    public init() {}

    /// Durations are those that the caller saw, or, of operations, those of the spans.
    mutating func add(_ totals: CallTotals) {
        callCount += totals.callCount
        errorCount += totals.errorCount
        durations.merge(totals.clientDurations)
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

extension NamedTotals {
    /// Whether it counts requests that a service served.
    fileprivate func isServed(by service: String) -> Bool {
        kind == .operation && (spanKind == .server || spanKind == .consumer) && callee.serviceName == service
    }
}
