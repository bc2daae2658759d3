internal import Glibc

/// The system has no thread to give.
public struct ThreadError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// A thread of its own for work that blocks. It has to be waited for once.
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

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
