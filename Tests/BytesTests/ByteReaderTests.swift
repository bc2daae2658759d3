import Testing

@testable import Bytes

@Suite struct ByteReaderTests {
    private static let edges: [UInt64] = [
        0, 1, 127, 128, 16_383, 16_384, 1 << 21, 1 << 28, 1 << 35, 1 << 42, 1 << 49, 1 << 56, (1 << 63) - 1, 1 << 63,
        .max,
    ]

    private func read<Value>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws -> Value
    ) throws -> Value {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try body(&reader)
        }
    }

    @Test func `what the writer wrote is read back`() throws {
        var writer = ByteWriter(capacity: 4)
        writer.write(UInt8(0xab))
        writer.write(UInt16(0x1234))
        writer.write(UInt32(0x89ab_cdef))
        writer.write(UInt64(0x0123_4567_89ab_cdef))
        writer.writeVarint(300)
        writer.writeSignedVarint(-5)
        writer.write("text")
        writer.write([1, 2])
        writer.overwrite(UInt32(7), at: 3)
        #expect(Array(writer.bytes[1..<3]) == [0x34, 0x12], "little-endian")
        #expect(writer.count == writer.bytes.count)
        try read(writer.bytes) { (reader: inout ByteReader) throws in
            #expect(try reader.readByte() == 0xab)
            #expect(try reader.readUInt16() == 0x1234)
            #expect(try reader.readUInt32() == 7)
            #expect(try reader.readUInt64() == 0x0123_4567_89ab_cdef)
            #expect(try reader.readVarint() == 300)
            #expect(try reader.readSignedVarint() == -5)
            #expect(Array(try reader.readBytes(4)) == Array("text".utf8))
            #expect(reader.remaining == 2 && !reader.isAtEnd)
            _ = try reader.readBytes(2)
            #expect(reader.isAtEnd)
            #expect(throws: ByteReaderError.self) { try reader.readByte() }
        }
        writer.removeAll()
        #expect(writer.bytes.isEmpty)
    }

    @Test func `varints of every length come back, and cut ones are refused`() throws {
        for value in Self.edges + Self.edges.map({ $0 &- 1 }) {
            var writer = ByteWriter()
            writer.writeVarint(value)
            #expect(writer.count == Varint.byteCount(value) && writer.count <= Varint.byteCountMax)
            #expect(try read(writer.bytes) { try $0.readVarint() } == value)
            for count in 0..<writer.count {
                #expect(throws: ByteReaderError.self) {
                    try read(Array(writer.bytes[..<count])) { try $0.readVarint() }
                }
            }
        }
    }

    @Test func `signed numbers come back, small ones short`() throws {
        for value in [Int64.min, .min + 1, -65, -64, -1, 0, 1, 63, 64, .max - 1, .max] {
            var writer = ByteWriter()
            writer.writeSignedVarint(value)
            #expect(try read(writer.bytes) { try $0.readSignedVarint() } == value)
            #expect(Varint.unzigzag(Varint.zigzag(value)) == value)
            if (-64...63).contains(value) { #expect(writer.count == 1) }
        }
    }

    @Test func `a varint of more than 64 bits is refused`() {
        let nine = [UInt8](repeating: 0xff, count: 9)
        #expect(throws: ByteReaderError.self) { try read(nine + [0x02]) { try $0.readVarint() } }
        #expect(throws: ByteReaderError.self) { try read(nine + [0x81, 0x00]) { try $0.readVarint() } }
        #expect(throws: ByteReaderError.self) {
            try read([UInt8](repeating: 0x80, count: 50)) { try $0.readVarint() }
        }
    }

    @Test func `a count over its limit is refused at its place`() throws {
        var writer = ByteWriter()
        writer.write(UInt8(0))
        writer.writeVarint(1000)
        let error = try #require(
            #expect(throws: ByteReaderError.self) {
                try read(writer.bytes) { (reader: inout ByteReader) throws in
                    _ = try reader.readByte()
                    return try reader.readCount(max: 999)
                }
            })
        #expect(error.offset == 1 && error.description.contains("999"))
        #expect(
            try read(writer.bytes) { (reader: inout ByteReader) throws in
                _ = try reader.readByte()
                return try reader.readCount(max: 1000)
            } == 1000)
    }

    @Test func `a read beyond the end takes nothing`() throws {
        try read([1, 2, 3]) { (reader: inout ByteReader) throws in
            #expect(throws: ByteReaderError.self) { try reader.readUInt32() }
            #expect(throws: ByteReaderError.self) { try reader.readUInt64() }
            #expect(throws: ByteReaderError.self) { try reader.readBytes(4) }
            #expect(throws: ByteReaderError.self) { try reader.readBytes(-1) }
            #expect(throws: ByteReaderError.self) { try reader.readBytes(.max) }
            #expect(reader.offset == 0)
            #expect(try reader.readUInt16() == 0x0201)
        }
        try read([]) { (reader: inout ByteReader) throws in
            #expect(reader.isAtEnd)
            #expect(try reader.readBytes(0).isEmpty)
        }
    }
}
