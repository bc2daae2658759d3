internal import NIOCore

/// Where a datagram came from, and where it is handled.
public struct DatagramOrigin: Sendable {
    /// Which of the group's event loops handles it: 0 up to, not including, `HTTPServerGroup.eventLoopCount`.
    public let eventLoopIndex: Int
    private let socketAddress: SocketAddress

    init(eventLoopIndex: Int, socketAddress: SocketAddress) {
        self.eventLoopIndex = eventLoopIndex
        self.socketAddress = socketAddress
    }

    /// The sender's IP address as it claims it; nothing proves it. Text is made only when asked for.
    public var remoteAddress: String? { socketAddress.ipAddress }
}
