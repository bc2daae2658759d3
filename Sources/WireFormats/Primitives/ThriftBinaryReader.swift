/// Reads Thrift's binary protocol, TBinaryProtocol.
struct ThriftBinaryReader: ThriftReader {
    var cursor: ThriftCursor

    init(_ bytes: UnsafeRawBufferPointer) { cursor = ThriftCursor(bytes) }

    @inline(__always)
    static func byteCountMin(_ type: UInt32) -> Int {
        switch type {
        case ThriftType.i16: 2
        case ThriftType.i32, ThriftType.string: 4
        case ThriftType.i64, ThriftType.double: 8
        case ThriftType.list, ThriftType.set: 5
        case ThriftType.map: 6
        case ThriftType.uuid: 16
        default: 1
        }
    }

    /// The strict header, which begins with a version, or the old one, which begins with the length of the name.
    mutating func readMessage() throws(DecodeError) -> ThriftMessage {
        let first = UInt32(bitPattern: try readI32())
        if first & 0x8000_0000 == 0 {
            let name = try cursor.readBytes(Int(first))
            return ThriftMessage(name: name, type: try cursor.readByte(), sequence: try readI32())
        }
        guard first & 0xffff_ff00 == 0x8001_0000 else {
            throw cursor.malformed("no message of Thrift's binary protocol, version 1")
        }
        return ThriftMessage(
            name: try readString(), type: UInt8(truncatingIfNeeded: first), sequence: try readI32())
    }

    @inline(__always)
    mutating func readField(_ field: inout ThriftField) throws(DecodeError) -> Bool {
        field.type = UInt32(try cursor.readByte())
        if field.type == ThriftType.stop { return false }
        field.id = try readI16()
        return true
    }

    @inline(__always)
    mutating func readBool(_ field: ThriftField) throws(DecodeError) -> Bool { try cursor.readByte() != 0 }

    @inline(__always)
    mutating func readI16() throws(DecodeError) -> Int16 { Int16(bigEndian: try cursor.read(Int16.self)) }

    @inline(__always)
    mutating func readI32() throws(DecodeError) -> Int32 { Int32(bigEndian: try cursor.read(Int32.self)) }

    @inline(__always)
    mutating func readI64() throws(DecodeError) -> Int64 { Int64(bigEndian: try cursor.read(Int64.self)) }

    @inline(__always)
    mutating func readDouble() throws(DecodeError) -> Double {
        Double(bitPattern: UInt64(bigEndian: try cursor.read(UInt64.self)))
    }

    @inline(__always)
    mutating func readString() throws(DecodeError) -> UnsafeRawBufferPointer {
        try cursor.readBytes(Int(try readI32()))
    }

    mutating func readList() throws(DecodeError) -> ThriftList {
        let type = UInt32(try cursor.readByte())
        let count = Int(try readI32())
        return ThriftList(
            elementType: type, count: try checkedCount(count, byteCountMin: Self.byteCountMin(type)))
    }

    mutating func readMap() throws(DecodeError) -> (keyType: UInt32, list: ThriftList) {
        let keyType = UInt32(try cursor.readByte())
        let valueType = UInt32(try cursor.readByte())
        let count = Int(try readI32())
        let byteCountMin = Self.byteCountMin(keyType) + Self.byteCountMin(valueType)
        return (
            keyType, ThriftList(elementType: valueType, count: try checkedCount(count, byteCountMin: byteCountMin))
        )
    }
}
