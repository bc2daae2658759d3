import Bytes
import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

/// A span of OTLP with something of everything in each of the other formats.
@Suite struct TranslationTests {
    @Test func `Jaeger's JSON tells the whole span`() throws {
        let read = try ReadTrace(try RichSpan.trace())
        let span = read.spans[0]
        let map = #""{"list":["a"b",7,null],"half":0.5}""#
        #expect(
            span.tags.map { Tag($0.key, $0.type, $0.value.replacing("\\", with: "")) } == [
                Tag("otel.scope.name", "string", "\"tracer\""), Tag("otel.scope.version", "string", "\"0.9\""),
                Tag("zone", "string", "\"span's\""), Tag("map", "string", map), Tag("raw", "binary", "\"AQI=\""),
                Tag("span.kind", "string", "\"server\""), Tag("otel.status_code", "string", "\"ERROR\""),
                Tag("error", "bool", "true"), Tag("otel.status_description", "string", "\"gone\""),
                Tag("w3c.tracestate", "string", "\"k=v\""), Tag("otel.dropped_attributes_count", "int64", "3"),
            ])
        #expect(span.references.map(\.refType) == ["CHILD_OF", "FOLLOWS_FROM", "CHILD_OF"])
        #expect(span.references.map(\.spanID) == ["0000000000000005", "00000000000000cd", "00000000000000ef"])
        #expect(
            span.references.map(\.traceID) == [read.traceID, "00000000000000ab", read.traceID])
        #expect(span.logs.map(\.timestamp) == [1_790_000_000_000_002])
        #expect(span.logs[0].fields.map(\.key) == ["event", "attempt", "map"])
        #expect(span.logs[0].fields[1] == Tag("attempt", "int64", "2"))
        let process = try #require(read.processes["p1"])
        #expect(process.serviceName == "shop")
        #expect(process.tags.map(\.key) == ["service.version", "zone", "ports"])
        #expect(process.tags[2].value == #""["a\"b",7,null]""#)
    }

    @Test func `an array is compact JSON in a string`() throws {
        let text = encodeJaeger(try RichSpan.trace())
        #expect(text.contains(#""value":"{\"list\":[\"a\\\"b\",7,null],\"half\":0.5}""#))
    }

    @Test func `Jaeger's protobuf has the process in every span and says what the JSON says`() throws {
        let trace = try RichSpan.trace(RichSpan.group(RichSpan.span, OTLPSample.span))
        let back = try decodeJaeger(encodeJaegerRequest(trace), .protobuf)
        #expect(encodeJaeger(Trace(traceID: trace.traceID, spans: back.spans)).contains("\"p1\""))
        let again = try ReadTrace(Trace(traceID: trace.traceID, spans: back.spans))
        let read = try ReadTrace(trace)
        #expect(again.spans.map(\.processID) == ["p1", "p1"] && again.processes["p1"]?.tags.count == 3)
        // The count of what was dropped comes back as a tag of its own.
        #expect(again.spans[0].tags.map(\.description).sorted() == read.spans[0].tags.map(\.description).sorted())
        #expect(again.spans[0].references == read.spans[0].references)
        #expect(again.spans[0].logs[0].fields == read.spans[0].logs[0].fields)
    }

    @Test func `chunks keep their bounds and have every span once`() throws {
        let spans = (1...25).map {
            SampleSpan(id: $0, attributes: [("k", .string(String(repeating: "x", count: 100)))])
        }
        let trace = makeTrace(spans)
        var encoder = JaegerProtobufEncoder(trace)
        var place = 0
        var counts: [Int] = []
        var ids: [UInt64] = []
        while place < 25 {
            var chunk = ByteWriter()
            let next = encoder.appendChunk(from: place, spanCountMax: 10, byteCountMax: 1_000, to: &chunk)
            #expect(chunk.count <= 1_000)
            ids += try decodeJaeger(PlainProtobuf().bytes(1, chunk.bytes).bytes, .protobuf).spans.map(\.spanID.value)
            counts.append(next - place)
            place = next
        }
        #expect(ids == Array(1...25) && counts.allSatisfy { $0 < 10 } && counts.count > 3)
        var single = ByteWriter()
        #expect(encoder.appendChunk(from: 3, spanCountMax: 5, byteCountMax: 1, to: &single) == 4)
        var nothing = ByteWriter()
        #expect(encoder.appendChunk(from: 25, spanCountMax: 5, byteCountMax: 1_000, to: &nothing) == 25)
        #expect(nothing.count == 0)
    }

    @Test func `Zipkin's JSON tells resource, scope and events as OpenTelemetry's exporters do`() throws {
        let rich = try RichSpan.trace().spans[0]
        let text = written { ZipkinJSONEncoder.append(rich, to: &$0) }
        let span = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            span["tags"] as? [String: String] == [
                "error": "gone", "map": #"{"list":["a\"b",7,null],"half":0.5}"#, "otel.dropped_attributes_count": "3",
                "otel.scope.name": "tracer", "otel.scope.version": "0.9", "otel.status_code": "ERROR",
                "ports": #"["a\"b",7,null]"#, "raw": "AQI=", "service.version": "1.2", "w3c.tracestate": "k=v",
                "zone": "span's",
            ])
        let annotations = try #require(span["annotations"] as? [[String: Any]])
        #expect(annotations.count == 1)
        #expect(
            annotations[0]["value"] as? String == #"retry: {"attempt":2,"map":{"list":["a\"b",7,null],"half":0.5}}"#)
        #expect((span["localEndpoint"] as? [String: String]) == ["serviceName": "shop"])
        #expect(span["kind"] as? String == "SERVER" && span["duration"] as? Int == 500)
    }

    @Test func `a log of Jaeger's with only a message is an annotation with that text`() throws {
        let log = SampleLog(fields: [SampleTag("message", "cache miss")])
        let other = SampleLog(fields: [SampleTag("event", "retry"), SampleTag("n", .int(1))])
        let bare = SampleLog(fields: [SampleTag("n", .int(1))])
        let batch = SampleJaegerBatch(
            process: SampleProcess(serviceName: "shop", tags: []), spans: [SampleJaegerSpan(logs: [log, other, bare])])
        let span = try #require(try decodeJaeger(batch.bytes(.batch), .batch).spans.first)
        let text = written { ZipkinJSONEncoder.append(span, to: &$0) }
        let values = [#""value":"cache miss""#, #""value":"retry: {\"n\":1}""#, #""value":"{\"n\":1}""#]
        for value in values { #expect(text.contains(value), "\(text)") }
    }

    // MARK: In pieces

    @Test func `a trace written piece by piece is the trace written at once`() throws {
        let trace = try RichSpan.trace(
            RichSpan.group(RichSpan.span), RichSpan.group(OTLPSample.span, OTLPSample.span, scope: PlainProtobuf()))
        let places = trace.spans.indices
        let jaeger = written { writer in
            var encoder = JaegerJSONEncoder(trace, isRaw: true)
            encoder.begin(&writer)
            for place in places { encoder.append(place, &writer) }
            encoder.end(&writer)
        }
        #expect(jaeger == encodeJaeger(trace, isRaw: true))
        let zipkin = written { writer in
            var encoder = ZipkinJSONEncoder()
            encoder.begin(&writer)
            for span in trace.spans { encoder.append(span, &writer) }
            encoder.end(&writer)
        }
        #expect(zipkin == written { ZipkinJSONEncoder.appendList(trace.spans, to: &$0) })
        let otlp = written { writer in
            var encoder = OTLPJSONEncoder(trace, isRaw: true)
            encoder.begin(&writer)
            for place in places { encoder.append(place, &writer) }
            encoder.end(&writer)
        }
        #expect(otlp == written { OTLPJSONEncoder.append(trace.spans, to: &$0) })
        var pieces = ByteWriter()
        var encoder = OTLPProtobufEncoder(trace, isRaw: true)
        for place in places { encoder.append(place..<place + 1, to: &pieces) }
        let back = try decodeOTLP(pieces.bytes).spans
        #expect(back.count == 3)
        for (span, other) in zip(back, trace.spans) { #expect(span.hasEqualContent(to: other)) }
    }

    @Test func `IDs that client and server share are told apart in OTLP too, unless it is to be raw`() throws {
        let trace = makeTrace([
            SampleSpan(id: 0x20, parent: 3, kind: .client), SampleSpan(id: 0x20, parent: 3, kind: .server),
        ])
        var message = ByteWriter()
        var encoder = OTLPProtobufEncoder(trace)
        let next = encoder.append(from: 0, spanCountMax: 100, byteCountMax: .max, to: &message)
        let spans = try decodeOTLP(message.bytes).spans
        #expect(next == 2 && spans.map(\.spanID.value) == [0x20, 1] && spans.map(\.parentID?.value) == [3, 0x20])
        let json = written { writer in
            var encoder = OTLPJSONEncoder(trace)
            encoder.begin(&writer)
            for place in trace.spans.indices { encoder.append(place, &writer) }
            encoder.end(&writer)
        }
        #expect(json.contains(#""spanId":"0000000000000001","parentSpanId":"0000000000000020""#))
    }
}
