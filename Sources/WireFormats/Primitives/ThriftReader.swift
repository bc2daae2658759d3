/// Types of Thrift values, with the numbers of the binary protocol whatever the protocol at hand writes.
enum ThriftType {
    static let stop: UInt32 = 0
    static let bool: UInt32 = 2
    static let byte: UInt32 = 3
    static let double: UInt32 = 4
    static let i16: UInt32 = 6
    static let i32: UInt32 = 8
    static let i64: UInt32 = 10
    /// Text or bytes.
    static let string: UInt32 = 11
    static let structure: UInt32 = 12
    static let map: UInt32 = 13
    static let set: UInt32 = 14
    static let list: UInt32 = 15
    static let uuid: UInt32 = 16
}

/// The header of one field of a struct; made anew for each struct, because some protocols write IDs as differences.
struct ThriftField {
    var id: Int16 = 0
    var type: UInt32 = ThriftType.stop
    /// The value of a boolean that stands in the header itself.
    var flag = false

    /// The ID shifted by eight, and the type: what decoders compare. Negative IDs, which no schema gives, are above the
    /// others.
    @inline(__always)
    var tag: UInt32 { UInt32(UInt16(bitPattern: id)) &<< 8 | type }
}

/// The header of a list or a set.
struct ThriftList {
    var elementType: UInt32
    /// So many elements may stand in the bytes that are left.
    var count: Int
}

/// The header of a call.
struct ThriftMessage {
    static let call: UInt8 = 1
    static let oneWay: UInt8 = 4

    var name: UnsafeRawBufferPointer
    var type: UInt8
    var sequence: Int32
}

/// A cursor over values that a Thrift protocol wrote and that belong to somebody else.
///
/// Decoders are generic over it, so that each is written once for all protocols. A struct is read so:
///
///     var field = ThriftField()
///     while try reader.readField(&field) {
///         switch field.tag {
///         case 1 << 8 | ThriftType.string: name = try reader.readString()
///         default: try reader.skip(field)
///         }
///     }
protocol ThriftReader {
    /// The bytes must outlive the reader and all that it gives.
    init(_ bytes: UnsafeRawBufferPointer)

    var cursor: ThriftCursor { get set }

    /// Bytes that one value of a type takes at least; at least one.
    static func byteCountMin(_ type: UInt32) -> Int

    mutating func readMessage() throws(DecodeError) -> ThriftMessage
    /// - Returns: false at the end of the struct.
    mutating func readField(_ field: inout ThriftField) throws(DecodeError) -> Bool
    /// The value of a boolean field; those of lists are bytes.
    mutating func readBool(_ field: ThriftField) throws(DecodeError) -> Bool
    mutating func readI16() throws(DecodeError) -> Int16
    mutating func readI32() throws(DecodeError) -> Int32
    mutating func readI64() throws(DecodeError) -> Int64
    mutating func readDouble() throws(DecodeError) -> Double
    /// Text or bytes.
    mutating func readString() throws(DecodeError) -> UnsafeRawBufferPointer
    /// The elements follow, without anything between or behind them.
    mutating func readList() throws(DecodeError) -> ThriftList
    /// Types of keys and values, and the number of pairs that follow.
    mutating func readMap() throws(DecodeError) -> (keyType: UInt32, list: ThriftList)
}

extension ThriftReader {
    /// The byte to be read next, counted from the start of the body.
    @inline(__always)
    var offset: Int { cursor.offset }
    @inline(__always)
    var isAtEnd: Bool { cursor.count == 0 }

    @inline(__always)
    mutating func readByte() throws(DecodeError) -> UInt8 { try cursor.readByte() }

    /// Skips the value of a field.
    @inline(never)
    mutating func skip(_ field: ThriftField) throws(DecodeError) {
        // A boolean may stand in the header.
        if field.type == ThriftType.bool {
            _ = try readBool(field)
        } else {
            try skip(type: field.type, depth: 0)
        }
    }

    /// Skips all elements of a list, or what is left of them.
    mutating func skip(_ list: ThriftList) throws(DecodeError) {
        for _ in 0..<list.count { try skip(type: list.elementType, depth: 0) }
    }

    /// Skips a value that is no field: an element of a list, a key.
    ///
    /// Each value takes one byte at least, so that the time is bounded by the bytes.
    private mutating func skip(type: UInt32, depth: Int) throws(DecodeError) {
        guard depth <= Self.depthMax else {
            throw cursor.malformed("values stand more than \(Self.depthMax) levels deep")
        }
        switch type {
        case ThriftType.bool, ThriftType.byte: _ = try cursor.readByte()
        case ThriftType.i16: _ = try readI16()
        case ThriftType.i32: _ = try readI32()
        case ThriftType.i64: _ = try readI64()
        case ThriftType.double: _ = try readDouble()
        case ThriftType.string: _ = try readString()
        case ThriftType.uuid: _ = try cursor.readBytes(16)
        case ThriftType.structure:
            var field = ThriftField()
            while try readField(&field) {
                if field.type == ThriftType.bool {
                    _ = try readBool(field)
                } else {
                    try skip(type: field.type, depth: depth + 1)
                }
            }
        case ThriftType.list, ThriftType.set:
            let list = try readList()
            for _ in 0..<list.count { try skip(type: list.elementType, depth: depth + 1) }
        case ThriftType.map:
            let (keyType, list) = try readMap()
            for _ in 0..<list.count {
                try skip(type: keyType, depth: depth + 1)
                try skip(type: list.elementType, depth: depth + 1)
            }
        default: throw cursor.malformed("\(type) is no type of a Thrift value")
        }
    }

    private static var depthMax: Int { 32 }

    /// A count of elements that take so many bytes each at least, checked against the bytes that are left.
    @inline(__always)
    func checkedCount(_ count: Int, byteCountMin: Int) throws(DecodeError) -> Int {
        // No product of a 32-bit number with a small one overflows.
        guard count >= 0, count &* byteCountMin <= cursor.count else {
            throw cursor.malformed("a list of \(count) elements is longer than its body")
        }
        return count
    }
}

/// A place in bytes that belong to somebody else; every read is checked against their end.
struct ThriftCursor {
    private let start: UnsafeRawPointer
    private(set) var offset = 0
    private let end: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        // Never read from when there are no bytes.
        start = bytes.baseAddress ?? UnsafeRawPointer(("" as StaticString).utf8Start)
        end = bytes.count
    }

    @inline(__always)
    var count: Int { end &- offset }

    /// The next byte, which stays to be read; nil at the end.
    var next: UInt8? { count > 0 ? start.load(fromByteOffset: offset, as: UInt8.self) : nil }

    @inline(__always)
    mutating func readByte() throws(DecodeError) -> UInt8 {
        guard count > 0 else { throw endsEarly() }
        offset &+= 1
        return start.load(fromByteOffset: offset &- 1, as: UInt8.self)
    }

    /// A number as it lies in memory.
    @inline(__always)
    mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type
    ) throws(DecodeError) -> Number {
        let width = MemoryLayout<Number>.size
        guard count >= width else { throw endsEarly() }
        offset &+= width
        return start.loadUnaligned(fromByteOffset: offset &- width, as: Number.self)
    }

    @inline(__always)
    mutating func readBytes(_ length: Int) throws(DecodeError) -> UnsafeRawBufferPointer {
        guard length >= 0, length <= count else { throw endsEarly() }
        offset &+= length
        return UnsafeRawBufferPointer(start: start + (offset &- length), count: length)
    }

    @inline(__always)
    mutating func readVarint() throws(DecodeError) -> UInt64 {
        if offset < end, case let byte = start.load(fromByteOffset: offset, as: UInt8.self), byte < 0x80 {
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
            let byte = start.load(fromByteOffset: at, as: UInt8.self)
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

    @inline(never)
    func malformed(_ message: String) -> DecodeError { DecodeError(.malformed, message, offset: offset) }

    @inline(never)
    private func endsEarly() -> DecodeError { malformed("the body ends within a value") }
}
