import Foundation
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerJSONEncoderTests {
    @Test func `a span is written with all members, in Jaeger's order`() {
        let trace = makeTrace([
            SampleSpan(
                id: 0xab, parent: 0xcd, kind: .server, isDebug: true, attributes: [("http.method", .string("GET"))],
                events: [("ss", 1_790_000_000_123_457_000)], references: [.localIPv4: [10, 0, 0, 7]])
        ])
        let traceID = #""010203040506070809000000000000ff""#
        #expect(
            encodeJaeger(trace)
                == #"{"traceID":\#(traceID),"spans":[{"traceID":\#(traceID),"spanID":"00000000000000ab","flags":3,"#
                + #""operationName":"get /","references":[{"refType":"CHILD_OF","traceID":\#(traceID),"#
                + #""spanID":"00000000000000cd"}],"startTime":1790000000123456,"duration":1500,"#
                + #""tags":[{"key":"http.method","type":"string","value":"GET"},"#
                + #"{"key":"span.kind","type":"string","value":"server"}],"#
                + #""logs":[{"timestamp":1790000000123457,"fields":[{"key":"event","type":"string","value":"ss"}]}],"#
                + #""processID":"p1","warnings":null}],"processes":{"p1":{"serviceName":"shop.default","#
                + #""tags":[{"key":"ip","type":"string","value":"10.0.0.7"}]}},"warnings":null}"#)
    }

    @Test func `a span with nothing but IDs has empty lists, and zero for its times`() throws {
        let trace = makeTrace([SampleSpan(service: "", name: "", start: nil, duration: nil)])
        let span = try #require(try ReadTrace(trace).spans.first)
        #expect(span.references.isEmpty && span.tags.isEmpty && span.logs.isEmpty)
        #expect(span.startTime == 0 && span.duration == 0 && span.operationName == "" && span.flags == nil)
        #expect(encodeJaeger(trace).contains(#""references":[],"#))
        #expect(encodeJaeger(trace).contains(#""tags":[],"logs":[],"#))
    }

    @Test func `a trace ID whose high half is zero has 16 digits`() throws {
        let trace = makeTrace([SampleSpan(traceID: TraceID(high: 0, low: 0xbeef), parent: 9)])
        let read = try ReadTrace(trace)
        #expect(read.traceID == "000000000000beef")
        #expect(read.spans[0].references[0].traceID == "000000000000beef")
    }

    @Test func `times are never negative and never lost, because Go reads them unsigned`() throws {
        let spans = [
            SampleSpan(id: 1, start: -1, duration: -5, events: [("before 1970", -1_000_000)]),
            SampleSpan(id: 2, start: .min + 1, duration: .max),
            SampleSpan(id: 3, start: .max, duration: 999),
        ]
        let read = try ReadTrace(makeTrace(spans)).spans
        #expect(read.map(\.startTime) == [0, 0, 9_223_372_036_854_775])
        #expect(read.map(\.duration) == [0, 9_223_372_036_854_775, 0])
        #expect(read[0].logs[0].timestamp == 0)
    }

    @Test func `hostile strings stay what they are in names, keys, values, events and services`() throws {
        let hostile = "a\"b\\c/\u{0}\u{1}\n\r\t\u{8}\u{c}\u{1f}\u{7f}\u{2028}\u{2029}</script>é中😀"
        let trace = makeTrace([
            SampleSpan(
                service: hostile, name: hostile, attributes: [(hostile, .string(hostile))], events: [(hostile, 5_000)],
                references: [.remoteServiceName: Array(hostile.utf8), .statusMessage: Array(hostile.utf8)])
        ])
        let read = try ReadTrace(trace)
        #expect(read.spans[0].operationName == hostile)
        #expect(read.spans[0].tags.first == Tag(hostile, "string", "\"\(hostile)\""))
        #expect(read.spans[0].tags.contains(Tag("peer.service", "string", "\"\(hostile)\"")))
        #expect(read.spans[0].tags.contains(Tag("otel.status_description", "string", "\"\(hostile)\"")))
        #expect(read.spans[0].logs[0].fields == [Tag("event", "string", "\"\(hostile)\"")])
        #expect(read.processes["p1"]?.serviceName == hostile)
        let text = encodeJaeger(trace)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{2028}" || $0 == "\u{2029}" })
    }

    @Test func `an event without a name has no field`() throws {
        let trace = makeTrace([SampleSpan(events: [("", 7_000), ("cache miss", 8_999)])])
        let logs = try ReadTrace(trace).spans[0].logs
        #expect(logs.map(\.timestamp) == [7, 8])
        #expect(logs[0].fields.isEmpty)
        #expect(logs[1].fields == [Tag("event", "string", "\"cache miss\"")])
    }

    @Test func `flags of the span are given in one byte, with the debug bit, and left out when zero`() throws {
        let spans = [
            SampleSpan(id: 1, ints: [.flags: 0x101]), SampleSpan(id: 2, ints: [.flags: 0]), SampleSpan(id: 3),
            SampleSpan(id: 4, isDebug: true, ints: [.flags: 1]), SampleSpan(id: 5, isDebug: true),
        ]
        #expect(try ReadTrace(makeTrace(spans)).spans.map(\.flags) == [1, nil, nil, 3, 3])
    }

    // MARK: Processes

    @Test func `spans of one service at one address share a process, numbered as they come`() throws {
        let address: [SpanField: [UInt8]] = [.localIPv4: [10, 0, 0, 1]]
        let other: [SpanField: [UInt8]] = [.localIPv4: [10, 0, 0, 2]]
        let spans = [
            SampleSpan(id: 1, service: "b", references: address), SampleSpan(id: 2, service: "a", references: address),
            SampleSpan(id: 3, service: "b", references: other), SampleSpan(id: 4, service: "b", references: address),
            SampleSpan(id: 5, service: "a", references: address), SampleSpan(id: 6, service: "a"),
        ]
        let read = try ReadTrace(makeTrace(spans))
        #expect(read.spans.map(\.processID) == ["p1", "p2", "p3", "p1", "p2", "p4"])
        #expect(read.processes.count == 4)
        #expect(read.processes["p1"]?.tags == [Tag("ip", "string", "\"10.0.0.1\"")])
        #expect(read.processes["p3"]?.tags == [Tag("ip", "string", "\"10.0.0.2\"")])
        #expect(read.processes["p4"]?.tags == [])
    }

    @Test func `a process known by its IPv6 address alone has that one`() throws {
        let address: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
        let read = try ReadTrace(makeTrace([SampleSpan(references: [.localIPv6: address])]))
        #expect(read.processes["p1"]?.tags == [Tag("ip", "string", "\"2001:db8::1\"")])
    }

    // MARK: IDs that client and server share

    @Test func `the server's half gets an ID of its own and is a child of the client's half`() throws {
        let trace = makeTrace([
            SampleSpan(id: 0x10, kind: .server), SampleSpan(id: 0x20, parent: 0x10, kind: .client),
            SampleSpan(id: 0x20, parent: 0x10, service: "details", kind: .server),
            SampleSpan(id: 0x30, parent: 0x20, service: "details"),
        ])
        let spans = try ReadTrace(trace).spans
        #expect(Set(spans.map(\.spanID)).count == 4)
        #expect(spans[1].spanID == "0000000000000020" && parent(spans[1]) == "0000000000000010")
        #expect(parent(spans[2]) == "0000000000000020")
        #expect(spans[2].spanID == "0000000000000001")
        #expect(parent(spans[3]) == spans[2].spanID, "the server's child follows it")
    }

    @Test func `the order of the halves does not matter`() throws {
        let client = SampleSpan(id: 0x20, kind: .client)
        let server = SampleSpan(id: 0x20, service: "details", kind: .server)
        let child = SampleSpan(id: 0x30, parent: 0x20)
        for spans in [[client, server, child], [child, server, client]] {
            let read = try ReadTrace(makeTrace(spans)).spans
            let serverHalf = try #require(read.first { $0.tags.contains(Tag("span.kind", "string", "\"server\"")) })
            #expect(parent(serverHalf) == "0000000000000020")
            #expect(read.first { $0.spanID == "0000000000000030" }.map(parent) == serverHalf.spanID)
        }
    }

    @Test func `several server halves of one client are all its children`() throws {
        let halves = (1...3).map { SampleSpan(id: 0x20, service: "try\($0)", kind: .server) }
        let spans = try ReadTrace(makeTrace([SampleSpan(id: 0x20, parent: 7, kind: .client)] + halves)).spans
        #expect(Set(spans.map(\.spanID)).count == 4)
        #expect(spans.dropFirst().map(parent) == Array(repeating: "0000000000000020", count: 3))
        #expect(parent(spans[0]) == "0000000000000007")
    }

    @Test func `a new ID is none that the trace has`() throws {
        let taken = (1...5).map { SampleSpan(id: UInt64($0)) }
        let trace = makeTrace(taken + [SampleSpan(id: 9, kind: .client), SampleSpan(id: 9, kind: .server)])
        #expect(try ReadTrace(trace).spans.last?.spanID == "0000000000000006")
    }

    @Test func `equal IDs that are no client and server stay as they are`() throws {
        let trace = makeTrace([
            SampleSpan(id: 5, kind: .server), SampleSpan(id: 5, service: "b", kind: .server),
            SampleSpan(id: 6, kind: .client), SampleSpan(id: 6, kind: .consumer), SampleSpan(id: 7), SampleSpan(id: 7),
        ])
        #expect(try ReadTrace(trace).spans.map { UInt64($0.spanID, radix: 16) } == [5, 5, 6, 6, 7, 7])
    }

    @Test func `raw traces keep shared IDs`() throws {
        let trace = makeTrace([
            SampleSpan(id: 0x20, parent: 3, kind: .client), SampleSpan(id: 0x20, parent: 3, kind: .server),
        ])
        let spans = try ReadTrace(trace, isRaw: true).spans
        #expect(spans.map(\.spanID) == ["0000000000000020", "0000000000000020"])
        #expect(spans.map(parent) == ["0000000000000003", "0000000000000003"])
    }

    @Test func `an orphan keeps the reference to the parent that is not there`() throws {
        let trace = makeTrace([SampleSpan(id: 2, parent: 0xdead)])
        #expect(
            try ReadTrace(trace).spans[0].references
                == [.init(refType: "CHILD_OF", traceID: "010203040506070809000000000000ff", spanID: "000000000000dead")]
        )
    }

    private func parent(_ span: ReadTrace.Span) -> String { span.references.first?.spanID ?? "" }
}
