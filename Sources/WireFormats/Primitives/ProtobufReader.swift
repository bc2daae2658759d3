/// A cursor over the fields of one protobuf message that belongs to somebody else.
///
/// Every read is checked against the end of the message, which lies within the enclosing one: 0...`end` is memory
/// that may be read, and `offset` never goes beyond `end`.
struct ProtobufReader {
    private let start: UnsafeRawPointer
    /// The byte to be read next, counted from the start of the body.
    private(set) var offset: Int
    let end: Int

    /// The whole body as one message. The bytes must outlive the reader and all that it gives.
    init(_ bytes: UnsafeRawBufferPointer) {
        // Never read from when there are no bytes.
        start = bytes.baseAddress ?? UnsafeRawPointer(("" as StaticString).utf8Start)
        offset = 0
        end = bytes.count
    }

    private init(start: UnsafeRawPointer, offset: Int, end: Int) {
        self.start = start
        self.offset = offset
        self.end = end
    }

    @inline(__always)
    var isAtEnd: Bool { offset == end }
    var count: Int { end &- offset }

    /// How the value of a field is written; the low three bits of its tag.
    enum WireType {
        static let varint: UInt32 = 0
        static let fixed64: UInt32 = 1
        static let bytes: UInt32 = 2
        static let fixed32: UInt32 = 5
    }

    /// Field number and wire type of the next field, as they are written.
    @inline(__always)
    mutating func readTag() throws(DecodeError) -> UInt32 {
        if offset < end, case let byte = load(offset), byte < 0x80, byte > 7 {
            offset &+= 1
            return UInt32(byte)
        }
        return try readLongTag()
    }

    @inline(never)
    private mutating func readLongTag() throws(DecodeError) -> UInt32 {
        let place = offset
        let value = try readVarint()
        guard let tag = UInt32(exactly: value), tag > 7 else {
            throw malformed("\(value) is no tag of a field", at: place)
        }
        return tag
    }

    @inline(__always)
    mutating func readVarint() throws(DecodeError) -> UInt64 {
        if offset < end, case let byte = load(offset), byte < 0x80 {
            offset &+= 1
            return UInt64(byte)
        }
        return try readLongVarint()
    }

    @inline(never)
    private mutating func readLongVarint() throws(DecodeError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var at = offset
        while at < end {
            let byte = load(at)
            at &+= 1
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { throw malformed("a number has more than 64 bits") }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 {
                offset = at
                return value
            }
            shift &+= 7
        }
        throw endsEarly()
    }

    @inline(__always)
    mutating func readFixed64() throws(DecodeError) -> UInt64 {
        guard count >= 8 else { throw endsEarly() }
        offset &+= 8
        return UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset &- 8, as: UInt64.self))
    }

    @inline(__always)
    mutating func readFixed32() throws(DecodeError) -> UInt32 {
        guard count >= 4 else { throw endsEarly() }
        offset &+= 4
        return UInt32(littleEndian: start.loadUnaligned(fromByteOffset: offset &- 4, as: UInt32.self))
    }

    /// The bytes, or the text, of a field.
    @inline(__always)
    mutating func readBytes() throws(DecodeError) -> UnsafeRawBufferPointer {
        let length = try readLength()
        offset &+= length
        return UnsafeRawBufferPointer(start: start + (offset &- length), count: length)
    }

    /// The message of a field.
    @inline(__always)
    mutating func readMessage() throws(DecodeError) -> ProtobufReader {
        let length = try readLength()
        offset &+= length
        return ProtobufReader(start: start, offset: offset &- length, end: offset)
    }

    @inline(__always)
    private mutating func readLength() throws(DecodeError) -> Int {
        let length = try readVarint()
        guard length <= UInt64(count) else { throw endsEarly() }
        return Int(truncatingIfNeeded: length)
    }

    /// Skips the value of a field with this tag. Groups, which no format has used for long, are refused.
    mutating func skip(_ tag: UInt32) throws(DecodeError) {
        switch tag & 7 {
        case WireType.varint: _ = try readVarint()
        case WireType.fixed64: _ = try readFixed64()
        case WireType.bytes: _ = try readBytes()
        case WireType.fixed32: _ = try readFixed32()
        default: throw malformed("field \(tag >> 3) has the wire type \(tag & 7), which is not understood")
        }
    }

    @inline(never)
    func malformed(_ message: String, at place: Int? = nil) -> DecodeError {
        DecodeError(.malformed, message, offset: place ?? offset)
    }

    @inline(never)
    private func endsEarly() -> DecodeError { malformed("a message ends within a field") }

    /// The caller has checked that `at` is within 0..<end.
    @inline(__always)
    private func load(_ at: Int) -> UInt8 { start.load(fromByteOffset: at, as: UInt8.self) }
}
