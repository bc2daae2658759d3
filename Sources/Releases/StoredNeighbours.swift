internal import Bytes
internal import Comparison
internal import Topology
internal import TraceModel
public import TraceStore

/// What callers saw of the stored requests of two versions, and what was called for them, each trace counted for as
/// many as it stands for.
///
/// It goes by the whole traces of the requests, and by the rules by which the topology counts calls. What a version
/// calls without having been asked is not seen: no request leads to it.
public struct StoredNeighbours {
    /// What bounds it.
    public struct Limits: Sendable, Equatable {
        /// Of each version: if its requests are of more, some of them stand for all.
        public var traceCountMax = 1_000
        /// For reading those of both.
        public var time: Duration = .seconds(2)

        public init() {}
    }

    let base: VersionNeighbours
    let candidate: VersionNeighbours
    /// What one should know of how much was read, in sentences.
    let notes: [String]

    /// Reads traces.
    /// - Throws: `StoreError`.
    public init(
        of requests: StoredRequestPair, from store: any QueryableStore, limits: Limits = Limits(), _ work: QueryWork
    ) throws {
        var reader = NeighbourReader(requests.serviceName, store, limits)
        let base = try reader.read(
            requests.base, isMirrored: false, kindsOfCopies: [:], work.limited(to: limits.time / 2))
        let candidate = try reader.read(
            requests.candidate, isMirrored: requests.candidate.isMirrored,
            kindsOfCopies: VersionNeighbours.kinds(of: base.callees.keys), work.limited(to: limits.time / 2))
        self.base = VersionNeighbours(base)
        self.candidate = VersionNeighbours(candidate)
        notes = reader.notes
    }
}

/// Reads the traces of requests.
private struct NeighbourReader {
    private let serviceName: String
    private let store: any QueryableStore
    private let limits: StoredNeighbours.Limits
    private(set) var notes: [String] = []

    init(_ serviceName: String, _ store: any QueryableStore, _ limits: StoredNeighbours.Limits) {
        self.serviceName = serviceName
        self.store = store
        self.limits = limits
    }

    mutating func read(
        _ requests: StoredRequests, isMirrored: Bool, kindsOfCopies: [String: CallSeries.Kind], _ work: QueryWork
    ) throws -> NeighbourSums {
        var weights: [TraceID: Double] = [:]
        for request in requests.requests where weights[request.traceID] == nil {
            weights[request.traceID] = request.weight
        }
        var sums = NeighbourSums(isWeighted: requests.isWeighted)
        let outcome = try store.forEachTrace(chosen(of: weights.keys), work) { trace in
            guard let weight = weights[trace.traceID] else { return }
            var calls = VersionCalls(
                of: serviceName, requests.version, isMirrored: isMirrored, kindsOfCopies: kindsOfCopies)
            count(trace, &calls)
            if calls.requestCount > 0 { sums.add(calls, weight: weight) }
        }
        for gap in outcome.gaps where !notes.contains(gap) { notes.append(gap) }
        if sums.traceCount < weights.count {
            notes.append(
                "what callers saw of \(requests.version), and what it called, is told by \(sums.traceCount) of the "
                    + "\(weights.count) traces of its requests")
            sums.stand(forTraces: weights.count)
        }
        return sums
    }

    /// In an order in which the first ones are as good as any others, in case that time is up: samplers go by the IDs
    /// themselves.
    private func chosen(of traceIDs: some Collection<TraceID>) -> [TraceID] {
        func rank(_ traceID: TraceID) -> UInt64 {
            ByteHash.fold(traceID.low ^ ByteHash.seed, traceID.high ^ traceID.low)
        }
        let ranked = traceIDs.map { (rank: rank($0), traceID: $0) }
            .sorted { ($0.rank, $0.traceID) < ($1.rank, $1.traceID) }
        return ranked.prefix(limits.traceCountMax).map(\.traceID)
    }

    private func count(_ trace: Trace, _ calls: inout VersionCalls) {
        let gathered = GatheredSpans(trace)
        let columns = CallColumns(gathered.batch, hasShared: true)
        var records = gathered.sites.enumerated().map { columns.record(ofRow: $0, site: $1) }
        var counter = CallCounter()
        counter.add(&records, gathered.names)
        for series in counter.buckets.values {
            for (series, totals) in series { calls.add(NamedTotals(series, totals, gathered.names)) }
        }
    }
}

/// Sums over the traces of one version's requests.
private struct NeighbourSums {
    /// Of one caller or callee.
    struct Calls {
        /// Those that failed. A trace is a cluster.
        var errors = ClusteredShare()
        var retries = 0.0
        var durations = DurationSketch()
        /// Requests that had the version make such a call.
        var calling = ClusteredShare()
    }

    private let isWeighted: Bool
    private(set) var traceCount = 0
    private(set) var callers: [String: Calls] = [:]
    private(set) var callees: [Callee: Calls] = [:]
    /// Requests, none of which has anything.
    private(set) var requests = ClusteredShare()
    /// Of how many traces each is one, of those that are stored.
    private(set) var scale = 1.0

    /// Whoever sends spans says what services are called: further ones are passed over.
    private static let neighbourCountMax = 10_000

    init(isWeighted: Bool) { self.isWeighted = isWeighted }

    mutating func stand(forTraces count: Int) { scale = Double(count) / Double(max(1, traceCount)) }

    /// - Parameter calls: of one trace with a request.
    mutating func add(_ calls: VersionCalls, weight: Double) {
        traceCount += 1
        requests.add(having: 0, of: calls.requestCount, weight: weight)
        for (name, figures) in calls.callers where callers.count < Self.neighbourCountMax || callers[name] != nil {
            add(figures, weight, to: &callers[name, default: Calls()])
        }
        for (callee, figures) in calls.callees where callees.count < Self.neighbourCountMax || callees[callee] != nil {
            add(figures, weight, to: &callees[callee, default: Calls()])
            callees[callee]?.calling.add(
                having: min(figures.callCount, calls.requestCount), of: calls.requestCount, weight: weight)
        }
    }

    private func add(_ figures: CallFigures, _ weight: Double, to sums: inout Calls) {
        sums.errors.add(
            having: min(figures.errorCount, figures.callCount), of: figures.callCount, weight: weight)
        sums.retries += weight * Double(figures.retryCount)
        let times = isWeighted ? WeightTimes.times(weight) : 1
        figures.durations.forEachBin { number, count in
            sums.durations.add(DurationSketch.duration(ofBin: number), times: count * times)
        }
    }
}

extension VersionNeighbours {
    fileprivate init(_ sums: NeighbourSums) {
        let requestSum = sums.requests.sum
        self.init(
            callers: sums.callers.mapValues { CallFigures($0, scale: sums.scale) },
            callees: sums.callees.mapValues { calls in
                Calls(
                    figures: CallFigures(calls, scale: sums.scale),
                    perRequest: requestSum > 0 ? calls.errors.sum / requestSum : 0,
                    calling: calls.calling.among(sums.requests).share)
            }, notCalling: sums.requests.share)
    }
}

extension CallFigures {
    fileprivate init(_ sums: NeighbourSums.Calls, scale: Double) {
        func count(_ sum: Double) -> Int { Int(min((sum * scale).rounded(), ReleaseComparison.countMax)) }
        self.init()
        callCount = count(sums.errors.sum)
        errorCount = count(sums.errors.havingSum)
        retryCount = count(sums.retries)
        durations = sums.durations
        let distribution = DurationDistribution(
            sums.durations, effectiveTotal: min(sums.errors.effectiveCount, Double(sums.durations.count)))
        bounds = Bounds(
            errorShare: sums.errors.share.interval(), p50: distribution.quantile(0.5), p95: distribution.quantile(0.95))
    }
}
