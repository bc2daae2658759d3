/// The answer to a request.
///
/// The server writes `date`, `connection`, `content-length` and `transfer-encoding` itself and leaves out those given
/// here.
public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Writes the body piece by piece on a worker thread, at the pace of the client. Thrown before the first piece
        /// was sent, an error becomes the answer, and an `HTTPAnswer` is it; later it cuts the connection, so that the
        /// client sees a broken answer.
        case producer(@Sendable (inout HTTPBodyWriter) throws -> Void)
    }

    public var status: HTTPStatus
    public var headers: [(name: String, value: String)]
    public var body: Body
    /// Fields behind the body, which only HTTP/2 carries. Where there is neither a body nor a field before it, they are
    /// all that is sent, as gRPC's errors are.
    var trailers: [(name: String, value: String)] = []

    public init(status: HTTPStatus, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = .bytes(body)
    }

    public init(
        status: HTTPStatus = .ok, headers: [(name: String, value: String)] = [],
        producer: @escaping @Sendable (inout HTTPBodyWriter) throws -> Void
    ) {
        self.status = status
        self.headers = headers
        self.body = .producer(producer)
    }

    /// An answer without a body.
    public static func empty(_ status: HTTPStatus) -> HTTPResponse {
        HTTPResponse(status: status)
    }

    /// Plain UTF-8 text.
    public static func text(_ status: HTTPStatus, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }

    /// A JSON document.
    public static func json(_ bytes: [UInt8], status: HTTPStatus = .ok) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("content-type", "application/json")], body: bytes)
    }

    public init(_ error: HTTPError) {
        self = .text(error.status, error.message)
        headers += error.headers
    }

    /// Whether the server alone writes the field.
    static func isFraming(_ name: String) -> Bool {
        ["content-length", "transfer-encoding", "connection", "date"].contains { framing in
            name.utf8.count == framing.utf8.count && name.lowercased() == framing
        }
    }

    /// The first value of the header field `name`, in whatever case it is written.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
