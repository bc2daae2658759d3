internal import Threads

/// The store's own thread: seals what is due and lets go what is too old, until it is stopped.
final class BackgroundWork: @unchecked Sendable {
    // Unchecked: the flags are guarded by `condition`; the thread is set by `start` and cleared by `stop`, which one
    // caller calls in turn.
    private let condition = ThreadCondition()
    private var isAwake = false
    private var isStopping = false
    private var thread: WorkerThread?

    /// Seconds between two looks at what is due, without a call.
    private static let interval = 0.5
    /// Seconds to wait after a segment could not be written: the disk is full, say.
    private static let failureInterval = 5.0
    /// Seconds between two looks for segments that are too old or too many.
    private static let retentionInterval = 30.0

    func start(_ store: TraceStore) throws(ThreadError) {
        thread = try WorkerThread { [self] in run(store) }
    }

    /// Has the store look at once whether something is due.
    func wake() {
        condition.signal { isAwake = true }
    }

    /// Ends the thread after what it is doing.
    func stop() {
        condition.signal { isStopping = true }
        thread?.join()
        thread = nil
    }

    private func run(_ store: TraceStore) {
        var nextSealing = 0.0
        var nextRetention = 0.0
        while true {
            let isToStop = condition.wait(seconds: Self.interval) {
                defer { isAwake = false }
                return isStopping ? true : isAwake ? false : nil
            }
            if isToStop == true { return }
            if StoreState.now() >= nextSealing, !store.sealIfDue() {
                nextSealing = StoreState.now() + Self.failureInterval
            }
            store.serveWaiting()
            if StoreState.now() >= nextRetention {
                store.expire()
                nextRetention = StoreState.now() + Self.retentionInterval
            }
        }
    }
}
