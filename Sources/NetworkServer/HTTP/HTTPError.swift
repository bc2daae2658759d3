/// An answer thrown by a handler: `status` with `message` as plain text.
public struct HTTPError: Error, Sendable {
    public let status: HTTPStatus
    public let message: String
    public let headers: [(name: String, value: String)]

    public init(_ status: HTTPStatus, _ message: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.message = message
        self.headers = headers
    }

    static let overloaded = HTTPError(
        .serviceUnavailable, "Too busy, try again later", headers: [("retry-after", "1")])
    static let callDeadlinePassed = HTTPError(.requestTimeout, "The call's deadline passed")
}

/// An answer thrown by a handler or a producer, as it is to be sent.
public struct HTTPAnswer: Error {
    public let response: HTTPResponse

    /// - Parameter response: with bytes for a body.
    public init(_ response: HTTPResponse) { self.response = response }
}

/// Why a listener could not be opened.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case addressInvalid  // not an IPv4 or IPv6 literal, or no such port
        case addressInUse
        case notPermitted
        case cannotListen
    }
    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public var description: String { message }
}

/// Why a streamed answer could not be written on; thrown by handlers too, once nobody waits for their answer.
public struct HTTPClientGone: Error, Sendable, CustomStringConvertible {
    public init() {}

    public var description: String { "the client closed the connection, or stopped reading the answer" }
}
