/// One answered request, for metrics.
public struct HTTPRequestSummary: Sendable {
    public let server: String
    /// The pattern of the route that took it, without a mount prefix; nil where none did.
    public let routePattern: String?
    public let method: HTTPMethod
    public let status: HTTPStatus
    /// Of a gRPC call: how it ended; 0 is success.
    public let callCode: Int?
    /// From the first byte received until the answer was handed to the socket.
    public let durationNanoseconds: Int64
    /// Bytes of the body as sent.
    public let bodyByteCount: Int
}

/// Told what happens on a listener. Called on event loops: must be quick, and must not block.
public protocol HTTPServerObserver: Sendable {
    func requestFinished(_ summary: HTTPRequestSummary)
    func connectionOpened(server: String)
    func connectionClosed(server: String)
    /// Closed at once: too many were open.
    func connectionRefused(server: String)
    /// Closed because a client was too slow or silent for too long.
    func connectionTimedOut(server: String)
}

extension HTTPServerObserver {
    public func requestFinished(_ summary: HTTPRequestSummary) {}
    public func connectionOpened(server: String) {}
    public func connectionClosed(server: String) {}
    public func connectionRefused(server: String) {}
    public func connectionTimedOut(server: String) {}
}
