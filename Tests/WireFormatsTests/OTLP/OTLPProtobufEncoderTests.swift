import Bytes
import TestSupport
import Testing
import TraceModel
import WireFormats

@Suite struct OTLPProtobufEncoderTests {
    private let plain = PlainProtobuf()
    private let keepingFacts = OTLPOptions(keepsSkeinFacts: true)

    private func expectEqual(_ spans: [SpanView], _ others: [SpanView], _ note: String) {
        #expect(spans.count == others.count)
        for (span, other) in zip(spans, others) where !span.hasEqualContent(to: other) {
            Issue.record("\(note): \(span.canonicalText) became \(other.canonicalText)")
        }
    }

    @Test(arguments: 1...20)
    func `whatever span was exported with its facts is equal when it is imported`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let spans = generator.batch(spanCount: 300).spans.filter { $0.spanID.value != 0 }
        let decoded = try decodeOTLP(encodeOTLP(spans, options: keepingFacts), options: keepingFacts)
        #expect(decoded.outcome.rejectedCount == 0)
        expectEqual(spans, decoded.spans, "seed \(seed)")
    }

    @Test func `spans of Zipkin are equal when they are imported`() throws {
        let spans = Array(try decodeZipkin(ZipkinSample.proxyBody).spans)
        let body = encodeOTLP(spans, options: keepingFacts)
        expectEqual(spans, try decodeOTLP(body, options: keepingFacts).spans, "Zipkin")
    }

    @Test func `what came by OTLP goes out as it came`() throws {
        let resource = plain.attribute(1, "service.name", plain.text(1, "cart"))
        let span = OTLPSample.span.text(5, "x").varint(6, 2).fixed64(7, 9).fixed64(8, 5)
            .attribute(9, "b", plain.message(6, plain.attribute(1, "c", plain.fixed64(4, 0x7ff8_0000_0000_0001))))
            .attribute(9, "a", plain).message(15, plain.varint(3, 1)).fixed32(16, 1)
        let scopeSpans = plain.message(1, plain.text(1, "lib")).message(2, span).message(2, span).text(3, "url")
        let body = plain.message(1, plain.message(1, resource).message(2, scopeSpans).text(3, "other")).bytes
        for options in [OTLPOptions(), keepingFacts] {
            #expect(encodeOTLP(try decodeOTLP(body).spans, options: options) == body)
        }
    }

    @Test func `consecutive spans stand under one resource and one scope, others under their own`() throws {
        func group(_ name: String, _ scope: String) -> PlainProtobuf {
            plain.message(1, plain.attribute(1, "service.name", plain.text(1, name)))
                .message(2, plain.message(1, plain.text(1, scope)).message(2, OTLPSample.span.message(15, plain)))
        }
        let body = [group("a", "x"), group("a", "x"), group("a", "y"), group("b", "y"), group("a", "y")]
            .reduce(plain) { $0.message(1, $1) }.bytes
        let written = encodeOTLP(try decodeOTLP(body).spans)
        #expect(written.count < body.count)
        #expect(try decodeOTLP(written).spans.map { text($0.serviceName) } == ["a", "a", "a", "b", "a"])
        let spans = try decodeOTLP(body).spans
        expectEqual(spans, try decodeOTLP(written).spans, "groups")
    }

    @Test func `an attribute with the key of a fact is an attribute afterwards`() throws {
        let value = plain.varint(2, 1)
        let span = OTLPSample.span.attribute(9, "skein.shared", value).attribute(9, "skein.attribute.x", value)
            .attribute(9, "skein.truncated", plain.varint(3, 1)).attribute(9, "skein.source", plain.text(1, "zipkin"))
        let spans = try decodeOTLP(OTLPSample.body(span)).spans
        #expect(!spans[0].traits.isShared && spans[0].traits.source == .otlp)
        let written = encodeOTLP(spans, options: keepingFacts)
        expectEqual(spans, try decodeOTLP(written, options: keepingFacts).spans, "facts")
    }

    @Test func `without facts a span of Zipkin is as other programs expect it`() throws {
        let spans = try decodeZipkin(
            bodyOfSpan(
                #""kind":"CLIENT","name":"get","timestamp":2,"duration":3,"debug":true,"tags":{"error":"x","b":"1"},"#
                    + #""localEndpoint":{"serviceName":"cart","ipv4":"10.0.0.1","port":80},"#
                    + #""remoteEndpoint":{"serviceName":"db","ipv6":"2001:db8::1"}"#)
        ).spans
        let read = try decodeOTLP(encodeOTLP(spans)).spans[0]
        #expect(text(read.serviceName) == "cart" && read.traits.statusCode == .error && read.start == 2_000)
        #expect(
            Set(read.attributeTexts) == [
                "error=\"x\"", "b=\"1\"", "peer.service=\"db\"", "network.peer.address=\"2001:db8::1\"",
                "network.local.address=\"10.0.0.1\"", "network.local.port=80",
            ])
    }

    @Test func `messages one after the other are one message`() throws {
        var generator = SpanGenerator(seed: 5)
        let spans = generator.batch(spanCount: 40).spans.filter { $0.spanID.value != 0 }
        let body =
            encodeOTLP(spans.prefix(20), options: keepingFacts) + encodeOTLP(spans.dropFirst(20), options: keepingFacts)
        expectEqual(spans, try decodeOTLP(body, options: keepingFacts).spans, "two messages")
        #expect(encodeOTLP([SpanView]()).isEmpty)
    }
}
