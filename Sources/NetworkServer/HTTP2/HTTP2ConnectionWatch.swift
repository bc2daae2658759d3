internal import NIOCore
internal import NIOHTTP2

/// Stands last on an HTTP/2 connection: ends it after an error that is more than one stream's, and tells the gate when
/// the client has taken our settings.
final class HTTP2ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let gate: ConnectionGate

    init(gate: ConnectionGate) { self.gate = gate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .settings(.ack) = Self.unwrapInboundIn(data).payload { gate.settingsTaken() }
    }

    /// NIO has said why in a GOAWAY by then, but goes on to take in bytes that nobody will look at.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.CreatedStreamAfterGoaway, is NIOHTTP2Errors.ContentLengthViolated:
            break  // Honest clients come to these; the stream has been reset.
        case is NIOHTTP2Errors.NoSuchStream where gate.isAnswering:
            break  // The client has given up a call in the moment in which it is answered.
        default:
            context.close(promise: nil)
        }
    }
}
