internal import CCurl
internal import CShim

/// One of curl's handles, and what goes through it; for one request after the other.
final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private let exchange = CurlExchange()
    private var headerList: UnsafeMutableRawPointer?
    private var url = ""
    private var timeout = Duration.zero
    private var responseByteCountMax = 0

    init() {
        guard let handle = skein_curl_make() else { preconditionFailure("libcurl has memory for a handle") }
        self.handle = handle
    }

    deinit {
        skein_curl_free(handle)
        skein_curl_list_free(headerList)
    }

    /// Gets everything ready. The body stays where it is until the end.
    func prepare(_ request: HTTPClient.Request, _ options: HTTPConnectionOptions) {
        skein_curl_reset(handle)  // keeps the connection
        url = request.url
        timeout = request.timeout ?? options.requestTimeout
        responseByteCountMax = options.responseByteCountMax
        exchange.reset(requestBody: request.body ?? .bytes([]), responseByteCountMax: responseByteCountMax)
        skein_curl_list_free(headerList)
        headerList = nil
        for (name, value) in request.headers {
            // curl takes a name with a semicolon for a header without a value.
            headerList = skein_curl_list_append(headerList, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        headerList = skein_curl_list_append(headerList, "Expect:")
        setText(CURLOPT_URL, request.url)
        setText(CURLOPT_USERAGENT, "skein")
        setText(CURLOPT_PROTOCOLS_STR, "http,https")
        setText(CURLOPT_ACCEPT_ENCODING, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TIMEOUT_MS, timeout.milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        setPointer(CURLOPT_HTTPHEADER, headerList)
        setPointer(CURLOPT_ERRORBUFFER, exchange.errorText)
        prepareConnection(options)
        prepareMethod(request)
        prepareExchange()
    }

    /// Sends the request and waits for the answer.
    func perform() -> Result<HTTPClient.Response, HTTPClientError> { finish(skein_curl_perform(handle)) }

    /// What came of it, by curl's own code. The request's body is let go.
    func finish(_ code: Int32) -> Result<HTTPClient.Response, HTTPClientError> {
        defer { exchange.reset() }
        let outcome = CURLcode(rawValue: UInt32(bitPattern: code))
        guard outcome == CURLE_OK else {
            if exchange.isTooLarge {
                let text = "the answer of \(HTTPClient.Request.server(of: url)) is longer than \(responseByteCountMax)"
                return .failure(HTTPClientError(.tooLarge, text + " bytes"))
            }
            let isSent = number(CURLINFO_REQUEST_SIZE) > 0
            return .failure(
                HTTPClientError(outcome, url: url, timeout: timeout, isSent: isSent, detail: exchange.detail))
        }
        return .success(
            HTTPClient.Response(
                status: number(CURLINFO_RESPONSE_CODE), headers: exchange.headers, body: exchange.responseBody))
    }

    /// Lets go what was sent and what came.
    func forget() { exchange.reset() }

    // MARK: Details

    private func prepareConnection(_ options: HTTPConnectionOptions) {
        if HTTPClient.Request.isLoopback(url) {
            setText(CURLOPT_PROXY, "")
        } else if let proxy = options.proxy {
            setText(CURLOPT_PROXY, proxy)
        }
        guard url.hasPrefix("https:") else { return }
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let file = options.caFile { setText(CURLOPT_CAINFO, file) }
        if let file = options.clientCertificateFile { setText(CURLOPT_SSLCERT, file) }
        if let file = options.clientKeyFile { setText(CURLOPT_SSLKEY, file) }
        if !options.verifiesServers {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    private func prepareMethod(_ request: HTTPClient.Request) {
        if let body = request.body {
            set(CURLOPT_POST, 1)
            skein_curl_set_offset(handle, code(CURLOPT_POSTFIELDSIZE_LARGE), Int64(body.count))
            if request.method != "POST" { setText(CURLOPT_CUSTOMREQUEST, request.method) }
        } else if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else if request.method != "GET" {
            setText(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func prepareExchange() {
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        for option in [CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA] {
            setPointer(option, context)
        }
        skein_curl_set_receiver(handle, code(CURLOPT_READFUNCTION)) { buffer, size, count, context in
            CurlExchange.of(context).send(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        skein_curl_set_seeker(handle, code(CURLOPT_SEEKFUNCTION)) { context, offset, origin in
            // Origin 0 is the start, which is all that curl asks for.
            origin == 0 && CurlExchange.of(context).seek(to: offset) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
        skein_curl_set_receiver(handle, code(CURLOPT_WRITEFUNCTION)) { bytes, size, count, context in
            CurlExchange.of(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        skein_curl_set_receiver(handle, code(CURLOPT_HEADERFUNCTION)) { bytes, size, count, context in
            CurlExchange.of(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    private func number(_ what: CURLINFO) -> Int {
        var number = 0
        skein_curl_get_long(handle, Int32(what.rawValue), &number)
        return number
    }

    private func code(_ option: CURLoption) -> Int32 { Int32(option.rawValue) }
    private func set(_ option: CURLoption, _ value: Int) { skein_curl_set_long(handle, code(option), value) }
    private func setText(_ option: CURLoption, _ text: String) { skein_curl_set_pointer(handle, code(option), text) }
    private func setPointer(_ option: CURLoption, _ pointer: UnsafeRawPointer?) {
        skein_curl_set_pointer(handle, code(option), pointer)
    }
}

extension Duration {
    /// At least 1: to curl 0 is for ever. At most a day.
    fileprivate var milliseconds: Int {
        let seconds = Int(min(max(components.seconds, 0), 86_400))
        return max(1, seconds * 1000 + Int(components.attoseconds / 1_000_000_000_000_000))
    }
}
