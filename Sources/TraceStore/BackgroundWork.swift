internal import Bytes
internal import Glibc

/// The store's own thread: seals what is due and lets go what is too old, until it is stopped.
final class BackgroundWork: @unchecked Sendable {
    // Unchecked: the flags are guarded by `condition`.
    private let condition = ThreadCondition()
    private var isAwake = false
    private var isStopping = false
    private var thread: pthread_t?

    /// Seconds between two looks at what is due, without a call.
    private static let interval = 0.5
    /// Seconds between two looks for segments that are too old or too many.
    private static let retentionInterval = 30.0

    func start(_ store: TraceStore) {
        let work = Unmanaged.passRetained(ThreadBody { [self] in run(store) })
        var started = pthread_t()
        let outcome = pthread_create(
            &started, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(outcome == 0, "the system starts a thread")
        thread = started
    }

    /// Has the store look at once whether something is due.
    func wake() {
        condition.signal { isAwake = true }
    }

    /// Ends the thread after what it is doing.
    func stop() {
        condition.signal { isStopping = true }
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }

    private func run(_ store: TraceStore) {
        var nextRetention = StoreState.now()
        while true {
            let stops = condition.wait(seconds: Self.interval) {
                defer { isAwake = false }
                return isStopping ? true : isAwake ? false : nil
            }
            if stops == true { return }
            store.sealIfDue()
            if StoreState.now() >= nextRetention {
                store.expire()
                nextRetention = StoreState.now() + Self.retentionInterval
            }
        }
    }

    private final class ThreadBody {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}
