import Testing
import TraceModel
import WireFormats

@Suite struct ZipkinJSONDecoderTests {
    // MARK: Bodies

    @Test(arguments: ["", " \n", "[]", " [ ] \n", "\u{feff}[]"])
    func `an empty body and an empty list have no spans`(body: String) throws {
        #expect(try decodeZipkin(body).spanCount == 0)
    }

    @Test func `a proxy's post comes out as Zipkin writes it`() throws {
        let text = encodeZipkin(try decodeZipkin(ZipkinSample.proxyBody))
        #expect(text == ZipkinSample.proxyBodyRewritten)
        #expect(try canonicalJSON(text) == canonicalJSON(ZipkinSample.proxyBodyRewritten))
        #expect(encodeZipkin(try decodeZipkin(text)) == text)
    }

    @Test func `white space and a byte order mark around the list are nothing`() throws {
        let batch = try decodeZipkin("\u{feff}\r\n\t [ { \"traceId\" : \"1\" , \"id\" : \"2\" } ] \n")
        #expect(batch.spanCount == 1)
    }

    @Test(arguments: ["{}", "hello", "\"[]\"", "null", "1", "<html>", "\u{10}\u{3}"])
    func `what is no list is told so`(body: String) {
        let error = refusal(of: body)
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a JSON_V2 encoded list")
    }

    @Test(arguments: ["[] []", "[],", "[]x", "[{}]]"])
    func `anything after the list is refused`(body: String) {
        #expect(refusal(of: body)?.code == .malformed)
    }

    @Test(arguments: [
        "[", "[,]", "[null]", "[1]", "[[]]", "[{\"traceId\":\"1\",\"id\":\"2\"},]",
        "[{\"traceId\":\"1\",\"id\":\"2\",}]",
        "[{,\"traceId\":\"1\",\"id\":\"2\"}]", "[{\"traceId\":\"1\" \"id\":\"2\"}]",
        "[{\"traceId\" \"1\",\"id\":\"2\"}]",
        "[{traceId:\"1\",\"id\":\"2\"}]", "[{'traceId':'1','id':'2'}]", "[{\"traceId\":\"1\",\"id\":\"2\"}{}]",
        "[{\"traceId\":\"1\",\"id\":\"2\"]", "[{\"traceId\":\"1\",\"id\":\"2\"", "[{\"traceId\":\"1\",\"id\":\"2\"}",
    ])
    func `broken structure is refused`(body: String) {
        #expect(refusal(of: body)?.code == .malformed)
    }

    @Test func `every cut of a body is refused`() {
        let body = Array(ZipkinSample.proxyBody.utf8)
        for end in 1..<body.count { #expect(refusal(of: Array(body[..<end])) != nil, "cut at \(end)") }
    }

    @Test(arguments: [
        #""binaryAnnotations":[]"#, #""binaryAnnotations":null"#,
        #""annotations":[{"timestamp":1,"value":"sr","endpoint":{"serviceName":"a"}}]"#,
    ])
    func `spans of the first version are told apart`(members: String) {
        let error = refusal(of: bodyOfSpan(members))
        #expect(error?.code == .otherFormat)
        #expect(error?.message == "Expected a JSON_V2 encoded list, but received: JSON_V1")
    }

    @Test func `one bad span rejects the body and is named with its place`() {
        let body = #"[{"traceId":"1","id":"2"},{"traceId":"1","id":"X"}]"#
        let error = refusal(of: body)
        #expect(error?.message == "X should be lower-hex encoded with no prefix (span 2, byte 46)")
        #expect(error?.offset == 46)
    }

    @Test func `an error before the first span names its byte`() {
        #expect(refusal(of: " [")?.message == "the text ends too early (byte 2)")
    }

    @Test func `spans are added to those of an earlier body`() throws {
        var builder = SpanBatchBuilder()
        for name in ["first", "second"] {
            let outcome = try Array(bodyOfSpan("\"name\":\"\(name)\"").utf8).withUnsafeBytes {
                try ZipkinJSONDecoder.decode($0, limits: SpanLimits(), into: &builder)
            }
            #expect(outcome.acceptedCount == 1)
        }
        let names = builder.makeBatch().spans.map { String(decoding: $0.operationName, as: UTF8.self) }
        #expect(names == ["first", "second"])
    }

    // MARK: Tolerance

    @Test func `nulls are as if the member were absent`() throws {
        let members =
            #""parentId":null,"kind":null,"name":null,"timestamp":null,"duration":null,"localEndpoint":null,"#
            + #""remoteEndpoint":{"serviceName":null,"ipv4":null,"ipv6":null,"port":null},"annotations":null,"tags":null,"#
            + #""debug":null,"shared":null,"other":null"#
        #expect(try rewriteSpan(members) == spanText(""))
    }

    @Test func `unknown members are skipped whatever they hold`() throws {
        let value = #"{"a":[1,-2.5e+10,true,false,null,"x\n\u00e9",{"b":{}},[],[[1]]],"id":"no"}"#
        let members =
            #""extra":\#(value),"name":"n","localEndpoint":{"x":\#(value),"port":1,"y":[]},"#
            + #""annotations":[{"x":\#(value),"timestamp":5,"value":"v","y":0}]"#
        #expect(
            try rewriteSpan(members)
                == spanText(#""name":"n","localEndpoint":{"port":1},"annotations":[{"timestamp":5,"value":"v"}]"#))
    }

    @Test func `values within values are skipped 64 deep and refused beyond`() throws {
        func nested(_ depth: Int) -> String {
            bodyOfSpan("\"x\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        }
        #expect(refusal(of: nested(64)) == nil)
        #expect(refusal(of: nested(65))?.message.hasPrefix("more than 64 levels") == true)
        #expect(refusal(of: nested(100_000)) != nil)
        #expect(refusal(of: bodyOfSpan("\"x\":" + String(repeating: "{\"a\":[", count: 40)))?.code == .malformed)
    }

    @Test(arguments: [
        "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "nul", "tru", "falsee", "NaN", "Infinity", "{]", "[}", "'a'",
        "\"",
    ])
    func `an unknown member's value still has to be JSON`(value: String) {
        #expect(refusal(of: bodyOfSpan("\"x\":\(value)"))?.code == .malformed)
    }

    @Test func `numbers may stand in quotes`() throws {
        let members =
            #""timestamp":"123","duration":"45","remoteEndpoint":{"port":"80"},"#
            + #""annotations":[{"timestamp":"9","value":"v"}]"#
        #expect(
            try rewriteSpan(members)
                == spanText(
                    #""timestamp":123,"duration":45,"remoteEndpoint":{"port":80},"annotations":[{"timestamp":9,"value":"v"}]"#
                ))
    }

    @Test(arguments: [
        ("1795241656321007", 1_795_241_656_321_007), ("1.795241656321007E15", 1_795_241_656_321_007), ("1e3", 1_000),
        ("12.0", 12), ("1200e-2", 12), ("0.5e1", 5), ("9223372036854775", 9_223_372_036_854_775),
        ("1.00000000000000000000000000000000000", 1), ("1000000000000000000000000000000e-30", 1),
    ])
    func `whole numbers are read however they are written`(text: String, microseconds: Int64) throws {
        let batch = try decodeZipkin(bodyOfSpan("\"timestamp\":\(text)"))
        #expect(SpanView(batch: batch, row: 0).start == microseconds * 1_000)
    }

    @Test(arguments: [
        "1.5", "9223372036854775808", "9223372036854776", "1e400", "1e-1", "1e99999999999999999999", "true", "[]",
        "\"\"", "\"x\"", "\"1 \"", "01", "--1", "\"1.5\"", "123456789012345678901234567890",
        "1.00000000000000000000000000000000001",
    ])
    func `a time that is no whole number in range is refused`(text: String) {
        #expect(refusal(of: bodyOfSpan("\"timestamp\":\(text)"))?.code == .malformed)
        #expect(refusal(of: bodyOfSpan("\"duration\":\(text)"))?.code == .malformed)
    }

    @Test(arguments: ["0", "-1", "-9223372036854775808", "\"0\"", "-0", "0.0", "0e5"])
    func `a time or duration of zero or less is absent`(text: String) throws {
        #expect(try rewriteSpan("\"timestamp\":\(text),\"duration\":\(text)") == spanText(""))
    }

    // MARK: IDs

    @Test func `IDs are padded on the left`() throws {
        let batch = try decodeZipkin(#"[{"traceId":"1a2b3","id":"c","parentId":"d"}]"#)
        let text = encodeZipkin(batch)
        #expect(text == #"[{"traceId":"000000000001a2b3","parentId":"000000000000000d","id":"000000000000000c"}]"#)
        let wide = encodeZipkin(try decodeZipkin(#"[{"traceId":"11112222333344445","id":"1"}]"#))
        #expect(wide == #"[{"traceId":"00000000000000011112222333344445","id":"0000000000000001"}]"#)
    }

    @Test func `a trace ID of 32 digits with 16 zeros first is the one of 16 digits`() throws {
        let text = encodeZipkin(try decodeZipkin(#"[{"traceId":"000000000000000048485a3953bb6124","id":"1"}]"#))
        #expect(text == #"[{"traceId":"48485a3953bb6124","id":"0000000000000001"}]"#)
    }

    @Test(arguments: [
        #""parentId":"b2""#, #""parentId":"00000000000000b2""#, #""parentId":"0""#, #""parentId":"0000000000000000""#,
    ])
    func `a parent that is the span itself or zero is dropped`(members: String) throws {
        #expect(try rewriteSpan(members) == spanText(""))
    }

    @Test(arguments: [
        (#"[{"traceId":"48485A3953BB6124","id":"1"}]"#, "48485A3953BB6124 should be lower-hex encoded with no prefix"),
        (#"[{"traceId":"1","id":"0X1"}]"#, "0X1 should be lower-hex encoded with no prefix"),
        (#"[{"traceId":"1","id":"123456789012345g"}]"#, "123456789012345g should be lower-hex"),
        (#"[{"traceId":"1","id":"1","parentId":"A"}]"#, "A should be lower-hex encoded with no prefix"),
        (#"[{"traceId":"é","id":"1"}]"#, "é should be lower-hex encoded with no prefix"),
        (#"[{"traceId":"","id":"1"}]"#, "traceId is empty"), (#"[{"traceId":"1","id":""}]"#, "id is empty"),
        (#"[{"traceId":"1","id":"1","parentId":""}]"#, "parentId is empty"),
        (#"[{"traceId":"0","id":"1"}]"#, "traceId is all zeros"), (#"[{"traceId":"1","id":"00"}]"#, "id is all zeros"),
        (#"[{"traceId":"123456789012345678901234567890123","id":"1"}]"#, "traceId.length > 32"),
        (#"[{"traceId":"1","id":"12345678901234567"}]"#, "id.length > 16"),
        (#"[{"traceId":"1","id":"1","parentId":"12345678901234567"}]"#, "parentId.length > 16"),
        (#"[{"id":"1"}]"#, "Missing : traceId "), (#"[{"traceId":"1"}]"#, "Missing : id "),
        (#"[{}]"#, "Missing : traceId id "), (#"[{"traceId":null,"id":"1"}]"#, "expected a string"),
        (#"[{"traceId":"1","id":2}]"#, "expected a string"),
    ])
    func `an ID that is none is refused in Zipkin's words`(body: String, message: String) {
        let error = refusal(of: body)
        #expect(error?.code == .malformed)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "accepted")")
    }

    // MARK: Names, kind, flags

    @Test func `names are lower-cased`() throws {
        let members =
            #""name":"GET /Ärger İ","localEndpoint":{"serviceName":"FrontEnd"},"remoteEndpoint":{"serviceName":"ÉTÉ"}"#
        #expect(
            try rewriteSpan(members)
                == spanText(
                    "\"name\":\"get /ärger i\u{307}\",\"localEndpoint\":{\"serviceName\":\"frontend\"},"
                        + "\"remoteEndpoint\":{\"serviceName\":\"été\"}"))
    }

    @Test func `values keep their case`() throws {
        let members = #""annotations":[{"timestamp":1,"value":"Foo"}],"tags":{"Key":"Value"}"#
        #expect(try rewriteSpan(members) == spanText(members))
    }

    @Test func `empty names are absent`() throws {
        let members = #""name":"","localEndpoint":{"serviceName":""},"remoteEndpoint":{"serviceName":"","port":0}"#
        #expect(try rewriteSpan(members) == spanText(""))
    }

    @Test(arguments: ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"])
    func `the four kinds are taken`(kind: String) throws {
        #expect(try rewriteSpan("\"kind\":\"\(kind)\"") == spanText("\"kind\":\"\(kind)\""))
    }

    @Test(arguments: ["\"client\"", "\"LOCAL\"", "\"\"", "1", "\"CLIENT \"", "{}"])
    func `any other kind is refused`(kind: String) {
        #expect(refusal(of: bodyOfSpan("\"kind\":\(kind)"))?.code == .malformed)
    }

    @Test func `debug and shared count only when true`() throws {
        #expect(try rewriteSpan(#""debug":false,"shared":false"#) == spanText(""))
        #expect(try rewriteSpan(#""shared":true,"debug":true"#) == spanText(#""debug":true,"shared":true"#))
        #expect(refusal(of: bodyOfSpan(#""debug":"true""#)) != nil)
        #expect(refusal(of: bodyOfSpan(#""shared":1"#)) != nil)
    }

    @Test(arguments: [#""shared":true,"kind":"CLIENT""#, #""kind":"CLIENT","shared":true"#])
    func `a client cannot be shared`(members: String) throws {
        #expect(try rewriteSpan(members) == spanText(#""kind":"CLIENT""#))
    }

    // MARK: Limits

    @Test func `more spans than allowed are refused`() {
        let body = #"[{"traceId":"1","id":"1"},{"traceId":"1","id":"2"},{"traceId":"1","id":"3"}]"#
        #expect(refusal(of: body, limits: SpanLimits(spanCountMax: 3)) == nil)
        #expect(refusal(of: body, limits: SpanLimits(spanCountMax: 2))?.code == .tooManySpans)
    }

    @Test func `more tags in one span than allowed are refused`() {
        let body = bodyOfSpan(#""tags":{"a":"1","b":"2","c":"3"}"#)
        #expect(refusal(of: body, limits: SpanLimits(attributeCountMax: 3)) == nil)
        #expect(refusal(of: body, limits: SpanLimits(attributeCountMax: 2))?.code == .tooManyAttributes)
    }

    @Test func `strings that are too long are cut between characters and counted`() throws {
        let limits = SpanLimits(valueByteCountMax: 8)
        let members =
            #""name":"ABCDEFGHIJ","annotations":[{"timestamp":1,"value":"12345678"}],"#
            + #""tags":{"a":"1234567é","b":"12345678","c":"éééééé"}"#
        #expect(
            try rewriteSpan(members, limits: limits)
                == spanText(
                    #""name":"abcdefgh","annotations":[{"timestamp":1,"value":"12345678"}],"#
                        + #""tags":{"a":"1234567","b":"12345678","c":"éééé","skein.truncated":"3"}"#))
    }

    @Test func `the greatest limits hold too`() {
        let limits = SpanLimits(spanCountMax: .max, attributeCountMax: .max, valueByteCountMax: .max)
        #expect(refusal(of: ZipkinSample.proxyBody, limits: limits) == nil)
    }

    @Test func `all of the least limits hold`() {
        let limits = SpanLimits(spanCountMax: 0, attributeCountMax: 0, valueByteCountMax: 0)
        #expect(refusal(of: "[]", limits: limits) == nil)
        #expect(refusal(of: bodyOfSpan(#""name":"a""#), limits: limits)?.code == .tooManySpans)
    }
}
