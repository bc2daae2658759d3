internal import NIOCore
internal import Synchronization

/// What any thread may know about the client of a connection.
final class ConnectionPeer: Sendable {
    private let socketAddress: SocketAddress?
    private let connected = Atomic(true)

    init(_ socketAddress: SocketAddress?) {
        self.socketAddress = socketAddress
    }

    var address: String? { socketAddress?.ipAddress }
    var isConnected: Bool { connected.load(ordering: .relaxed) }

    func disconnect() {
        connected.store(false, ordering: .relaxed)
    }
}
