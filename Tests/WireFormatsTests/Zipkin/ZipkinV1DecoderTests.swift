import TestSupport
import Testing
import TraceModel
import WireFormats

@Suite struct ZipkinV1DecoderTests {
    private let json = ZipkinFormat.jsonV1
    private let thrift = ZipkinFormat.thriftV1

    private func thriftBody(_ fields: [(id: Int16, value: ThriftValue)]...) -> [UInt8] {
        ThriftWriter.bytes(.list(fields.map { .structure([(1, .i64(0xa1)), (4, .i64(0xb2))] + $0) }), .binary)
    }

    // MARK: Bodies

    @Test func `an empty body and an empty list have no spans`() throws {
        #expect(try json.decode("").batch.spanCount == 0)
        #expect(try json.decode(" [ ] ").batch.spanCount == 0)
        #expect(try thrift.decode([UInt8]()).batch.spanCount == 0)
        #expect(try thrift.decode([12, 0, 0, 0, 0]).batch.spanCount == 0)
    }

    @Test func `a trace ID may have 128 bits`() throws {
        let text = try json.decode(#"[{"traceId":"1000000000000000a","id":"b2"}]"#).text
        #expect(text == #"[{"traceId":"0000000000000001000000000000000a","id":"00000000000000b2"}]"#)
        let body = ThriftWriter.bytes(
            .list([.structure([(12, .i64(1)), (1, .i64(10)), (4, .i64(0xb2))])]), .binary)
        #expect(try thrift.decode(body).text == text)
    }

    @Test func `nulls and what is unknown are skipped in JSON`() throws {
        let members =
            #""name":null,"timestamp":null,"annotations":null,"kind":"X","shared":1,"more":[{}],"#
            + #""binaryAnnotations":[{"key":"a","value":"b","type":"STRING","endpoint":null,"x":{}}]"#
        #expect(try json.decode(bodyOfSpan(members)).text == #"[\#(spanText(#""tags":{"a":"b"}"#))]"#)
    }

    @Test func `annotations without time or value are skipped in Thrift`() throws {
        let annotations: [ThriftValue] = [
            .structure([(2, .string("a"))]), .structure([(1, .i64(5))]), .structure([]),
            .structure([(1, .i64(5)), (2, .string("b")), (9, .map([]))]),
        ]
        let binary: [ThriftValue] = [
            .structure([(1, .string("k")), (3, .i32(6))]), .structure([(2, .string("v")), (3, .i32(6))]),
            .structure([(1, .string("k")), (2, .string("v"))]),
            .structure([(1, .string("k")), (2, .string("v")), (3, .i32(3))]),
        ]
        let text = try thrift.decode(thriftBody([(6, .list(annotations)), (8, .list(binary))])).text
        #expect(text == #"[\#(spanText(#""annotations":[{"timestamp":5,"value":"b"}]"#))]"#)
    }

    @Test func `bytes that are not UTF-8 are replaced and counted in Thrift`() throws {
        let decoded = try thrift.decode(thriftBody([(3, .bytes([0x41, 0xff]))]))
        #expect(decoded.text == "[\(spanText("\"name\":\"a\u{fffd}\""))]")
        #expect(decoded.outcome.replacedStringCount == 1)
    }

    @Test func `each of the spans that are made counts the strings that were cut`() throws {
        let members =
            #""name":"long name","annotations":[{"timestamp":1,"value":"cs","endpoint":{"serviceName":"a"}},"#
            + #"{"timestamp":2,"value":"sr","endpoint":{"serviceName":"b"}}]"#
        let text = try json.decode(bodyOfSpan(members), limits: SpanLimits(valueByteCountMax: 4)).text
        #expect(text.count(of: #""name":"long""#) == 2)
        #expect(text.count(of: #""skein.truncated":"1""#) == 2)
    }

    // MARK: Refusals

    @Test(arguments: ["{}", "hello", "\u{c}\u{0}\u{0}\u{0}\u{1}"])
    func `what is no list is told so in JSON`(body: String) {
        let error = json.refusal(of: body)
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a JSON_V1 encoded list")
    }

    @Test(arguments: ["[]", "{}", "hello", #"[{"traceId":"a1","id":"b2"}]"#, "\u{a}\u{0}"])
    func `what is no list is told so in Thrift`(body: String) {
        let error = thrift.refusal(of: body)
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a THRIFT encoded list")
    }

    @Test(arguments: [
        (#"{"id":"b2"}"#, "Missing : traceId"), (#"{"traceId":"a1"}"#, "Missing : id"),
        (#"{"traceId":"0","id":"b2"}"#, "traceId is all zeros"), (#"{"traceId":"a1","id":"0"}"#, "id is all zeros"),
        (#"{"traceId":"A1","id":"b2"}"#, "A1 should be lower-hex encoded with no prefix"),
        (#"{"traceId":"a1","id":"b2","annotations":[{"value":"a"}]}"#, "Incomplete annotation"),
        (#"{"traceId":"a1","id":"b2","binaryAnnotations":[{"value":"a"}]}"#, "No key"),
        (#"{"traceId":"a1","id":"b2","timestamp":9223372036854775807}"#, "timestamp 9223372036854775807 is out"),
    ])
    func `one bad span rejects the body and is named with its place`(span: String, reason: String) {
        let error = json.refusal(of: #"[{"traceId":"1","id":"2"},\#(span)]"#)
        #expect(error?.code == .malformed)
        #expect(error?.message.hasPrefix(reason) == true && error?.message.contains("(span 2, byte ") == true)
    }

    @Test func `IDs of zeros refuse the body in Thrift`() {
        #expect(
            thrift.refusal(of: thriftBody([], [(1, .i64(0))]))?.message.hasPrefix("Missing : traceId (span 2") == true)
        #expect(thrift.refusal(of: thriftBody([(4, .i64(0))]))?.message.hasPrefix("Missing : id (span 1") == true)
    }

    @Test func `a time too far from another for a duration is refused`() {
        let annotations = [-9_000_000_000_000_000, 9_000_000_000_000_000].enumerated().map { index, time in
            #"{"timestamp":\#(time),"value":"\#(index == 0 ? "cs" : "cr")","endpoint":{"serviceName":"a"}}"#
        }
        let body = bodyOfSpan(#""annotations":[\#(annotations.joined(separator: ","))]"#)
        #expect(json.refusal(of: body)?.message.contains("is out of range") == true)
    }

    @Test func `limits of spans and tags are kept`() {
        let spans = (1...3).map { _ in ZipkinV1SampleSpan() }
        var tagged = ZipkinV1SampleSpan()
        tagged.binaryAnnotations = (1...3).map { _ in ("k", .text("v"), nil) }
        for (format, body) in [
            (json, ZipkinV1SampleSpan.jsonBody), (thrift, ZipkinV1SampleSpan.thriftBody),
        ] {
            let few = SpanLimits(spanCountMax: 2, attributeCountMax: 2)
            #expect(format.refusal(of: body(spans), limits: few)?.code == .tooManySpans)
            #expect(format.refusal(of: body([tagged]), limits: few)?.code == .tooManyAttributes)
            #expect(format.refusal(of: body([tagged]), limits: SpanLimits(attributeCountMax: 3)) == nil)
        }
    }

    @Test func `Thrift values within each other are skipped only so deep`() {
        func nested(_ depth: Int) -> [UInt8] {
            // A span with the field 99, a list of one list of one list ...
            var body = Array(thriftBody([]).dropLast()) + [15, 0, 99]
            for _ in 0..<depth { body += [15, 0, 0, 0, 1] }
            return body + [3, 0, 0, 0, 0, 0]
        }
        #expect(thrift.refusal(of: nested(10)) == nil)
        #expect(thrift.refusal(of: nested(10_000))?.code == .malformed)
    }

    // MARK: Versions

    @Test(arguments: [
        #""localEndpoint":{"serviceName":"a"}"#, #""remoteEndpoint":{}"#, #""tags":{}"#, #""tags":{"a":"b"}"#,
        // Seen after something else that is wrong for version 1.
        #""annotations":[{"value":"a"}],"tags":{}"#, #""debug":"yes","localEndpoint":{}"#,
    ])
    func `spans of version 2 are told apart`(members: String) {
        let error = json.refusal(of: bodyOfSpan(members))
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a JSON_V1 encoded list, but received: JSON_V2")
    }

    @Test(arguments: [
        #""binaryAnnotations":[]"#, #""annotations":[{"timestamp":1,"value":"sr","endpoint":{"serviceName":"a"}}]"#,
        // Seen after something else that is wrong for version 2.
        #""annotations":[{"value":"a"}],"binaryAnnotations":[]"#, #""kind":"sr","binaryAnnotations":[]"#,
    ])
    func `spans of version 1 are told apart`(members: String) {
        let error = ZipkinFormat.json.refusal(of: bodyOfSpan(members))
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a JSON_V2 encoded list, but received: JSON_V1")
    }

    @Test func `a limit that is exceeded is told whatever the version`() {
        let body = #"[{"traceId":"a1","id":"b2"},{"traceId":"a1","id":"b2","binaryAnnotations":[]}]"#
        #expect(ZipkinFormat.json.refusal(of: body, limits: SpanLimits(spanCountMax: 1))?.code == .tooManySpans)
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
