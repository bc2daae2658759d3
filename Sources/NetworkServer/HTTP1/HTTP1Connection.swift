internal import Compression
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One HTTP/1.1 connection: has a request answered, then the next. Stands behind NIO's decoder, and is told by
/// `ConnectionGate` of the bytes that come to that.
final class HTTP1Connection: RequestStream, ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var head = RequestHead()
    private var parts = CircularBuffer<HTTPServerRequestPart>()  // decoded, but not yet looked at
    private var waitingByteCount = 0  // of bodies among them
    private var failure: RequestHead.Failure?  // what the decoder stopped at, behind the parts
    private var isProcessing = false
    private var needsFlush = false
    private var isReadHeld = false
    private var isInputEnded = false
    private var isOutputSent = false
    private var unsentByteCount = 0  // when a deadline last passed
    private var lingerByteCount = 0

    /// Bytes of later requests taken in while one is worked on.
    private static let pipelinedByteCountMax = 64 << 10

    // MARK: From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = ConnectionPeer(context.remoteAddress)
        deadline = .now() + server.idleTimeout
        loop.add(self, sweepInterval: server.sweepInterval)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard self.context != nil else { return }
        self.context = nil
        phase = .closed
        peer.disconnect()
        dropParts()
        abandonRequest()
        loop.remove(self)
    }

    /// Bytes came, which may not yet be a whole head: a client that sends them one by one is timed from the first.
    func bytesArrived(_ count: Int) {
        switch phase {
        case .reading:
            if current.storage == nil, parts.isEmpty { beginRequest() }
        case .lingering:
            lingerByteCount += count
            if lingerByteCount > server.limits.lingerByteCountMax { close() }
        case .working, .closed:
            break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .reading || phase == .working else { return }
        let part = Self.unwrapInboundIn(data)
        if case .body(let bytes) = part { waitingByteCount += bytes.readableBytes }
        parts.append(part)
        process()
    }

    func read(context: ChannelHandlerContext) {
        if waitingByteCount > Self.pipelinedByteCountMax, phase == .working || phase == .reading {
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
        // A client that leaves in the middle of a request gets no answer.
        guard let error = error as? HTTPParserError, error != .invalidEOFState else {
            close()
            return
        }
        failure = RequestHead.failure(error)
        process()
    }

    // MARK: From the event loop and the server

    /// Cuts a connection that is too slow, or has nothing to do.
    override func deadlinePassed() {
        if phase == .reading, current.refusal != nil {
            server.observer?.connectionTimedOut(server: server.name)
            endWithRefusal()
        } else if phase == .reading, current.storage != nil {
            server.observer?.connectionTimedOut(server: server.name)
            refuse(HTTPError(.requestTimeout, "The request took too long"), keepsConnection: false)
        } else if !isOutputSent, isStillReading() {
            deadline = .now() + server.idleTimeout
        } else {
            if phase != .lingering { server.observer?.connectionTimedOut(server: server.name) }
            close()
        }
    }

    /// Closes the connection if nothing is under way on it; otherwise its next answer is its last.
    override func drain() {
        if phase == .reading, current.storage == nil, parts.isEmpty { close() }
    }

    override func close() {
        context?.close(promise: nil)
    }

    // MARK: Reading

    /// Works on what was decoded until more must be waited for.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while phase == .reading, context?.channel.isWritable == true {
            guard let part = parts.popFirst() else {
                if let failure {
                    if current.storage == nil { beginRequest() }
                    refuse(Self.refusal(of: failure), keepsConnection: false)
                }
                break
            }
            take(part)
        }
        let isWaiting = phase == .reading && parts.isEmpty
        isProcessing = false
        flushIfNeeded()
        if isInputEnded, isWaiting { endOutput() }
        if isReadHeld, waitingByteCount <= Self.pipelinedByteCountMax {
            isReadHeld = false
            context?.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let decoded):
            if current.storage == nil { beginRequest() }
            guard let storage = current.storage else { return }
            do throws(RequestHead.Failure) {
                head = try RequestHead(decoded, into: storage)
                guard storage.head.count <= server.limits.headerByteCountMax else { throw .headTooLarge }
            } catch {
                refuse(Self.refusal(of: error), keepsConnection: false)
                return
            }
            headArrived(head, isBodyHere: !parts.isEmpty)
        case .body(let bytes):
            waitingByteCount -= bytes.readableBytes
            bodyArrived(bytes)
        case .end:
            requestArrived(head)
        }
    }

    private func dropParts() {
        parts.removeAll()
        waitingByteCount = 0
    }

    // MARK: Answering

    /// Sends a whole answer, and readies the connection for what comes next.
    override func send(_ response: HTTPResponse) {
        guard let context, case .bytes(let body) = response.body else { return }
        let keepsAlive = keepsAlive
        var buffer = loop.answerBuffer
        loop.answerBuffer = ByteBuffer()
        let isBodySent = current.method != .head && response.status.allowsBody
        buffer.clear(minimumCapacity: 256 + (isBodySent ? body.count : 0))
        buffer.writeAnswerHead(
            response, originFields: current.originFields,
            framing: response.status.allowsBody ? .length(body.count) : .none,
            date: loop.dateValue(at: current.startedAt), connection: connectionField(keepsAlive))
        if isBodySent { buffer.writeBytes(body) }
        context.write(Self.wrapOutboundOut(buffer), promise: nil)
        if buffer.capacity <= 16 << 10 { loop.answerBuffer = buffer }
        needsFlush = true
        finishRequest(response.status, keepsAlive: keepsAlive)
    }

    /// Sends a part of an answer whose length is not known.
    override func stream(_ bytes: [UInt8], head response: HTTPResponse?, isLast: Bool, promise: EventLoopPromise<Void>)
    {
        guard phase == .working, let context else {
            promise.fail(HTTPClientGone())
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: bytes.count + 256)
        if let response {
            current.streamStatus = response.status
            if head.isVersion10 { current.endsWithAnswer = true }
            buffer.writeAnswerHead(
                response, originFields: current.originFields, framing: head.isVersion10 ? .untilClose : .chunks,
                date: loop.dateValue(at: .now()), connection: connectionField(keepsAlive))
        }
        if head.isVersion10 { buffer.writeBytes(bytes) } else { buffer.writeChunk(bytes) }
        if isLast, !head.isVersion10 { buffer.writeStaticString("0\r\n\r\n") }
        if isLast {
            context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: promise)
            finishRequest(current.streamStatus, keepsAlive: keepsAlive)
        } else {
            writePiece(promise) { context.writeAndFlush(Self.wrapOutboundOut(buffer)) }
        }
    }

    /// Asks a client that waits for leave to send its body.
    override func sendContinue() {
        guard let context else { return }
        let buffer = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: nil)
    }

    private var keepsAlive: Bool {
        head.keepsAlive && !current.endsWithAnswer && !server.isDraining
    }

    private func connectionField(_ keepsAlive: Bool) -> StaticString? {
        if !keepsAlive { return "close" }
        return head.isVersion10 ? "keep-alive" : nil
    }

    private func finishRequest(_ status: HTTPStatus, keepsAlive: Bool) {
        completeRequest(status)
        guard keepsAlive else {
            endOutput()
            return
        }
        phase = .reading
        deadline = .now() + server.idleTimeout
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

    override func endWithRefusal() {
        current.endsWithAnswer = true
        super.endWithRefusal()
    }

    /// Ends our side once all is sent, and drops what the client still sends, so that its answer is not lost to a
    /// reset.
    private func endOutput() {
        guard let context else { return }
        phase = .lingering
        dropParts()
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
