public import Catalog
public import Logging
internal import Threads
internal import Topology

/// Who calls whom, over everything that came: what is counted for good, what waits for the rest of its traces, and
/// what is live.
///
/// The calls of a trace are counted when it rests: nothing of it came for the settle time. Until then they wait, in
/// memory and in rows of the catalog. An answer is the sum of what is counted and of a provisional count of everything
/// that waits or is live. A sealing moves calls from the one to the other at once, for every reader.
public final class TopologyStore: @unchecked Sendable {
    // Unchecked: `state` is guarded by `lock`, `provisional` by `readLock`. Who takes both, takes `readLock` first.
    let catalog: Catalog
    let options: TopologyOptions
    let logger: Logger
    private let lock = PthreadLock()
    private var state = TopologyState()
    private let readLock = PthreadLock()
    private var provisional = ProvisionalCalls()

    /// Takes up what the catalog has.
    public init(catalog: Catalog, options: TopologyOptions, logger: Logger) throws(CatalogError) {
        self.catalog = catalog
        self.options = options
        self.logger = logger
        state.takeUp(try catalog.topologyWaiting()) { error in
            logger.error(
                "calls that waited for the rest of their traces cannot be read, and are not counted",
                metadata: ["reason": "\(error)"])
        }
    }

    func withState<Result, Failure: Error>(
        _ body: (inout TopologyState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.withLock { () throws(Failure) in try body(&state) }
    }

    /// What waits or is live, counted as if it were all.
    func provisionalCalls(_ unsealed: [UnsealedBatches]) -> ProvisionalCalls {
        readLock.withLock {
            provisional.renew(unsealed, self)
            return provisional
        }
    }

    /// The settle time in nanoseconds.
    var settleTime: Int64 { Int64(max(0, min(options.settleTime, 1e6)) * 1e9) }

    public var statistics: TopologyStatistics {
        withState { state in
            var statistics = state.statistics
            statistics.waitingSpanCount = state.waiting.count
            statistics.waitingByteCount = state.waiting.byteCount
            return statistics
        }
    }
}
