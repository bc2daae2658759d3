/// Why a cluster did not do what was asked.
public struct OpenSearchError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case badOptions  // what was configured cannot be used
        case unreachable  // no answer: no connection, silence, or cut short
        case untrusted  // TLS: the certificate of one side does not satisfy the other
        case unauthorized  // 401, 403: credentials are missing, wrong, or of too few rights
        case tooLarge  // 413: of the request; or the answer is larger than allowed
        case pushedBack  // 429, 503: later, and less
        case serverFailure  // other 5xx, 408
        case rejected  // other 4xx: the request itself is not as the cluster wants it
        case badAnswer  // not what OpenSearch answers
        case stopped  // by our own shutdown
    }

    public let code: Code
    /// Of HTTP; nil without an answer.
    public let status: Int?
    /// Which node, and what it said; no secrets.
    public let message: String
    /// What the cluster calls it, such as `mapper_parsing_exception`; empty if it gave no such name.
    public let type: String
    /// How long the cluster wants to be left alone.
    public let retryAfter: Duration?

    public init(
        _ code: Code, _ message: String, status: Int? = nil, type: String = "", retryAfter: Duration? = nil
    ) {
        self.code = code
        self.status = status
        self.message = message
        self.type = type
        self.retryAfter = retryAfter
    }

    public var description: String { message }

    /// The same without details: what stays the same while it goes on.
    public var summary: String {
        if let status, code != .badAnswer { return "OpenSearch answers \(status)" }
        return switch code {
        case .badOptions: "OpenSearch is not configured as it should be"
        case .stopped: "skein is stopping"
        case .badAnswer: "OpenSearch's answer is not understood"
        case .tooLarge: "OpenSearch's answer is too large"
        case .untrusted: "OpenSearch's certificate is not trusted, or ours is not"
        default: "OpenSearch cannot be reached"
        }
    }
}
