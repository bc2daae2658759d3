internal import Glibc

/// The system has no thread to give.
public struct ThreadError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// A thread of its own for work that blocks. It has to be waited for, or let go, once.
public struct WorkerThread: Sendable {
    private let thread: pthread_t

    /// Starts at once.
    public init(body: @escaping @Sendable () -> Void) throws(ThreadError) {
        var started = pthread_t()
        let box = Unmanaged.passRetained(Body(run: body))
        let outcome = pthread_create(
            &started, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard outcome == 0 else {
            box.release()
            throw ThreadError(description: "no thread: \(String(cString: strerror(outcome)))")
        }
        thread = started
    }

    /// Waits for the end of the work. Called once.
    public func join() { pthread_join(thread, nil) }

    /// Lets the thread end by itself, unwaited for. Called in place of `join`.
    public func detach() { pthread_detach(thread) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// The thread that calls.
public enum CurrentThread {
    /// Tells the threads that run at one time apart.
    public struct Identity: Equatable, Sendable {
        fileprivate let thread: pthread_t
    }

    public static var identity: Identity { Identity(thread: pthread_self()) }

    /// Has a write to a connection that was closed fail, in place of ending the process.
    public static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Lets other threads of the machine go first where there is not enough for all.
    public static func lowerPriority() {
        // On Linux 0 is the calling thread, not its process.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    }

    /// Nanoseconds of processor time that the thread has had.
    public static func processorNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
