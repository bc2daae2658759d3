import Bytes
import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct TempoEncoderTests {
    private struct Answer: Decodable {
        struct Batch: Decodable {
            struct Resource: Decodable { let attributes: [Attribute] }
            struct ScopeSpans: Decodable {
                let scope: [String: String]
                let spans: [Span]
            }
            let resource: Resource
            let scopeSpans: [ScopeSpans]
        }
        struct Attribute: Decodable {
            struct Value: Decodable {
                let stringValue: String?
                let intValue: String?
            }
            let key: String
            let value: Value
        }
        struct Span: Decodable {
            struct Status: Decodable {
                let code: String
                let message: String?
            }
            let traceId: Data
            let spanId: Data
            let parentSpanId: Data?
            let kind: String?
            let startTimeUnixNano: String?
            let endTimeUnixNano: String?
            let status: Status
        }
        struct Trace: Decodable { let resourceSpans: [Batch] }
        let batches: [Batch]?
        let trace: Trace?
    }

    private func read(_ trace: Trace, _ version: TempoJSONEncoder.Version) throws -> Answer {
        let text = written { TempoJSONEncoder.append(trace, version, to: &$0) }
        return try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
    }

    private func serviceName(_ batch: Answer.Batch) -> String? {
        batch.resource.attributes.first { $0.key == "service.name" }?.value.stringValue
    }

    @Test func `the JSON has IDs in base64, kinds and codes by name, and times as text`() throws {
        let batches = try #require(try read(try RichSpan.trace(), .v1).batches)
        #expect(batches.count == 1 && batches.map(serviceName) == ["shop"])
        #expect(batches[0].scopeSpans[0].scope == ["name": "tracer", "version": "0.9"])
        let span = batches[0].scopeSpans[0].spans[0]
        #expect(Array(span.traceId) == OTLPSample.traceID && Array(span.spanId) == OTLPSample.spanID)
        #expect(span.parentSpanId.map(Array.init) == UInt64(5).octets)
        #expect(span.kind == "SPAN_KIND_SERVER")
        #expect(span.status.code == "STATUS_CODE_ERROR" && span.status.message == "gone")
        #expect(span.startTimeUnixNano == "1790000000000001000" && span.endTimeUnixNano == "1790000000000501000")
    }

    @Test func `the second version puts the same into a trace`() throws {
        let answer = try read(try RichSpan.trace(), .v2)
        #expect(answer.batches == nil && answer.trace?.resourceSpans.count == 1)
        let texts = try [TempoJSONEncoder.Version.v1, .v2].map { version in
            let trace = try RichSpan.trace()
            return written { TempoJSONEncoder.append(trace, version, to: &$0) }
        }
        #expect(
            texts[1]
                == "{\"trace\":{\"resourceSpans\":" + texts[0].dropFirst("{\"batches\":".count).dropLast() + "}}")
    }

    @Test func `each resource has one scope, because Kiali reads the first only`() throws {
        let trace = try RichSpan.trace(
            RichSpan.group(OTLPSample.span), RichSpan.group(OTLPSample.span, scope: PlainProtobuf().text(1, "other")))
        let batches = try #require(try read(trace, .v1).batches)
        #expect(batches.map(\.scopeSpans.count) == [1, 1])
        #expect(batches.map(\.scopeSpans[0].scope["name"]) == ["tracer", "other"])
    }

    @Test func `every resource names a service, whatever the span came by`() throws {
        let zipkin = makeTrace([SampleSpan(id: 1), SampleSpan(id: 2, service: "")])
        #expect(try read(zipkin, .v1).batches?.map(serviceName) == ["shop.default", "unknown_service"])
        let spans = PlainProtobuf().message(2, PlainProtobuf().message(2, OTLPSample.span))
        let without = PlainProtobuf().message(1, PlainProtobuf().attribute(1, "a", PlainProtobuf().text(1, "b")))
        let otlp = try RichSpan.trace(PlainProtobuf(bytes: without.bytes + spans.bytes))
        let batch = try #require(try read(otlp, .v2).trace?.resourceSpans.first)
        #expect(batch.resource.attributes.map(\.key) == ["service.name", "a"])
        #expect(serviceName(batch) == "unknown_service")
        var message = ByteWriter()
        TempoProtobufEncoder.appendTrace(zipkin, to: &message)
        #expect(
            try decodeOTLP(message.bytes).spans.map { text($0.serviceName) } == ["shop.default", "unknown_service"])
    }

    @Test func `a span with nothing but IDs has resource, scope and status`() throws {
        let text = written {
            TempoJSONEncoder.append(
                makeTrace([SampleSpan(service: "", name: "", start: nil, duration: nil)]), .v1, to: &$0)
        }
        #expect(text.contains(#""resource":{"attributes":["#) && text.contains(#""scope":{"name":""}"#))
        #expect(text.contains(#""status":{"code":"STATUS_CODE_UNSET"}"#))
    }

    @Test func `the protobuf is a trace, and an answer with that trace and what is missing of it`() throws {
        let trace = try RichSpan.trace()
        var plain = ByteWriter()
        TempoProtobufEncoder.appendTrace(trace, to: &plain)
        var otlp = ByteWriter()
        OTLPProtobufEncoder.append(trace.spans, to: &otlp)
        #expect(plain.bytes == otlp.bytes)
        var whole = ByteWriter()
        TempoProtobufEncoder.appendResponse(trace, to: &whole)
        #expect(whole.bytes == PlainProtobuf().bytes(1, plain.bytes).bytes)
        var partial = ByteWriter()
        TempoProtobufEncoder.appendResponse(trace, partialReason: "expired", to: &partial)
        #expect(partial.bytes == PlainProtobuf().bytes(1, plain.bytes).varint(3, 1).text(4, "expired").bytes)
    }
}
