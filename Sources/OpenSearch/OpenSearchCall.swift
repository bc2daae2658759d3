internal import HTTPClient
internal import Synchronization

/// A request to a cluster that is under way.
public final class OpenSearchCall: Sendable {
    private struct State {
        /// At the node that is asked now, and how many were asked before it.
        var request: HTTPConnectionPool.RequestID?
        var attempt = -1
        var isCancelled = false
    }

    private let pool: HTTPConnectionPool
    private let state = Mutex(State())

    init(_ pool: HTTPConnectionPool) { self.pool = pool }

    /// Ends the request with `stopped`, unless it has ended, and closes its connection: a cluster gives a search up
    /// that nobody waits for.
    public func cancel() {
        let request = state.withLock { state in
            state.isCancelled = true
            return state.request
        }
        if let request { pool.cancel(request) }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Takes note of the request to a node. The next one may have been begun already.
    func began(_ request: HTTPConnectionPool.RequestID, attempt: Int) {
        let isCancelled = state.withLock { state in
            if attempt > state.attempt {
                state.attempt = attempt
                state.request = request
            }
            return state.isCancelled
        }
        if isCancelled { pool.cancel(request) }
    }
}
