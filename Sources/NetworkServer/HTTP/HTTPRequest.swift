/// One request, its body received whole.
///
/// Cheap to pass on; it may be kept. Text is made of its bytes only when asked for.
public struct HTTPRequest: Sendable {
    public let method: HTTPMethod
    /// Which of the group's event loops carries the connection: 0 up to, not including,
    /// `HTTPServerGroup.eventLoopCount`.
    public let eventLoopIndex: Int
    /// When the client of a gRPC call stops waiting for its end, by `grpc-timeout`; nil if it did not say. The call is
    /// ended then, and `isClientConnected` turns false.
    public let deadline: ContinuousClock.Instant?
    let storage: RequestStorage
    let pathRange: Range<Int>
    let queryRange: Range<Int>
    let peer: ConnectionPeer

    /// As sent, without query, still percent-encoded.
    public var path: String { pathRange.isEmpty ? "/" : storage.text(pathRange) }

    public var query: HTTPQuery { HTTPQuery(storage: storage, range: queryRange) }

    public var body: HTTPBody { HTTPBody(storage: storage) }

    /// The value of the field `name`, in whatever case it was sent; several are joined by a comma.
    public func header(_ name: String) -> String? {
        storage.header(name)
    }

    /// The media type, in lower case and without parameters: `application/json`.
    public var contentType: String? { storage.contentType }

    /// The IP address of the client, or of the last proxy; nil if the connection ended too early to tell.
    public var remoteAddress: String? { peer.address }

    /// False once the client closed its side or took its request back, or its call's deadline passed: a long query may
    /// stop, nobody waits for it.
    public var isClientConnected: Bool { peer.isConnected }
}

extension HTTPRequest {
    /// Whether the messages of a call came packed with gzip: its client wants the answers so, too.
    var sendsGzipMessages: Bool { header("grpc-encoding")?.lowercased() == "gzip" }

    /// Whether an answer packed with gzip may be sent.
    var acceptsGzip: Bool {
        guard let value = header("accept-encoding") else { return false }
        for coding in value.split(separator: ",") {
            let parts = coding.split(separator: ";").map { $0.lowercased().filter { $0 != " " && $0 != "\t" } }
            guard let name = parts.first, name == "gzip" || name == "x-gzip" || name == "*" else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            return !["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(weight ?? "")
        }
        return false
    }
}
