package import NetworkServer
package import TraceStore

/// What bounds the queries of all APIs. How many run at a time is the server's own matter: as many as it has worker
/// threads for queries, and so many more wait.
public struct QueryLimits: Sendable {
    /// For one query, its answer included.
    public var time: Duration

    public init(time: Duration) { self.time = time }

    /// The bounds of the query that a request asks for: it ends when the client goes away.
    package func work(for request: HTTPRequest) -> QueryWork {
        QueryWork(deadline: .now + time, isWanted: { request.isClientConnected })
    }
}
