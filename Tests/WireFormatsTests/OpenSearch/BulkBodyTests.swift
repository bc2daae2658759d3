import Testing

@testable import WireFormats

@Suite struct BulkBodyTests {
    private static func text(_ body: BulkBody) -> String { String(decoding: body.bytes, as: UTF8.self) }

    private static func append(_ source: String, to body: inout BulkBody) {
        Array(#"{"index":{"_index":"i","_id":"a_"#.utf8).withUnsafeBytes { action in
            body.append(action: action) { document in
                Array(source.utf8).withUnsafeBytes { document.write($0) }
                return HashedPart(byteCount: source.utf8.count, hash: nil)
            }
        }
    }

    /// Byte by byte, as the hash is defined.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    @Test func `a document stands behind the line that says where it goes`() {
        var body = BulkBody()
        Array("{}".utf8).withUnsafeBytes { body.append(index: "jaeger-service-2020-01-02", id: "a\"b", source: $0) }
        #expect(Self.text(body) == #"{"index":{"_index":"jaeger-service-2020-01-02","_id":"a\"b"}}"# + "\n{}\n")
        #expect(body.documentCount == 1)
        #expect(body.lines(ofDocument: 0) == 0..<body.byteCount)
    }

    @Test func `an ID ends with the hash of its document, whatever the documents' lengths`() {
        var body = BulkBody()
        var sources: [String] = []
        for number in 0..<37 {
            let source = "{\"n\":\"" + String(repeating: "\(number)", count: number * 29 % 131) + "\"}"
            sources.append(source)
            Self.append(source, to: &body)
            if number == 20 { body.finish() }
        }
        body.finish()
        let lines = Self.text(body).split(separator: "\n")
        for (number, source) in sources.enumerated() {
            let id = "a_" + String(Self.hash(source), radix: 16)
            let action = lines[2 * number]
            #expect(action.hasPrefix(#"{"index":{"_index":"i","_id":""# + id + "\"}}"))
            #expect(action.drop { $0 != "}" }.dropFirst(2).allSatisfy { $0 == " " })
            #expect(lines[2 * number + 1] == source)
        }
    }

    @Test func `a hash with few digits is written without zeros before it`() {
        // Found by trial: its hash begins with two zero digits.
        let source = (0...).lazy.map { "{\"n\":\($0)}" }.first { Self.hash($0) >> 56 == 0 }!
        var body = BulkBody()
        Self.append(source, to: &body)
        body.finish()
        #expect(Self.text(body).contains("\"a_\(String(Self.hash(source), radix: 16))\"}}  "))
    }

    @Test func `documents that failed go into another body`() {
        var body = BulkBody()
        for number in 0..<5 { Self.append("{\"n\":\(number)}", to: &body) }
        body.finish()
        var again = BulkBody()
        again.append(documents: [3, 1], of: body)
        let lines = Self.text(body).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(Self.text(again) == [lines[6], lines[7], lines[2], lines[3], ""].joined(separator: "\n"))
        #expect(again.documentCount == 2)
        #expect(Array(body.bytes[body.lines(ofDocument: 1)]) == Array(again.bytes[again.lines(ofDocument: 1)]))
        #expect(again.bytes[again.source(ofDocument: 0)].elementsEqual("{\"n\":3}".utf8))
        body.removeAll()
        #expect(body.documentCount == 0)
        #expect(body.byteCount == 0)
    }

    @Test func `the hash is that of Jaeger's IDs`() {
        let pair = Array("test-service".utf8) + Array("test-operation".utf8)
        #expect(pair.withUnsafeBytes { FNV1a.hash($0) } == 0xcb42_af35_4c44_5afb)
    }
}
