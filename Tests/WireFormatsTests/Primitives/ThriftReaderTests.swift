import TestSupport
import Testing

@testable import WireFormats

@Suite struct ThriftReaderTests {
    /// What a reader understands of any value, as text; nothing is borrowed.
    private func text<Reader: ThriftReader>(of type: UInt32, _ reader: inout Reader) throws -> String {
        switch type {
        case ThriftType.bool, ThriftType.byte: return "\(try reader.readByte())"
        case ThriftType.i16: return "\(try reader.readI16())"
        case ThriftType.i32: return "\(try reader.readI32())"
        case ThriftType.i64: return "\(try reader.readI64())"
        case ThriftType.double: return "\(try reader.readDouble())"
        case ThriftType.string: return "'\(String(decoding: try reader.readString(), as: UTF8.self))'"
        case ThriftType.structure:
            var field = ThriftField()
            var parts: [String] = []
            while try reader.readField(&field) {
                let isFlag = field.type == ThriftType.bool
                let value = isFlag ? "\(try reader.readBool(field))" : try text(of: field.type, &reader)
                parts.append("\(field.id)=\(value)")
            }
            return "{\(parts.joined(separator: " "))}"
        case ThriftType.list, ThriftType.set:
            let list = try reader.readList()
            return
                "[\(try (0..<list.count).map { _ in try text(of: list.elementType, &reader) }.joined(separator: " "))]"
        case ThriftType.map:
            let (keyType, list) = try reader.readMap()
            let pairs = try (0..<list.count).map { _ in
                "\(try text(of: keyType, &reader)):\(try text(of: list.elementType, &reader))"
            }
            return "<\(pairs.joined(separator: " "))>"
        default:
            throw DecodeError(.malformed, "type \(type)", offset: reader.offset)
        }
    }

    /// Both protocols' reading of a struct; they must agree, and skipping it must end where reading did.
    private func read(_ fields: [(id: Int16, value: ThriftValue)]) throws -> String {
        let binary = try read(ThriftWriter.bytes(.structure(fields), .binary), as: ThriftBinaryReader.self)
        let compact = try read(ThriftWriter.bytes(.structure(fields), .compact), as: ThriftCompactReader.self)
        #expect(binary == compact)
        return binary
    }

    private func read<Reader: ThriftReader>(_ bytes: [UInt8], as type: Reader.Type) throws -> String {
        try bytes.withUnsafeBytes { bytes in
            var reader = Reader(bytes)
            let result = try text(of: ThriftType.structure, &reader)
            #expect(reader.isAtEnd)
            var skipper = Reader(bytes)
            var field = ThriftField()
            while try skipper.readField(&field) { try skipper.skip(field) }
            #expect(skipper.isAtEnd)
            return result
        }
    }

    private func skip<Reader: ThriftReader>(_ bytes: [UInt8], as type: Reader.Type) throws {
        try bytes.withUnsafeBytes { bytes in
            var reader = Reader(bytes)
            var field = ThriftField()
            while try reader.readField(&field) { try reader.skip(field) }
        }
    }

    @Test func `values of every type are read as they were written`() throws {
        let text = try read([
            (1, .bool(true)), (2, .bool(false)), (3, .byte(200)), (4, .i16(-2)), (20, .i32(.min)), (19, .i64(.max)),
            (40, .double(-0.25)), (41, .string("héllo")), (.max, .i64(.min)), (-7, .structure([(1, .bool(true))])),
        ])
        #expect(
            text
                == "{1=true 2=false 3=200 4=-2 20=-2147483648 19=9223372036854775807 40=-0.25 41='héllo' "
                + "32767=-9223372036854775808 -7={1=true}}")
    }

    @Test(arguments: [0, 1, 14, 15, 16, 300])
    func `lists, sets and maps of any length are read`(count: Int) throws {
        let numbers = (0..<count).map { ThriftValue.i32(Int32($0)) }
        let text = try read([
            (1, .list(numbers)), (2, .set(numbers)), (3, .map(numbers.map { ($0, .string("v")) })),
            (4, .list((0..<count).map { .structure([(2, .bool($0 % 2 == 0))]) })), (5, .i16(9)),
        ])
        let list = (0..<count).map(String.init).joined(separator: " ")
        let map = (0..<count).map { "\($0):'v'" }.joined(separator: " ")
        let flags = (0..<count).map { "{2=\($0 % 2 == 0)}" }.joined(separator: " ")
        #expect(text == "{1=[\(list)] 2=[\(list)] 3=<\(map)> 4=[\(flags)] 5=9}")
    }

    @Test func `headers of messages are read, the old binary one too`() throws {
        func check<Reader: ThriftReader>(_ bytes: [UInt8], as type: Reader.Type) throws {
            try bytes.withUnsafeBytes { bytes in
                var reader = Reader(bytes)
                let message = try reader.readMessage()
                #expect(String(decoding: message.name, as: UTF8.self) == "emitBatch")
                #expect(message.type == ThriftMessage.oneWay)
                #expect(message.sequence == 70_000)
                #expect(try text(of: ThriftType.structure, &reader) == "{1=5}")
                #expect(reader.isAtEnd)
            }
        }
        let arguments = ThriftValue.structure([(1, .i32(5))])
        for isStrict in [true, false] {
            let bytes = ThriftWriter.message("emitBatch", sequence: 70_000, arguments, .binary, isStrict: isStrict)
            try check(bytes, as: ThriftBinaryReader.self)
        }
        let bytes = ThriftWriter.message("emitBatch", sequence: 70_000, arguments, .compact)
        try check(bytes, as: ThriftCompactReader.self)
    }

    @Test(
        arguments: [
            [], [0x80, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0x82, 0x21, 0], [0x7f, 0xff, 0xff, 0xff, 1], [0x82, 0x82],
            [0x83, 0x81, 0, 0],
        ] as [[UInt8]])
    func `what is no message is refused`(bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var binary = ThriftBinaryReader(bytes)
            #expect(throws: DecodeError.self) { try binary.readMessage() }
            var compact = ThriftCompactReader(bytes)
            #expect(throws: DecodeError.self) { try compact.readMessage() }
        }
    }

    @Test func `a count or a length that the bytes cannot hold is refused before anything is read`() {
        let binary: [[UInt8]] = [
            [15, 0, 1, 12, 0x7f, 0xff, 0xff, 0xff, 0, 0], [15, 0, 1, 10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [15, 0, 1, 3, 0xff, 0xff, 0xff, 0xff, 0], [11, 0, 1, 0xff, 0xff, 0xff, 0xff, 0], [11, 0, 1, 0, 0, 0, 9, 0],
            [13, 0, 1, 2, 2, 0x7f, 0xff, 0xff, 0xff, 0], [14, 0, 1, 0, 0, 0, 0, 1, 0, 0],
        ]
        for bytes in binary {
            #expect(throws: DecodeError.self) { try skip(bytes, as: ThriftBinaryReader.self) }
        }
        let compact: [[UInt8]] = [
            [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0], [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [0x18, 9, 0],
            [0x1b, 0xff, 0xff, 3, 0x33, 0], [0x1a, 0x27, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x1e], [0x19, 0x10, 0, 0],
            [0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0], [0x14, 0xff, 0xff, 0xff, 1, 0],
        ]
        for bytes in compact {
            #expect(throws: DecodeError.self) { try skip(bytes, as: ThriftCompactReader.self) }
        }
    }

    /// So many structs and lists within each other.
    private func nested(_ depth: Int) -> ThriftValue {
        var value = ThriftValue.bool(true)
        for level in 0..<depth {
            value = level % 2 == 0 ? .structure([(id: Int16(1), value: value)]) : .list([value])
        }
        return .structure([(id: Int16(1), value: value)])
    }

    @Test(arguments: [(30, false), (100, true), (1_000, true)])
    func `what stands too deep is refused`(depth: Int, isRefused: Bool) throws {
        let binary = ThriftWriter.bytes(nested(depth), .binary)
        let compact = ThriftWriter.bytes(nested(depth), .compact)
        func isTooDeep(_ body: () throws -> Void) -> Bool {
            do { try body() } catch { return "\(error)".contains("levels deep") }
            return false
        }
        #expect(isTooDeep { try skip(binary, as: ThriftBinaryReader.self) } == isRefused)
        #expect(isTooDeep { try skip(compact, as: ThriftCompactReader.self) } == isRefused)
    }

    @Test func `bytes cut anywhere, or changed anywhere, are refused or read, and never trap`() {
        let seed: UInt64 = 86_028
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let value = ThriftValue.structure([
            (1, .bool(true)), (2, .string("name")), (3, .list([.structure([(1, .i64(300)), (9, .double(2))])])),
            (40, .map([(.string("k"), .list([.byte(1), .byte(2)]))])), (41, .set([.i16(-300)])),
        ])
        for encoding in ThriftWriter.Encoding.allCases {
            let whole = ThriftWriter.bytes(value, encoding)
            func skip(_ bytes: [UInt8]) throws {
                switch encoding {
                case .binary: try self.skip(bytes, as: ThriftBinaryReader.self)
                case .compact: try self.skip(bytes, as: ThriftCompactReader.self)
                }
            }
            for length in 0..<whole.count {
                #expect(throws: DecodeError.self) { try skip(Array(whole[..<length])) }
            }
            for _ in 0..<10_000 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                try? skip(bytes)
            }
        }
    }
}
