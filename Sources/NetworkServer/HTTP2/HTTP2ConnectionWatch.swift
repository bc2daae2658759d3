internal import NIOCore
internal import NIOHTTP2

/// Stands last on an HTTP/2 connection: ends it after an error that is more than one stream's, and tells the gate how
/// many streams are open.
final class HTTP2ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let gate: ConnectionGate
    private var streamCount = 0

    init(gate: ConnectionGate) { self.gate = gate }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is NIOHTTP2StreamCreatedEvent: streamCount += 1
        case is StreamClosedEvent: streamCount -= 1
        default: return
        }
        gate.streamCountChanged(streamCount)
    }

    /// NIO has said why in a GOAWAY by then, but goes on to take in bytes that nobody will look at.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.CreatedStreamAfterGoaway, is NIOHTTP2Errors.ContentLengthViolated:
            break  // Honest clients come to these; the stream has been reset.
        default:
            context.close(promise: nil)
        }
    }
}
