internal import CShim

/// A blocking HTTP client for one server, on a connection that is kept between requests.
///
/// Follows no redirects and retries nothing. Not for several threads at once.
public final class HTTPClient {
    /// What is asked of a server.
    public struct Request: Sendable {
        public var method: String
        /// With its path and query, already percent-encoded.
        public var url: String
        public var headers: [(name: String, value: String)]
        /// Sent as it is; nil sends none.
        public var body: RequestBody?
        /// For the request as a whole; nil: as the client's options say.
        public var timeout: Duration?

        public init(
            method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
            timeout: Duration? = nil
        ) {
            self.init(
                method: method, url: url, headers: headers, content: body.map { .bytes($0) }, timeout: timeout)
        }

        public init(
            method: String, url: String, headers: [(name: String, value: String)], content: RequestBody?,
            timeout: Duration? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            body = content
            self.timeout = timeout
        }
    }

    /// What the server answered, whatever the status.
    public struct Response: Sendable {
        public let status: Int
        /// In the order of arrival; names in lower case.
        public let headers: [(name: String, value: String)]
        /// Unpacked.
        public let body: [UInt8]

        /// The first header with this name, which is given in lower case.
        public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

        /// The body as text; bytes that are not UTF-8 are replaced.
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Without a slash at the end.
    public let baseURL: String
    private let options: HTTPConnectionOptions
    private let transfer: CurlTransfer

    /// Connects with the first request.
    ///
    /// - Parameters:
    ///   - baseURL: such as `http://127.0.0.1:9411`; a path in it goes before every request's path, and the scheme may
    ///     be missing.
    ///   - timeout: for each request as a whole.
    ///   - responseByteCountMax: of one answer's body, unpacked.
    /// - Throws: `HTTPClientError`, `badURL` and `noLibrary` only.
    public init(
        baseURL: String, timeout: Duration = .seconds(60), responseByteCountMax: Int = 1 << 30
    ) throws(HTTPClientError) {
        try HTTPClientLibrary.load()
        var url = baseURL.contains("://") ? baseURL : "http://" + baseURL
        while url.hasSuffix("/") { url.removeLast() }
        self.baseURL = url
        var options = HTTPConnectionOptions()
        options.connectTimeout = timeout
        options.requestTimeout = timeout
        options.responseByteCountMax = responseByteCountMax
        self.options = options
        guard Request.isURL(url) else { throw HTTPClientError(badURL: baseURL) }
        transfer = CurlTransfer()
    }

    /// - Parameter path: with its slash and query, already percent-encoded.
    public func get(_ path: String, headers: [(name: String, value: String)] = []) throws(HTTPClientError) -> Response {
        try perform(Request(url: baseURL + path, headers: headers))
    }

    public func post(
        _ path: String, body: [UInt8], contentType: String, headers: [(name: String, value: String)] = []
    ) throws(HTTPClientError) -> Response {
        try perform(
            Request(
                method: "POST", url: baseURL + path, headers: [("Content-Type", contentType)] + headers, body: body))
    }

    private func perform(_ request: Request) throws(HTTPClientError) -> Response {
        transfer.prepare(request, options)
        do throws(HTTPClientError) {
            return try transfer.perform().get()
        } catch {
            guard error.code == .unreachable, error.message.hasPrefix("nothing listens") else { throw error }
            throw HTTPClientError(.unreachable, error.message + ": is skein running? ('skein serve')")
        }
    }
}

extension HTTPClient.Request {
    static func isURL(_ text: String) -> Bool {
        (text.hasPrefix("http://") || text.hasPrefix("https://")) && !text.contains { $0.isWhitespace }
    }

    /// Whether the server is this machine by its loopback address: never behind a proxy.
    package static func isLoopback(_ url: String) -> Bool {
        let host = server(of: url).drop { $0 != "/" }.dropFirst(2)
        return ["localhost", "127.", "[::1]"].contains { host.hasPrefix($0) }
    }

    /// Scheme, host and port of a URL, without a user's name and password.
    static func server(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return String(url[..<scheme.upperBound]) + host
    }
}

/// The library under the client, loaded when it is first asked for.
public enum HTTPClientLibrary {
    /// Such as `7.88.1`.
    public static var version: String {
        guard failure == nil, let text = skein_curl_version() else { return "unknown" }
        return String(cString: text)
    }

    /// Why there is none; nil if there is.
    static var failure: String? { skein_curl_load().map { String(cString: $0) } }

    static func load() throws(HTTPClientError) {
        guard let failure else { return }
        throw HTTPClientError(.noLibrary, "libcurl cannot be used (package libcurl4): \(failure)")
    }
}
