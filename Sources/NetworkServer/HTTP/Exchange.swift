internal import Logging
internal import NIOCore
internal import Synchronization

/// One request that a handler works on, and its way back to the connection.
///
/// Dropped without an answer, it answers 500 itself, so that no connection waits for ever.
final class Exchange: Sendable {
    let connection: RequestStream
    let method: HTTPMethod
    private let isAnswered = Atomic(false)

    init(connection: RequestStream, method: HTTPMethod) {
        self.connection = connection
        self.method = method
    }

    deinit {
        guard !isAnswered.load(ordering: .acquiring) else { return }
        let connection = connection
        connection.loop.eventLoop.execute {
            connection.loop.logger.error("a handler gave no answer", metadata: ["server": "\(connection.server.name)"])
            connection.answer(refusing: HTTPError(.internalServerError, "No answer"))
        }
    }

    private func markAnswered() {
        let wasAnswered = isAnswered.exchange(true, ordering: .acquiringAndReleasing)
        precondition(!wasAnswered, "a request is answered once")
    }

    /// Sends an answer whose body is bytes. Any thread.
    func answer(_ response: HTTPResponse) {
        markAnswered()
        let connection = connection
        if connection.loop.eventLoop.inEventLoop {
            connection.answer(response)
        } else {
            connection.loop.eventLoop.execute { connection.answer(response) }
        }
    }

    /// Answers as the server itself does, in the form of the route. Any thread.
    func refuse(_ error: HTTPError) {
        markAnswered()
        let connection = connection
        connection.loop.eventLoop.execute { connection.answer(refusing: error) }
    }

    /// Sends the head and first bytes of an answer that goes on with `sendMore`. Any thread.
    func beginAnswer(_ response: HTTPResponse, _ bytes: [UInt8]) -> EventLoopFuture<Void> {
        markAnswered()
        return sendMore(bytes, head: response, isLast: false)
    }

    /// Sends more of the body begun. The future fails when the client is gone. Any thread.
    func sendMore(_ bytes: [UInt8], head: HTTPResponse? = nil, isLast: Bool) -> EventLoopFuture<Void> {
        let promise = connection.loop.eventLoop.makePromise(of: Void.self)
        let connection = connection
        connection.loop.eventLoop.execute {
            connection.stream(bytes, head: head, isLast: isLast, promise: promise)
        }
        return promise.futureResult
    }

    /// Ends the body begun, with fields behind it. Any thread.
    func endAnswer(_ bytes: [UInt8], trailers: [(name: String, value: String)]) {
        let connection = connection
        connection.loop.eventLoop.execute { connection.endStream(bytes, trailers: trailers) }
    }

    /// Ends what nobody waits for any more, whether or not its answer was begun. Any thread.
    func abandon() {
        isAnswered.store(true, ordering: .releasing)
        let connection = connection
        connection.loop.eventLoop.execute { connection.abandon() }
    }

    /// Cuts the connection in the middle of an answer begun.
    func abort() {
        let connection = connection
        connection.loop.eventLoop.execute { connection.close() }
    }
}
