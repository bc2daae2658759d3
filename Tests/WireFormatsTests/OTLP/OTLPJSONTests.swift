import Bytes
import Foundation
import TestSupport
import Testing
import TraceModel
import WireFormats

func decodeOTLPJSON(
    _ body: [UInt8], limits: SpanLimits = SpanLimits(), options: OTLPOptions = OTLPOptions()
) throws -> OTLPDecoded {
    var builder = SpanBatchBuilder()
    let outcome = try body.withUnsafeBytes { bytes in
        try OTLPJSONDecoder.decode(bytes, limits: limits, options: options, into: &builder)
    }
    precondition(outcome.acceptedCount == builder.spanCount, "every span is counted")
    return OTLPDecoded(batch: builder.makeBatch(), outcome: outcome)
}

func encodeOTLPJSON(_ spans: some Sequence<SpanView>, options: OTLPOptions = OTLPOptions()) -> [UInt8] {
    var writer = ByteWriter()
    OTLPJSONEncoder.append(spans, options: options, to: &writer)
    return writer.bytes
}

@Suite struct OTLPJSONTests {
    private let keepingFacts = OTLPOptions(keepsSkeinFacts: true)
    private let ids = #""traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0908070605040302""#

    /// A body of one span with the sample's IDs and the given members.
    private func body(_ members: String) -> [UInt8] {
        let comma = members.isEmpty ? "" : ","
        return Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(ids)\#(comma)\#(members)}]}]}]}"#.utf8)
    }

    private func read(_ members: String, limits: SpanLimits = SpanLimits()) throws -> SpanView {
        let decoded = try decodeOTLPJSON(body(members), limits: limits)
        guard decoded.spans.count == 1 else { throw TestSupportError("\(decoded.outcome)") }
        return decoded.spans[0]
    }

    private func refusal(_ body: String) -> DecodeError? {
        do {
            _ = try decodeOTLPJSON(Array(body.utf8))
            return nil
        } catch {
            return error as? DecodeError
        }
    }

    @Test(arguments: 1...10)
    func `whatever span was exported with its facts is equal when it is imported`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let spans = generator.batch(spanCount: 200).spans.filter { $0.spanID.value != 0 }
        let body = encodeOTLPJSON(spans, options: keepingFacts)
        #expect(!body.contains(0x0a))
        let decoded = try decodeOTLPJSON(body, options: keepingFacts)
        #expect(decoded.spans.count == spans.count)
        for (span, other) in zip(spans, decoded.spans) where !span.hasEqualContent(to: other) {
            Issue.record("seed \(seed): \(span.canonicalText) became \(other.canonicalText)")
        }
        _ = try JSONSerialization.jsonObject(with: Data(body))
    }

    @Test(arguments: 1...5)
    func `JSON and protobuf say the same without facts`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let spans = generator.batch(spanCount: 200).spans.filter { $0.spanID.value != 0 }
        let fromJSON = try decodeOTLPJSON(encodeOTLPJSON(spans)).spans
        let fromProtobuf = try decodeOTLP(encodeOTLP(spans)).spans
        #expect(fromJSON.count == fromProtobuf.count)
        for (span, other) in zip(fromJSON, fromProtobuf) where !span.hasEqualContent(to: other) {
            Issue.record("seed \(seed): \(span.canonicalText) but \(other.canonicalText)")
        }
    }

    @Test func `a body is written in the customary form`() throws {
        let span = try read(
            #""name":"a","kind":2,"startTimeUnixNano":5,"endTimeUnixNano":"9","#
                + #""attributes":[{"key":"k","value":{"intValue":3}}],"status":{"code":2,"message":"m"}"#)
        #expect(
            String(decoding: encodeOTLPJSON([span]), as: UTF8.self)
                == #"{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":""},"spans":["#
                + #"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0908070605040302","name":"a","kind":2,"#
                + #""startTimeUnixNano":"5","endTimeUnixNano":"9","attributes":[{"key":"k","value":{"intValue":"3"}}],"#
                + #""status":{"code":2,"message":"m"}}]}]}]}"#)
        #expect(String(decoding: encodeOTLPJSON([SpanView]()), as: UTF8.self) == #"{"resourceSpans":[]}"#)
    }

    @Test func `an empty body, an empty object and nulls have no spans`() throws {
        for text in ["", " \n", "{}", #"{"resourceSpans":null}"#, #"{"resourceSpans":[{"scopeSpans":null}]}"#] {
            #expect(try decodeOTLPJSON(Array(text.utf8)).outcome == DecodeOutcome())
        }
    }

    @Test func `values of every type are read, in whatever order their members stand`() throws {
        let span = try read(
            #""attributes":[{"value":{"stringValue":"é\n"},"key":"s"},{"key":"b","value":{"boolValue":false}},"#
                + #"{"key":"i","value":{"intValue":"-9223372036854775808"}},{"key":"d","value":{"doubleValue":1e3}},"#
                + #"{"key":"n","value":{"doubleValue":"-Infinity"}},{"key":"q","value":{"doubleValue":"0.5"}},"#
                + #"{"key":"x","value":{"bytesValue":"AP_-"}},{"key":"y","value":{"bytesValue":"AQI="}},"#
                + #"{"key":"l","value":{"arrayValue":{"values":[{"intValue":1},{},{"stringValue":"2"}]}}},"#
                + #"{"key":"m","value":{"kvlistValue":{"values":[{"value":{"boolValue":true},"key":"deep"}]}}},"#
                + #"{"key":"none","value":{}},{"key":"null","value":null},{"value":{"intValue":7}}],"unknown":[{}]"#)
        #expect(
            span.attributeTexts == [
                "s=\"é\n\"", "b=false", "i=-9223372036854775808", "d=1000.0f", "n=-inff", "q=0.5f", "x=[0, 255, 254]",
                "y=[1, 2]", "l=[1, none, \"2\"]", "m={deep: true}", "none=none", "null=none", "=7",
            ])
    }

    @Test func `enums may be numbers, text or names`() throws {
        for kind in ["3", #""3""#, #""SPAN_KIND_CLIENT""#] {
            #expect(try read(#""kind":\#(kind)"#).traits.kind == .client)
        }
        for code in ["1", #""STATUS_CODE_OK""#] {
            #expect(try read(#""status":{"code":\#(code)}"#).traits.statusCode == .ok)
        }
    }

    @Test func `resource and scope count for their spans wherever they are written`() throws {
        let text =
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(ids)}],"schemaUrl":"b","#
            + #""scope":{"name":"lib","version":"2","attributes":[{"key":"x","value":{"intValue":"1"}}]}}],"#
            + #""schemaUrl":"a","resource":{"entityRefs":[{"type":"host","idKeys":["id"]}],"droppedAttributesCount":2,"#
            + #""attributes":[{"key":"service.name","value":{"stringValue":"cart\"]}"}}]}},"#
            + #"{"scopeSpans":[{"spans":[{\#(ids)}]}]}]}"#
        let spans = try decodeOTLPJSON(Array(text.utf8)).spans
        #expect(spans.map { WireFormatsTests.text($0.serviceName) } == ["cart\"]}", ""])
        guard case .map(let resource) = spans[0].value(of: .resource),
            case .map(let scope) = spans[0].value(of: .scope)
        else { throw TestSupportError("no resource or no scope") }
        let view = try ResourceView(resource)
        #expect(listText(view.attributes) == "service.name: \"cart\"]}\" and 2")
        #expect(WireFormatsTests.text(view.schemaURL) == "a")
        #expect(WireFormatsTests.text(try ScopeView(scope).name) == "lib")
        #expect(spans[1].fieldText(.resource) == "none")
        let again = try decodeOTLPJSON(encodeOTLPJSON(spans)).spans
        for (span, other) in zip(spans, again) { #expect(span.hasEqualContent(to: other)) }
    }

    @Test func `a span with wrong IDs is left out and told`() throws {
        let wrong = [#""traceId":"01""#, #""traceId":"zz""#, #""spanId":"""#, #""parentSpanId":"123""#]
        for member in wrong {
            let outcome = try decodeOTLPJSON(body(member)).outcome
            #expect(outcome.rejectedCount == 1 && outcome.acceptedCount == 0, "\(member)")
        }
        #expect(
            try decodeOTLPJSON(body(#""traceId":"01""#)).outcome.firstRejection == "span 1: a trace ID of 1 bytes")
        let span = try read(
            #""parentSpanId":"","links":[{"traceId":"1"},{\#(ids),"flags":1}],"events":[{},{"name":"e"}]"#)
        #expect(span.fieldText(.droppedLinkCount) == "1" && span.fieldText(.droppedEventCount) == "1")
        #expect(span.parentID == nil)
    }

    @Test(arguments: [
        "[]", "{", "1", #"{"resourceSpans":{}}"#, #"{"resourceSpans":[{"scopeSpans":[}]}"#, "{} {}",
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":{}}]}]}]}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","key":"b"}]}]}]}]}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"value":{"bytesValue":"A"}}]}]}]}]}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"value":{"doubleValue":"x"}}]}]}]}]}"#,
    ])
    func `what is no such object is refused`(body: String) {
        #expect(refusal(body)?.code == .malformed)
    }

    @Test func `values may stand within each other only so deep, and come back from any depth`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"arrayValue":{"values":["#, count: depth) + String(repeating: "]}}", count: depth)
        }
        let span = try read(#""attributes":[{"key":"a","value":\#(nested(AttributeCoding.depthMax))}]"#)
        #expect(try decodeOTLPJSON(encodeOTLPJSON([span])).spans[0].hasEqualContent(to: span))
        let tooDeep = body(#""attributes":[{"key":"a","value":\#(nested(AttributeCoding.depthMax + 1))}]"#)
        #expect(refusal(String(decoding: tooDeep, as: UTF8.self))?.code == .malformed)
    }

    @Test func `what is too long is cut, and the span says so`() throws {
        let limits = SpanLimits(valueByteCountMax: 12)
        let span = try read(
            #""attributes":[{"key":"a","value":{"stringValue":"0éééééééé"}},"#
                + #"{"key":"l","value":{"arrayValue":{"values":[\#(Array(repeating: #"{"intValue":1}"#, count: 30).joined(separator: ","))]}}}]"#,
            limits: limits)
        #expect(
            span.attributeTexts == ["a=\"0ééééé\"", "l=\([Int](repeating: 1, count: 7))", "skein.truncated=2"])
    }

    @Test func `a body cut at any byte is refused`() throws {
        var generator = SpanGenerator(seed: 11)
        let spans = generator.batch(spanCount: 4).spans.filter { $0.spanID.value != 0 }
        let body = encodeOTLPJSON(spans, options: keepingFacts)
        for length in 1..<min(body.count, 20_000) {
            #expect(throws: DecodeError.self) { try decodeOTLPJSON(Array(body[..<length])) }
        }
    }

    @Test func `20,000 random changes never trap`() {
        let seed: UInt64 = 51_003
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var generator = SpanGenerator(seed: seed)
        let bodies = (0..<10).map { _ in
            encodeOTLPJSON(generator.batch(spanCount: 2).spans, options: keepingFacts)
        }.filter { $0.count < 20_000 }
        let bytes = Array("\"\\{}[],:0-eE.tfn\u{1}".utf8)
        for round in 0..<20_000 {
            var body = bodies[round % bodies.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: body.remove(at: place)
                case 2: body.insert(bytes.randomElement(using: &random) ?? 0, at: place)
                default: body[place] = bytes.randomElement(using: &random) ?? 0
                }
            }
            guard let decoded = try? decodeOTLPJSON(body, options: keepingFacts) else { continue }
            let again = try? decodeOTLPJSON(encodeOTLPJSON(decoded.spans, options: keepingFacts), options: keepingFacts)
            #expect(again?.spans.count == decoded.spans.count, "seed \(seed), round \(round)")
        }
    }
}
