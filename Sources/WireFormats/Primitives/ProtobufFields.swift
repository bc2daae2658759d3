internal import TraceModel

/// What messages of query services have in common: texts, times, and maps of texts.
extension ProtobufReader {
    /// Text; bytes that are not UTF-8 are replaced.
    mutating func readText() throws(DecodeError) -> String {
        String(decoding: try readBytes(), as: UTF8.self)
    }

    mutating func readBool() throws(DecodeError) -> Bool { try readVarint() != 0 }

    /// Beyond 32 bits only the lower ones count, as everywhere in protobuf.
    mutating func readInt32() throws(DecodeError) -> Int { Int(Int32(truncatingIfNeeded: try readVarint())) }

    /// A `Timestamp` in nanoseconds since 1970; nil for the beginning of year 1, which clients in Go send for none.
    mutating func readTimestamp() throws(DecodeError) -> Int64? {
        let (seconds, nanoseconds) = try readSeconds()
        if seconds <= Self.yearOne { return nil }
        return JaegerTimes.nanoseconds(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// A `Duration` in nanoseconds; nil for 0, which clients send for none.
    mutating func readDuration() throws(DecodeError) -> Int64? {
        let (seconds, nanoseconds) = try readSeconds()
        let time = JaegerTimes.nanoseconds(seconds: seconds, nanoseconds: nanoseconds)
        return time == 0 ? nil : time
    }

    private static let yearOne: Int64 = -62_135_596_800

    private mutating func readSeconds() throws(DecodeError) -> (seconds: Int64, nanoseconds: Int64) {
        var result: (seconds: Int64, nanoseconds: Int64) = (0, 0)
        var fields = try readMessage()
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case 1 << 3 | WireType.varint: result.seconds = Int64(bitPattern: try fields.readVarint())
            case 2 << 3 | WireType.varint: result.nanoseconds = Int64(try fields.readInt32())
            default: try fields.skip(tag)
            }
        }
        return result
    }

    /// The bytes of a trace ID; of fewer than 16 the lower half.
    mutating func readTraceID() throws(DecodeError) -> TraceID {
        let offset = offset
        let bytes = try readBytes()
        switch bytes.count {
        case 16: return TraceID(networkOrder: bytes)
        case 8: return TraceID(high: 0, low: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        case 0: return TraceID(high: 0, low: 0)
        default: throw malformed("a trace ID of \(bytes.count) bytes", at: offset)
        }
    }

    /// One entry of a map of texts.
    mutating func readEntry() throws(DecodeError) -> (key: String, value: String) {
        var entry = (key: "", value: "")
        var fields = try readMessage()
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case 1 << 3 | WireType.bytes: entry.key = try fields.readText()
            case 2 << 3 | WireType.bytes: entry.value = try fields.readText()
            default: try fields.skip(tag)
            }
        }
        return entry
    }
}

/// Field numbers with the wire type of what they hold.
enum ProtobufField {
    static func varint(_ number: UInt32) -> UInt32 { number << 3 | ProtobufReader.WireType.varint }
    static func fixed64(_ number: UInt32) -> UInt32 { number << 3 | ProtobufReader.WireType.fixed64 }
    static func bytes(_ number: UInt32) -> UInt32 { number << 3 | ProtobufReader.WireType.bytes }
}

extension ProtobufWriter {
    /// A text that is absent when it is empty.
    mutating func write(_ tag: UInt32, text: String) {
        guard !text.isEmpty else { return }
        var text = text
        text.withUTF8 { write(tag, bytes: UnsafeRawBufferPointer($0)) }
    }

    /// An element of a list, present also when it is empty.
    mutating func write(_ tag: UInt32, element text: String) {
        var text = text
        text.withUTF8 { write(tag, bytes: UnsafeRawBufferPointer($0)) }
    }

    /// A number that is absent when it is 0, and no larger than 32 bits hold.
    mutating func write(_ tag: UInt32, count: Int) {
        if count > 0 { write(tag, varint: UInt64(min(count, Int(Int32.max)))) }
    }

    /// A time that is absent when there is none.
    mutating func write(_ tag: UInt32, fixedTime time: Int64?) {
        if let time, time > 0 { write(tag, fixed64: UInt64(time)) }
    }
}
