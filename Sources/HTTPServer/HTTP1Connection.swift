internal import Compression
internal import Logging
internal import NIOCore

/// One HTTP/1.1 connection: reads a request, has it answered, reads the next.
///
/// All its state is touched on its event loop only; others come through `Exchange`.
final class HTTP1Connection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case reading  // a request, or waiting for one
        case working  // a handler has the request
        case lingering  // answered for the last time; what still comes is dropped until the client closes
        case closed
    }

    let server: HTTPServerCore
    let loop: EventLoopState
    /// Its place in the event loop's list; -1 while it is not there.
    var registryIndex = -1
    /// When the connection has been in its phase for too long.
    private(set) var deadline = NIODeadline.distantFuture

    private(set) var phase = Phase.reading
    private(set) var context: ChannelHandlerContext?
    private(set) var peer = ConnectionPeer(nil)
    private var parser: RequestParser
    private var input = ByteBuffer()  // received, but not yet looked at
    private var isProcessing = false
    private var needsFlush = false
    private var isReadHeld = false
    private var isInputEnded = false
    private var isOutputSent = false
    private var unsentByteCount = 0  // when a deadline last passed
    private var lingerByteCount = 0
    var current = CurrentRequest()

    /// Bytes of later requests taken in while one is worked on.
    private static let pipelinedByteCountMax = 64 << 10

    init(server: HTTPServerCore, loop: EventLoopState) {
        self.server = server
        self.loop = loop
        parser = RequestParser(
            headByteCountMax: server.limits.headerByteCountMax, bodyByteCountMax: server.limits.bodyByteCountMax)
    }

    // MARK: From the channel

    func channelActive(context: ChannelHandlerContext) {
        guard server.admit() else {
            phase = .closed
            server.observer?.connectionRefused(server: server.name)
            context.close(promise: nil)
            return
        }
        self.context = context
        peer = ConnectionPeer(context.remoteAddress)
        deadline = .now() + server.idleTimeout
        loop.add(self, sweepInterval: server.sweepInterval)
        server.observer?.connectionOpened(server: server.name)
        // Accepted while the listener was being closed.
        if server.isDraining { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard self.context != nil else { return }
        self.context = nil
        phase = .closed
        peer.disconnect()
        input = ByteBuffer()
        loop.budget.release(current.reservedByteCount)
        current = CurrentRequest()
        loop.remove(self)
        server.observer?.connectionClosed(server: server.name)
        server.leave()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        switch phase {
        case .reading, .working:
            if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
            process()
        case .lingering:
            lingerByteCount += bytes.readableBytes
            if lingerByteCount > server.limits.lingerByteCountMax { close() }
        case .closed:
            break
        }
    }

    func read(context: ChannelHandlerContext) {
        if input.readableBytes > Self.pipelinedByteCountMax, phase == .working || phase == .reading {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { process() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            isInputEnded = true
            peer.disconnect()
            if phase != .lingering {
                process()
            } else if isOutputSent {
                close()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
    }

    // MARK: From the event loop and the server

    /// Cuts a connection that is too slow, or has nothing to do.
    func deadlinePassed() {
        if phase == .reading, current.storage != nil {
            server.observer?.connectionTimedOut(server: server.name)
            refuse(.text(.requestTimeout, "The request took too long"), keepsConnection: false)
        } else if !isOutputSent, isStillReading() {
            deadline = .now() + server.idleTimeout
        } else {
            if phase != .lingering { server.observer?.connectionTimedOut(server: server.name) }
            close()
        }
    }

    /// Closes the connection if nothing is under way on it; otherwise its next answer is its last.
    func drain() {
        if phase == .reading, current.storage == nil, input.readableBytes == 0 { endOutput() }
    }

    func close() {
        context?.close(promise: nil)
    }

    // MARK: Reading

    /// Takes requests out of the input until one must be waited for.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        var bytes = input
        input = ByteBuffer()
        var position = 0
        var isStarved = false
        while phase == .reading, !isStarved, context?.channel.isWritable == true {
            if current.storage == nil {
                guard position < bytes.readableBytes else { break }
                beginRequest()
            }
            isStarved = step(bytes, &position)
        }
        bytes.moveReaderIndex(forwardBy: position)
        let isWaiting = phase == .reading && bytes.readableBytes == 0
        if phase == .reading || phase == .working, bytes.readableBytes > 0 { input = bytes }
        isProcessing = false
        flushIfNeeded()
        if isInputEnded, isWaiting { endOutput() }
        if isReadHeld, input.readableBytes <= Self.pipelinedByteCountMax {
            isReadHeld = false
            context?.read()
        }
    }

    /// Takes the next part of a request out of `bytes`. True: there is no more to take.
    private func step(_ bytes: ByteBuffer, _ position: inout Int) -> Bool {
        guard let storage = current.storage else { return true }
        let span = bytes.readableBytesUInt8Span
        switch parser.next(span, &position, storage) {
        case .needMore:
            return true
        case .head:
            headArrived(parser, isBodyHere: position < span.count)
        case .body(let range):
            bodyArrived(span.extracting(range))
        case .end:
            requestArrived(parser)
        case .failed(let failure):
            refuse(Self.answer(to: failure), keepsConnection: false)
        }
        return false
    }

    private func beginRequest() {
        parser.reset()
        current.storage = loop.takeStorage()
        current.startedAt = .now()
        deadline = current.startedAt + server.requestTimeout
    }

    /// Marks the request as a handler's from now on.
    func beginWork() {
        phase = .working
        deadline = .distantFuture
    }

    // MARK: Answering

    /// Sends the answer of a handler.
    func answer(_ response: HTTPResponse) {
        guard phase == .working else { return }
        if current.isInHandler {
            // The handler still holds the request; its buffers can be used again once it has returned.
            current.answer = response
        } else {
            send(response)
        }
    }

    /// Sends a whole answer, and readies the connection for what comes next.
    func send(_ response: HTTPResponse) {
        guard let context, case .bytes(let body) = response.body else { return }
        let keepsAlive = keepsAlive
        var buffer = loop.answerBuffer
        loop.answerBuffer = ByteBuffer()
        let isBodySent = current.method != .head && response.status.allowsBody
        buffer.clear(minimumCapacity: 256 + (isBodySent ? body.count : 0))
        buffer.writeAnswerHead(
            response, framing: response.status.allowsBody ? .length(body.count) : .none,
            date: loop.dateValue(at: current.startedAt), connection: connectionField(keepsAlive))
        if isBodySent { buffer.writeBytes(body) }
        context.write(Self.wrapOutboundOut(buffer), promise: nil)
        if buffer.capacity <= 16 << 10 { loop.answerBuffer = buffer }
        needsFlush = true
        finishRequest(response.status, keepsAlive: keepsAlive)
    }

    /// Sends a part of an answer whose length is not known.
    func stream(_ bytes: [UInt8], head: HTTPResponse?, isLast: Bool, promise: EventLoopPromise<Void>) {
        guard phase == .working, let context else {
            promise.fail(HTTPClientGone())
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: bytes.count + 256)
        if let head {
            current.streamStatus = head.status
            if parser.isVersion10 { current.endsWithAnswer = true }
            buffer.writeAnswerHead(
                head, framing: parser.isVersion10 ? .untilClose : .chunks,
                date: loop.dateValue(at: .now()), connection: connectionField(keepsAlive))
        }
        if parser.isVersion10 { buffer.writeBytes(bytes) } else { buffer.writeChunk(bytes) }
        if isLast, !parser.isVersion10 { buffer.writeStaticString("0\r\n\r\n") }
        // A client that takes nothing for this long has stopped reading.
        deadline = .now() + server.idleTimeout
        context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: promise)
        if isLast { finishRequest(current.streamStatus, keepsAlive: keepsAlive) }
    }

    /// Asks a client that waits for leave to send its body.
    func sendContinue() {
        guard let context else { return }
        let buffer = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: nil)
    }

    private var keepsAlive: Bool {
        parser.keepsAlive && !current.endsWithAnswer && !server.isDraining
    }

    private func connectionField(_ keepsAlive: Bool) -> StaticString? {
        if !keepsAlive { return "close" }
        return parser.isVersion10 ? "keep-alive" : nil
    }

    private func finishRequest(_ status: HTTPStatus, keepsAlive: Bool) {
        let now = NIODeadline.now()
        server.observer?.requestFinished(
            HTTPRequestSummary(
                server: server.name, routePattern: current.route?.pattern, method: current.method, status: status,
                durationNanoseconds: (now - current.startedAt).nanoseconds, bodyByteCount: current.bodyByteCount))
        loop.budget.release(current.reservedByteCount)
        let storage = current.storage.take()
        current = CurrentRequest()
        if let storage { loop.giveBack(storage) }
        guard keepsAlive else {
            endOutput()
            return
        }
        phase = .reading
        deadline = now + server.idleTimeout
        if !isProcessing {
            flushIfNeeded()
            process()
        }
    }

    private func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    // MARK: Ending

    /// Ends our side once all is sent, and drops what the client still sends, so that its answer is not lost to a
    /// reset.
    private func endOutput() {
        guard let context else { return }
        phase = .lingering
        input = ByteBuffer()
        needsFlush = false
        deadline = .now() + server.idleTimeout
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer())).whenComplete { _ in self.outputSent() }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    private func outputSent() {
        guard phase == .lingering else { return }
        isOutputSent = true
        if isInputEnded {
            close()
        } else {
            deadline = .now() + server.lingerTimeout
            context?.close(mode: .output, promise: nil)
        }
    }

    /// Whether a client took some of its answer since this was last asked.
    private func isStillReading() -> Bool {
        let unsent = (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        defer { unsentByteCount = unsent }
        return unsent > 0 && unsent != unsentByteCount
    }
}
