internal import Compression
internal import Logging
internal import NIOCore

extension RequestStream {
    /// After a refusal, a body up to this size is read and dropped, and the connection goes on.
    private static let droppedByteCountMax = 256 << 10
    /// Room made at once for an announced body; a longer one must come to get more.
    private static let reservedCapacityMax = 1 << 20

    // MARK: Head

    func headArrived(_ head: RequestHead, isBodyHere: Bool) {
        current.method = head.method
        current.isCall = isCall(head)
        let hasBody = head.contentLength != 0
        if let refusal = preflight(head) ?? refusal(of: head, hasBody: hasBody) {
            let isSmall =
                (head.contentLength ?? 0) <= min(Self.droppedByteCountMax, server.limits.bodyByteCountMax)
            // A client whose calls stream may never end its side.
            refuse(refusal, keepsConnection: isSmall && !(hasBody && head.expectsContinue) && !current.isCall)
            return
        }
        if case .conversation(let makeHandler) = current.handler {
            beginConversation(makeHandler(), head)
            return
        }
        guard hasBody else { return }
        if head.expectsContinue, !head.isVersion10, !isBodyHere { sendContinue() }
        if let contentLength = head.contentLength {
            current.storage?.body.reserveCapacity(min(contentLength, Self.reservedCapacityMax))
        }
    }

    /// The answer that is certain from the head alone.
    private func refusal(of head: RequestHead, hasBody: Bool) -> HTTPResponse? {
        // The route is found first, for it decides how a refusal is written.
        let unroutable = route(head)
        if let error = unauthorized(head) { return written(error) }
        if let unroutable { return unroutable }
        if let error = readCallTimeout(head) { return written(error) }
        return hasBody ? refusalOfBody(head).map(written) : nil
    }

    /// Finds who handles the request; or the answer, where nobody does.
    private func route(_ head: RequestHead) -> HTTPResponse? {
        guard let storage = current.storage else { return nil }
        switch server.router.match(head.method, path: head.path, of: storage, scratch: &loop.routerScratch) {
        case .found(let route, let parameters):
            current.route = route
            current.handler = route.handler
            current.parameters = parameters
            if route.isCall, !isHTTP2 {
                return HTTPResponse(HTTPError(.httpVersionTooOld, "gRPC is spoken over HTTP/2"))
            }
            if route.isCall, !current.isCall {
                return HTTPResponse(
                    HTTPError(.unsupportedMediaType, "Calls have the content type application/grpc"))
            }
            return nil
        case .wrongMethod(let allowed):
            if head.method == .options {
                return HTTPResponse(status: .noContent, headers: [("allow", allowed)])
            }
            return written(HTTPError(.methodNotAllowed, "Method not allowed", headers: [("allow", allowed)]))
        case .notFound:
            if head.method == .options, head.path.count == 1 {
                return HTTPResponse(status: .noContent, headers: [("allow", "GET, HEAD, POST, OPTIONS")])
            }
            // What gRPC asks of servers for a method that they have not got.
            if current.isCall { return HTTPResponse(GRPCStatus(.unimplemented, "There is no such method")) }
            guard let fallback = server.router.fallback else { return written(HTTPError(.notFound, "Not found")) }
            current.handler = .request(fallback)
            current.parameters = HTTPParameters(mountPrefix: "", storage: storage, names: [], ranges: [])
            return nil
        }
    }

    /// Sets when the call at hand is to end. What is wrong with its timeout, else nil.
    private func readCallTimeout(_ head: RequestHead) -> HTTPError? {
        guard current.isCall, let range = head.callTimeout, let storage = current.storage else { return nil }
        guard let timeout = CallFraming.timeout(storage.text(range)) else {
            return HTTPError(.badRequest, "The grpc-timeout is no time")
        }
        current.callDeadline = .now + timeout
        return nil
    }

    private func unauthorized(_ head: RequestHead) -> HTTPError? {
        guard let credentials = server.security.credentials, let storage = current.storage else { return nil }
        if let authorization = head.authorization {
            let bytes = storage.head
            if credentials.allows(authorization: bytes.span.extracting(authorization)) { return nil }
        }
        return HTTPError(
            .unauthorized, "This listener asks for credentials",
            headers: credentials.challenges.map { ("www-authenticate", $0) })
    }

    /// The answer for a browser that asks whether a page may send; it asks without credentials.
    private func preflight(_ head: RequestHead) -> HTTPResponse? {
        guard let policy = server.security.origins, let storage = current.storage else { return nil }
        let origin = head.origin.map { storage.text($0) }
        guard head.method == .options, let method = storage.header("access-control-request-method") else {
            current.originFields = policy.responseHeaders(origin: origin)
            return nil
        }
        return HTTPResponse(
            status: .noContent,
            headers: policy.preflightHeaders(
                origin: origin, requestedMethod: method,
                requestedHeaders: storage.header("access-control-request-headers")))
    }

    /// Why the body will not be taken, as far as the head tells.
    private func refusalOfBody(_ head: RequestHead) -> HTTPError? {
        if (head.contentLength ?? 0) > server.limits.bodyByteCountMax { return Self.bodyTooLarge }
        guard let coding = head.contentEncoding else { return nil }
        for known in ["gzip", "deflate", "x-gzip", "identity"] where isValue(coding, known) { return nil }
        return HTTPError(
            .unsupportedMediaType, "Unsupported content-encoding", headers: [("accept-encoding", "gzip, deflate")])
    }

    private func isValue(_ range: Range<Int>, _ text: String) -> Bool {
        guard let head = current.storage?.head else { return false }
        return head.span.extracting(range).isEqualIgnoringCase(to: text)
    }

    // MARK: Body

    func bodyArrived(_ bytes: ByteBuffer) {
        current.bodyByteCount += bytes.readableBytes
        if current.refusal != nil {
            if current.bodyByteCount - current.refusedAtByteCount > Self.droppedByteCountMax {
                endWithRefusal()
            }
            return
        }
        guard current.bodyByteCount <= server.limits.bodyByteCountMax else {
            refuse(Self.bodyTooLarge, keepsConnection: false)
            return
        }
        guard loop.budget.reserve(bytes.readableBytes) else {
            refuse(HTTPError.overloaded, keepsConnection: true)
            return
        }
        current.reservedByteCount += bytes.readableBytes
        bytes.withUnsafeReadableBytes { current.storage?.body.append(contentsOf: $0) }
    }

    // MARK: Whole requests

    func requestArrived(_ head: RequestHead) {
        if let refusal = current.refusal ?? unpack(head).map(written) {
            beginWork()
            send(refusal)
            return
        }
        beginWork()
        current.isInHandler = true
        callHandler(head)
        current.isInHandler = false
        if let answer = current.answer {
            send(answer)
        } else if phase == .working, let storage = current.storage.take() {
            // Usually the handler has read all it needs, and only the answer is still to come.
            loop.giveBack(storage)
        }
    }

    /// Kept apart, so that no reference to the request is left when it returns.
    @inline(never)
    private func callHandler(_ head: RequestHead) {
        guard let storage = current.storage, let handler = current.handler,
            let parameters = current.parameters.take()
        else { return }
        let request = HTTPRequest(
            method: head.method, eventLoopIndex: loop.index, deadline: current.callDeadline, storage: storage,
            pathRange: head.path,
            queryRange: head.query, peer: peer)
        let exchange = Exchange(connection: self, method: head.method)
        let work: @Sendable () -> Void
        switch handler {
        case .request(.eventLoop(let handle)):
            handle(request, parameters, HTTPResponder(exchange: exchange))
            return
        case .request(.workerThread(let handle)):
            work = {
                AnswerDelivery(exchange: exchange, acceptsGzip: request.acceptsGzip).run(handle, request, parameters)
            }
        case .workerCall(let handle):
            work = { CallDelivery(exchange: exchange, request: request).run(handle) }
        case .streamingCall(let handle):
            work = { CallDelivery(exchange: exchange, request: request).run(handle) }
        case .conversation:
            preconditionFailure("a conversation begins with its head")
        }
        guard loop.workers.submit(work) else {
            exchange.answer(written(HTTPError.overloaded))
            return
        }
        if let deadline = request.deadline { endCall(at: deadline) }
    }

    private func beginConversation(_ handler: any ConversationHandler, _ head: RequestHead) {
        let coding = head.messageEncoding.flatMap { current.storage?.text($0) }
        beginWork()
        if let storage = current.storage.take() { loop.giveBack(storage) }
        let conversation = CallConversation(stream: self, handler: handler, sendsGzip: coding?.lowercased() == "gzip")
        current.conversation = conversation
        if let deadline = current.callDeadline { endCall(at: deadline) }
        if server.isDraining { conversation.drain() } else { conversation.awaitClient() }
    }

    /// Ends the call at hand when its client stops waiting, whatever its handler does.
    private func endCall(at deadline: ContinuousClock.Instant) {
        let left = max(ContinuousClock.now.duration(to: deadline), .zero)
        current.callDeadlineTask = loop.eventLoop.scheduleTask(in: TimeAmount(left)) { self.callDeadlinePassed() }
    }

    private func callDeadlinePassed() {
        guard phase == .working else { return }
        peer.disconnect()
        let response = written(.callDeadlinePassed)
        if current.isAnswerBegun {
            endStream([], trailers: response.trailers)
        } else {
            send(response)
        }
    }

    /// Unpacks the body where it is packed. Why that cannot be done, else nil.
    private func unpack(_ head: RequestHead) -> HTTPError? {
        guard let storage = current.storage else { return nil }
        if current.route?.isCall == true {
            switch CallFraming.read(storage, messageEncoding: head.messageEncoding) {
            case .plain:
                storage.bodyStart = CallFraming.prefixByteCount
                return nil
            case .packed:
                return unpack(storage, from: CallFraming.prefixByteCount)
            case .refused(let error):
                return error
            }
        }
        guard let coding = head.contentEncoding, !storage.body.isEmpty, !isValue(coding, "identity") else { return nil }
        return unpack(storage, from: 0)
    }

    private func unpack(_ storage: RequestStorage, from start: Int) -> HTTPError? {
        let limit = server.limits.unpackedByteCountMax
        let left = max(loop.budget.byteCountMax - loop.budget.byteCount, 0)
        let unpacked = loop.takeStorage()
        defer { loop.giveBack(unpacked) }
        let inflater = loop.inflater
        let outcome = storage.body.withUnsafeBytes { bytes in
            Result { () throws(InflateError) in
                let packed = UnsafeRawBufferPointer(rebasing: bytes[start...])
                try inflater.unpack(packed, onto: &unpacked.body, byteCountMax: min(limit, left))
            }
        }
        if case .failure(let error) = outcome {
            guard case .tooLarge = error else {
                return HTTPError(.badRequest, current.route?.unpackFailureMessage ?? "Cannot unpack the body")
            }
            return left < limit ? .overloaded : HTTPError(.contentTooLarge, "The unpacked body is too large")
        }
        guard loop.budget.reserve(unpacked.body.count) else { return .overloaded }
        current.reservedByteCount += unpacked.body.count
        swap(&storage.body, &unpacked.body)
        return nil
    }

    // MARK: Refusals

    /// Answers `error` as the route's clients read it; see below.
    func refuse(_ error: HTTPError, keepsConnection: Bool) {
        refuse(written(error), keepsConnection: keepsConnection)
    }

    /// Answers `response` instead of having the request handled: after its body, which is dropped, or at once.
    private func refuse(_ response: HTTPResponse, keepsConnection: Bool) {
        current.refusal = response
        current.refusedAtByteCount = current.bodyByteCount
        current.storage?.body.removeAll(keepingCapacity: false)
        loop.budget.release(current.reservedByteCount)
        current.reservedByteCount = 0
        if !keepsConnection { endWithRefusal() }
    }

    /// Answers the request that a handler has, in place of it.
    func answer(refusing error: HTTPError) {
        if phase == .working { answer(written(error)) }
    }

    private func written(_ error: HTTPError) -> HTTPResponse {
        if let write = current.route?.refusalWriter { return write(error, current.storage?.contentType) }
        return current.isCall ? HTTPResponse(GRPCStatus(error)) : HTTPResponse(error)
    }

    /// Whether the request calls a gRPC method, perhaps one that does not exist.
    private func isCall(_ head: RequestHead) -> Bool {
        guard isHTTP2, let range = head.contentType, let head = current.storage?.head else { return false }
        let prefix = "application/grpc"
        let type = head.span.extracting(range)
        return type.count >= prefix.utf8.count
            && type.extracting(first: prefix.utf8.count).isEqualIgnoringCase(to: prefix)
    }

    private static let bodyTooLarge = HTTPError(.contentTooLarge, "The body is too large")

    static func refusal(of failure: RequestHead.Failure) -> HTTPError {
        switch failure {
        case .malformed(let message): HTTPError(.badRequest, message)
        case .headTooLarge: HTTPError(.headerFieldsTooLarge, "The header fields are too large")
        case .unsupportedVersion:
            HTTPError(.versionNotSupported, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here")
        case .unsupportedTransferCoding: HTTPError(.notImplemented, "Only the transfer-encoding chunked is known")
        }
    }
}
