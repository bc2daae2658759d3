/// Why bytes could not be read: they end too early, or say something impossible.
public struct ByteReaderError: Error, Sendable, CustomStringConvertible {
    /// First byte that could not be read, counted from the start of the bytes.
    public let offset: Int
    public let message: String

    public init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }

    public var description: String { "\(message) at byte \(offset)" }
}

/// A cursor over bytes that belong to somebody else; every read is bounds-checked.
///
/// Numbers are little-endian. Valid only as long as the bytes: never let it outlive the closure that lent them.
public struct ByteReader {
    public let bytes: UnsafeRawBufferPointer
    @usableFromInline var place: Int

    public var offset: Int { place }

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
        self.bytes = bytes
        place = offset
    }

    @inlinable
    public var remaining: Int { bytes.count - place }
    @inlinable
    public var isAtEnd: Bool { place == bytes.count }

    @inlinable
    public mutating func readByte() throws(ByteReaderError) -> UInt8 {
        guard remaining >= 1 else { throw endsEarly(1) }
        let byte = bytes[place]
        place += 1
        return byte
    }

    public mutating func readUInt16() throws(ByteReaderError) -> UInt16 { try readInteger() }
    public mutating func readUInt32() throws(ByteReaderError) -> UInt32 { try readInteger() }
    public mutating func readUInt64() throws(ByteReaderError) -> UInt64 { try readInteger() }

    /// An unsigned LEB128 number of at most 10 bytes.
    @inlinable
    public mutating func readVarint() throws(ByteReaderError) -> UInt64 {
        if place < bytes.count, bytes[place] < 0x80 {
            place += 1
            return UInt64(bytes[place - 1])
        }
        return try readLongVarint()
    }

    @usableFromInline
    mutating func readLongVarint() throws(ByteReaderError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = offset
        while true {
            let byte = try readByte()
            if shift == 63 && byte > 1 { throw ByteReaderError(offset: start, message: "number of more than 64 bits") }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A varint that counts or measures something in memory.
    public mutating func readCount(max: Int) throws(ByteReaderError) -> Int {
        let start = offset
        let value = try readVarint()
        guard value <= UInt64(max) else {
            throw ByteReaderError(offset: start, message: "count \(value) is over the limit of \(max)")
        }
        return Int(value)
    }

    /// A varint with the sign in its lowest bit (zigzag).
    public mutating func readSignedVarint() throws(ByteReaderError) -> Int64 {
        Varint.unzigzag(try readVarint())
    }

    public mutating func readBytes(_ count: Int) throws(ByteReaderError) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw endsEarly(count) }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        place += count
        return slice
    }

    private mutating func readInteger<Integer: FixedWidthInteger>() throws(ByteReaderError) -> Integer {
        let width = MemoryLayout<Integer>.size
        guard remaining >= width else { throw endsEarly(width) }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
        place += width
        return Integer(littleEndian: value)
    }

    @usableFromInline
    func endsEarly(_ wanted: Int) -> ByteReaderError {
        ByteReaderError(offset: offset, message: "\(wanted) more bytes expected, \(remaining) are left")
    }
}
