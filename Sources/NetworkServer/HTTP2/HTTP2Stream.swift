internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One stream of an HTTP/2 connection: one request, one answer.
final class HTTP2Stream: RequestStream, ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let gate: ConnectionGate
    private var context: ChannelHandlerContext?
    private var head = RequestHead()
    private var isHeadRead = false
    private var isInputEnded = false

    override var isHTTP2: Bool { true }

    /// Bytes of an answer written at once: each time that many were taken, the client has shown that it reads.
    private static let pieceByteCount = 64 << 10

    init(on gate: ConnectionGate) {
        self.gate = gate
        super.init(server: gate.server, loop: gate.loop)
    }

    // MARK: From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = ConnectionPeer(context.channel.remoteAddress)
        beginRequest()
        gate.changeStreamCount(by: 1)
        loop.add(self, sweepInterval: server.sweepInterval)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard self.context != nil else { return }
        self.context = nil
        phase = .closed
        peer.disconnect()
        abandonRequest()
        gate.changeStreamCount(by: -1)
        loop.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .headers(let headers):
            isInputEnded = headers.endStream
            if isHeadRead { endOfRequest() } else { take(headers) }
        case .data(let data):
            isInputEnded = data.endStream
            if case .byteBuffer(let bytes) = data.data {
                if phase == .reading { bodyArrived(bytes) } else { current.conversation?.bytesArrived(bytes) }
            }
            if data.endStream { endOfRequest() }
        default:
            break  // NIO has dealt with what else there is.
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
    }

    private func take(_ headers: HTTP2Frame.FramePayload.Headers) {
        isHeadRead = true
        guard let storage = current.storage else { return }
        do throws(RequestHead.Failure) {
            head = try RequestHead(headers.headers, into: storage)
            guard storage.head.count <= server.limits.headerByteCountMax else { throw .headTooLarge }
        } catch {
            current.isCall = headers.headers.first(name: "content-type")?.hasPrefix("application/grpc") == true
            refuse(Self.refusal(of: error), keepsConnection: false)
            return
        }
        if headers.endStream { head.hasNoBody() }
        headArrived(head, isBodyHere: false)
        if headers.endStream { endOfRequest() }
    }

    private func endOfRequest() {
        guard isInputEnded else { return }
        if phase == .reading { requestArrived(head) } else { current.conversation?.inputEnded() }
    }

    // MARK: From the event loop and the server

    override func deadlinePassed() {
        server.observer?.connectionTimedOut(server: server.name)
        if phase == .reading, current.refusal != nil {
            endWithRefusal()
        } else if phase == .reading {
            refuse(HTTPError(.requestTimeout, "The request took too long"), keepsConnection: false)
        } else if let conversation = current.conversation {
            conversation.deadlinePassed()
        } else {
            close()
        }
    }

    override func drain() {
        current.conversation?.drain()
    }

    override func close() {
        context?.close(promise: nil)
    }

    // MARK: Answering

    /// Asks a client that waits for leave to send its body.
    override func sendContinue() {
        guard let context else { return }
        write(.headers(.init(headers: [":status": "100"])), context)
        flush(context)
    }

    override func send(_ response: HTTPResponse) {
        guard let context, case .bytes(let body) = response.body else { return }
        let isBodySent = current.method != .head && response.status.allowsBody && !body.isEmpty
        let trailers = response.trailers
        noteCallCode(trailers)
        var fields = fields(of: response)
        if !trailers.isEmpty, !isBodySent { fields.append(trailers) }
        if body.isEmpty || !isBodySent, trailers.isEmpty, response.status.allowsBody {
            fields.add(name: "content-length", value: String(body.count))
        }
        let head = HTTP2Frame.FramePayload.headers(.init(headers: fields, endStream: !isBodySent))
        if isBodySent {
            write(head, context)
            write(body, isLast: trailers.isEmpty, context)
            if !trailers.isEmpty {
                var last = HPACKHeaders()
                last.append(trailers)
                writeLast(.headers(.init(headers: last, endStream: true)), context)
            }
        } else {
            writeLast(head, context)
        }
        finish(response.status, context)
    }

    override func stream(_ bytes: [UInt8], head response: HTTPResponse?, isLast: Bool, promise: EventLoopPromise<Void>)
    {
        guard phase == .working, let context else {
            promise.fail(HTTPClientGone())
            return
        }
        if let response {
            current.streamStatus = response.status
            current.isAnswerBegun = true
            write(.headers(.init(headers: fields(of: response), endStream: false)), context)
        }
        let data = context.channel.allocator.buffer(bytes: bytes)
        let frame = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(data), endStream: isLast))
        if isLast {
            context.write(Self.wrapOutboundOut(frame), promise: promise)
            finish(current.streamStatus, context)
        } else {
            writePiece(promise) {
                let written = context.write(Self.wrapOutboundOut(frame))
                flush(context)
                return written
            }
        }
    }

    override func endStream(_ bytes: [UInt8], trailers: [(name: String, value: String)]) {
        noteCallCode(trailers)
        guard phase == .working, let context else { return }
        if !bytes.isEmpty { write(bytes, isLast: false, context) }
        var fields = HPACKHeaders()
        fields.append(trailers)
        writeLast(.headers(.init(headers: fields, endStream: true)), context)
        finish(current.streamStatus, context)
    }

    private func fields(of response: HTTPResponse) -> HPACKHeaders {
        var fields = HPACKHeaders()
        fields.reserveCapacity(response.headers.count + 6)
        fields.add(name: ":status", value: String(response.status.code))
        fields.append(response.headers + current.originFields)
        fields.add(name: "date", value: String(decoding: loop.dateValue(at: .now()), as: UTF8.self))
        return fields
    }

    private func write(_ frame: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(frame), promise: nil)
    }

    private func flush(_ context: ChannelHandlerContext) {
        gate.isAnswering = true
        context.flush()
        gate.isAnswering = false
    }

    /// Writes a whole body, in pieces where it is large.
    private func write(_ body: [UInt8], isLast: Bool, _ context: ChannelHandlerContext) {
        var rest = body[...]
        while rest.count > Self.pieceByteCount {
            let piece = context.channel.allocator.buffer(bytes: rest.prefix(Self.pieceByteCount))
            rest = rest.dropFirst(Self.pieceByteCount)
            let frame = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(piece)))
            context.write(Self.wrapOutboundOut(frame)).whenSuccess {
                if self.phase == .lingering { self.deadline = .now() + self.server.idleTimeout }
            }
        }
        let bytes = context.channel.allocator.buffer(bytes: rest)
        let frame = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(bytes), endStream: isLast))
        if isLast { writeLast(frame, context) } else { write(frame, context) }
    }

    /// Writes what ends the answer. What the client still sends of a request that was answered early is of no use then;
    /// but told so before the answer has left, which may wait for its reading, it would never get that.
    private func writeLast(_ frame: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        guard !isInputEnded else {
            write(frame, context)
            return
        }
        context.write(Self.wrapOutboundOut(frame)).whenSuccess {
            guard !self.isInputEnded, let context = self.context else { return }
            self.write(.rstStream(.noError), context)
            self.flush(context)
        }
    }

    private func finish(_ status: HTTPStatus, _ context: ChannelHandlerContext) {
        completeRequest(status)
        phase = .lingering
        deadline = .now() + server.idleTimeout
        // The last: where all has been said, it ends the stream before it returns.
        flush(context)
    }
}

extension HPACKHeaders {
    /// Adds fields that came from a handler, but those that HTTP/2 has not got.
    fileprivate mutating func append(_ fields: [(name: String, value: String)]) {
        for (name, value) in fields where !HTTPResponse.isFraming(name) {
            add(name: name.lowercased(), value: cleanFieldValue(value))
        }
    }
}
