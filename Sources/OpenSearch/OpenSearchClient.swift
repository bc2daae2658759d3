internal import HTTPClient
public import Logging
internal import Synchronization
internal import Threads

/// A client of one OpenSearch or Elasticsearch cluster.
///
/// Its nodes are asked in turn. One that fails is left alone for a while, and the request goes to the next.
public final class OpenSearchClient: Sendable {
    public typealias Completion = @Sendable (Result<OpenSearchResponse, OpenSearchError>) -> Void

    let options: OpenSearchOptions
    let logger: Logger
    private let nodes: [NodeURL]
    private let rotation: Mutex<NodeRotation>
    private let credentials: Credentials?
    private let pool: HTTPConnectionPool

    /// Asks nothing of the cluster yet.
    ///
    /// - Throws: `OpenSearchError`, `badOptions` only.
    public init(_ options: OpenSearchOptions, logger: Logger) throws(OpenSearchError) {
        guard !options.urls.isEmpty else { throw OpenSearchError(.badOptions, "OpenSearch has no URL") }
        var nodes: [NodeURL] = []
        for url in options.urls { nodes.append(try NodeURL(url)) }
        self.options = options
        self.logger = logger
        self.nodes = nodes
        rotation = Mutex(NodeRotation(count: nodes.count))
        credentials = try Credentials.make(options, logger)
        guard
            nodes.allSatisfy({
                $0.user.map { Credentials.header(username: $0.name, password: $0.password) } != .some(nil)
            })
        else { throw OpenSearchError(.badOptions, "a user's name in one of OpenSearch's URLs cannot be sent") }
        var connections = HTTPConnectionOptions()
        connections.connectTimeout = options.connectTimeout
        connections.requestTimeout = options.requestTimeout
        connections.connectionCountMax = options.connectionCountMax
        connections.responseByteCountMax = 256 << 20
        connections.caFile = options.caFile
        connections.clientCertificateFile = options.clientCertificateFile
        connections.clientKeyFile = options.clientKeyFile
        connections.verifiesServers = !options.skipsHostVerification
        connections.proxy = options.proxy
        do throws(HTTPClientError) {
            pool = try HTTPConnectionPool(connections)
        } catch {
            throw OpenSearchError(.badOptions, error.message)
        }
        warnOfDangers()
    }

    /// Sends a request, and returns at once.
    ///
    /// - Parameter completion: called once, on a thread that serves all requests: it must not block. An answer with
    ///   any other status than 2xx is an error.
    @discardableResult
    public func send(_ request: OpenSearchRequest, completion: @escaping Completion) -> OpenSearchCall {
        let call = OpenSearchCall(pool)
        attempt(request, tried: [], call, completion)
        return call
    }

    /// Sends a request and waits for its answer. Not within a completion.
    public func perform(_ request: OpenSearchRequest) throws(OpenSearchError) -> OpenSearchResponse {
        let waiting = Waiting<Result<OpenSearchResponse, OpenSearchError>>()
        send(request) { waiting.finish($0) }
        return try waiting.wait().get()
    }

    /// Ends all requests with `stopped`, and closes the connections. Returns when every completion was called. Not
    /// within a completion.
    public func shutDown() { pool.shutDown() }

    // MARK: Details

    private func attempt(
        _ request: OpenSearchRequest, tried: Set<Int>, _ call: OpenSearchCall, _ completion: @escaping Completion
    ) {
        let now = SystemClock.monotonicNanoseconds()
        guard let place = rotation.withLock({ $0.next(now: now, tried: tried) }) else {
            preconditionFailure("no further attempt once all nodes were tried")
        }
        let url = nodes[place].text
        let id = pool.send(httpRequest(request, at: place)) { result in
            switch result {
            case .success(let response):
                let isNodeFailure = [502, 503, 504].contains(response.status)
                self.note(place, isFailure: isNodeFailure)
                // A token that was just replaced in its file works with the next request.
                if response.status == 401 { _ = self.credentials?.header(now: now, isUrgent: true) }
                completion(Self.outcome(response, of: url))
            case .failure(let error):
                if error.code != .cancelled { self.note(place, isFailure: true) }
                let tried = tried.union([place])
                let mayHelp = [.unreachable, .untrusted, .interrupted].contains(error.code)
                if mayHelp && tried.count < self.nodes.count && !call.isCancelled {
                    self.attempt(request, tried: tried, call, completion)
                } else {
                    completion(.failure(Self.failure(error)))
                }
            }
        }
        call.began(id, attempt: tried.count)
    }

    private func httpRequest(_ request: OpenSearchRequest, at place: Int) -> HTTPClient.Request {
        var headers: [(name: String, value: String)] = [("Accept", "application/json")]
        if request.content != nil { headers.append(("Content-Type", request.contentType)) }
        if request.isPacked { headers.append(("Content-Encoding", "gzip")) }
        if let credentials {
            headers.append(("Authorization", credentials.header(now: SystemClock.monotonicNanoseconds())))
        } else if let user = nodes[place].user,
            let header = Credentials.header(username: user.name, password: user.password)
        {
            headers.append(("Authorization", header))
        }
        return HTTPClient.Request(
            method: request.method, url: nodes[place].text + request.path, headers: headers,
            content: request.content, timeout: request.timeout)
    }

    private func note(_ place: Int, isFailure: Bool) {
        let now = SystemClock.monotonicNanoseconds()
        rotation.withLock { rotation in
            if isFailure {
                rotation.failed(place, now: now, chance: Double.random(in: 0..<1))
            } else {
                rotation.succeeded(place)
            }
        }
    }

    private static func failure(_ error: HTTPClientError) -> OpenSearchError {
        let code: OpenSearchError.Code =
            switch error.code {
            case .cancelled: .stopped
            case .badURL, .noLibrary: .badOptions
            case .tooLarge: .tooLarge
            case .untrusted: .untrusted
            case .unreachable, .timedOut, .interrupted: .unreachable
            }
        return OpenSearchError(code, "OpenSearch: \(error.message)")
    }

    private static func outcome(
        _ response: HTTPClient.Response, of node: String
    ) -> Result<OpenSearchResponse, OpenSearchError> {
        let status = response.status
        if (200..<300).contains(status) {
            return .success(OpenSearchResponse(status: status, body: response.body, node: node))
        }
        let code: OpenSearchError.Code =
            switch status {
            case 401, 403: .unauthorized
            case 413: .tooLarge
            case 429, 503: .pushedBack
            case 408, 500...: .serverFailure
            case 400...: .rejected
            default: .badAnswer
            }
        let answer = ErrorAnswer(body: response.body)
        var message = "OpenSearch at \(node) answers \(status)"
        if !answer.text.isEmpty { message += " (\(answer.text))" }
        // A date, the header's other form, would need the server's clock to be right.
        let seconds = response.header("retry-after").flatMap { Int($0) }
        return .failure(
            OpenSearchError(
                code, message, status: status, type: answer.type,
                retryAfter: seconds.map { .seconds(min(max($0, 0), 600)) }))
    }

    private func warnOfDangers() {
        let hosts = nodes.map(\.text).joined(separator: ", ")
        if options.skipsHostVerification {
            logger.warning(
                """
                CERTIFICATES OF OPENSEARCH ARE NOT VERIFIED (\(hosts)): whoever stands between skein and the cluster \
                can read and change everything, the credentials too. Give the authority's certificate (CA file) instead
                """)
        }
        let isSecret = credentials != nil || nodes.contains { $0.user != nil }
        let isPlain = nodes.contains { $0.text.hasPrefix("http:") && !HTTPClient.Request.isLoopback($0.text) }
        if isSecret && isPlain {
            logger.warning("credentials for OpenSearch go over the network as they are: a URL says http, not https")
        }
    }
}
