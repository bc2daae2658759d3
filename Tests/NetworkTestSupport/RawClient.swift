internal import Glibc

/// A socket that speaks whatever bytes a test gives it. Reads give up after ten seconds.
public final class RawClient {
    public struct Answer {
        public var status = 0
        public var headers: [String: String] = [:]
        public var body: [UInt8] = []
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    public struct Failure: Error {
        public let message: String

        public init(message: String) { self.message = message }
    }

    private let descriptor: Int32
    private var received: [UInt8] = []

    public init(port: Int, receiveBufferByteCount: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBufferByteCount {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else { throw Failure(message: "connect: \(errno)") }
    }

    deinit { close(descriptor) }

    /// False: the other side no longer takes anything.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    public func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset instead of a farewell.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Reads what comes; empty at the end.
    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == ECONNRESET { return false }
        guard count >= 0 else { throw Failure(message: "recv: \(errno) after \(received.count) bytes") }
        received += buffer.prefix(count)
        return count > 0
    }

    /// Everything until the other side ends.
    public func readToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    /// Whether the other side has ended, nothing more having come.
    public func isEnded() throws -> Bool {
        try received.isEmpty && !receive()
    }

    /// The next `count` bytes; nil when the other side has ended before.
    public func read(_ count: Int) throws -> [UInt8]? {
        while received.count < count {
            guard try receive() else { return nil }
        }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    private func take(_ count: Int) throws -> [UInt8] {
        guard let bytes = try read(count) else {
            throw Failure(message: "ended after \(received.count) of \(count) bytes")
        }
        return bytes
    }

    private func takeLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = try take(end + 1)
                return String(decoding: line.dropLast(2), as: UTF8.self)
            }
            guard try receive() else { throw Failure(message: "ended in a line") }
        }
    }

    /// The next answer, its chunks joined.
    public func readAnswer(hasBody: Bool = true) throws -> Answer {
        var answer = Answer()
        let parts = try takeLine().split(separator: " ")
        guard parts.count >= 2, let status = Int(parts[1]) else { throw Failure(message: "no status line: \(parts)") }
        answer.status = status
        while case let line = try takeLine(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Failure(message: "no field: \(line)") }
            answer.headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
        }
        guard hasBody, status != 204, status != 100 else { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            while true {
                let size = Int(try takeLine(), radix: 16) ?? -1
                guard size >= 0 else { throw Failure(message: "no chunk size") }
                answer.body += try take(size)
                _ = try takeLine()
                if size == 0 { return answer }
            }
        }
        if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
            answer.body = try take(length)
        } else {
            answer.body = try readToEnd()
        }
        return answer
    }

    public func exchange(_ request: String, _ body: [UInt8] = []) throws -> Answer {
        send(Array(request.utf8) + body)
        return try readAnswer()
    }
}
