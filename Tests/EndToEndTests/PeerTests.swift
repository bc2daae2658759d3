import Foundation
import TestSupport
import Testing

/// Other programs' own clients send known spans, and all of each comes back: through Zipkin's API, through Jaeger's, and
/// from an export. What the clients say is in `Tests/Peers`. Beside the other tests of the program, because these wait
/// for Python more than they work.
@Suite(.serialized, .onOwnThread) enum PeerTests {
    /// The answer of `read`, asked until it is the expected one or the time is over: datagrams are taken in some time.
    static func waited<Value: Equatable>(for expected: Value, _ read: () throws -> Value) throws -> Value {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let value = try read()
            if value == expected || ContinuousClock.now > deadline { return value }
            usleep(20_000)
        }
    }
}

extension PeerTests {
    @Suite struct ZipkinPeerTests {
        private struct Sent: Decodable {
            let spans: [ZipkinSpan]
        }

        @Test(
            .peers(.older),
            arguments: [
                "otel-v1-json", "otel-json", "otel-proto", "proto-grpc", "py-zipkin-v1-thrift", "py-zipkin-v1-json",
                "py-zipkin-v2-json", "py-zipkin-v2-proto",
            ])
        func `every span of a Zipkin client is read back whole`(client: String) throws {
            let process = try SkeinProcess.started()
            let output = try PeerEnvironment.older.run("send_zipkin.py", client, "\(try process.port("zipkin"))")
            let traces = Dictionary(grouping: try JSONDecoder().decode(Sent.self, from: output).spans, by: \.traceId)
            #expect(traces.count == 4)
            try expect(traces, in: try SkeinClient(process))

            try process.terminate()
            try process.start()
            try expect(traces, in: try SkeinClient(process))
            try process.terminate()
        }

        private func expect(_ traces: [String: [ZipkinSpan]], in client: SkeinClient) throws {
            for (id, sent) in traces {
                let zipkin = try PeerTests.waited(for: sent.comparable) { try client.zipkinTrace(id)?.comparable ?? [] }
                if zipkin != sent.comparable {
                    expectSameLines(zipkin.flatMap(\.lines), sent.comparable.flatMap(\.lines))
                }
                let jaeger = try #require(try client.jaegerTrace(id))
                #expect(jaeger.spans.count == sent.count)
                // Jaeger gives the server's half of a shared span an ID of its own.
                let expected = Dictionary(sent.filter { $0.shared != true }.map { ($0.id, CommonSpan($0)) }) { $1 }
                for span in jaeger.spans {
                    guard let common = expected[span.spanID] else { continue }
                    let told = CommonSpan(span, of: jaeger, keys: common.tags.keys)
                    if told != common { expectSameLines(told.lines, common.lines) }
                }
                let found = Set(jaeger.spans.map(\.spanID))
                #expect(found.isSuperset(of: expected.keys))
            }
        }
    }

    @Suite struct OTLPPeerTests {
        @Test(
            .peers(.current),
            arguments: [
                ("grpc", "otlp-grpc"), ("grpc-gzip", "otlp-grpc"), ("http", "otlp-http"), ("http-gzip", "otlp-http"),
                ("json", "otlp-http"), ("json-gzip", "otlp-http"),
            ])
        func `every span of an OTLP exporter is read back whole`(variant: String, listener: String) throws {
            try PeerTests.checkWhole(.current, "send_otlp.py", variant, listener)
        }
    }

    @Suite struct JaegerPeerTests {
        @Test(
            .peers(.older),
            arguments: [
                ("otel-compact", "jaeger-compact"), ("otel-binary", "jaeger-binary"), ("otel-http", "jaeger-http"),
                ("otel-grpc", "jaeger-grpc"), ("client", "jaeger-compact"),
            ])
        func `every span of a Jaeger client is read back whole`(variant: String, listener: String) throws {
            try PeerTests.checkWhole(.older, "send_jaeger.py", variant, listener)
        }
    }

    private static func checkWhole(
        _ environment: PeerEnvironment, _ script: String, _ variant: String, _ listener: String
    ) throws {
        let process = try SkeinProcess.started()
        let output = try environment.run(script, variant, "\(try process.port(listener))")
        let sent = try JSONDecoder().decode(PeerSpan.List.self, from: output).spans
        let isJaeger = script == "send_jaeger.py"
        let client = try SkeinClient(process)
        let traces = Dictionary(grouping: sent, by: \.traceID)
        #expect(traces.count == 4)
        for (id, spans) in traces {
            let ids = spans.map(\.spanID).sorted()
            #expect(try waited(for: ids) { try client.zipkinTrace(id)?.map(\.id).sorted() ?? [] } == ids)
            for span in try #require(try client.zipkinTrace(id)) {
                try #require(spans.first { $0.spanID == span.id }).expectZipkin(span)
            }
            let jaeger = try #require(try client.jaegerTrace(id))
            #expect(jaeger.traceID == id)
            #expect(jaeger.spans.map(\.spanID).sorted() == ids)
            for span in jaeger.spans {
                try #require(spans.first { $0.spanID == span.spanID }).expectJaeger(span, jaeger, isJaeger: isJaeger)
            }
        }
        try process.terminate()

        let exported = try ExportedSpans.decode(try Program.exportedSpans(of: process.data))
        #expect(exported.count == sent.count)
        for span in sent {
            let expected = isJaeger ? span.fromJaeger : span
            let stored = try #require(exported[span.spanID])
            if stored != expected { expectSameLines(stored.lines, expected.lines) }
        }
    }
}
