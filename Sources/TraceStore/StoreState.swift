internal import Glibc
internal import SegmentStore
internal import Synchronization
internal import Threads
internal import TraceModel

/// A segment that can be read, and what the catalog says of it.
struct StoredSegment: Sendable {
    let id: Int64
    let reader: SegmentReader
    let statistics: SegmentStatistics
}

/// What the store holds at one moment. A reader keeps it, so that sealing and retention take nothing away from under
/// it.
struct StoreSnapshot: Sendable {
    var generations: [GenerationSnapshot]
    var segments: [StoredSegment]
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
    private var active = Generation()
    /// Being sealed, the oldest first, and the last part of the journal that has spans of it.
    private var sealing: [(generation: Generation, journalPart: UInt64)] = []
    private var segments: [StoredSegment]

    private let isSealingUrgent: UrgentSealing

    init(segments: [StoredSegment], active: Generation, isSealingUrgent: UrgentSealing) {
        self.segments = segments
        self.active = active
        self.isSealingUrgent = isSealingUrgent
    }

    /// Seconds of the monotonic clock.
    static func now() -> Double { Double(SystemClock.monotonicNanoseconds()) / 1e9 }

    /// Chooses the generation for a batch and hands the batch on in the same moment: `enqueue` is called under the
    /// lock, so that the journal's parts and the generations hold the same batches.
    /// - Returns: nil if more than the limit is live.
    func beginAppend(
        _ batch: SpanBatch, liveByteCountMax: Int, enqueue: (Generation) -> Void
    ) -> Generation? {
        lock.withLock {
            let live = sealing.reduce(active.byteCount) { $0 + $1.generation.byteCount }
            guard live + batch.byteCount <= liveByteCountMax || live == 0 else { return nil }
            active.pendingCount += 1
            active.byteCount += batch.byteCount
            enqueue(active)
            return active
        }
    }

    func endAppend(_ batch: SpanBatch, to generation: Generation, isKept: Bool) {
        lock.withLock {
            generation.pendingCount -= 1
            if isKept {
                generation.keep(batch)
            } else {
                generation.byteCount -= batch.byteCount
            }
        }
    }

    func snapshot() -> StoreSnapshot {
        lock.withLock {
            StoreSnapshot(
                generations: (sealing.map(\.generation) + [active]).map {
                    GenerationSnapshot(generation: $0, batches: $0.batches)
                },
                segments: segments)
        }
    }

    // MARK: Sealing

    /// Whether the generation at hand is due: large, old, or idle for long enough to be worth a segment; or the journal
    /// cannot be relied on.
    func isDue(_ options: StoreOptions) -> Bool {
        let now = Self.now()
        return lock.withLock {
            guard active.spanCount > 0, let firstAppend = active.firstAppend else { return false }
            let isUrgent = isSealingUrgent.isSet.exchange(false, ordering: .relaxed)
            let age = now - firstAppend
            let idle = now - active.lastAppend
            return isUrgent || active.byteCount >= options.liveByteCountMax / 2 || age >= options.sealAge
                || (idle >= options.sealIdle && active.spanCount >= options.sealIdleSpanCount)
        }
    }

    /// Starts a new generation, unless nothing came to the one at hand; `rotate` is called in the same moment and
    /// gives the last part of the journal before it.
    func turn(_ rotate: () -> UInt64) {
        lock.withLock {
            guard active.spanCount > 0 || active.pendingCount > 0 else { return }
            sealing.append((active, rotate()))
            active = Generation()
        }
    }

    /// The generation that is to be sealed next, and the last part of the journal that has spans of it.
    var oldestTurned: (generation: Generation, journalPart: UInt64)? { lock.withLock { sealing.first } }

    /// The batches of a generation that is no longer at hand, once the journal has answered for each.
    func settledBatches(of generation: Generation) -> [SpanBatch] {
        while true {
            if let batches = lock.withLock({ generation.pendingCount == 0 ? generation.batches : nil }) {
                return batches
            }
            // The journal answers within a write or two; nobody waits for the sealing.
            usleep(1000)
        }
    }

    /// Puts a segment, if it became one, in the place of the oldest generation that was turned.
    func replaceOldestTurned(by segment: StoredSegment?) {
        lock.withLock {
            sealing.removeFirst()
            if let segment { segments.append(segment) }
        }
    }

    func remove(segmentIDs: Set<Int64>) { lock.withLock { segments.removeAll { segmentIDs.contains($0.id) } } }

    /// Spans and bytes of the generations, and whether one is being sealed.
    var live: (spanCount: Int, byteCount: Int, oldest: Double?) {
        lock.withLock {
            let all = sealing.map(\.generation) + [active]
            return (
                all.reduce(0) { $0 + $1.spanCount }, all.reduce(0) { $0 + $1.byteCount },
                all.compactMap(\.firstAppend).min()
            )
        }
    }
}
