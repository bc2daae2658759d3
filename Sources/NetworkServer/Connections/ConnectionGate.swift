internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2

/// Stands first in a connection's pipeline, behind TLS: counts the connection in and out, and sees from its first
/// bytes whether it speaks HTTP/1.1 or HTTP/2.
///
/// Each listener takes both, with TLS and without: an HTTP/2 client that knows what it speaks to begins with a preface
/// (RFC 9113, section 3.4) which is no HTTP/1.1.
final class ConnectionGate: Watched, ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Spoken {
        case unknown
        case http1(HTTP1Connection)
        case http2
    }

    private var spoken = Spoken.unknown
    private var firstBytes: ByteBuffer?
    private var context: ChannelHandlerContext?
    private var isAdmitted = false
    private var streamCount = 0  // of HTTP/2, as those below
    private var areSettingsTaken = false
    /// While a stream sends: an error is none of the client's then.
    var isAnswering = false
    private var drainsWithSettings = false
    /// When the last stream ended.
    private var quietSince: NIODeadline?

    /// What a client says of an answer that it has just got, such as that there is room again, comes within this.
    private static let afterthoughtTime = TimeAmount.milliseconds(250)

    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    // MARK: From the channel

    func channelActive(context: ChannelHandlerContext) {
        guard server.admit() else {
            server.observer?.connectionRefused(server: server.name)
            context.close(promise: nil)
            return
        }
        isAdmitted = true
        self.context = context
        deadline = .now() + server.idleTimeout
        loop.add(self, sweepInterval: server.sweepInterval)
        server.observer?.connectionOpened(server: server.name)
        // Accepted while the listener was being closed.
        if server.isDraining { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        context.fireChannelInactive()
        guard isAdmitted else { return }
        isAdmitted = false
        self.context = nil
        loop.remove(self)
        server.observer?.connectionClosed(server: server.name)
        server.leave()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch spoken {
        case .http1(let connection):
            connection.bytesArrived(Self.unwrapInboundIn(data).readableBytes)
            context.fireChannelRead(data)
        case .http2:
            context.fireChannelRead(data)
        case .unknown:
            guard isAdmitted else { return }
            if firstBytes == nil { deadline = .now() + server.requestTimeout }
            var bytes = Self.unwrapInboundIn(data)
            if var earlier = firstBytes {
                earlier.writeBuffer(&bytes)
                bytes = earlier
            }
            firstBytes = bytes
            guard let isHTTP2 = Self.isHTTP2(bytes) else { return }
            begin(context, isHTTP2 ? beginHTTP2 : beginHTTP1)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .unknown = spoken else {
            context.fireErrorCaught(error)
            return
        }
        // Before the first byte, only TLS can fail.
        server.handshakeFailed(error, peer: context.remoteAddress?.ipAddress, logger: loop.logger)
        close()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            switch spoken {
            case .http1: break
            case .unknown, .http2: close()  // A client that says no more on HTTP/2 is gone.
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// While no stream is open on an HTTP/2 connection, its end draws near: it is told to go when it has been idle, and
    /// has as long as a request takes to do so. Streams have deadlines of their own.
    func changeStreamCount(by change: Int) {
        streamCount += change
        if change < 0, streamCount == 0 { quietSince = .now() }
        deadline = streamCount > 0 ? .distantFuture : .now() + server.idleTimeout + server.requestTimeout
    }

    /// The client has acknowledged the settings. Told before that to go, an idle one would end in a protocol error, for
    /// NIO takes its connection for closed by then and the acknowledgement for an offence.
    func settingsTaken() {
        areSettingsTaken = true
        if drainsWithSettings { drain() }
    }

    // MARK: From the event loop and the server

    override func deadlinePassed() {
        server.observer?.connectionTimedOut(server: server.name)
        close()
    }

    override func drain() {
        if case .http2 = spoken {
            guard areSettingsTaken else {
                drainsWithSettings = true
                deadline = min(deadline, .now() + server.requestTimeout)
                return
            }
            // To be told so after it was told to go would be a protocol error, as above.
            if let quiet = quietSince, streamCount == 0, .now() - quiet < Self.afterthoughtTime {
                loop.eventLoop.scheduleTask(in: Self.afterthoughtTime) { self.drain() }
                return
            }
            context?.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        } else {
            close()
        }
    }

    override func close() {
        context?.close(promise: nil)
    }

    // MARK: Protocols

    /// Whether the bytes begin HTTP/2; nil while too few have come to tell.
    private static func isHTTP2(_ bytes: ByteBuffer) -> Bool? {
        bytes.withUnsafeReadableBytes { bytes in
            let count = min(bytes.count, preface.utf8CodeUnitCount)
            let isAlike = (0..<count).allSatisfy { bytes[$0] == preface.utf8Start[$0] }
            return isAlike && count < preface.utf8CodeUnitCount ? nil : isAlike
        }
    }

    /// Adds the handlers of a protocol, and gives them the bytes that have come.
    private func begin(_ context: ChannelHandlerContext, _ addHandlers: (ChannelHandlerContext) throws -> Void) {
        guard let bytes = firstBytes.take() else { return }
        do {
            try addHandlers(context)
        } catch {
            loop.logger.error("a connection could not be set up", metadata: ["reason": "\(error)"])
            close()
            return
        }
        if case .http1(let connection) = spoken { connection.bytesArrived(bytes.readableBytes) }
        context.fireChannelRead(Self.wrapInboundOut(bytes))
    }

    private func beginHTTP1(_ context: ChannelHandlerContext) throws {
        // From now on the connection's own deadlines count.
        loop.remove(self)
        let connection = HTTP1Connection(server: server, loop: loop)
        spoken = .http1(connection)
        try context.pipeline.syncOperations.addHandlers([ByteToMessageHandler(server.makeDecoder()), connection])
    }

    private func beginHTTP2(_ context: ChannelHandlerContext) throws {
        spoken = .http2
        changeStreamCount(by: 0)
        let lifetime = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: loop.eventLoop, configuration: server.http2Lifetime)
        let pipeline = context.pipeline.syncOperations
        let http2 = NIOHTTP2Handler(
            mode: .server, eventLoop: loop.eventLoop, connectionConfiguration: server.http2Connection,
            streamConfiguration: server.http2Stream, streamDelegate: lifetime.http2StreamDelegate
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(HTTP2Stream(on: self))
            }
        }
        try pipeline.addHandlers([http2, lifetime, HTTP2ConnectionWatch(gate: self)])
        // The handler that was added late keeps to itself that the channel is active.
        try pipeline.context(handler: http2).fireChannelActive()
    }
}
