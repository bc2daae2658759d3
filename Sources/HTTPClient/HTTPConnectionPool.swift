internal import Synchronization
internal import Threads

/// An HTTP client for many requests at once to any servers, on connections that are kept and shared.
///
/// HTTP/2 is spoken over TLS where the server does, else HTTP/1.1; each connection carries one request at a time.
/// Follows no redirects and retries nothing, but what a server closed its idle connection to. A thread of its own does
/// the work; `shutDown` ends it.
public final class HTTPConnectionPool: Sendable {
    /// One request under way.
    public struct RequestID: Hashable, Sendable {
        let number: UInt64
    }

    public typealias Completion = @Sendable (Result<HTTPClient.Response, HTTPClientError>) -> Void

    private let loop: TransferLoop
    /// Nil once it was waited for.
    private let thread: Mutex<WorkerThread?>

    /// - Throws: `HTTPClientError`, `noLibrary` only.
    public init(_ options: HTTPConnectionOptions = HTTPConnectionOptions()) throws(HTTPClientError) {
        try HTTPClientLibrary.load()
        let loop = TransferLoop(options)
        self.loop = loop
        do throws(ThreadError) {
            thread = Mutex(try WorkerThread { loop.run() })
        } catch {
            loop.discard()
            throw HTTPClientError(.noLibrary, "no thread for connections: \(error)")
        }
    }

    deinit {
        loop.stop()
        // The last reference may go within a completion, on that very thread.
        thread.withLock { $0?.detach() }
    }

    /// Sends a request, and returns at once.
    ///
    /// - Parameter completion: called once, on the pool's own thread, which serves all requests: it must not block.
    /// - Returns: what `cancel` takes.
    @discardableResult
    public func send(_ request: HTTPClient.Request, completion: @escaping Completion) -> RequestID {
        loop.add(request, completion)
    }

    /// Ends a request with `cancelled`, unless it has ended.
    public func cancel(_ request: RequestID) { loop.cancel(request) }

    /// Sends a request and waits for its answer. Not within a completion.
    public func perform(_ request: HTTPClient.Request) throws(HTTPClientError) -> HTTPClient.Response {
        precondition(!loop.isOwnThread, "a completion does not wait for a request")
        let waiting = Waiting<Result<HTTPClient.Response, HTTPClientError>>()
        send(request) { waiting.finish($0) }
        return try waiting.wait().get()
    }

    /// Ends all requests with `cancelled`, and closes the connections. Returns when every completion was called;
    /// requests that follow are cancelled at once. Not within a completion.
    public func shutDown() {
        loop.stop()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }
}
