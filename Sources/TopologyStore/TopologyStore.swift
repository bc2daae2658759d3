public import Catalog
public import Logging
internal import Threads
public import Topology

/// Who calls whom, over everything that came: what is counted for good, what waits for the rest of its traces, and
/// what is live.
///
/// The calls of a trace are counted when it rests: nothing of it came for the settle time. Until then they wait, in
/// memory and in rows of the catalog. An answer is the sum of what is counted and of a provisional count of everything
/// that waits or is live. A sealing moves calls from the one to the other at once, for every reader.
public final class TopologyStore: @unchecked Sendable {
    // Unchecked: each lock guards what stands below it. Whoever takes several takes them in this order.
    let options: TopologyOptions
    let logger: Logger
    private let catalog: Catalog

    private let provisionalLock = PthreadLock()
    private var provisional: ProvisionalCalls

    private let bucketsLock = PthreadLock()
    private var buckets: CallBuckets
    var graphs = GraphCache()
    private var settledTotals: SettledTotals
    /// Of buckets as they were held before.
    private var formerFigures = CallBuckets.Statistics()

    private let lock = PthreadLock()
    private var state: TopologyState

    /// Takes up what the catalog has.
    public convenience init(
        catalog: Catalog, options: TopologyOptions, logger: Logger
    ) throws(CatalogError) {
        try self.init(catalog: catalog, options: options, logger: logger, provisionalAgeMax: 1_000_000_000)
    }

    /// - Parameter provisionalAgeMax: how old a count of what is not settled may be, in nanoseconds.
    init(
        catalog: Catalog, options: TopologyOptions, logger: Logger, provisionalAgeMax: UInt64
    ) throws(CatalogError) {
        provisional = ProvisionalCalls(ageMax: provisionalAgeMax)
        self.catalog = catalog
        self.options = options
        self.logger = logger
        state = TopologyState()
        buckets = try CallBuckets(catalog: catalog, options: options, names: &state.names)
        settledTotals = SettledTotals(options, &state.names)
        state.takeUp(try catalog.topologyWaiting()) { error in
            logger.error(
                "calls that waited for the rest of their traces cannot be read, and are not counted",
                metadata: ["reason": "\(error)"])
        }
        logFindings(buckets)
    }

    /// The settle time in nanoseconds.
    var settleTime: Int64 { Int64(max(0, min(options.settleTime, 1e6)) * 1e9) }

    // MARK: Access

    func withState<Result, Failure: Error>(
        _ body: (inout TopologyState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.withLock { () throws(Failure) in try body(&state) }
    }

    /// Calls `body` with the buckets as they are in one epoch of the state, which does not end meanwhile.
    func withBuckets<Result>(
        _ body: (CallBuckets, _ epoch: Int) throws(CatalogError) -> Result
    ) throws(CatalogError) -> Result {
        try bucketsLock.withLock { () throws(CatalogError) in
            defer { logFindings(buckets) }
            return try body(buckets, withState { $0.epoch })
        }
    }

    /// What waits or is live, counted as if it were all.
    func provisionalCalls(_ unsealed: [UnsealedBatches]) -> ProvisionalCalls {
        provisionalLock.withLock {
            provisional.renew(unsealed, self)
            return provisional
        }
    }

    /// Makes a change so for every reader at once.
    func finish(_ work: PreparedTopology.Work, isCommitted: Bool) {
        bucketsLock.withLock {
            if isCommitted {
                buckets.commit(work.buckets)
                for series in work.counted.values {
                    for (series, counted) in series { settledTotals.add(series, counted) }
                }
            } else {
                buckets.discard(work.buckets)
            }
            withState { state in
                precondition(state.isPreparing, "what is finished was prepared")
                state.isPreparing = false
                if isCommitted { state.commit(work) }
            }
            renameIfNeeded()
        }
    }

    /// Gives all names other numbers when too many of them are of spans that nobody needs any more.
    private func renameIfNeeded() {
        withState { state in
            guard state.hasTooManyNames else { return }
            do throws(CatalogError) {
                var names = CallNames()
                let renamed = try CallBuckets(catalog: catalog, options: options, names: &names)
                settledTotals = settledTotals.renamed(options, from: state.names, to: &names)
                formerFigures.add(buckets.statistics)
                buckets = renamed
                state.rename(names)
            } catch {
                logger.warning(
                    "names that no series needs stay in memory", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func logFindings(_ buckets: CallBuckets) {
        for finding in buckets.takeFindings() { logger.warning("\(finding)") }
    }

    // MARK: Figures

    /// What was counted for good since the process began, each series once: for counters that only grow. At most some
    /// 10,000 series, or so many as are told apart at all; what goes beyond is counted together.
    public func totals() -> [NamedTotals] {
        bucketsLock.withLock {
            let names = withState { $0.names }
            var named: [NamedTotals] = []
            settledTotals.forEach { named.append(NamedTotals($0, $1, names)) }
            return named
        }
    }

    /// Removes buckets that are older than they are kept, and what only they had.
    public func expire(now: Int64) throws(CatalogError) {
        try withBuckets { buckets, _ throws(CatalogError) in
            if try buckets.expire(now: now) > 0 { graphs.removeAll() }
        }
    }

    public var statistics: TopologyStatistics {
        let counted = bucketsLock.withLock {
            var counted = buckets.statistics
            counted.add(formerFigures)
            return counted
        }
        return withState { state in
            var statistics = state.statistics
            statistics.waitingSpanCount = state.waiting.count
            statistics.waitingByteCount = state.waiting.byteCount
            statistics.seriesCount = counted.seriesCount
            statistics.foldedCallCount = counted.foldedCallCount
            statistics.expiredCallCount = counted.expiredCallCount
            statistics.bucketCount = counted.bucketCount
            statistics.damagedRowCount += counted.damagedBucketCount
            return statistics
        }
    }
}

extension CallBuckets.Statistics {
    /// Adds what was counted since the process began.
    fileprivate mutating func add(_ other: CallBuckets.Statistics) {
        foldedCallCount += other.foldedCallCount
        expiredCallCount += other.expiredCallCount
        damagedBucketCount += other.damagedBucketCount
    }
}
