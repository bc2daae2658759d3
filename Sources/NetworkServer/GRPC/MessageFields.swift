internal import Bytes

/// The value of one field of a protobuf message.
/// Source: https://protobuf.dev/programming-guides/encoding/
enum MessageField {
    case number(UInt64)
    /// A text, bytes or a message; valid as long as the message's own bytes.
    case bytes(UnsafeRawBufferPointer)

    var text: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As the `int32` or `int64` that it was before it was written.
    var signed: Int? {
        guard case .number(let number) = self else { return nil }
        return Int(truncatingIfNeeded: number)
    }
}

extension ByteReader {
    /// Reads the next field of a message.
    mutating func readField() throws(ByteReaderError) -> (number: Int, value: MessageField) {
        let start = offset
        let key = try readVarint()
        guard let number = Int32(exactly: key >> 3), number > 0 else {
            throw ByteReaderError(offset: start, message: "no field has the number \(key >> 3)")
        }
        switch key & 7 {
        case 0: return (Int(number), .number(try readVarint()))
        case 1: return (Int(number), .number(try readUInt64()))
        case 2: return (Int(number), .bytes(try readBytes(try readCount(max: remaining))))
        case 5: return (Int(number), .number(UInt64(try readUInt32())))
        default: throw ByteReaderError(offset: start, message: "no field is of wire type \(key & 7)")
        }
    }
}

extension ByteWriter {
    /// A field that is a text, bytes or a message.
    mutating func write(field number: Int, _ value: [UInt8]) {
        writeVarint(number << 3 | 2)
        writeVarint(value.count)
        write(value)
    }

    mutating func write(field number: Int, _ text: String) {
        write(field: number, Array(text.utf8))
    }

    mutating func write(field number: Int, number value: Int) {
        writeVarint(number << 3)
        writeVarint(UInt64(bitPattern: Int64(value)))
    }
}
