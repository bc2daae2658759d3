import Testing

@testable import WireFormats

@Suite struct ProtobufReaderTests {
    private func withReader<Result>(
        _ bytes: [UInt8], _ body: (inout ProtobufReader) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes)
            return try body(&reader)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 300, 1 << 35, UInt64.max])
    func `a number is read as it was written`(value: UInt64) throws {
        var writer = ProtobufWriter()
        writer.write(1 << 3, varint: value)
        writer.write(2_000 << 3 | 1, fixed64: value)
        writer.write(3 << 3 | 5, fixed32: UInt32(truncatingIfNeeded: value))
        try withReader(Array(writer.bytes)) { (reader: inout ProtobufReader) throws in
            #expect(try reader.readTag() == 1 << 3)
            #expect(try reader.readVarint() == value)
            #expect(try reader.readTag() == 2_000 << 3 | 1)
            #expect(try reader.readFixed64() == value)
            #expect(try reader.readTag() == 3 << 3 | 5)
            #expect(try reader.readFixed32() == UInt32(truncatingIfNeeded: value))
            #expect(reader.isAtEnd)
        }
    }

    @Test(arguments: [0, 127, 128, 20_000, 3_000_000])
    func `messages stand within each other`(length: Int) throws {
        var writer = ProtobufWriter()
        let outer = writer.begin(10)
        let inner = writer.begin(18)
        [UInt8](repeating: 7, count: length).withUnsafeBytes { writer.write(26, bytes: $0) }
        writer.end(inner)
        writer.write(32, varint: 1)
        writer.end(outer)
        try withReader(Array(writer.bytes)) { (reader: inout ProtobufReader) throws in
            #expect(try reader.readTag() == 10)
            var outer = try reader.readMessage()
            #expect(reader.isAtEnd)
            #expect(try outer.readTag() == 18)
            var inner = try outer.readMessage()
            #expect(try inner.readTag() == 26)
            #expect(try inner.readBytes().count == length)
            #expect(inner.isAtEnd)
            #expect(try outer.readTag() == 32)
            #expect(try outer.readVarint() == 1)
        }
    }

    @Test func `fields of every wire type but groups are skipped`() throws {
        let bytes: [UInt8] = [8, 0x80, 1, 17, 1, 2, 3, 4, 5, 6, 7, 8, 26, 2, 9, 9, 37, 1, 2, 3, 4]
        try withReader(bytes) { (reader: inout ProtobufReader) throws in
            while !reader.isAtEnd { try reader.skip(try reader.readTag()) }
        }
        for tag in [11, 12, 14, 15] as [UInt8] {
            #expect(throws: DecodeError.self) { try withReader([tag]) { try $0.skip(try $0.readTag()) } }
        }
    }

    @Test(
        arguments: [
            [], [0], [7], [0x80], [0x80, 0], [0xff, 0xff, 0xff, 0xff, 0x10],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
        ] as [[UInt8]])
    func `what is no tag is refused`(bytes: [UInt8]) {
        #expect(throws: DecodeError.self) { try withReader(bytes) { try $0.readTag() } }
    }

    @Test(
        arguments: [
            [10], [10, 1], [10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [9, 1, 2, 3], [13, 1],
            [8, 0xff],
        ] as [[UInt8]])
    func `a field that reaches beyond its message is refused`(bytes: [UInt8]) {
        #expect(throws: DecodeError.self) { try withReader(bytes) { try $0.skip(try $0.readTag()) } }
    }
}
