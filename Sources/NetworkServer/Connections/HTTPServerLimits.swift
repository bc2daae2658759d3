/// What one listener allows its senders. Beyond it a request is refused and the connection may be closed.
public struct HTTPServerLimits: Sendable {
    /// Bytes of a body as sent, still packed. Over it: 413.
    public var bodyByteCountMax = 20 << 20
    /// Bytes of a body once unpacked. Over it: 413.
    public var unpackedByteCountMax = 64 << 20
    /// Bytes of the request line and all header fields. Over it: 431.
    public var headerByteCountMax = 64 << 10
    /// Connections open at once. One more is accepted and closed at once.
    public var connectionCountMax = 10_000
    /// How long a connection may rest between two requests, or a client may leave an answer unread.
    public var idleTimeout = Duration.seconds(75)
    /// Time from the first byte of a request until its last. Over it: 408.
    public var requestTimeout = Duration.seconds(30)
    /// How long, and how many bytes, are read and dropped after an answer that ends a connection, so that a client
    /// that is still sending can read it.
    public var lingerTimeout = Duration.seconds(5)
    public var lingerByteCountMax = 32 << 20

    public init() {}
}
