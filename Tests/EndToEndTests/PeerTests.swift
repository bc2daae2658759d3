import Foundation
import PeerTestSupport
import TestSupport
import Testing

/// Other programs' own clients send known spans, and all of each comes back: through Zipkin's API, through Jaeger's,
/// and from an export. What the clients say is in `Tests/Peers`. Beside the other tests of the program, because these
/// wait for Python more than they work.
@Suite(.serialized, .onOwnThread) enum PeerTests {
    /// The answer of `read`, asked until it is the expected one, or for so long as only a failure lasts.
    static func waited<Value: Equatable>(
        for expected: Value, seconds: Int = 60, _ read: () throws -> Value
    ) throws -> Value {
        let deadline = ContinuousClock.now + .seconds(seconds)
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
            let output = try PeerEnvironment.older.run("send_zipkin.py", [client, "\(try process.port("zipkin"))"])
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
                ("http-deflate", "otlp-http"), ("json", "otlp-http"), ("json-gzip", "otlp-http"),
            ])
        func `every span of an OTLP exporter is read back whole`(variant: String, listener: String) throws {
            try PeerTests.checkWhole(.current, "send_otlp.py", variant, listener)
        }

        private static let certificates = Repository.path + "/Tests/Fixtures/certificates"

        /// The OTLP listeners by TLS with certificates on both sides, and with a token; in clear text those that are
        /// asked.
        private func securedOptions(_ folder: TemporaryFolder) throws -> [String] {
            let credentials = folder.path + "/credentials"
            try Data("bearer right-token\nbasic exporter:söcret\n".utf8).write(to: URL(filePath: credentials))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: credentials)
            return [
                "--tls-certificate", Self.certificates + "/server.pem", "--tls-key",
                Self.certificates + "/server-key.pem",
                "--tls-client-ca", Self.certificates + "/ca.pem", "--tls-plain-listeners", "zipkin,query,admin",
                "--auth-credentials", "otlp-grpc=\(credentials),otlp-http=\(credentials)",
            ]
        }

        @Test(
            .peers(.current),
            arguments: [
                ("grpc", "otlp-grpc", "Bearer right-token"), ("http-gzip", "otlp-http", "Bearer right-token"),
                // exporter:söcret
                ("json", "otlp-http", "Basic ZXhwb3J0ZXI6c8O2Y3JldA=="),
            ])
        func `an OTLP exporter sends by TLS, known by its certificate and its credential`(
            variant: String, listener: String, credential: String
        ) throws {
            let folder = try TemporaryFolder()
            try PeerTests.checkWhole(
                .current, "send_otlp.py", variant, listener, options: try securedOptions(folder),
                security: [Self.certificates, credential])
        }

        @Test(.peers(.current), arguments: [("grpc", "otlp-grpc"), ("http", "otlp-http"), ("json", "otlp-http")])
        func `an OTLP exporter with another token is told so, and nothing is stored`(
            variant: String, listener: String
        ) throws {
            let folder = try TemporaryFolder()
            let process = try SkeinProcess.started(options: try securedOptions(folder))
            let port = "\(try process.port(listener))"
            let error = #expect(throws: TestSupportError.self) {
                try PeerEnvironment.current.run(
                    "send_otlp.py", [variant, port, Self.certificates, "Bearer other-token"])
            }
            let reason = listener == "otlp-grpc" ? "UNAUTHENTICATED" : "Unauthorized"
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
            #expect(try SkeinClient(process).zipkinServices() == [])
            try process.terminate()
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
        _ environment: PeerEnvironment, _ script: String, _ variant: String, _ listener: String,
        options: [String] = [], security: [String] = []
    ) throws {
        let process = try SkeinProcess.started(options: options)
        let output = try environment.run(script, [variant, "\(try process.port(listener))"] + security)
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
