/// Frames of HTTP/2 (RFC 9113), as far as a client that posts needs them.
enum HTTP2 {
    enum FrameType: UInt8 {
        case data = 0
        case headers = 1
        case resetStream = 3
        case settings = 4
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    enum Flag {
        static let endStream: UInt8 = 1
        static let acknowledgement: UInt8 = 1
        static let endHeaders: UInt8 = 4
        static let padded: UInt8 = 8
        static let priority: UInt8 = 32
    }

    enum Setting {
        static let initialWindowSize: UInt16 = 4
        static let frameByteCountMax: UInt16 = 5
    }

    struct Frame {
        /// nil for a type that is none of ours.
        let type: FrameType?
        let flags: UInt8
        let stream: UInt32
        let payload: ArraySlice<UInt8>

        func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

        /// The payload without padding and priority.
        func content() throws -> ArraySlice<UInt8> {
            var content = payload
            var padding = 0
            if has(Flag.padded) { padding = Int(content.popFirst() ?? 0) }
            if type == .headers && has(Flag.priority) { content = content.dropFirst(5) }
            guard padding <= content.count else { throw BenchError("a frame with more padding than it is long") }
            return content.dropLast(padding)
        }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let headByteCount = 9

    static func appendHead(
        _ type: FrameType, flags: UInt8 = 0, stream: UInt32 = 0, byteCount: Int, to bytes: inout [UInt8]
    ) {
        let count = UInt32(byteCount)
        bytes += [UInt8(truncatingIfNeeded: count >> 16), UInt8(truncatingIfNeeded: count >> 8)]
        bytes += [UInt8(truncatingIfNeeded: count), type.rawValue, flags]
        append(stream, to: &bytes)
    }

    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Gives the peer room for more on a stream, or on the connection, which is stream 0.
    static func appendWindow(_ byteCount: Int, stream: UInt32, to bytes: inout [UInt8]) {
        appendHead(.windowUpdate, stream: stream, byteCount: 4, to: &bytes)
        append(UInt32(byteCount), to: &bytes)
    }

    /// The fields of a call of gRPC: names of the static table where it has them, values as they are, nothing kept.
    static func requestBlock(path: String, _ address: SocketAddress) -> [UInt8] {
        func string(_ text: String) -> [UInt8] {
            precondition(text.utf8.count < 127, "a short text")
            return [UInt8(text.utf8.count)] + text.utf8
        }
        let (post, http): (UInt8, UInt8) = (0x83, 0x86)
        return [post, http] + [0x04] + string(path) + [0x01] + string("\(address.host):\(address.port)")
            + [0x0F, 0x10] + string("application/grpc") + [0x00] + string("te") + string("trailers")
            + [0x0F, 0x2B] + string(BodyFraming.userAgent)
    }

    /// A big-endian number; bytes that are missing count as zero.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Takes bytes as they come and gives frames as they are complete.
struct HTTP2FrameParser {
    private var buffer: [UInt8] = []
    private var position = 0
    /// What a peer may send that was not told of another limit.
    private static let payloadByteCountMax = 16_384

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if position > 0 {
            buffer.removeSubrange(..<position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    mutating func next() throws -> HTTP2.Frame? {
        let head = HTTP2.headByteCount
        guard buffer.count - position >= head else { return nil }
        let count = Int(HTTP2.number(buffer[position..<(position + 3)]))
        guard count <= Self.payloadByteCountMax else { throw BenchError("a frame of \(count) bytes") }
        guard buffer.count - position >= head + count else { return nil }
        let start = position
        position += head + count
        return HTTP2.Frame(
            type: HTTP2.FrameType(rawValue: buffer[start + 3]), flags: buffer[start + 4],
            stream: HTTP2.number(buffer[(start + 5)..<(start + 9)]) & 0x7FFF_FFFF,
            payload: buffer[(start + head)..<position])
    }
}
