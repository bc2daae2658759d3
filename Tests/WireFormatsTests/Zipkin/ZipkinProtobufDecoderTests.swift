import TestSupport
import Testing
import TraceModel
import WireFormats

@Suite struct ZipkinProtobufDecoderTests {
    private let format = ZipkinFormat.protobuf
    private static let spanID: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0xb2]
    /// A Span with the IDs of `bodyOfSpan`.
    private let span = PlainProtobuf().bytes(1, [0, 0, 0, 0, 0, 0, 0, 0xa1]).bytes(3, spanID)

    private func body(_ spans: PlainProtobuf...) -> [UInt8] {
        spans.reduce(PlainProtobuf()) { $0.message(1, $1) }.bytes
    }

    private func tag(_ key: [UInt8], _ value: [UInt8]) -> PlainProtobuf {
        PlainProtobuf().bytes(1, key).bytes(2, value)
    }

    private func tag(_ key: String, _ value: String) -> PlainProtobuf { tag(Array(key.utf8), Array(value.utf8)) }

    /// The spans are those of the JSON list.
    private func expectSame(_ body: [UInt8], _ json: String, limits: SpanLimits = SpanLimits()) throws {
        let found = try format.decode(body, limits: limits)
        let wanted = try decodeZipkin(json, limits: limits)
        #expect(found.text == encodeZipkin(wanted))
        #expect(found.batch.spanCount == wanted.spanCount)
        for (span, other) in zip(found.batch.spans, wanted.spans) {
            #expect(span.hasEqualContent(to: other), "\(span.canonicalText) is not \(other.canonicalText)")
        }
    }

    // MARK: Spans

    @Test func `an empty body has no spans`() throws {
        #expect(try format.decode([UInt8]()).batch.spanCount == 0)
    }

    @Test func `a span is the same as in JSON`() throws {
        let local = PlainProtobuf().text(1, "ProductPage").bytes(2, [192, 0, 2, 2]).varint(4, 9080)
        let remote = PlainProtobuf().text(1, "gateway").bytes(
            3, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [9])
        let full = PlainProtobuf().bytes(1, (1...16).map { UInt8($0) }).bytes(2, Self.spanID)
            .bytes(3, (1...8).map { UInt8($0) }).varint(4, 2).text(5, "GET /Ä")
            .fixed64(6, 1_795_241_656_321_007).varint(7, 3_960).message(8, local).message(9, remote)
            .message(10, PlainProtobuf().fixed64(1, 1_795_241_656_325_064).text(2, "late"))
            .message(10, PlainProtobuf().fixed64(1, 1_795_241_656_325_063).text(2, "ss"))
            .message(11, tag("http.status_code", "500")).message(11, tag("error", "true")).message(11, tag("empty", ""))
            .varint(12, 1).varint(13, 1)
        try expectSame(
            body(full),
            #"""
            [{"traceId":"0102030405060708090a0b0c0d0e0f10","parentId":"b2","id":"0102030405060708","kind":"SERVER",
              "name":"GET /Ä","timestamp":1795241656321007,"duration":3960,
              "localEndpoint":{"serviceName":"ProductPage","ipv4":"192.0.2.2","port":9080},
              "remoteEndpoint":{"serviceName":"gateway","ipv6":"2001:db8::9"},
              "annotations":[{"timestamp":1795241656325063,"value":"ss"},{"timestamp":1795241656325064,"value":"late"}],
              "tags":{"error":"true","http.status_code":"500","empty":""},"debug":true,"shared":true}]
            """#)
    }

    @Test(arguments: [(1, "CLIENT"), (2, "SERVER"), (3, "PRODUCER"), (4, "CONSUMER")])
    func `kinds are numbers`(number: UInt64, name: String) throws {
        try expectSame(body(span.varint(4, number)), bodyOfSpan(#""kind":"\#(name)""#))
    }

    @Test(arguments: [0, 5, .max] as [UInt64])
    func `a kind that is unknown is none`(number: UInt64) throws {
        #expect(try format.decode(body(span.varint(4, number))).text == "[\(spanText(""))]")
    }

    @Test func `a parent of zeros, an empty one and the span itself are none`() throws {
        for parent in [[], [UInt8](repeating: 0, count: 8), Self.spanID] {
            #expect(try format.decode(body(span.bytes(2, parent))).text == "[\(spanText(""))]")
        }
    }

    @Test func `a client shares no ID, and no time is before 1970`() throws {
        let odd = span.varint(4, 1).varint(13, 1).fixed64(6, .max).varint(7, .max)
        #expect(try format.decode(body(odd)).text == "[\(spanText(#""kind":"CLIENT""#))]")
    }

    @Test func `addresses of other lengths are none, and a mapped one is what it was`() throws {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 1]
        let local = PlainProtobuf().text(1, "a").bytes(2, [1, 2, 3]).bytes(3, mapped)
        let text = #""localEndpoint":{"serviceName":"a","ipv4":"192.0.2.1"}"#
        #expect(try format.decode(body(span.message(8, local))).text == "[\(spanText(text))]")
    }

    @Test func `a negative port is none, and one that is too high is refused`() throws {
        let negative = span.message(8, PlainProtobuf().text(1, "a").varint(4, UInt64(bitPattern: -1)))
        let text = #""localEndpoint":{"serviceName":"a"}"#
        #expect(try format.decode(body(negative)).text == "[\(spanText(text))]")
        let high = span.message(8, PlainProtobuf().varint(4, 65_536))
        #expect(format.refusal(of: body(high))?.message.hasPrefix("invalid port 65536") == true)
    }

    @Test func `of fields and tags that come again the last one counts`() throws {
        let twice = span.text(5, "first").text(5, "second").message(11, tag("a", "1")).message(11, tag("a", "2"))
        #expect(try format.decode(body(twice)).text == #"[\#(spanText(#""name":"second","tags":{"a":"2"}"#))]"#)
    }

    @Test func `what says nothing is nothing`() throws {
        let empty = span.message(8, PlainProtobuf()).message(10, PlainProtobuf()).message(11, PlainProtobuf())
        #expect(try format.decode(body(empty)).text == "[\(spanText(""))]")
    }

    @Test func `fields that are unknown are skipped`() throws {
        let more = span.varint(99, 5).fixed64(98, 1).fixed32(97, 1).text(96, "x")
        #expect(try format.decode(PlainProtobuf().message(1, more).text(7, "x").bytes).text == "[\(spanText(""))]")
    }

    // MARK: Text

    @Test func `bytes that are not UTF-8 are replaced and counted`() throws {
        let bad = span.bytes(5, [0x41, 0xff]).message(11, tag([0x6b], [0x61, 0xc3, 0x62])).message(
            11, tag([0xe4], [0x63]))
        let decoded = try format.decode(body(bad, bad))
        let one = spanText(#""name":"a\#u{fffd}","tags":{"k":"a\#u{fffd}b","\#u{fffd}":"c"}"#)
        #expect(decoded.text == "[\(one),\(one)]")
        #expect(decoded.outcome.replacedStringCount == 6)
    }

    @Test func `long strings are cut and counted as in JSON`() throws {
        let long = String(repeating: "É", count: 30)
        let limits = SpanLimits(valueByteCountMax: 41)
        let message = span.text(5, long).message(8, PlainProtobuf().text(1, long)).message(11, tag(long, "v"))
            .message(11, tag("k", long)).message(10, PlainProtobuf().fixed64(1, 7).text(2, long))
        let json = bodyOfSpan(
            #""name":"\#(long)","localEndpoint":{"serviceName":"\#(long)"},"tags":{"\#(long)":"v","k":"\#(long)"},"#
                + #""annotations":[{"timestamp":7,"value":"\#(long)"}]"#)
        try expectSame(body(message), json, limits: limits)
        try expectSame(body(message, message), "[\(json.dropFirst().dropLast()),\(json.dropFirst())", limits: limits)
    }

    @Test func `a value is not taken for one that it only begins with`() throws {
        // What follows the shorter value in the text follows it in the longer one too.
        let padding = String(repeating: "p", count: 80)
        let first = span.message(11, tag("key", "A")).message(11, tag("other", padding))
        let second = span.message(11, tag("key", "AZZ")).message(11, tag("other", padding))
        try expectSame(
            body(first, first, second, first),
            "["
                + ["A", "A", "AZZ", "A"].map { value in
                    #"{"traceId":"a1","id":"b2","tags":{"key":"\#(value)","other":"\#(padding)"}}"#
                }.joined(separator: ",") + "]")
    }

    // MARK: Refusals

    @Test(
        arguments: [
            ([], [1, 2, 3, 4, 5, 6, 7, 8], "Missing : traceId"), ([1, 2, 3, 4, 5, 6, 7, 8], [], "Missing : id"),
            ([0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8], "traceId is all zeros"),
            ([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, 0], "id is all zeros"),
            ([1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8], "traceId has 3 bytes"),
            ([UInt8](repeating: 1, count: 17), [1, 2, 3, 4, 5, 6, 7, 8], "traceId has 17 bytes"),
            ([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3], "id has 3 bytes"),
            ([1, 2, 3, 4, 5, 6, 7, 8], [UInt8](repeating: 1, count: 9), "id has 9 bytes"),
        ] as [([UInt8], [UInt8], String)])
    func `IDs that are missing, of zeros or of another length refuse the body`(
        traceID: [UInt8], spanID: [UInt8], reason: String
    ) {
        let error = format.refusal(of: body(span, PlainProtobuf().bytes(1, traceID).bytes(3, spanID)))
        #expect(error?.code == .malformed)
        #expect(
            error?.message.hasPrefix(reason) == true && error?.message.contains("span 2, byte ") == true, "\(error)")
    }

    @Test func `a parent of another length refuses the body`() {
        #expect(format.refusal(of: body(span.bytes(2, [1])))?.message.hasPrefix("parentId has 1 bytes") == true)
    }

    @Test func `times that no clock shows refuse the body`() {
        let error = format.refusal(of: body(span.fixed64(6, UInt64(Int64.max))))
        #expect(error?.message.hasPrefix("timestamp \(Int64.max) is out of range") == true)
    }

    @Test(arguments: ["[]", "{}", "hello", #"[{"traceId":"a1","id":"b2"}]"#])
    func `what is no message is told so`(text: String) {
        let error = format.refusal(of: text)
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a PROTO3 encoded list")
    }

    @Test func `a body cut at any byte is refused, or has the spans before the cut`() throws {
        let whole = body(span.text(5, "name").message(11, tag("a", "b")), span.fixed64(6, 5), span)
        for length in 0..<whole.count {
            guard let decoded = try? format.decode(Array(whole[..<length])) else { continue }
            #expect(decoded.batch.spanCount < 3)
        }
    }

    @Test func `limits of spans and tags are kept`() {
        var limits = SpanLimits(spanCountMax: 1)
        #expect(format.refusal(of: body(span, span), limits: limits)?.code == .tooManySpans)
        limits = SpanLimits(attributeCountMax: 2)
        let tags = (0..<3).reduce(span) { span, _ in span.message(11, tag("same", "value")) }
        #expect(format.refusal(of: body(tags), limits: limits)?.code == .tooManyAttributes)
        limits.attributeCountMax = 3
        #expect(format.refusal(of: body(tags), limits: limits) == nil)
    }
}
