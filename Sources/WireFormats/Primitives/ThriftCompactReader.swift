/// Reads Thrift's compact protocol, TCompactProtocol.
struct ThriftCompactReader: ThriftReader {
    var cursor: ThriftCursor

    init(_ bytes: UnsafeRawBufferPointer) { cursor = ThriftCursor(bytes) }

    /// The first byte of every message.
    static let protocolID: UInt8 = 0x82

    @inline(__always)
    static func byteCountMin(_ type: UInt32) -> Int {
        switch type {
        case ThriftType.double: 8
        case ThriftType.uuid: 16
        default: 1
        }
    }

    mutating func readMessage() throws(DecodeError) -> ThriftMessage {
        guard cursor.next == Self.protocolID else { throw noMessage() }
        _ = try cursor.readByte()
        let versionAndType = try cursor.readByte()
        guard versionAndType & 0x1f == 1 else { throw noMessage() }
        let sequence = Int32(truncatingIfNeeded: try cursor.readVarint())
        return ThriftMessage(name: try readString(), type: versionAndType >> 5, sequence: sequence)
    }

    private func noMessage() -> DecodeError {
        cursor.malformed("no message of Thrift's compact protocol, version 1")
    }

    @inline(__always)
    mutating func readField(_ field: inout ThriftField) throws(DecodeError) -> Bool {
        let header = try cursor.readByte()
        if header == 0 { return false }
        let difference = header >> 4
        if difference > 0 {
            field.id = field.id &+ Int16(difference)
        } else {
            field.id = try readI16()
        }
        let code = header & 15
        field.flag = code == Code.boolTrue
        field.type = try type(code)
        return true
    }

    @inline(__always)
    mutating func readBool(_ field: ThriftField) throws(DecodeError) -> Bool { field.flag }

    @inline(__always)
    mutating func readI16() throws(DecodeError) -> Int16 {
        guard let number = Int16(exactly: try readI64()) else {
            throw cursor.malformed("a number has more than 16 bits")
        }
        return number
    }

    @inline(__always)
    mutating func readI32() throws(DecodeError) -> Int32 {
        guard let number = Int32(exactly: try readI64()) else {
            throw cursor.malformed("a number has more than 32 bits")
        }
        return number
    }

    @inline(__always)
    mutating func readI64() throws(DecodeError) -> Int64 {
        let bits = try cursor.readVarint()
        return Int64(bitPattern: bits &>> 1) ^ (0 &- Int64(bitPattern: bits & 1))
    }

    @inline(__always)
    mutating func readDouble() throws(DecodeError) -> Double {
        Double(bitPattern: UInt64(littleEndian: try cursor.read(UInt64.self)))
    }

    @inline(__always)
    mutating func readString() throws(DecodeError) -> UnsafeRawBufferPointer {
        try cursor.readBytes(try readCount())
    }

    mutating func readList() throws(DecodeError) -> ThriftList {
        let header = try cursor.readByte()
        let type = try type(header & 15)
        let count = header >> 4 < 15 ? Int(header >> 4) : try readCount()
        return ThriftList(
            elementType: type, count: try checkedCount(count, byteCountMin: Self.byteCountMin(type)))
    }

    mutating func readMap() throws(DecodeError) -> (keyType: UInt32, list: ThriftList) {
        let count = try readCount()
        guard count > 0 else { return (ThriftType.stop, ThriftList(elementType: ThriftType.stop, count: 0)) }
        let types = try cursor.readByte()
        let keyType = try type(types >> 4)
        let valueType = try type(types & 15)
        let byteCountMin = Self.byteCountMin(keyType) + Self.byteCountMin(valueType)
        return (
            keyType, ThriftList(elementType: valueType, count: try checkedCount(count, byteCountMin: byteCountMin))
        )
    }

    /// A length of bytes or a count of elements.
    @inline(__always)
    private mutating func readCount() throws(DecodeError) -> Int {
        guard let count = Int32(exactly: try cursor.readVarint()) else {
            throw cursor.malformed("a length has more than 31 bits")
        }
        return Int(count)
    }

    /// The protocol's own numbers of types, beside those in `types`.
    private enum Code {
        static let boolTrue: UInt8 = 1
    }

    /// By the protocol's own numbers, a byte each from the lowest: none, true, false, byte, i16, i32, i64, double;
    /// then string, list, set, map, struct, UUID.
    private static let types: (low: UInt64, high: UInt64) = (0x040a_0806_0302_0200, 0x0000_100c_0d0e_0f0b)

    @inline(__always)
    private func type(_ code: UInt8) throws(DecodeError) -> UInt32 {
        let word = code < 8 ? Self.types.low : Self.types.high
        let type = UInt32(truncatingIfNeeded: word &>> (UInt64(code & 7) &* 8)) & 0xff
        guard type != ThriftType.stop else { throw cursor.malformed("\(code) is no type of a Thrift value") }
        return type
    }
}
