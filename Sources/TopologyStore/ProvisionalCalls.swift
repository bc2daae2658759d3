internal import Threads
internal import Topology

/// What waits or is live, counted as if it were all that will come.
struct ProvisionalCalls: Sendable {
    private(set) var buckets: [Int64: [CallSeries: CallTotals]] = [:]
    private(set) var names = CallNames()
    /// The state that it was counted in.
    private(set) var epoch = -1
    /// How many batches there were of each generation.
    private var extent: [UInt64: Int] = [:]
    /// Nanoseconds of the monotonic clock.
    private var counted: UInt64 = 0
    private var cost: UInt64 = 0

    /// How old a count may be, in nanoseconds.
    private let ageMax: UInt64
    /// A count that takes long is used for so many times as long.
    private static let costTimes: UInt64 = 4

    var stamp: GraphCache.Stamp { GraphCache.Stamp(epoch: epoch, counted: counted) }

    init(ageMax: UInt64) { self.ageMax = ageMax }

    /// Counts anew if that is due.
    mutating func renew(_ unsealed: [UnsealedBatches], _ store: TopologyStore) {
        let started = SystemClock.monotonicNanoseconds()
        let now = store.withState { (epoch: $0.epoch, generation: $0.committedGeneration) }
        var extent: [UInt64: Int] = [:]
        for batches in unsealed where batches.generation > now.generation && !batches.batches.isEmpty {
            extent[batches.generation] = batches.batches.count
        }
        if epoch == now.epoch {
            // Where counts take long, they are rarer.
            let age = ageMax == 0 ? 0 : max(ageMax, Self.costTimes * cost)
            if started - counted < age || extent == self.extent { return }
        }
        for batches in unsealed {
            while !store.withState({ $0.extract(batches.batches, of: batches.generation) }) {}
        }
        let (waiting, fresh) = store.withState { state in
            epoch = state.epoch
            names = state.names
            return (state.waiting, state.groups(of: extent.keys.sorted()))
        }
        buckets = [:]
        var counter = CallCounter()
        var records: [CallRecord] = []
        for whole in waiting.wholes(with: fresh.groups) {
            records.removeAll(keepingCapacity: true)
            waiting.append(whole, fresh, to: &records)
            counter.add(&records, names)
        }
        buckets = counter.buckets
        self.extent = extent
        counted = SystemClock.monotonicNanoseconds()
        cost = counted - started
    }
}
