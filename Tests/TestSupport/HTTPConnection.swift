internal import Glibc

/// One answer to one request.
public struct HTTPResponse: Sendable {
    public let status: Int
    /// Names in lower case, in the order received.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// The first header of that name (in lower case).
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// The bytes of a request, and how their length is told.
public enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])
    case chunked([UInt8], chunkByteCount: Int)
}

/// A connection ended, or said something that is no HTTP/1.1.
public enum HTTPConnectionError: Error {
    case cannotConnect(String)
    case closed(String)
    case timedOut(String)
    case malformed(String)
}

/// A blocking HTTP/1.1 client on one TCP connection to this machine, kept alive between requests.
///
/// It does what it is told and nothing else: no redirects, no retries, no decompression. Not for several threads at
/// once.
public final class HTTPConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var readPosition = 0
    /// Whether another request can be sent: the server did not announce or make an end.
    public private(set) var isOpen = true

    public init(port: UInt16, timeoutSeconds: Int = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HTTPConnectionError.cannotConnect(systemErrorText(errno)) }
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))

        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else {
            // What is made so far is closed by the end of its life, which begins here.
            throw HTTPConnectionError.cannotConnect("port \(port): \(systemErrorText(errno))")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends one request and reads its answer.
    ///
    /// An answer that comes before all of the body is sent ends the sending; the connection is of no further use then.
    public func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: HTTPRequestBody = .none
    ) throws -> HTTPResponse {
        var head = "\(method) \(target) HTTP/1.1\r\nhost: localhost\r\n"
        for (name, value) in headers {
            head += "\(name): \(value)\r\n"
        }
        var message: [UInt8]
        switch body {
        case .none:
            message = Array((head + "\r\n").utf8)
        case .bytes(let bytes):
            message = Array((head + "content-length: \(bytes.count)\r\n\r\n").utf8) + bytes
        case .chunked(let bytes, let chunkByteCount):
            message = Array((head + "transfer-encoding: chunked\r\n\r\n").utf8)
            var start = 0
            while start < bytes.count {
                let end = min(start + chunkByteCount, bytes.count)
                message += Array((String(end - start, radix: 16) + "\r\n").utf8) + bytes[start..<end] + [13, 10]
                start = end
            }
            message += Array("0\r\n\r\n".utf8)
        }
        try sendRaw(message)
        return try readResponse(hasBody: method != "HEAD")
    }

    /// Sends bytes as they are: parts of requests, or none at all.
    public func sendRaw(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            var events = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
            poll(&events, 1, -1)
            if start > 0, events.revents & Int16(POLLIN) != 0 {
                isOpen = false
                return
            }
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + start, min($0.count - start, 1 << 16), Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                // The server may have answered before it closed: let that answer be read.
                isOpen = false
                if errno == EPIPE || errno == ECONNRESET { return }
                throw readFailure("while sending")
            }
            start += count
        }
    }

    /// Tells the server that nothing more will be sent; its answer can still be read.
    public func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
        isOpen = false
    }

    /// Reads the next answer, leaving out interim ones (100 Continue).
    public func readResponse(hasBody: Bool = true) throws -> HTTPResponse {
        let statusLine = try readLine().split(separator: " ", maxSplits: 2)
        guard statusLine.count >= 2, statusLine[0].hasPrefix("HTTP/1."), let status = Int(statusLine[1]) else {
            throw HTTPConnectionError.malformed("status line: \(statusLine.joined(separator: " "))")
        }
        var headers: [(name: String, value: String)] = []
        while case let line = try readLine(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw HTTPConnectionError.malformed("header: \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers.append((line[..<colon].lowercased(), String(value)))
        }
        if status / 100 == 1 { return try readResponse(hasBody: hasBody) }
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value.lowercased() }

        if header("connection") == "close" { isOpen = false }
        var body: [UInt8] = []
        if hasBody, status != 204, status != 304 {
            if header("transfer-encoding") == "chunked" {
                body = try readChunks()
            } else if let length = header("content-length") {
                guard let count = Int(length) else { throw HTTPConnectionError.malformed("content-length: \(length)") }
                body = try read(count)
            } else {
                isOpen = false
                while try receive() {}
                body = Array(received[readPosition...])
            }
        }
        return HTTPResponse(status: status, headers: headers, body: body)
    }

    private func readChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try readLine()
            guard let count = Int(line.prefix { $0 != ";" }, radix: 16) else {
                throw HTTPConnectionError.malformed("chunk size: \(line)")
            }
            if count == 0 { break }
            body += try read(count)
            guard try readLine().isEmpty else { throw HTTPConnectionError.malformed("no line end after a chunk") }
        }
        while try !readLine().isEmpty {}
        return body
    }

    private func readLine() throws -> String {
        var searchPosition = readPosition
        while true {
            if let end = received[searchPosition...].firstIndex(of: 10) {
                var line = received[readPosition..<end]
                if line.last == 13 { line.removeLast() }
                readPosition = end + 1
                return String(decoding: line, as: UTF8.self)
            }
            guard received.count - readPosition < 1 << 16 else {
                throw HTTPConnectionError.malformed("an endless line")
            }
            searchPosition = received.count - readPosition  // reading moves what is left to the front
            guard try receive() else { throw readFailure("before the end of a line") }
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        while received.count - readPosition < count {
            guard try receive() else { throw readFailure("before the end of a body") }
        }
        defer { readPosition += count }
        return Array(received[readPosition..<readPosition + count])
    }

    /// Reads what there is, or waits for it; false at the end of the stream.
    private func receive() throws -> Bool {
        received.removeFirst(readPosition)
        readPosition = 0
        return try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { piece in
            while true {
                let count = recv(descriptor, piece.baseAddress, piece.count, 0)
                if count < 0 {
                    if errno == EINTR { continue }
                    isOpen = false
                    throw errno == EAGAIN
                        ? HTTPConnectionError.timedOut("no answer in time")
                        : HTTPConnectionError.closed(systemErrorText(errno))
                }
                if count == 0 { isOpen = false }
                received.append(contentsOf: piece[..<count])
                return count > 0
            }
        }
    }

    private func readFailure(_ moment: String) -> HTTPConnectionError {
        isOpen = false
        return .closed("the connection ended \(moment)")
    }
}
