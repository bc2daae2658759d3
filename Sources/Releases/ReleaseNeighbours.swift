public import Comparison
internal import Topology
public import TraceModel

/// Calls of one kind, counted, or estimated from weighted ones.
public struct CallFigures: Sendable {
    public var callCount = 0
    public var errorCount = 0
    /// Tries beyond the first.
    public var retryCount = 0
    /// Of weighted calls the counts are in proportion.
    public var durations = DurationSketch()
    /// Of weighted calls; nil: all calls were counted.
    public var bounds: Bounds?

    /// Where true figures lie (95 %, at one look).
    public struct Bounds: Sendable {
        public var errorShare: ClosedRange<Double>
        /// Nil of none.
        public var p50: DurationEstimate?
        public var p95: DurationEstimate?
    }

    public init() {}

    /// Durations are those that the caller saw, or, of operations, those of the spans.
    mutating func add(_ totals: CallTotals) {
        callCount += totals.callCount
        errorCount += totals.errorCount
        durations.merge(totals.clientDurations)
    }
}

/// Another service that a version calls, in one way.
struct Callee: Hashable {
    var serviceName: String
    var kind: CallSeries.Kind
}

/// What was counted of the calls to one version of a service, and of those that it made.
struct VersionCalls {
    private let serviceName: String
    private let version: String
    private let isMirrored: Bool
    /// How the base calls others: what copies of requests call is counted apart, whatever kind of call it is.
    private let kindsOfCopies: [String: CallSeries.Kind]
    /// Requests served.
    private(set) var requestCount = 0
    /// By name.
    private(set) var callers: [String: CallFigures] = [:]
    private(set) var callees: [Callee: CallFigures] = [:]

    /// - Parameter isMirrored: only the copies of requests that it served count, and what was called for them.
    init(
        of serviceName: String, _ version: String, isMirrored: Bool = false,
        kindsOfCopies: [String: CallSeries.Kind] = [:]
    ) {
        self.serviceName = serviceName
        self.version = version
        self.isMirrored = isMirrored
        self.kindsOfCopies = kindsOfCopies
    }

    /// Takes what it is about; all else is passed over.
    mutating func add(_ own: NamedTotals) {
        if own.callee.serviceName == serviceName, own.callee.version == version {
            let name = own.caller.serviceName
            switch own.kind {
            case .operation:
                if own.isServed(by: serviceName), own.isMirrored == isMirrored {
                    requestCount += own.totals.callCount
                }
            case .rpc, .messaging: callers[name, default: CallFigures()].add(own.totals)
            case .retried: callers[name, default: CallFigures()].retryCount += own.totals.callCount
            case .database, .mirrored, .oneSided, .link, .orphan, .unjoined, .lonely: break
            }
        }
        guard own.caller.serviceName == serviceName, own.caller.version == version, let kind = kind(ofCall: own)
        else { return }
        callees[Callee(serviceName: own.callee.serviceName, kind: kind), default: CallFigures()].add(own.totals)
    }

    private func kind(ofCall own: NamedTotals) -> CallSeries.Kind? {
        switch own.kind {
        case .rpc, .messaging, .database, .oneSided: own.kind
        case .mirrored: isMirrored ? kindsOfCopies[own.callee.serviceName] ?? .mirrored : nil
        case .retried, .operation, .link, .orphan, .unjoined, .lonely: nil
        }
    }
}

/// What one version's callers saw of it, and what it called.
struct VersionNeighbours {
    struct Calls {
        var figures: CallFigures
        /// Calls for each request served.
        var perRequest: Double
        /// Of the requests those that had it make any, as far as that is known.
        var calling: Share
    }

    /// By name.
    var callers: [String: CallFigures]
    var callees: [Callee: Calls]
    /// Of its requests those that had it call a service that it does not call.
    var notCalling: Share

    init(_ counted: VersionCalls) {
        callers = counted.callers
        let total = max(0, counted.requestCount)
        callees = counted.callees.mapValues { figures in
            Calls(
                figures: figures, perRequest: Double(figures.callCount) / Double(max(1, total)),
                calling: Share(count: min(max(0, figures.callCount), total), total: total))
        }
        notCalling = Share(count: 0, total: total)
    }

    init(callers: [String: CallFigures], callees: [Callee: Calls], notCalling: Share) {
        self.callers = callers
        self.callees = callees
        self.notCalling = notCalling
    }

    /// How it calls each service.
    static func kinds(of callees: some Sequence<Callee>) -> [String: CallSeries.Kind] {
        callees.reduce(into: [:]) { kinds, callee in
            let known = kinds[callee.serviceName]
            if known.map({ callee.kind.rawValue < $0.rawValue }) ?? true { kinds[callee.serviceName] = callee.kind }
        }
    }
}

extension ReleaseComparison {
    mutating func compare(_ base: VersionNeighbours, _ candidate: VersionNeighbours) {
        callers = Set(base.callers.keys).union(candidate.callers.keys).sorted().map { name in
            CallerEffect(
                serviceName: name, base: base.callers[name] ?? CallFigures(),
                candidate: candidate.callers[name] ?? CallFigures())
        }
        callees = Set(base.callees.keys).union(candidate.callees.keys).map { callee in
            Self.change(callee, base, candidate, isExact: isExact)
        }.sorted { a, b in
            let (plainA, plainB) = (a.change == .none ? 1 : 0, b.change == .none ? 1 : 0)
            if plainA != plainB { return plainA < plainB }
            return a.serviceName == b.serviceName
                ? a.kind.rawValue < b.kind.rawValue : a.serviceName < b.serviceName
        }
    }

    /// That a version never calls a service has to be less likely than this where both call it equally often.
    private static let chanceMax = 0.01

    private static func change(
        _ callee: Callee, _ base: VersionNeighbours, _ candidate: VersionNeighbours, isExact: Bool
    ) -> CalleeChange {
        func calls(_ version: VersionNeighbours) -> VersionNeighbours.Calls {
            version.callees[callee] ?? .init(figures: CallFigures(), perRequest: 0, calling: version.notCalling)
        }
        let (own, others) = (calls(candidate), calls(base))
        let test = FisherTest(base: others.calling, candidate: own.calling)
        var change = CalleeChange.Change.none
        if base.callees[callee] == nil, test.p(.greater) < chanceMax { change = .added }
        if candidate.callees[callee] == nil, test.p(.less) < chanceMax { change = .removed }
        return CalleeChange(
            serviceName: callee.serviceName, kind: callee.kind, base: others.figures, candidate: own.figures,
            basePerRequest: others.perRequest, candidatePerRequest: own.perRequest, change: change,
            baseCalling: isExact ? nil : others.calling.interval(),
            candidateCalling: isExact ? nil : own.calling.interval())
    }
}

extension NamedTotals {
    /// Whether it counts requests that a service served.
    func isServed(by service: String) -> Bool {
        kind == .operation && (spanKind == .server || spanKind == .consumer) && callee.serviceName == service
    }
}
