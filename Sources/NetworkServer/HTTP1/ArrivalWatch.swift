internal import NIOCore

/// Tells the connection of every byte that arrives, before NIO's decoder has made a part of a request of them.
final class ArrivalWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: HTTP1Connection

    init(_ connection: HTTP1Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.bytesArrived(Self.unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }
}
