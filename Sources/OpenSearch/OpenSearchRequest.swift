internal import HTTPClient

/// What is asked of a cluster.
public struct OpenSearchRequest: Sendable {
    public var method: String
    /// With its slash and query, already percent-encoded.
    public var path: String
    var content: RequestBody?
    /// Of the body.
    public var contentType = "application/json"
    /// Whether the body is packed with gzip.
    public var isPacked = false
    /// For the request as a whole; nil: as the options of the client say.
    public var timeout: Duration?

    public init(_ method: String, _ path: String, body: [UInt8]? = nil, timeout: Duration? = nil) {
        self.method = method
        self.path = path
        content = body.map { .bytes($0) }
        self.timeout = timeout
    }
}

/// What a cluster answered: a status of 2xx.
public struct OpenSearchResponse: Sendable {
    public let status: Int
    /// Unpacked.
    public let body: [UInt8]
    /// The node's URL, without a user's name and password.
    public let node: String
}
