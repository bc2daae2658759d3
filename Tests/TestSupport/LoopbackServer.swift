internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server on a free port of this machine that answers as a test says, one connection after another.
///
/// It ends with the last reference.
public final class LoopbackServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Path and query as they came.
        public let target: String
        /// Names in lower case.
        public let headers: [String: String]
        public let body: [UInt8]
        /// Counted from 0 over all connections.
        public let number: Int
        /// Of the connection it came on, counted from 0.
        public let connection: Int
        /// Whether the client has closed the connection. Only while the answer is made.
        public let isGone: @Sendable () -> Bool
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: [(String, String)]
        public var body: [UInt8]
        /// The connection is closed in the middle of the body.
        public var isCutShort = false
        /// The connection is closed after the whole body, without a word of it before.
        public var isLast = false

        public init(_ status: Int = 200, headers: [(String, String)] = [], _ text: String = "") {
            self.status = status
            self.headers = headers
            body = Array(text.utf8)
        }
    }

    public let port: UInt16
    public var url: String { "http://127.0.0.1:\(port)" }
    private let listener: Int32
    private let record = Record()

    /// All requests so far, in order.
    public var requests: [Request] { record.requests.withLock { $0 } }

    private final class Record: Sendable {
        let requests = Mutex<[Request]>([])
    }

    public init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) | listen(listener, 64) | getsockname(listener, address, &length)
            }
        }
        guard outcome == 0 else { throw TestSupportError("no server: \(systemErrorText(errno))") }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        BackgroundThread<Void>.detach { [record] in
            defer { close(listener) }
            var number = 0
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 && errno == EINTR { continue }
                guard connection >= 0 else { return }
                let of = number
                number += 1
                BackgroundThread<Void>.detach { Self.serve(connection, number: of, record, answer) }
            }
        }
    }

    deinit {
        // Ends the waiting thread, which closes it: only then may its number be used again.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(
        _ connection: Int32, number: Int, _ record: Record, _ answer: (Request) -> Answer
    ) {
        defer { close(connection) }
        var bytes: [UInt8] = []
        func more() -> Bool {
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(connection, &piece, piece.count, 0)
            if count > 0 { bytes += piece[..<count] }
            return count > 0
        }
        while true {
            var headEnd = bytes.firstRange(of: [13, 10, 13, 10])
            while headEnd == nil {
                guard more() else { return }
                headEnd = bytes.firstRange(of: [13, 10, 13, 10])
            }
            guard let headEnd else { return }
            let lines = String(decoding: bytes[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
            let words = lines.first?.split(separator: " ") ?? []
            guard words.count == 3 else { return }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
            }
            let bodyEnd = headEnd.upperBound + (headers["content-length"].flatMap { Int($0) } ?? 0)
            while bytes.count < bodyEnd { guard more() else { return } }
            let body = Array(bytes[headEnd.upperBound..<bodyEnd])
            bytes.removeFirst(bodyEnd)
            let request = record.requests.withLock { requests in
                let request = Request(
                    method: String(words[0]), target: String(words[1]), headers: headers, body: body,
                    number: requests.count, connection: number,
                    isGone: {
                        var byte: UInt8 = 0
                        return recv(connection, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
                    })
                requests.append(request)
                return request
            }
            let answer = answer(request)
            var text = "HTTP/1.1 \(answer.status) x\r\ncontent-length: \(answer.body.count)\r\n"
            for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
            let sent = answer.isCutShort ? answer.body.prefix(answer.body.count / 2) : answer.body[...]
            let message = Array((text + "\r\n").utf8) + sent
            var start = 0
            while start < message.count {
                let count = message[start...].withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                start += count
            }
            if answer.isCutShort || answer.isLast { return }
        }
    }
}
