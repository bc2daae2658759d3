import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct OTelDocumentEncoderTests {
    private func encode(
        _ spans: [SpanView], root: SpanView? = nil, naming: IndexNaming = IndexNaming(),
        filter: AttributeFilter = AttributeFilter()
    ) throws -> BulkLines {
        var encoder = OTelDocumentEncoder(naming: naming, filter: filter)
        var body = BulkBody()
        for span in spans { encoder.append(span, root: root, to: &body) }
        body.finish()
        return try BulkLines(body)
    }

    @Test func `a span is a document of trace analytics`() throws {
        let spans = try RichSpan.trace().spans
        let root = makeTrace([
            SampleSpan(name: "root", start: 1_790_000_000_000_000_000, duration: 7_000, status: .error, source: .otlp)
        ]).spans[0]
        let lines = try encode(spans, root: root)
        let map = #""{\"half\":0.5,\"list\":[\"a\\\"b\",7,null]}""#
        #expect(
            lines.sources[0]
                == #"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0908070605040302","#
                + #""parentSpanId":"0000000000000005","traceState":"k=v","name":"GET /","kind":"SPAN_KIND_SERVER","#
                + #""startTime":"2026-09-21T14:13:20.000001Z","endTime":"2026-09-21T14:13:20.000501Z","#
                + #""durationInNanos":500000,"serviceName":"shop","status.code":2,"status.message":"gone","#
                + #""droppedAttributesCount":3,"droppedEventsCount":0,"droppedLinksCount":0,"#
                + #""events":[{"name":"retry","time":"2026-09-21T14:13:20.000002Z","attributes":{"attempt":"2","#
                + #""map":\#(map)},"droppedAttributesCount":0}],"#
                + #""links":[{"traceId":"000000000000000000000000000000ab","spanId":"00000000000000cd","traceState":"","#
                + #""attributes":{},"droppedAttributesCount":0},{"traceId":"0102030405060708090a0b0c0d0e0f10","#
                + #""spanId":"00000000000000ef","traceState":"","attributes":{"opentracing@ref_type":"child_of"},"#
                + #""droppedAttributesCount":0}],"#
                + #""span.attributes.map":\#(map),"span.attributes.raw":"AQI=","span.attributes.zone":"span's","#
                + #""instrumentationScope.name":"tracer","instrumentationScope.version":"0.9","#
                + #""resource.attributes.ports":"[\"a\\\"b\",7,null]","resource.attributes.service@name":"shop","#
                + #""resource.attributes.service@version":"1.2","resource.attributes.zone":"resource's","#
                + #""traceGroup":"root","traceGroupFields":{"endTime":"2026-09-21T14:13:20.000007Z","#
                + #""durationInNanos":7000,"statusCode":2}}"#)
        #expect(lines.indices == ["otel-v1-apm-span-2026-09-21"])
        // Without its trace it has the same ID.
        #expect(try encode(spans).ids == lines.ids)
        #expect(
            try encode(spans).sources[0].hasSuffix(
                #""traceGroup":null,"traceGroupFields":{"endTime":null,"durationInNanos":null,"statusCode":null}}"#))
        #expect(
            try encode(spans, naming: IndexNaming(prefix: "p", rotation: .rollover)).indices == ["p-otel-v1-apm-span"])
    }

    @Test func `a root is its own trace's, and a Zipkin error is one here too`() throws {
        let span = SampleSpan(
            kind: .client, attributes: [("error", .string("503"))],
            ints: [.remotePort: 80],
            references: [.remoteServiceName: Array("db".utf8), .remoteIPv4: [10, 0, 0, 1]])
        let document = try encode(makeTrace([span]).spans).sources[0]
        #expect(document.contains(#""status.code":2,"#) && document.contains(#""traceGroup":"get /","#))
        #expect(
            document.contains(
                #""span.attributes.network@peer@address":"10.0.0.1","span.attributes.network@peer@port":80,"#
                    + #""span.attributes.peer@service":"db""#))
        #expect(document.contains(#""resource.attributes.service@name":"shop.default""#))
    }

    @Test func `a field stands once, with its last value, and has a name`() throws {
        let span = SampleSpan(
            source: .otlp,
            attributes: [
                ("a.b", .string("1")), ("", .int(5)), ("a@b", .string("2")), ("n", .none), ("x", .double(.nan)),
            ])
        let document = try encode(makeTrace([span]).spans).sources[0]
        #expect(
            document.contains(
                #""span.attributes._":5,"span.attributes.a@b":"2","span.attributes.n":"","span.attributes.x":"NaN""#))
        #expect(document.components(separatedBy: "a@b").count == 2)
    }

    @Test func `the filter holds everywhere`() throws {
        let filter = AttributeFilter(
            droppedKeys: ["map", "opentracing.ref_type"], hashedKeys: ["zone", "attempt", "raw"],
            hashKey: Array(repeating: 7, count: 16))
        let document = try encode(try RichSpan.trace().spans, filter: filter).sources[0]
        for text in ["map", "child_of", "span's", "resource's", "AQI=", #""attempt":"2""#] {
            #expect(!document.contains(text))
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `documents of random spans are JSON without a name twice`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        for source in try encode(Array(generator.batch(spanCount: 60).spans)).sources {
            let object = try JSONSerialization.jsonObject(with: Data(source.utf8)) as? [String: Any]
            let fieldCount = source.components(separatedBy: "\"span.attributes.").count - 1
            #expect(object?.keys.filter { $0.hasPrefix("span.attributes.") }.count == fieldCount, "seed \(seed)")
        }
    }

    @Test func `a call is two documents of the service map, with Data Prepper's IDs`() throws {
        var body = BulkBody()
        OTelServiceMapCall(caller: "a", callee: "b", operation: "op", traceGroup: "g").append(
            IndexNaming(prefix: "eu"), to: &body)
        let lines = try BulkLines(body)
        // base64 of MD5 of "a,SPAN_KIND_CLIENT,g,,op,b" and "b,SPAN_KIND_SERVER,g,op,b,"
        #expect(lines.ids == ["gLgvtzb7IN1aJ05Y0fSRNw==", "H7s+mF4Z3Q/X1VW5d4vFQw=="])
        #expect(lines.indices == ["eu-otel-v1-apm-service-map", "eu-otel-v1-apm-service-map"])
        #expect(
            lines.sources[0]
                == #"{"serviceName":"a","kind":"SPAN_KIND_CLIENT","destination":{"resource":"op","domain":"b"},"#
                + #""target":null,"traceGroupName":"g","hashId":"gLgvtzb7IN1aJ05Y0fSRNw=="}"#)
        #expect(
            lines.sources[1]
                == #"{"serviceName":"b","kind":"SPAN_KIND_SERVER","destination":null,"#
                + #""target":{"resource":"op","domain":"b"},"traceGroupName":"g","hashId":"H7s+mF4Z3Q/X1VW5d4vFQw=="}"#)
    }

    @Test func `MD5 is that of RFC 1321`() {
        func digits(_ text: String) -> String {
            MD5.hash(Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        #expect(digits("") == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(digits("message digest") == "f96b697d7cb7938d525a2f31aaf161d0")
        let long = String(repeating: "1234567890", count: 8)
        #expect(digits(long) == "57edf4a22be3c955ac49da2e2107b67a")
    }
}
