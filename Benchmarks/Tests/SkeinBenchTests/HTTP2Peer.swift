import Foundation

@testable import skein_bench

/// The other side of a connection: takes frames apart by hand and sends bytes as they are told.
final class HTTP2Peer {
    let address: SocketAddress
    private let listener: Int32
    private var descriptor: Int32 = -1
    private(set) var bytes: [UInt8] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &name) { memory -> Int32 in
            guard let base = memory.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            guard bind(listener, base, length) == 0, listen(listener, 4) == 0 else { return -1 }
            return getsockname(listener, base, &length)
        }
        self.listener = listener
        guard result == 0 else { throw BenchError.system("listening") }
        address = try SocketAddress("127.0.0.1:\(UInt16(bigEndian: name.sin_port))")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        close(listener)
    }

    func accept() { descriptor = Glibc.accept(listener, nil, nil) }

    func hangUp() {
        close(descriptor)
        descriptor = -1
    }

    func send(_ frame: [UInt8]) { _ = Glibc.send(descriptor, frame, frame.count, Int32(MSG_NOSIGNAL)) }

    /// Reads until `count` bytes have come in all, or nothing more comes for a while.
    func receive(_ count: Int) {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 2_000) > 0 else { return }
            let read = recv(descriptor, &chunk, chunk.count, 0)
            guard read > 0 else { return }
            bytes += chunk[..<read]
        }
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    /// The frames after the preface: type, flags, stream, payload.
    func frames() -> [(type: UInt8, flags: UInt8, stream: UInt8, payload: [UInt8])] {
        var rest = bytes.dropFirst(24)
        var frames: [(type: UInt8, flags: UInt8, stream: UInt8, payload: [UInt8])] = []
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + count else { break }
            frames.append((head[3], head[4], head[8], Array(rest.dropFirst(9).prefix(count))))
            rest = rest.dropFirst(9 + count)
        }
        return frames
    }
}
