internal import NIOCore
internal import NIOHTTP2

/// Stands last on an HTTP/2 connection: ends it after an error that is more than one stream's.
///
/// NIO has said why in a GOAWAY by then, but goes on to take in bytes that nobody will look at.
final class HTTP2ErrorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.MaxStreamsViolation, is NIOHTTP2Errors.CreatedStreamAfterGoaway,
            is NIOHTTP2Errors.ContentLengthViolated:
            break  // Honest clients come to these; the stream has been reset.
        default:
            context.close(promise: nil)
        }
    }
}
