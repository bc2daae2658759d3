internal import Compression
internal import Logging
internal import NIOCore

/// What a connection knows of the request that it reads or has answered.
struct CurrentRequest {
    var storage: RequestStorage?
    var startedAt = NIODeadline.distantPast
    var method = HTTPMethod.other
    var route: HTTPRouter.Route?
    var handler: HTTPHandler?
    var parameters: HTTPParameters?
    /// The answer that is certain before the body has come; the body is dropped.
    var refusal: HTTPResponse?
    var refusedAtByteCount = 0
    /// As sent.
    var bodyByteCount = 0
    /// What of the budget the request holds.
    var reservedByteCount = 0
    /// The answer is the connection's last.
    var endsWithAnswer = false
    var isInHandler = false
    /// Given by a handler before it returned.
    var answer: HTTPResponse?
    var streamStatus = HTTPStatus.ok
}

extension HTTP1Connection {
    /// After a refusal, a body up to this size is read and dropped, and the connection goes on.
    private static let droppedByteCountMax = 256 << 10
    /// Room made at once for an announced body; a longer one must come to get more.
    private static let reservedCapacityMax = 1 << 20

    // MARK: Head

    func headArrived(_ head: RequestHead, isBodyHere: Bool) {
        current.method = head.method
        guard (head.contentLength ?? 0) <= server.limits.bodyByteCountMax else {
            refuse(Self.answer(to: .bodyTooLarge), keepsConnection: false)
            return
        }
        let hasBody = head.contentLength != 0
        if let refusal = route(head) ?? (hasBody ? refusalOfEncoding(head) : nil) {
            let isSmall = (head.contentLength ?? 0) <= Self.droppedByteCountMax
            refuse(refusal, keepsConnection: isSmall && !(hasBody && head.expectsContinue))
            return
        }
        guard hasBody else { return }
        if head.expectsContinue, !head.isVersion10, !isBodyHere { sendContinue() }
        if let contentLength = head.contentLength {
            current.storage?.body.reserveCapacity(min(contentLength, Self.reservedCapacityMax))
        }
    }

    /// Finds who handles the request; or the answer, where nobody does.
    private func route(_ head: RequestHead) -> HTTPResponse? {
        guard let storage = current.storage else { return nil }
        switch server.router.match(head.method, path: head.path, of: storage, scratch: &loop.routerScratch) {
        case .found(let route, let parameters):
            current.route = route
            current.handler = route.handler
            current.parameters = parameters
            return nil
        case .wrongMethod(let allowed):
            if head.method == .options {
                return HTTPResponse(status: .noContent, headers: [("allow", allowed)])
            }
            return HTTPResponse(HTTPError(.methodNotAllowed, "Method not allowed", headers: [("allow", allowed)]))
        case .notFound:
            if head.method == .options, head.path.count == 1 {
                return HTTPResponse(status: .noContent, headers: [("allow", "GET, HEAD, POST, OPTIONS")])
            }
            guard let fallback = server.router.fallback else { return .text(.notFound, "Not found") }
            current.handler = fallback
            current.parameters = HTTPParameters(mountPrefix: "", storage: storage, names: [], ranges: [])
            return nil
        }
    }

    private func refusalOfEncoding(_ head: RequestHead) -> HTTPResponse? {
        guard let range = head.contentEncoding, let storage = current.storage else { return nil }
        let bytes = storage.head
        let coding = bytes.span.extracting(range)
        for known in ["gzip", "deflate", "x-gzip", "identity"] where coding.isEqualIgnoringCase(to: known) {
            return nil
        }
        return HTTPResponse(
            HTTPError(
                .unsupportedMediaType, "Unsupported content-encoding", headers: [("accept-encoding", "gzip, deflate")]))
    }

    // MARK: Body

    func bodyArrived(_ bytes: ByteBuffer) {
        current.bodyByteCount += bytes.readableBytes
        guard current.bodyByteCount <= server.limits.bodyByteCountMax else {
            refuse(Self.answer(to: .bodyTooLarge), keepsConnection: false)
            return
        }
        if current.refusal != nil {
            if current.bodyByteCount - current.refusedAtByteCount > Self.droppedByteCountMax {
                endWithRefusal()
            }
            return
        }
        guard loop.budget.reserve(bytes.readableBytes) else {
            refuse(.overloaded, keepsConnection: true)
            return
        }
        current.reservedByteCount += bytes.readableBytes
        bytes.withUnsafeReadableBytes { current.storage?.body.append(contentsOf: $0) }
    }

    // MARK: Whole requests

    func requestArrived(_ head: RequestHead) {
        if let refusal = current.refusal ?? unpack(head) {
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
            method: head.method, eventLoopIndex: loop.index, storage: storage, pathRange: head.path,
            queryRange: head.query, peer: peer)
        let exchange = Exchange(connection: self, method: head.method)
        switch handler {
        case .eventLoop(let handle):
            handle(request, parameters, HTTPResponder(exchange: exchange))
        case .workerThread(let handle):
            let isAccepted = loop.workers.submit {
                AnswerDelivery(exchange: exchange, acceptsGzip: request.acceptsGzip).run(handle, request, parameters)
            }
            if !isAccepted { exchange.answer(.overloaded) }
        }
    }

    /// Unpacks the body where it is packed. The answer, where that cannot be done.
    private func unpack(_ head: RequestHead) -> HTTPResponse? {
        guard let range = head.contentEncoding, let storage = current.storage, !storage.body.isEmpty else {
            return nil
        }
        let bytes = storage.head
        guard !bytes.span.extracting(range).isEqualIgnoringCase(to: "identity") else { return nil }
        let limit = server.limits.unpackedByteCountMax
        let left = max(loop.budget.byteCountMax - loop.budget.byteCount, 0)
        let unpacked = loop.takeStorage()
        defer { loop.giveBack(unpacked) }
        let inflater = loop.inflater
        let outcome = storage.body.withUnsafeBytes { packed in
            Result { () throws(InflateError) in
                try inflater.unpack(packed, onto: &unpacked.body, byteCountMax: min(limit, left))
            }
        }
        if case .failure(let error) = outcome {
            guard case .tooLarge = error else {
                return .text(.badRequest, current.route?.unpackFailureMessage ?? "Cannot unpack the body")
            }
            return left < limit ? .overloaded : .text(.contentTooLarge, "The unpacked body is too large")
        }
        guard loop.budget.reserve(unpacked.body.count) else { return .overloaded }
        current.reservedByteCount += unpacked.body.count
        swap(&storage.body, &unpacked.body)
        return nil
    }

    // MARK: Refusals

    /// Answers `response` instead of having the request handled: after its body, which is dropped, or at once and
    /// then ending the connection.
    func refuse(_ response: HTTPResponse, keepsConnection: Bool) {
        current.refusal = response
        current.refusedAtByteCount = current.bodyByteCount
        current.storage?.body.removeAll(keepingCapacity: false)
        loop.budget.release(current.reservedByteCount)
        current.reservedByteCount = 0
        if !keepsConnection { endWithRefusal() }
    }

    private func endWithRefusal() {
        guard let refusal = current.refusal else { return }
        current.endsWithAnswer = true
        beginWork()
        send(refusal)
    }

    static func answer(to failure: RequestHead.Failure) -> HTTPResponse {
        switch failure {
        case .malformed(let message): .text(.badRequest, message)
        case .headTooLarge: .text(.headerFieldsTooLarge, "The header fields are too large")
        case .bodyTooLarge: .text(.contentTooLarge, "The body is too large")
        case .unsupportedVersion: .text(.versionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken here")
        case .unsupportedTransferCoding: .text(.notImplemented, "Only the transfer-encoding chunked is known")
        }
    }
}
