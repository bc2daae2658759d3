internal import NIOCore

/// What the system says of a socket that takes datagrams.
public struct DatagramSocketState: Sendable {
    /// Bytes that it keeps until they are read, its own records included.
    public let receiveBufferByteCount: Int
    /// Datagrams lost since the start, nearly all of them because they came faster than they were handled. Begins anew
    /// after 4,294,967,295.
    public let lostDatagramCount: Int

    /// The answer to SO_MEMINFO, whose places are those of linux/sock_diag.h.
    private typealias MemoryInfo = [9 of UInt32]
    private static let receiveBufferPlace = 1
    private static let dropsPlace = 8
    private static let memoryInfoOption: CInt = 55

    static func of(_ channel: any SocketOptionProvider) async -> DatagramSocketState? {
        let info: EventLoopFuture<MemoryInfo> = channel.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: memoryInfoOption))
        guard let info = try? await info.get() else { return nil }
        return DatagramSocketState(
            receiveBufferByteCount: Int(info[receiveBufferPlace]), lostDatagramCount: Int(info[dropsPlace]))
    }
}
