internal import NIOCore

/// What is known of a request that is read or has been answered.
struct CurrentRequest {
    var storage: RequestStorage?
    var startedAt = NIODeadline.distantPast
    var method = HTTPMethod.other
    var route: HTTPRouter.Route?
    var handler: RouteHandler?
    var parameters: HTTPParameters?
    /// It calls a gRPC method, perhaps one that does not exist.
    var isCall = false
    /// Sent with each answer: what a browser must be told before it lets a page read it.
    var originFields: [(name: String, value: String)] = []
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
    /// How a gRPC call ended.
    var callCode: Int?
    var isAnswerBegun = false
    /// Kept while a piece of a streamed answer has not been taken by the connection: somebody waits for it.
    var piecePromise: EventLoopPromise<Void>?
    /// Who answers the messages of the call at hand as they come.
    var conversation: CallConversation?
    /// Of a gRPC call.
    var callDeadline: ContinuousClock.Instant?
    var callDeadlineTask: Scheduled<Void>?
}

/// Where requests come one after the other: an HTTP/1.1 connection, or one stream of an HTTP/2 connection, which has
/// only one.
///
/// All its state is touched on its event loop only; others come through `Exchange`.
class RequestStream: Watched, @unchecked Sendable {
    enum Phase {
        case reading  // a request, or waiting for one
        case working  // a handler has the request
        case lingering  // answered for the last time; what still comes is dropped until the client closes
        case closed
    }

    final var phase = Phase.reading
    final var peer = ConnectionPeer(nil)
    final var current = CurrentRequest()

    /// Whether requests come as HTTP/2.
    var isHTTP2: Bool { false }

    // MARK: What differs between the protocols

    /// Sends a whole answer, and readies the stream for what comes next.
    func send(_ response: HTTPResponse) { preconditionFailure("a protocol sends its answers") }

    /// Sends a part of an answer whose length is not known; `head` with the first.
    func stream(_ bytes: [UInt8], head: HTTPResponse?, isLast: Bool, promise: EventLoopPromise<Void>) {
        preconditionFailure("a protocol sends its answers")
    }

    /// Ends an answer begun with `stream`, with fields behind its body.
    func endStream(_ bytes: [UInt8], trailers: [(name: String, value: String)]) {
        preconditionFailure("only HTTP/2 has trailers")
    }

    /// Asks a client that waits for leave to send its body.
    func sendContinue() {}

    /// Sends the refusal at once, while the body still comes; nothing of it will be looked at.
    func endWithRefusal() {
        guard let refusal = current.refusal else { return }
        beginWork()
        send(refusal)
    }

    // MARK: What is common

    final func beginRequest() {
        current.storage = loop.takeStorage()
        current.startedAt = .now()
        deadline = current.startedAt + server.requestTimeout
    }

    /// Notes how a call ended.
    final func noteCallCode(_ trailers: [(name: String, value: String)]) {
        if let status = trailers.first(where: { $0.name == "grpc-status" }) { current.callCode = Int(status.value) }
    }

    /// Marks the request as a handler's from now on.
    final func beginWork() {
        phase = .working
        deadline = .distantFuture
    }

    /// Writes a piece with `write`, and has `promise` wait until it is taken. A client that takes nothing for as long
    /// as it may rest has stopped reading; a handler may take its time.
    final func writePiece(_ promise: EventLoopPromise<Void>, _ write: () -> EventLoopFuture<Void>) {
        deadline = .now() + server.idleTimeout
        current.piecePromise = promise
        write().whenComplete { result in
            guard let promise = self.current.piecePromise.take() else { return }
            if self.phase == .working { self.deadline = .distantFuture }
            promise.completeWith(result)
        }
    }

    /// Ends a request whose handler gave up, nobody waiting for its answer.
    final func abandon() {
        if phase == .working { close() }
    }

    /// Sends the answer of a handler.
    final func answer(_ response: HTTPResponse) {
        guard phase == .working else { return }
        if current.isInHandler {
            // The handler still holds the request; its buffers can be used again once it has returned.
            current.answer = response
        } else {
            send(response)
        }
    }

    /// Counts a request that was answered, and gives back what it held.
    final func completeRequest(_ status: HTTPStatus) {
        server.observer?.requestFinished(
            HTTPRequestSummary(
                server: server.name, routePattern: current.route?.pattern, method: current.method, status: status,
                callCode: current.callCode, durationNanoseconds: (.now() - current.startedAt).nanoseconds,
                bodyByteCount: current.bodyByteCount))
        abandonRequest()
    }

    /// Gives back what the request at hand holds.
    final func abandonRequest() {
        loop.budget.release(current.reservedByteCount)
        let storage = current.storage.take()
        let conversation = current.conversation.take()
        let piecePromise = current.piecePromise.take()
        current.callDeadlineTask?.cancel()
        current = CurrentRequest()
        piecePromise?.fail(HTTPClientGone())
        conversation?.markEnded()
        if let storage { loop.giveBack(storage) }
    }
}
