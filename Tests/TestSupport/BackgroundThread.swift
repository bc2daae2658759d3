internal import Glibc
internal import Synchronization

/// A thread of its own for blocking work, and its result.
///
/// Tests that block (on sockets, on other processes) must not do so on the threads that tasks share.
public final class BackgroundThread<Value: Sendable>: Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Value
        let value = Mutex<Value?>(nil)

        init(body: @escaping @Sendable () -> Value) {
            self.body = body
        }
    }

    private let work: Work
    private let thread: pthread_t

    /// Starts at once.
    public init(_ body: @escaping @Sendable () -> Value) {
        let work = Work(body: body)
        self.work = work
        // The thread takes a type-erased closure: a C function pointer cannot carry `Value`.
        thread = startThread {
            let value = work.body()
            work.value.withLock { $0 = value }
        }
    }

    /// Waits for the end. Call it exactly once: it also releases the thread.
    public func join() -> Value {
        pthread_join(thread, nil)
        guard let value = work.value.withLock({ $0 }) else { preconditionFailure("the thread ran to its end") }
        return value
    }
}

extension BackgroundThread<Void> {
    /// Starts work that nobody will wait for.
    public static func detach(_ body: @escaping @Sendable () -> Void) {
        pthread_detach(startThread(body))
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func startThread(_ run: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(ThreadBody(run: run)).toOpaque()
    let outcome = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, body)
    precondition(outcome == 0, "a thread can be started")
    return thread
}
