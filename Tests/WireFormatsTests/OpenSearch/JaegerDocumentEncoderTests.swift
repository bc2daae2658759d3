import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerDocumentEncoderTests {
    private static let ids = #"{"traceID":"0102030405060708090a0b0c0d0e0f10","spanID":"0908070605040302""#

    @Test func `a span of OTLP is the document that Jaeger's own encoder writes`() throws {
        let lines = try encodeDocuments(try RichSpan.trace().spans)
        let json = #"{\"half\":0.5,\"list\":[\"a\\\"b\",7,null]}"#
        #expect(
            lines.sources[0] == Self.ids
                + #","parentSpanID":"0000000000000005","operationName":"GET /","references":["#
                + #"{"refType":"CHILD_OF","traceID":"0102030405060708090a0b0c0d0e0f10","spanID":"0000000000000005"},"#
                + #"{"refType":"FOLLOWS_FROM","traceID":"000000000000000000000000000000ab","spanID":"00000000000000cd"},"#
                + #"{"refType":"CHILD_OF","traceID":"0102030405060708090a0b0c0d0e0f10","spanID":"00000000000000ef"}],"#
                + #""startTime":1790000000000001,"startTimeMillis":1790000000000,"duration":500,"tags":["#
                + #"{"key":"otel.scope.name","type":"string","value":"tracer"},"#
                + #"{"key":"otel.scope.version","type":"string","value":"0.9"},"#
                + #"{"key":"zone","type":"string","value":"span's"},"#
                + #"{"key":"map","type":"string","value":"\#(json)"},{"key":"raw","type":"binary","value":"0102"},"#
                + #"{"key":"otel.status_description","type":"string","value":"gone"},"#
                + #"{"key":"w3c.tracestate","type":"string","value":"k=v"},"#
                + #"{"key":"otel.dropped_attributes_count","type":"int64","value":3}],"#
                + #""tag":{"error":true,"span@kind":"server"},"logs":[{"timestamp":1790000000000002,"fields":["#
                + #"{"key":"event","type":"string","value":"retry"},{"key":"attempt","type":"int64","value":2},"#
                + #"{"key":"map","type":"string","value":"\#(json)"}]}],"process":{"serviceName":"shop","tags":["#
                + #"{"key":"service.version","type":"string","value":"1.2"},"#
                + #"{"key":"zone","type":"string","value":"resource's"},"#
                + #"{"key":"ports","type":"string","value":"[\"a\\\"b\",7,null]"}]}}"#)
        #expect(lines.indices == ["jaeger-span-2026-09-21"])
        #expect(
            lines.ids == ["0102030405060708090a0b0c0d0e0f10_0908070605040302_\(plainHash(lines.sources[0]))"])
    }

    @Test func `the hash of a document is that of Jaeger's own`() {
        // The document of Jaeger's own test of its writer, in the order of its fields.
        let document =
            #"{"traceID":"1234567890abcdef","spanID":"abcdef1234567890","operationName":"test-operation","#
            + #""references":null,"startTime":1577934245000000,"startTimeMillis":1577934245000,"duration":1000,"#
            + #""tags":null,"logs":null,"process":{"serviceName":"test-service","tags":null}}"#
        #expect(Array(document.utf8).withUnsafeBytes { FNV1a.hash($0) } == 0xe2a9_c552_fe5e_7be7)
    }

    @Test func `a span that says nothing has a document all the same`() throws {
        let lines = try encodeDocuments(try decodeOTLP(OTLPSample.body(OTLPSample.span)).spans)
        #expect(
            lines.sources == [
                Self.ids + #","operationName":"","references":null,"startTime":0,"startTimeMillis":0,"duration":0,"#
                    + #""tags":[],"logs":null,"process":{"serviceName":"OTLPResourceNoServiceName","tags":[]}}"#
            ])
        #expect(lines.indices == ["jaeger-span-1970-01-01"])
    }

    @Test func `times before 1970 are its beginning, and an end before its start is no duration`() throws {
        let span = SampleSpan(start: -1_000_000_000, duration: -5_000)
        let lines = try encodeDocuments(makeTrace([span]).spans)
        #expect(lines.indices == ["jaeger-span-1970-01-01"])
        #expect(lines.sources[0].contains(#""startTime":0,"startTimeMillis":0,"duration":0,"#))
    }

    @Test func `every type of value has Jaeger's form`() throws {
        let span = SampleSpan(
            source: .otlp,
            attributes: [
                ("t", .string("")), ("b", .bytes([0, 0xfe])), ("f", .bool(false)), ("i", .int(.min)), ("n", .none),
                ("d", .double(5)), ("d", .double(-0.0)), ("d", .double(1e-7)), ("d", .double(1.5e-10)),
                ("d", .double(0.000001)), ("d", .double(1e21)), ("d", .double(123_456_789_012_345_683_968)),
                ("d", .double(72.5)), ("d", .double(.greatestFiniteMagnitude)), ("d", .double(.leastNonzeroMagnitude)),
                ("d", .double(100)), ("d", .double(.nan)), ("d", .double(.infinity)), ("d", .double(-.infinity)),
            ])
        let tags = try part(try encodeDocument(span), from: #""tags":["#, to: #"],"logs""#)
        let doubles = [
            "5", "-0", "1e-7", "1.5e-10", "0.000001", "1e+21", "123456789012345680000", "72.5",
            "1.7976931348623157e+308", "5e-324", "100",
        ]
        #expect(
            tags == #"{"key":"t","type":"string","value":""},{"key":"b","type":"binary","value":"00fe"},"#
                + #"{"key":"f","type":"bool","value":false},"#
                + #"{"key":"i","type":"int64","value":-9223372036854775808},{"key":"n","type":"string","value":""},"#
                + doubles.map { #"{"key":"d","type":"float64","value":\#($0)},"# }.joined()
                + ["NaN", "+Inf", "-Inf"].map { #"{"key":"d","type":"string","value":"\#($0)"}"# }.joined(
                    separator: ","))
    }

    @Test func `texts are escaped as Go escapes them`() throws {
        let text = "<a href=\"x\">&\u{2028}\u{2029}\u{2027}\\\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}é€😀"
        let escaped = #"\u003ca href=\"x\"\u003e\u0026\u2028\u2029‧\\\b\f\n\r\t\u0000\u001f"# + "\u{7f}é€😀"
        let span = SampleSpan(service: text, name: text, source: .otlp, attributes: [(text, .string(text))])
        let document = try encodeDocument(span)
        #expect(document.contains("\"operationName\":\"\(escaped)\""))
        #expect(document.contains("\"serviceName\":\"\(escaped)\""))
        #expect(document.contains("{\"key\":\"\(escaped)\",\"type\":\"string\",\"value\":\"\(escaped)\"}"))
    }

    @Test func `bytes that are no UTF-8 do not spoil the body`() {
        var writer = DocumentWriter()
        let bytes: [UInt8] = [0x61, 0xff, 0xe2, 0x80, 0x62, 0xed, 0xa0, 0x80]
        bytes.withUnsafeBytes { writer.writeString($0) }
        #expect(text(writer.bytes) == "\"a" + #"\ufffd\ufffd\ufffdb\ufffd\ufffd\ufffd"# + "\"")
    }

    @Test func `kind and error are fields, and an error of another kind stays what it is`() throws {
        func tag(_ span: SampleSpan) throws -> String {
            try part(try encodeDocument(span), from: #"],"tag":"#, to: #","logs""#)
        }
        #expect(try tag(SampleSpan(kind: .client)) == #"{"span@kind":"client"}"#)
        #expect(try tag(SampleSpan(attributes: [("error", .string("true"))])) == #"{"error":true}"#)
        #expect(try tag(SampleSpan(attributes: [("error", .string("503"))])) == #"{"error":"503"}"#)
        #expect(try tag(SampleSpan(source: .otlp, attributes: [("error", .bool(false))])) == #"{"error":false}"#)
        let both = SampleSpan(status: .error, source: .otlp, attributes: [("error", .string("boom"))])
        #expect(try tag(both) == #"{"error":true}"#)
        var jaeger = both
        jaeger.source = .jaeger
        #expect(try tag(jaeger) == #"{"error":"boom"}"#)
        #expect(try encodeDocument(jaeger).contains(#"{"key":"otel.status_code","type":"string","value":"ERROR"}"#))
        let ok = SampleSpan(status: .ok, source: .otlp)
        #expect(try encodeDocument(ok).contains(#"{"key":"otel.status_code","type":"string","value":"OK"}"#))
    }

    @Test func `a link to the parent says of what kind the reference to it is`() throws {
        let traceID = OTLPSample.traceID
        let link = PlainProtobuf().bytes(1, traceID).bytes(2, UInt64(5).octets)
        let span = OTLPSample.span.bytes(4, UInt64(5).octets).message(13, link)
        let lines = try encodeDocuments(try decodeOTLP(OTLPSample.body(span)).spans)
        #expect(
            try part(lines.sources[0], from: #""references":"#, to: #","startTime"#)
                == #"[{"refType":"FOLLOWS_FROM","traceID":"0102030405060708090a0b0c0d0e0f10","#
                + #""spanID":"0000000000000005"}]"#)
    }

    @Test func `an event that has an attribute of that name is not named again`() throws {
        func event(_ attribute: String) -> PlainProtobuf {
            PlainProtobuf().text(2, "n").attribute(3, attribute, PlainProtobuf().text(1, "v"))
        }
        let span = OTLPSample.span.message(11, event("event")).message(11, event("e"))
            .message(11, PlainProtobuf().fixed64(1, 5_000))
        let lines = try encodeDocuments(try decodeOTLP(OTLPSample.body(span)).spans)
        let logs = try part(lines.sources[0], from: #""logs":"#, to: #","process"#)
        #expect(
            logs
                == #"[{"timestamp":0,"fields":[{"key":"event","type":"string","value":"v"}]},"#
                + #"{"timestamp":0,"fields":[{"key":"event","type":"string","value":"n"},"#
                + #"{"key":"e","type":"string","value":"v"}]},{"timestamp":5,"fields":[]}]"#)
    }

    @Test func `Zipkin's endpoints are tags, and its tags stand in the order of their keys`() throws {
        let span = SampleSpan(
            isDebug: true, attributes: [("z", .string("1")), ("a", .string("2")), ("m", .string("3"))],
            events: [("ss", 5_000)], ints: [.remotePort: 80],
            references: [
                .remoteServiceName: Array("db".utf8), .remoteIPv4: [10, 0, 0, 1], .localIPv4: [127, 0, 0, 1],
            ])
        let document = try encodeDocument(span)
        let keys = try part(document, from: #""tags":["#, to: #"],"logs""#).split(separator: "{").map {
            $0.split(separator: "\"")[2]
        }
        #expect(keys == ["a", "m", "z", "peer.service", "peer.ipv4", "peer.port"])
        #expect(document.contains(#"{"key":"peer.ipv4","type":"string","value":"10.0.0.1"}"#))
        #expect(document.contains(#""flags":3,"#))
        #expect(
            document.contains(
                #""logs":[{"timestamp":5,"fields":[{"key":"event","type":"string","value":"ss"}]}]"#))
        #expect(
            document.hasSuffix(
                #""process":{"serviceName":"shop.default","tags":[{"key":"ip","type":"string","value":"127.0.0.1"}]}}"#)
        )
    }

    @Test func `a span has the same document whatever batch it is in`() throws {
        let attributes: [(String, SampleValue)] = [("z", .string("1")), ("a", .string("2")), ("m", .int(3))]
        let one = SampleSpan(id: 7, attributes: attributes)
        let other = SampleSpan(id: 8, attributes: [("m", .string("first")), ("a", .string("second"))])
        var turned = one
        turned.attributes = attributes.reversed()
        let alone = try encodeDocuments(makeTrace([one]).spans)
        let among = try encodeDocuments(makeTrace([other, turned]).spans)
        #expect(alone.ids[0] == among.ids[1] && alone.sources[0] == among.sources[1])
    }
}
