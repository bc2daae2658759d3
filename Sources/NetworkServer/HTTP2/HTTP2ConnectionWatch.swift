internal import NIOCore
internal import NIOHTTP2

/// Stands last on an HTTP/2 connection: ends it after an error that is more than one stream's.
final class HTTP2ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

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
