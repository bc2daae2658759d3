import Foundation
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerTagsTests {
    private func tags(_ span: SampleSpan) throws -> [Tag] { try ReadTrace(makeTrace([span])).spans[0].tags }

    @Test func `every type of value keeps its type`() throws {
        let span = SampleSpan(
            source: .otlp,
            attributes: [
                ("s", .string("")), ("b", .bytes([0, 1, 0xfe, 0xff])), ("t", .bool(true)), ("f", .bool(false)),
                ("i", .int(-42)), ("d", .double(-0.25)), ("e", .double(1e300)), ("n", .none),
            ])
        #expect(
            try tags(span)
                == [
                    Tag("s", "string", "\"\""), Tag("b", "binary", "\"AAH+/w==\""), Tag("t", "bool", "true"),
                    Tag("f", "bool", "false"), Tag("i", "int64", "-42"), Tag("d", "float64", "-0.25"),
                    Tag("e", "float64", "1e+300"), Tag("n", "string", "\"\""),
                ])
    }

    @Test(arguments: [
        (9_007_199_254_740_991, "9007199254740991"), (9_007_199_254_740_992, "\"9007199254740992\""),
        (-9_007_199_254_740_991, "-9007199254740991"), (-9_007_199_254_740_992, "\"-9007199254740992\""),
        (Int64.max, "\"9223372036854775807\""), (Int64.min, "\"-9223372036854775808\""), (0, "0"),
    ])
    func `an integer that JavaScript cannot hold is a string`(number: Int64, text: String) throws {
        #expect(try tags(SampleSpan(attributes: [("n", .int(number))])) == [Tag("n", "int64", text)])
    }

    @Test func `numbers that JSON has no word for are strings`() throws {
        let span = SampleSpan(
            source: .otlp,
            attributes: [("a", .double(.infinity)), ("b", .double(-.infinity)), ("c", .double(.nan))])
        #expect(try tags(span).map(\.value) == ["\"inf\"", "\"-inf\"", "\"nan\""])
    }

    @Test(arguments: [
        (SpanKind.client, "client"), (.server, "server"), (.producer, "producer"), (.consumer, "consumer"),
        (.local, "internal"),
    ])
    func `the kind is a tag`(kind: SpanKind, text: String) throws {
        #expect(try tags(SampleSpan(kind: kind)) == [Tag("span.kind", "string", "\"\(text)\"")])
    }

    @Test func `the remote endpoint is told by peer tags`() throws {
        let address6: [UInt8] = [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [9]
        let span = SampleSpan(
            ints: [.remotePort: 9080],
            references: [
                .remoteServiceName: Array("details".utf8), .remoteIPv4: [192, 0, 2, 7], .remoteIPv6: address6,
            ])
        #expect(
            try tags(span)
                == [
                    Tag("peer.service", "string", "\"details\""), Tag("peer.ipv4", "string", "\"192.0.2.7\""),
                    Tag("peer.ipv6", "string", "\"fe80::9\""), Tag("peer.port", "int64", "9080"),
                ])
        #expect(try tags(SampleSpan(ints: [.remotePort: 0])).isEmpty, "port 0 is none")
    }

    @Test func `an address of a wrong length is left out`() throws {
        #expect(try tags(SampleSpan(references: [.remoteIPv4: [1, 2, 3], .remoteIPv6: []])).isEmpty)
    }

    // MARK: Errors

    @Test func `Zipkin's error tag "true" is an error status`() throws {
        let span = SampleSpan(kind: .client, attributes: [("error", .string("true")), ("x", .string("y"))])
        #expect(
            try tags(span)
                == [
                    Tag("x", "string", "\"y\""), Tag("span.kind", "string", "\"client\""),
                    Tag("otel.status_code", "string", "\"ERROR\""), Tag("error", "bool", "true"),
                ])
    }

    @Test(arguments: ["", "false", "True", "timeout", "500"])
    func `any other error tag of Zipkin's stays the text that it is`(text: String) throws {
        #expect(
            try tags(SampleSpan(attributes: [("error", .string(text))])) == [Tag("error", "string", "\"\(text)\"")])
    }

    @Test func `an error status is told by code, flag and description`() throws {
        let span = SampleSpan(status: .error, source: .otlp, references: [.statusMessage: Array("no route".utf8)])
        #expect(
            try tags(span)
                == [
                    Tag("otel.status_code", "string", "\"ERROR\""), Tag("error", "bool", "true"),
                    Tag("otel.status_description", "string", "\"no route\""),
                ])
    }

    @Test func `the status OK is told by its code alone`() throws {
        #expect(try tags(SampleSpan(status: .ok, source: .otlp)) == [Tag("otel.status_code", "string", "\"OK\"")])
    }

    @Test func `what an attribute says already is not said again`() throws {
        let span = SampleSpan(
            kind: .client, status: .error, source: .jaeger,
            attributes: [
                ("error", .bool(true)), ("span.kind", .string("client")), ("peer.service", .string("mine")),
                ("otel.status_code", .string("ERROR")),
            ], references: [.remoteServiceName: Array("theirs".utf8), .traceState: Array("k=v".utf8)])
        #expect(
            try tags(span)
                == [
                    Tag("error", "bool", "true"), Tag("span.kind", "string", "\"client\""),
                    Tag("peer.service", "string", "\"mine\""), Tag("otel.status_code", "string", "\"ERROR\""),
                    Tag("w3c.tracestate", "string", "\"k=v\""),
                ])
    }

    @Test func `tags that only look like numbers or booleans stay strings`() throws {
        let span = SampleSpan(attributes: [("code", .string("200")), ("flag", .string("false"))])
        #expect(
            Set(try tags(span).map(\.description)) == ["code:string=\"200\"", "flag:string=\"false\""])
    }

    @Test func `a key that stands twice in an ordered list is given twice`() throws {
        let span = SampleSpan(source: .jaeger, attributes: [("k", .string("1")), ("k", .string("2"))])
        #expect(try tags(span).map(\.value) == ["\"1\"", "\"2\""])
    }
}
