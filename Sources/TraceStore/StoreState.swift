internal import Glibc
internal import SegmentStore
internal import Synchronization
internal import Threads
internal import TopologyStore
internal import TraceModel

/// A segment that can be read, and what the catalog says of it.
struct StoredSegment: Sendable {
    let id: Int64
    let reader: SegmentReader
    let statistics: SegmentStatistics
    /// The age, in nanoseconds, that its traces were thinned for.
    let thinnedForAge: Int64
    /// IDs of the destinations that lacked it when it was entered in the catalog.
    var lackedBy: [Int64] = []
}

/// What the store holds at one moment. A reader keeps it, so that sealing and retention take nothing away from under
/// it.
struct StoreSnapshot: Sendable {
    var generations: [GenerationSnapshot]
    var segments: [StoredSegment]
}

/// A generation that takes in no more, and the last part of the journal that has spans of it.
struct TurnedGeneration {
    let generation: Generation
    let journalPart: UInt64
}

/// Set by the journal when a sync failed: what is live is to be sealed without delay.
final class UrgentSealing: Sendable {
    let isSet = Atomic<Bool>(false)
}

/// The generations and segments that exist now.
final class StoreState: @unchecked Sendable {
    // Unchecked: everything below is guarded by `lock`. The journal may answer while it is handed a batch, hence
    // recursive.
    private let lock = PthreadLock(isRecursive: true)
    private var active: Generation
    /// To be sealed, the oldest first.
    private var turned: [TurnedGeneration] = []
    private var segments: [StoredSegment]
    /// IDs of segments that are being rewritten or removed.
    private var rewritten: Set<Int64> = []
    private var forwarding: ForwardState

    private let isSealingUrgent: UrgentSealing

    init(
        segments: [StoredSegment], active: Generation, forwarding: ForwardState, isSealingUrgent: UrgentSealing
    ) {
        self.segments = segments
        self.forwarding = forwarding
        self.active = active
        self.isSealingUrgent = isSealingUrgent
    }

    /// Seconds of the monotonic clock.
    static func now() -> Double { Double(SystemClock.monotonicNanoseconds()) / 1e9 }

    /// Chooses the generation for a batch and hands the batch on in the same moment: `enqueue` is called under the
    /// lock, so that the journal's parts and the generations hold the same batches.
    /// - Returns: nil if more than the limit is live.
    func beginAppend(
        _ batches: OfferedBatches, liveByteCountMax: Int, enqueue: (Generation) -> Void
    ) -> Generation? {
        lock.withLock {
            let live = turned.reduce(active.byteCount) { $0 + $1.generation.byteCount }
            guard live + batches.byteCount <= liveByteCountMax || live == 0 else { return nil }
            active.pendingCount += 1
            active.byteCount += batches.byteCount
            enqueue(active)
            return active
        }
    }

    func endAppend(_ batches: OfferedBatches, to generation: Generation, isKept: Bool) {
        lock.withLock {
            generation.pendingCount -= 1
            if isKept {
                batches.forEach { generation.keep($0) }
            } else {
                generation.byteCount -= batches.byteCount
            }
        }
    }

    func snapshot() -> StoreSnapshot {
        lock.withLock {
            StoreSnapshot(
                generations: (turned.map(\.generation) + [active]).map {
                    GenerationSnapshot(generation: $0, batches: $0.batches, arrived: $0.arrived)
                },
                segments: segments)
        }
    }

    /// Of these segments those of which the catalog may no longer know: others took their places, or are about to.
    func replacedSegments(of ids: [Int64]) -> Set<Int64> {
        lock.withLock { Set(ids).subtracting(segments.lazy.map(\.id)).union(rewritten.intersection(ids)) }
    }

    // MARK: Sealing

    /// Whether the generation at hand is due: large, old, or idle for long enough to be worth a segment; or the journal
    /// cannot be relied on, or batches wait for room.
    func isDue(_ options: StoreOptions, isRoomWanted: Bool) -> Bool {
        let now = Self.now()
        return lock.withLock {
            guard let firstAppend = active.firstAppend else { return false }
            let isUrgent = isSealingUrgent.isSet.exchange(false, ordering: .relaxed)
            let age = now - firstAppend
            let idle = now - active.lastAppend
            return isUrgent || isRoomWanted || active.byteCount >= options.liveByteCountMax / 2
                || age >= options.sealAge
                || (idle >= options.sealIdle
                    && active.spanCount + active.countedSpanCount >= options.sealIdleSpanCount)
        }
    }

    /// Starts a new generation, unless nothing came to the one at hand; `rotate` is called in the same moment and
    /// gives the last part of the journal before it.
    func turn(_ rotate: () -> UInt64) {
        lock.withLock {
            guard active.firstAppend != nil || active.pendingCount > 0 else { return }
            turned.append(TurnedGeneration(generation: active, journalPart: rotate()))
            active = Generation(number: active.number + 1)
        }
    }

    /// The generation that is to be sealed next; nil as long as it should wait for the rest of its traces.
    /// - Parameter wait: seconds for which nothing may have come to it; it waits no more once three quarters of the
    ///   memory for live spans are taken, or batches wait for room.
    func oldestTurned(afterQuiet wait: Double, _ options: StoreOptions, isRoomWanted: Bool) -> TurnedGeneration? {
        let now = Self.now()
        return lock.withLock {
            guard let oldest = turned.first else { return nil }
            let live = turned.reduce(active.byteCount) { $0 + $1.generation.byteCount }
            let isQuiet = now - oldest.generation.lastAppend >= wait
            return isQuiet || isRoomWanted || live >= options.liveByteCountMax * 3 / 4 ? oldest : nil
        }
    }

    /// A generation that is no longer at hand as it will stay, once the journal has answered for each of its batches.
    func settled(_ generation: Generation) -> GenerationSnapshot {
        while true {
            let settled = lock.withLock {
                generation.pendingCount > 0
                    ? nil
                    : GenerationSnapshot(
                        generation: generation, batches: generation.batches, arrived: generation.arrived)
            }
            if let settled { return settled }
            // The journal answers within a write or two; nobody waits for the sealing.
            usleep(1000)
        }
    }

    /// Puts a segment, if it became one, in the place of the oldest generation that was turned.
    func replaceOldestTurned(by new: [StoredSegment]) {
        lock.withLock {
            turned.removeFirst()
            segments += new
            forwarding.enter(new)
        }
    }

    // MARK: Rewriting and removing

    /// Marks the segments that `choose` names as being rewritten: until that ends nobody else removes or rewrites
    /// them.
    /// - Returns: nil if it names none. Segments that are being rewritten are not shown to it.
    func beginRewriting(_ choose: ([CompactionPolicy.Candidate]) -> [Int64]?) -> [StoredSegment]? {
        lock.withLock {
            let free = segments.filter { !rewritten.contains($0.id) }
            let chosen = choose(
                free.map {
                    .init(
                        id: $0.id, createdAt: $0.reader.createdAt, spanCount: $0.statistics.spanCount,
                        thinnedForAge: $0.thinnedForAge, forwarding: forwarding.condition(of: $0.id))
                })
            guard let chosen, !chosen.isEmpty else { return nil }
            rewritten.formUnion(chosen)
            return chosen.compactMap { id in free.first { $0.id == id } }
        }
    }

    /// The segment with this ID, marked as being rewritten, as soon as nobody else rewrites it.
    /// - Returns: nil if it is gone.
    func beginRewriting(id: Int64) -> StoredSegment? {
        while true {
            let (segment, isBusy) = lock.withLock { () -> (StoredSegment?, Bool) in
                let segment = segments.first { $0.id == id }
                if rewritten.contains(id) { return (segment, true) }
                if segment != nil { rewritten.insert(id) }
                return (segment, false)
            }
            if !isBusy { return segment }
            usleep(10_000)
        }
    }

    /// - Parameter replacement: what comes in the place of the segments; nil: everything stays as it was.
    func endRewriting(_ ids: [Int64], replacement: [StoredSegment]?) {
        lock.withLock {
            rewritten.subtract(ids)
            guard let replacement else { return }
            let place = segments.firstIndex { ids.contains($0.id) } ?? segments.endIndex
            segments.removeAll { ids.contains($0.id) }
            segments.insert(contentsOf: replacement, at: min(place, segments.endIndex))
            forwarding.leave(ids)
            forwarding.enter(replacement)
        }
    }

    /// Removes the segments that `choose` names, after `commit` has succeeded.
    /// - Parameter choose: is shown all segments that nobody rewrites, and which of them are held for a destination.
    /// - Returns: what was removed, and how many spans of it destinations lacked.
    func remove(
        _ choose: ([StoredSegment], _ held: Set<Int64>) -> [StoredSegment],
        commit: ([StoredSegment]) throws(StoreError) -> Void
    ) throws(StoreError) -> (segments: [StoredSegment], unsentSpanCount: Int) {
        let chosen = lock.withLock {
            let free = segments.filter { !rewritten.contains($0.id) }
            let held = Set(free.map(\.id).filter(forwarding.isHeld))
            let chosen = choose(free, held)
            rewritten.formUnion(chosen.map(\.id))
            return chosen
        }
        guard !chosen.isEmpty else { return ([], 0) }
        let ids = chosen.map(\.id)
        do throws(StoreError) {
            try commit(chosen)
        } catch {
            endRewriting(ids, replacement: nil)
            throw error
        }
        let unsentSpanCount = lock.withLock { forwarding.countUnsent(chosen) }
        endRewriting(ids, replacement: [])
        return (chosen, unsentSpanCount)
    }

    // MARK: Following

    /// Calls `body` under the lock with what destinations lack, all segments, and those that are being rewritten.
    func withForwarding<Result>(
        _ body: (inout ForwardState, _ segments: [StoredSegment], _ rewritten: Set<Int64>) -> Result
    ) -> Result {
        lock.withLock { body(&forwarding, segments, rewritten) }
    }

    /// Whether anything came that is not sealed.
    var hasLive: Bool {
        lock.withLock { !turned.isEmpty || active.firstAppend != nil || active.pendingCount > 0 }
    }

    /// Spans and bytes of the generations, and whether one is being sealed.
    var live: (spanCount: Int, byteCount: Int, oldest: Double?) {
        lock.withLock {
            let all = turned.map(\.generation) + [active]
            return (
                all.reduce(0) { $0 + $1.spanCount }, all.reduce(0) { $0 + $1.byteCount },
                all.compactMap(\.firstAppend).min()
            )
        }
    }
}
