import Bytes
import TestSupport
import Testing
import TraceModel

@Suite struct AttributeCodingTests {
    private func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private func append(key: String, _ writer: inout AttributeWriter) {
        withBytes(key) { writer.append(key: $0) }
    }

    /// Everything under a cursor as text.
    private func text(values reader: AttributeReader) throws -> String {
        var reader = reader
        var texts: [String] = []
        while let value = try reader.nextValue() { texts.append(try text(value, reader)) }
        return texts.joined(separator: ",")
    }

    private func text(attributes reader: AttributeReader) throws -> String {
        var reader = reader
        var texts: [String] = []
        while let (key, value) = try reader.nextAttribute() {
            texts.append(String(decoding: key, as: UTF8.self) + "=" + (try text(value, reader)))
        }
        return texts.joined(separator: ",")
    }

    private func text(_ value: SpanValue, _ reader: AttributeReader) throws -> String {
        switch value {
        case .string(let text): "'\(String(decoding: text, as: UTF8.self))'"
        case .bytes(let bytes): "\(Array(bytes))"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .array(let body): "[" + (try text(values: reader.reader(of: body))) + "]"
        case .map(let body): "{" + (try text(attributes: reader.reader(of: body))) + "}"
        case .none: "-"
        }
    }

    private func sample() -> [UInt8] {
        var writer = AttributeWriter()
        append(key: "text", &writer)
        withBytes("é") { writer.append(string: $0) }
        append(key: "", &writer)
        writer.appendNone()
        append(key: "list", &writer)
        let list = writer.beginArray()
        writer.append(int: .min)
        writer.append(int: .max)
        writer.append(double: -0.5)
        let inner = writer.beginMap()
        append(key: "a", &writer)
        writer.append(bool: true)
        append(key: "a", &writer)
        [1, 2, 255].withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            writer.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[0..<1]))
        }
        writer.end(inner)
        let empty = writer.beginArray()
        writer.end(empty)
        writer.end(list)
        return Array(writer.bytes)
    }

    @Test func `keys, order, duplicates and types are kept`() throws {
        let read = try sample().withUnsafeBytes { try text(attributes: AttributeReader($0)) }
        #expect(read == "text='é',=-,list=[-9223372036854775808,9223372036854775807,-0.5,{a=true,a=[1]},[]]")
    }

    @Test func `the bytes are those of the description`() {
        var writer = AttributeWriter()
        append(key: "k", &writer)
        let array = writer.beginArray()
        writer.append(int: -1)
        writer.append(bool: true)
        withBytes("ab") { writer.append(string: $0) }
        writer.appendNone()
        writer.end(array)
        #expect(Array(writer.bytes) == [1, 0x6b, 5, 9, 3, 1, 2, 1, 0, 2, 0x61, 0x62, 7])
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 300_000])
    func `an array of any length is read back`(count: Int) throws {
        var writer = AttributeWriter()
        let outer = writer.beginArray()
        let inner = writer.beginArray()
        for _ in 0..<count { writer.appendNone() }
        writer.end(inner)
        writer.append(int: 7)
        writer.end(outer)
        var reader = AttributeReader(writer.bytes)
        guard case .array(let outerBody) = try reader.nextValue() else { throw TestSupportError("no array") }
        var values = try reader.reader(of: outerBody)
        guard case .array(let innerBody) = try values.nextValue() else { throw TestSupportError("no array") }
        #expect(innerBody.count == count)
        guard case .int(7) = try values.nextValue() else { throw TestSupportError("no number") }
        #expect(try values.nextValue() == nil)
    }

    @Test func `what is read can be written again`() throws {
        let bytes = sample()
        var writer = AttributeWriter()
        try bytes.withUnsafeBytes { bytes in
            var reader = AttributeReader(bytes)
            while let (key, value) = try reader.nextAttribute() {
                writer.append(key: key)
                writer.append(value)
            }
        }
        #expect(Array(writer.bytes) == bytes)
    }

    @Test func `bytes cut short are reported, unless they end between attributes`() throws {
        let bytes = sample()
        var wholeCount = 0
        for length in 0..<bytes.count {
            let isWhole = (try? bytes[..<length].withUnsafeBytes { try text(attributes: AttributeReader($0)) }) != nil
            if isWhole { wholeCount += 1 }
        }
        #expect(wholeCount == 3)
    }

    @Test func `values are refused beyond the depth that is allowed`() throws {
        var writer = AttributeWriter()
        var marks: [Int] = []
        for _ in 0...AttributeCoding.depthMax { marks.append(writer.beginArray()) }
        for mark in marks.reversed() { writer.end(mark) }
        #expect(throws: ByteReaderError.self) { try text(values: AttributeReader(writer.bytes)) }
        var allowed = AttributeWriter()
        marks = (0..<AttributeCoding.depthMax).map { _ in allowed.beginArray() }
        for mark in marks.reversed() { allowed.end(mark) }
        _ = try text(values: AttributeReader(allowed.bytes))
    }

    @Test func `any damage is an error or other values, never a trap`() {
        let seed: UInt64 = 20_261
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var bytes = sample()
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            bytes.withUnsafeBytes { bytes in
                _ = try? text(attributes: AttributeReader(bytes))
                _ = try? text(values: AttributeReader(bytes))
                _ = try? ResourceView(bytes)
                _ = try? ScopeView(bytes)
                _ = try? AttributeList(ofEvent: bytes)
                var links = LinkReader(bytes)
                while (try? links.next()) != nil {}
            }
        }
    }

    @Test func `a resource, a scope and links are read as they were written`() throws {
        func list(_ key: String, dropped: UInt64, _ writer: inout AttributeWriter) {
            let mark = writer.begin()
            append(key: key, &writer)
            writer.append(int: 1)
            writer.end(mark)
            writer.append(varint: dropped)
        }
        var writer = AttributeWriter()
        list("r", dropped: 300, &writer)
        withBytes("url") { writer.append(text: $0) }
        withBytes("") { writer.append(text: $0) }
        let resource = try ResourceView(writer.bytes)
        #expect(try text(attributes: resource.attributes.attributes) == "r=1")
        #expect(resource.attributes.droppedCount == 300)
        #expect(String(decoding: resource.schemaURL, as: UTF8.self) == "url")
        #expect(resource.entities.isEmpty)

        writer.removeAll()
        list("s", dropped: 0, &writer)
        for part in ["url", "name", "version"] { withBytes(part) { writer.append(text: $0) } }
        let scope = try ScopeView(writer.bytes)
        #expect(String(decoding: scope.name, as: UTF8.self) == "name")
        #expect(String(decoding: scope.version, as: UTF8.self) == "version")

        writer.removeAll()
        for number in 1...2 as ClosedRange<UInt64> {
            let mark = writer.begin()
            list("l", dropped: number, &writer)
            withBytes("a=b") {
                writer.append(
                    linkFlags: 5, traceID: TraceID(high: 1, low: number), spanID: number << 60, traceState: $0)
            }
            writer.end(mark)
        }
        var links = LinkReader(writer.bytes)
        let first = try #require(try links.next())
        #expect(first.traceID == TraceID(high: 1, low: 1) && first.spanID == SpanID(1 << 60) && first.flags == 5)
        #expect(String(decoding: first.traceState, as: UTF8.self) == "a=b")
        #expect(try links.next()?.attributes.droppedCount == 2)
        #expect(try links.next() == nil)
    }
}
