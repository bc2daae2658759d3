public import Bytes

/// A cursor over the values of an array or the attributes of a map, as `AttributeCoding` describes them.
///
/// Borrows the bytes, which may be anything: damage is an error, never a trap, and nothing is read twice. Arrays and
/// maps inside are given as their bytes; `reader(of:)` goes into them.
public struct AttributeReader {
    private var reader: ByteReader
    private let depth: Int

    /// The bytes of an array or a map, without their length.
    public init(_ body: UnsafeRawBufferPointer) {
        self.init(body, depth: 0)
    }

    private init(_ body: UnsafeRawBufferPointer, depth: Int) {
        reader = ByteReader(body)
        self.depth = depth
    }

    /// The next value of an array; nil at its end.
    public mutating func nextValue() throws(ByteReaderError) -> SpanValue? {
        reader.isAtEnd ? nil : try reader.readValue()
    }

    /// The next key of a map and its value; nil at its end.
    public mutating func nextAttribute() throws(ByteReaderError) -> (key: UnsafeRawBufferPointer, value: SpanValue)? {
        if reader.isAtEnd { return nil }
        let key = try reader.readText()
        return (key, try reader.readValue())
    }

    /// A cursor over an array or a map that was read here.
    /// - Throws: when it stands deeper than `AttributeCoding.depthMax`.
    public func reader(of body: UnsafeRawBufferPointer) throws(ByteReaderError) -> AttributeReader {
        guard depth < AttributeCoding.depthMax else {
            throw ByteReaderError(offset: reader.offset, message: "more than \(AttributeCoding.depthMax) levels")
        }
        return AttributeReader(body, depth: depth + 1)
    }
}

extension ByteReader {
    mutating func readText() throws(ByteReaderError) -> UnsafeRawBufferPointer {
        try readBytes(try readCount(max: remaining))
    }

    mutating func readValue() throws(ByteReaderError) -> SpanValue {
        let place = offset
        let byte = try readByte()
        guard let type = ValueType(rawValue: byte) else {
            throw ByteReaderError(offset: place, message: "\(byte) is no type of a value")
        }
        switch type {
        case .string: return .string(try readText())
        case .bytes: return .bytes(try readText())
        case .bool: return .bool(try readByte() != 0)
        case .int: return .int(try readSignedVarint())
        case .double: return .double(Double(bitPattern: try readUInt64()))
        case .array: return .array(try readText())
        case .map: return .map(try readText())
        case .none: return .none
        }
    }
}
