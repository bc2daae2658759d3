internal import CCurl
internal import CShim

/// A blocking HTTP client for one server, on a connection that is kept between requests.
///
/// Follows no redirects and retries nothing. Not for several threads at once.
public final class HTTPClient {
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
    private let timeoutMilliseconds: Int
    private let responseByteCountMax: Int
    private let handle: UnsafeMutableRawPointer
    private let exchange: Exchange

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
        if let reason = HTTPClientLibrary.failure {
            throw HTTPClientError(.noLibrary, "libcurl cannot be used (package libcurl4): \(reason)")
        }
        guard let handle = skein_curl_make() else { preconditionFailure("libcurl has memory for a handle") }
        self.handle = handle
        var url = baseURL.contains("://") ? baseURL : "http://" + baseURL
        while url.hasSuffix("/") { url.removeLast() }
        self.baseURL = url
        timeoutMilliseconds = max(
            1, Int(timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000))
        self.responseByteCountMax = responseByteCountMax
        exchange = Exchange()
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), !url.contains(where: { $0.isWhitespace }) else {
            throw HTTPClientError(
                CURLE_URL_MALFORMAT, baseURL: baseURL, timeoutMilliseconds: timeoutMilliseconds, detail: "")
        }
    }

    deinit { skein_curl_free(handle) }

    /// - Parameter path: with its slash and query, already percent-encoded.
    public func get(_ path: String, headers: [(name: String, value: String)] = []) throws(HTTPClientError) -> Response {
        try perform(path, headers, body: nil)
    }

    public func post(
        _ path: String, body: [UInt8], contentType: String, headers: [(name: String, value: String)] = []
    ) throws(HTTPClientError) -> Response {
        try perform(path, [("Content-Type", contentType)] + headers, body: body)
    }

    // MARK: Details

    private func perform(
        _ path: String, _ headers: [(name: String, value: String)], body: [UInt8]?
    ) throws(HTTPClientError) -> Response {
        skein_curl_reset(handle)  // keeps the connection
        exchange.reset(bodyByteCountMax: responseByteCountMax)
        var list: UnsafeMutableRawPointer?
        defer { skein_curl_list_free(list) }
        for (name, value) in headers { list = skein_curl_list_append(list, "\(name): \(value)") }
        list = skein_curl_list_append(list, "Expect:")

        setText(CURLOPT_URL, baseURL + path)
        setText(CURLOPT_USERAGENT, "skein")
        setText(CURLOPT_PROTOCOLS_STR, "http,https")
        setText(CURLOPT_ACCEPT_ENCODING, "")
        if isLoopback { setText(CURLOPT_PROXY, "") }
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
        skein_curl_set_pointer(handle, code(CURLOPT_HTTPHEADER), list)
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        skein_curl_set_pointer(handle, code(CURLOPT_WRITEDATA), context)
        skein_curl_set_pointer(handle, code(CURLOPT_HEADERDATA), context)
        skein_curl_set_pointer(handle, code(CURLOPT_ERRORBUFFER), exchange.errorText)
        skein_curl_set_receiver(handle, code(CURLOPT_WRITEFUNCTION)) { bytes, size, count, context in
            Exchange.of(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        skein_curl_set_receiver(handle, code(CURLOPT_HEADERFUNCTION)) { bytes, size, count, context in
            Exchange.of(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }

        let outcome = transfer(body)
        guard outcome == CURLE_OK else {
            if exchange.isTooLarge {
                throw HTTPClientError(
                    .tooLarge, "the answer of \(baseURL) is longer than \(responseByteCountMax) bytes")
            }
            throw HTTPClientError(
                outcome, baseURL: baseURL, timeoutMilliseconds: timeoutMilliseconds, detail: exchange.detail)
        }
        var status = 0
        skein_curl_get_long(handle, Int32(CURLINFO_RESPONSE_CODE.rawValue), &status)
        return Response(status: status, headers: exchange.headers, body: exchange.body)
    }

    /// curl reads the body where it lies, so it must stay there until the end.
    private func transfer(_ body: [UInt8]?) -> CURLcode {
        guard let body else { return outcome(skein_curl_perform(handle)) }
        set(CURLOPT_POST, 1)
        skein_curl_set_offset(handle, code(CURLOPT_POSTFIELDSIZE_LARGE), Int64(body.count))
        return body.withUnsafeBytes { bytes in
            // Without an address curl would ask for the body from standard input.
            withUnsafePointer(to: UInt8(0)) { nothing in
                skein_curl_set_pointer(handle, code(CURLOPT_POSTFIELDS), bytes.baseAddress ?? UnsafeRawPointer(nothing))
                return outcome(skein_curl_perform(handle))
            }
        }
    }

    /// Such a server is never behind a proxy.
    private var isLoopback: Bool {
        let rest = baseURL.drop { $0 != "/" }.dropFirst(2)
        return ["localhost", "127.", "[::1]"].contains { rest.hasPrefix($0) }
    }

    private func outcome(_ code: Int32) -> CURLcode { CURLcode(rawValue: UInt32(bitPattern: code)) }
    private func code(_ option: CURLoption) -> Int32 { Int32(option.rawValue) }
    private func set(_ option: CURLoption, _ value: Int) { skein_curl_set_long(handle, code(option), value) }
    private func setText(_ option: CURLoption, _ text: String) { skein_curl_set_pointer(handle, code(option), text) }
}

/// What arrives during one request. curl holds a pointer to it while the request is under way.
private final class Exchange {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private(set) var isTooLarge = false
    let errorText: UnsafeMutablePointer<CChar>
    private var bodyByteCountMax = 0
    private static let headerCountMax = 1000

    init() {
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { errorText.deallocate() }

    static func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
        guard let context else { preconditionFailure("curl hands back the exchange that it was given") }
        return Unmanaged.fromOpaque(context).takeUnretainedValue()
    }

    var detail: String { String(cString: errorText) }

    func reset(bodyByteCountMax: Int) {
        headers = []
        body = []
        isTooLarge = false
        errorText[0] = 0
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// How many bytes were taken; fewer than given end the request.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= bodyByteCountMax else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = []  // those so far belonged to an interim answer
        } else if let colon = line.firstIndex(of: ":"), headers.count < Self.headerCountMax {
            let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
            headers.append((line[..<colon].lowercased(), String(value.reversed().drop { $0.isWhitespace }.reversed())))
        }
        return bytes.count
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
}
