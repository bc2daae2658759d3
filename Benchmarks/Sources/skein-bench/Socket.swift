import Foundation

/// Where a server listens: an IPv4 or IPv6 address, and a port.
struct SocketAddress {
    let host: String
    let port: UInt16

    /// Reads `127.0.0.1:9411` or `[::1]:9411`.
    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw BenchError("\(text) is not an address and a port")
        }
        host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self.port = port
    }
}

/// A TCP connection, closed when it goes away.
final class Socket {
    let descriptor: Int32

    init(to address: SocketAddress, isBlocking: Bool) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard status == 0, let first = list else {
            throw BenchError("\(address.host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(first) }
        let flags = Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype | flags, 0)
        guard descriptor >= 0 else { throw BenchError.system("socket") }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var result = connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        while result != 0 && errno == EINTR {
            result = connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        }
        guard result == 0 || errno == EISCONN else {
            throw BenchError.system("connecting to \(address.host) port \(address.port)")
        }
        if !isBlocking { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    }

    deinit {
        close(descriptor)
    }

    /// What became of a read or a write.
    enum Outcome {
        case moved(Int)
        case wouldBlock
        case closed
    }

    /// Sends what it can of `bytes` from `offset` on.
    func write(_ bytes: [UInt8], from offset: Int) -> Outcome {
        bytes.withUnsafeBytes { memory in
            outcome {
                send(descriptor, memory.baseAddress.map { $0 + offset }, memory.count - offset, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Reads what there is into `buffer`.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        outcome { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
    }

    private func outcome(_ call: () -> Int) -> Outcome {
        while true {
            let count = call()
            if count > 0 { return .moved(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .closed
            }
        }
    }
}
