internal import Synchronization
internal import Threads

/// The store's thread that merges segments, one merge after the other, within its share of a processor.
final class Compactor: @unchecked Sendable {
    // Unchecked: the flags are guarded by `condition`; the thread is set by `start` and cleared by `stop`, which one
    // caller calls in turn.
    private let condition = ThreadCondition()
    private var isAwake = false
    private let isStopping = Atomic<Bool>(false)
    private var thread: WorkerThread?

    /// Seconds between two looks for segments to merge, without a call.
    private static let interval = 10.0
    /// Seconds to wait after a merge failed: the disk is full, say.
    private static let failureInterval = 60.0

    func start(_ store: TraceStore) throws(ThreadError) {
        thread = try WorkerThread { [self] in
            CurrentThread.lowerPriority()
            run(store)
        }
    }

    /// Has the compactor look at once whether something is due.
    func wake() {
        condition.signal { isAwake = true }
    }

    /// Ends the thread; a merge at hand is given up.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        condition.signal { isAwake = true }
        thread?.join()
        thread = nil
    }

    private func run(_ store: TraceStore) {
        var interval = Self.interval
        while !isStopping.load(ordering: .relaxed) {
            let isCalled = condition.wait(seconds: interval) {
                defer { isAwake = false }
                return isAwake ? true : nil
            }
            // After a failure calls count for nothing until the time is up.
            if isCalled == true && interval > Self.interval && !isStopping.load(ordering: .relaxed) { continue }
            interval = Self.interval
            var outcome = TraceStore.CompactionOutcome.merged
            while outcome == .merged, !isStopping.load(ordering: .relaxed) {
                outcome = store.ageIfDue { [self] in isStopping.load(ordering: .relaxed) }
                guard outcome == .nothingDue else { continue }
                outcome = store.compactIfDue { [self] in isStopping.load(ordering: .relaxed) }
            }
            if outcome == .failed { interval = Self.failureInterval }
        }
    }
}
