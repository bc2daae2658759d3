internal import NIOCore
internal import NIOHPACK

/// An HTTP/2 client as polite or as rude as a test wants: frames over a `RawClient`, one at a time.
public final class HTTP2Client {
    public enum FrameType: UInt8 {
        case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    public struct Frame {
        public let type: UInt8
        public let flags: UInt8
        public let streamID: Int
        public let payload: [UInt8]
    }

    /// What came on one stream.
    public struct Answer {
        public var status: Int?
        /// Names in lower case, as sent.
        public var headers: [(name: String, value: String)] = []
        public var body: [UInt8] = []
        public var trailers: [(name: String, value: String)]?
        public var headerFrameCount = 0
        /// The server said its last on this stream.
        public var isEnded = false
        public var resetCode: Int?

        public var text: String { String(decoding: body, as: UTF8.self) }

        public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        /// A field of the trailers; of the only fields where there was no other.
        public func trailer(_ name: String) -> String? {
            (trailers ?? headers).first { $0.name == name }?.value
        }
    }

    public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    public static let endStream: UInt8 = 1
    public static let endHeaders: UInt8 = 4

    public let socket: RawClient
    /// Gives the server room for as much as was read.
    public var replenishesWindows = true
    /// What the server first said of the connection's end.
    public private(set) var goAway: (lastStreamID: Int, code: Int)?
    /// The codes of all that it said of it.
    public private(set) var goAwayCodes: [Int] = []
    public private(set) var answers: [Int: Answer] = [:]
    /// Everything that was sent, to be replayed.
    public private(set) var sent: [UInt8] = []

    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    private var nextStreamID = 1
    private var connectionWindow = 65_535
    private var initialWindow = 65_535
    private var windows: [Int: Int] = [:]
    private var frameByteCountMax = 16_384

    /// `settings` are numbers of RFC 9113, section 6.5.2, and their values.
    public init(port: Int, settings: [(UInt16, UInt32)] = [], receiveBufferByteCount: Int32? = nil) throws {
        socket = try RawClient(port: port, receiveBufferByteCount: receiveBufferByteCount)
        send(Self.preface)
        var payload: [UInt8] = []
        for (number, value) in settings {
            payload += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] + Self.bigEndian(Int(value), 4)
        }
        send(.settings, payload: payload)
    }

    // MARK: Sending

    private static func bigEndian(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }

    public func send(_ bytes: [UInt8]) {
        sent += bytes
        socket.send(bytes)
    }

    public func send(_ type: FrameType, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) {
        let head = Self.bigEndian(payload.count, 3) + [type.rawValue, flags] + Self.bigEndian(stream, 4)
        send(head + payload)
    }

    /// Begins a request. `ends`: it has no body.
    /// - Returns: the number of its stream.
    @discardableResult
    public func sendHead(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], ends: Bool = false
    ) throws -> Int {
        let stream = nextStreamID
        nextStreamID += 2
        windows[stream] = initialWindow
        answers[stream] = Answer()
        let fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")] + fields
        var block = ByteBuffer()
        try encoder.encode(headers: HPACKHeaders(fields), to: &block)
        var rest = Array(block.readableBytesView)
        var type = FrameType.headers
        repeat {
            let piece = Array(rest.prefix(frameByteCountMax))
            rest.removeFirst(piece.count)
            var flags = rest.isEmpty ? Self.endHeaders : 0
            if type == .headers, ends { flags |= Self.endStream }
            send(type, flags: flags, stream: stream, payload: piece)
            type = .continuation
        } while !rest.isEmpty
        return stream
    }

    /// Sends a part of a body, waiting for room where there is none. False: the server wants no more of it.
    @discardableResult
    public func sendBody(_ bytes: [UInt8], on stream: Int, ends: Bool = true) throws -> Bool {
        var rest = bytes[...]
        repeat {
            var room = min(connectionWindow, windows[stream] ?? 0, frameByteCountMax)
            while room == 0, !rest.isEmpty {
                guard answers[stream]?.isEnded != true, try readFrame() != nil else { return false }
                room = min(connectionWindow, windows[stream] ?? 0, frameByteCountMax)
            }
            let piece = Array(rest.prefix(room))
            rest = rest.dropFirst(piece.count)
            connectionWindow -= piece.count
            windows[stream, default: 0] -= piece.count
            send(.data, flags: ends && rest.isEmpty ? Self.endStream : 0, stream: stream, payload: piece)
        } while !rest.isEmpty
        return true
    }

    public func reset(_ stream: Int, code: Int = 8) {
        send(.resetStream, stream: stream, payload: Self.bigEndian(code, 4))
    }

    public func giveRoom(_ byteCount: Int, stream: Int) {
        send(.windowUpdate, stream: stream, payload: Self.bigEndian(byteCount, 4))
    }

    // MARK: Reading

    /// Reads one frame and does what it asks for; nil at the end of the connection.
    @discardableResult
    public func readFrame() throws -> Frame? {
        guard let head = try socket.read(9) else { return nil }
        let byteCount = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
        let stream = head[5..<9].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
        guard let payload = try socket.read(byteCount) else { return nil }
        let frame = Frame(type: head[3], flags: head[4], streamID: stream, payload: payload)
        try take(frame)
        return frame
    }

    private func take(_ frame: Frame) throws {
        func number(_ range: Range<Int>) -> Int { frame.payload[range].reduce(0) { $0 << 8 | Int($1) } }
        switch FrameType(rawValue: frame.type) {
        case .data:
            answers[frame.streamID]?.body += frame.payload
            if replenishesWindows, !frame.payload.isEmpty {
                giveRoom(frame.payload.count, stream: 0)
                if frame.flags & Self.endStream == 0 { giveRoom(frame.payload.count, stream: frame.streamID) }
            }
        case .headers:
            guard frame.flags & Self.endHeaders != 0 else { throw RawClient.Failure(message: "headers in pieces") }
            var block = ByteBuffer(bytes: frame.payload)
            let fields = try decoder.decodeHeaders(from: &block)
            answers[frame.streamID]?.take(fields)
        case .settings where frame.flags & 1 == 0:
            for start in stride(from: 0, to: frame.payload.count, by: 6) {
                let value = number(start + 2..<start + 6)
                switch number(start..<start + 2) {
                case 4:
                    for stream in windows.keys { windows[stream, default: 0] += value - initialWindow }
                    initialWindow = value
                case 5: frameByteCountMax = value
                default: break
                }
            }
            send(.settings, flags: 1)
        case .ping where frame.flags & 1 == 0:
            send(.ping, flags: 1, payload: frame.payload)
        case .resetStream:
            answers[frame.streamID]?.resetCode = number(0..<4)
            answers[frame.streamID]?.isEnded = true
        case .goAway:
            goAway = goAway ?? (number(0..<4), number(4..<8))
            goAwayCodes.append(number(4..<8))
        case .windowUpdate:
            if frame.streamID == 0 {
                connectionWindow += number(0..<4)
            } else {
                windows[frame.streamID, default: 0] += number(0..<4)
            }
        default:
            break
        }
        if frame.type < 2, frame.flags & Self.endStream != 0 { answers[frame.streamID]?.isEnded = true }
    }

    /// Reads until the server has said its last on a stream.
    public func answer(on stream: Int) throws -> Answer {
        while answers[stream]?.isEnded == false {
            guard try readFrame() != nil else { throw RawClient.Failure(message: "ended before its answer") }
        }
        guard let answer = answers[stream] else { throw RawClient.Failure(message: "no stream \(stream)") }
        return answer
    }

    /// Reads until the server ends the connection.
    public func readToEnd() throws {
        while try readFrame() != nil {}
    }

    /// Exchanges a ping: what was sent before it, the server has read.
    public func ping() throws {
        send(.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
        while let frame = try readFrame() {
            if frame.type == FrameType.ping.rawValue, frame.flags & 1 == 1 { return }
        }
        throw RawClient.Failure(message: "ended before the ping came back")
    }

    // MARK: Requests

    /// Sends a request, and reads its answer.
    public func exchange(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], _ body: [UInt8]? = nil
    ) throws -> Answer {
        let stream = try sendHead(method, path, fields, ends: body == nil)
        if let body { try sendBody(body, on: stream) }
        return try answer(on: stream)
    }
}

extension HTTP2Client.Answer {
    fileprivate mutating func take(_ fields: HPACKHeaders) {
        headerFrameCount += 1
        let fields = fields.map { (name: $0.name, value: $0.value) }
        if let status = fields.first(where: { $0.name == ":status" }) {
            self.status = Int(status.value)
            headers = fields
        } else {
            trailers = fields
        }
    }
}
