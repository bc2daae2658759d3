import Glibc
import Logging
import NetworkServer
import NetworkTestSupport
import Synchronization

/// A datagram server on a free port that keeps what it gets, ended with the test.
final class RunningDatagramServer: Sendable {
    struct Datagram {
        let bytes: [UInt8]
        let remoteAddress: String?
        let eventLoopIndex: Int
    }

    /// What the handler shares with the test.
    private final class Log: Sendable {
        let received = Mutex<[Datagram]>([])
        let tooLarge = Mutex<[Int]>([])
    }

    let server: DatagramServer
    private let group: HTTPServerGroup
    private let log: Log

    var port: Int { server.boundPort ?? 0 }
    var received: [Datagram] { log.received.withLock { $0 } }
    /// Sizes of those that were not handled.
    var tooLarge: [Int] { log.tooLarge.withLock { $0 } }
    var eventLoopIndex: Int? { log.received.withLock { $0.first?.eventLoopIndex } }

    static func run(
        address: String = "127.0.0.1", byteCountMax: Int = 65_000, receiveBufferByteCount: Int = 4 << 20,
        _ test: (RunningDatagramServer) async throws -> Void
    ) async throws {
        let running = try RunningDatagramServer(address, byteCountMax, receiveBufferByteCount)
        do {
            try await test(running)
            await running.end()
        } catch {
            await running.end()
            throw error
        }
    }

    private init(_ address: String, _ byteCountMax: Int, _ receiveBufferByteCount: Int) throws {
        let log = Log()
        self.log = log
        group = .forDatagramTests()
        server = DatagramServer(
            name: "agent", address: address, port: 0, byteCountMax: byteCountMax, group: group,
            receiveBufferByteCount: receiveBufferByteCount,
            handler: { bytes, origin in
                let datagram = Datagram(
                    bytes: Array(bytes), remoteAddress: origin.remoteAddress, eventLoopIndex: origin.eventLoopIndex)
                log.received.withLock { $0.append(datagram) }
            }, onTooLarge: { byteCount, _ in log.tooLarge.withLock { $0.append(byteCount) } })
        try server.start()
    }

    private func end() async {
        await server.close()
        await group.shutDown()
    }

    /// Holds up every handler while `body` runs.
    func whileHandlersWait(_ body: () -> Void) {
        log.received.withLock { _ in body() }
    }

    /// Waits, up to a minute, for something another thread brings about. Blocks the thread, as `RunningServer` does.
    func until(_ condition: () -> Bool) throws {
        for _ in 0..<60_000 where !condition() { usleep(1_000) }
        guard condition() else {
            throw RawClient.Failure(message: "it never came about: \(received.count) datagrams received")
        }
    }
}

extension HTTPServerGroup {
    static func forDatagramTests() -> HTTPServerGroup {
        var configuration = HTTPServerGroup.Configuration()
        configuration.eventLoopCount = 2
        configuration.workerThreadCount = 1
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return HTTPServerGroup(configuration: configuration, logger: logger)
    }
}

/// A socket that sends datagrams to one port.
final class DatagramClient {
    private let descriptor: Int32

    init(address: String = "127.0.0.1", port: Int) throws {
        let isVersion6 = address.contains(":")
        descriptor = socket(isVersion6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var size: Int32 = 1 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        let outcome: Int32
        if isVersion6 {
            var target = sockaddr_in6()
            target.sin6_family = sa_family_t(AF_INET6)
            target.sin6_port = in_port_t(port).bigEndian
            inet_pton(AF_INET6, address, &target.sin6_addr)
            outcome = Self.connect(descriptor, &target)
        } else {
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = in_port_t(port).bigEndian
            inet_pton(AF_INET, address, &target.sin_addr)
            outcome = Self.connect(descriptor, &target)
        }
        guard outcome == 0 else { throw RawClient.Failure(message: "connect: \(errno)") }
    }

    deinit { close(descriptor) }

    private static func connect<Address>(_ descriptor: Int32, _ target: inout Address) -> Int32 {
        withUnsafeBytes(of: &target) { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return Glibc.connect(descriptor, start, socklen_t(bytes.count))
        }
    }

    /// False: the system did not take it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) } == bytes.count
    }
}
