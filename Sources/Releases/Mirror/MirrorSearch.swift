public import Topology
internal import TraceModel
public import TraceStore

/// Finds copies of requests and the requests in stored traces.
public struct MirrorSearch: Sendable {
    /// What bounds it.
    public struct Limits: Sendable, Equatable {
        /// Traces that are read: the latest.
        public var traceCountMax = 200
        public var time: Duration = .seconds(2)

        public init() {}
    }

    public var serviceName: String
    public var base: String
    public var candidate: String
    /// Nanoseconds since 1970.
    public var window: Range<Int64>
    public var limits = Limits()

    public init(of serviceName: String, base: String, candidate: String, within window: Range<Int64>) {
        self.serviceName = serviceName
        self.base = base
        self.candidate = candidate
        self.window = window
    }

    /// What the candidate served, as far as it is known from elsewhere.
    public struct Served: Sendable {
        /// Requests, or copies if it served nothing else.
        public var requestCount: Int
        /// Nil: not known.
        public var copyCount: Int?
        /// Hosts of its requests are such as proxies write for copies, though no proxy's span of a copy is above them.
        public var hasShadowHosts: Bool

        public init(requestCount: Int, copyCount: Int?, hasShadowHosts: Bool) {
            self.requestCount = requestCount
            self.copyCount = copyCount
            self.hasShadowHosts = hasShadowHosts
        }
    }

    /// Copies that the candidate served, of what was counted.
    public func copyCount(_ totals: [NamedTotals]) -> Int {
        totals.reduce(0) { sum, own in
            own.isMirrored && own.isServed(by: serviceName) && own.callee.version == candidate
                ? sum + own.totals.callCount : sum
        }
    }

    /// - Returns: nil: the candidate is sent no copies.
    /// - Throws: `StoreError`.
    public func report(
        _ served: Served, from store: any QueryableStore, _ work: QueryWork
    ) throws -> ComparisonReport.Mirror? {
        let work = work.limited(to: limits.time)
        if served.requestCount == 0, served.copyCount ?? 0 == 0 {
            return try isNothingStored(in: store, work) ? .init(notes: [nothingKnown]) : nil
        }
        if served.copyCount == 0 { return served.hasShadowHosts ? .init(notes: [tracesOfTheirOwn]) : nil }
        var query = SpanQuery(serviceName: serviceName, window: window, limit: limits.traceCountMax)
        query.version = candidate
        query.isMirrored = true
        var traceIDs: [TraceID] = []
        var known: Set<TraceID> = []
        let outcome = try store.forEachSpan(query, work) { span in
            if known.insert(span.traceID).inserted { traceIDs.append(span.traceID) }
        }
        guard !traceIDs.isEmpty else {
            let hasCopies = served.copyCount ?? 0 > 0
            guard hasCopies || served.hasShadowHosts else { return nil }
            guard outcome.isComplete else { return .init(notes: ["there was no time to look for copies of requests"]) }
            return .init(notes: [hasCopies ? noneStored(isSampled: store.isSampled) : tracesOfTheirOwn])
        }
        let (pairs, readCount) = try pairs(traceIDs, store, work)
        var report = ComparisonReport.Mirror(pairs)
        if readCount < traceIDs.count || !outcome.isComplete {
            report.notes.insert("of the latest \(readCount) traces with copies", at: 0)
        }
        for gap in outcome.gaps where !report.notes.contains(gap) { report.notes.append(gap) }
        return report
    }

    /// False where there was no time to be sure.
    private func isNothingStored(in store: any QueryableStore, _ work: QueryWork) throws -> Bool {
        var query = SpanQuery(serviceName: serviceName, window: window, limit: 1)
        query.version = candidate
        var isFound = false
        let outcome = try store.forEachSpan(query, work) { _ in isFound = true }
        return !isFound && outcome.isComplete
    }

    private func pairs(
        _ traceIDs: [TraceID], _ store: any QueryableStore, _ work: QueryWork
    ) throws -> (pairs: MirroredPairs, readCount: Int) {
        var pairs = MirroredPairs(of: serviceName, base: base, candidate: candidate)
        var readCount = 0
        for traceID in traceIDs {
            do throws(StoreError) {
                // A trace that is not read whole has more in it than can be looked at for each of many.
                if let trace = try store.openTrace(traceID, work)?.trace { pairs.add(trace) }
            } catch {
                guard error.code == .timedOut else { throw error }
                break
            }
            readCount += 1
        }
        return (pairs, readCount)
    }

    // MARK: Words

    private static let switchedOn =
        "Istio has proxies report no copy (trace_sampled: false in request_mirror_policies of the route). To see them, "
        + "leave the mirror out of the VirtualService and add it to the route by an EnvoyFilter, with "
        + "trace_sampled: true"

    private var nothingKnown: String {
        "no span of \(candidate) is known of this time. If it is sent copies of requests only: " + Self.switchedOn
    }

    private var tracesOfTheirOwn: String {
        "\(candidate) was sent copies of requests (their hosts end in -shadow), but in traces that do not have the "
            + "requests in them: they cannot be paired, and count as requests. The proxy that makes copies has to "
            + "take part in tracing, and to hand on the trace"
    }

    private func noneStored(isSampled: Bool) -> String {
        "\(candidate) served copies of requests, but none of this time is stored"
            + (isSampled ? ": sampling kept none of their traces" : "")
    }
}

extension StoredRequestPair {
    /// Whether hosts of the candidate's requests are such as proxies write for copies.
    public var candidateHasShadowHosts: Bool {
        guard !candidate.isMirrored else { return false }
        return candidate.requests.prefix(50).contains { request in
            request.url != 0 && Self.isOfShadow(names.texts[Int(request.url)])
        }
    }

    /// `http://reviews-shadow:9080/reviews/0`
    static func isOfShadow(_ url: String) -> Bool {
        let afterScheme = url.split(separator: "//", maxSplits: 1).last ?? ""
        let host = afterScheme.prefix { $0 != "/" && $0 != "?" }.prefix { $0 != ":" }
        return host.hasSuffix("-shadow")
    }
}
