import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension PeerTests {
    /// Documents in a server of another project, read with OpenSearch's own client.
    @Suite(.enabled(if: OsmemServer.isInstalled, "\(OsmemServer.missing)"))
    struct OpenSearchServerTests {
        private static let options = [
            "--seal-age", "1s", "--opensearch-delay", "500ms", "--opensearch-backoff-max", "1s",
            "--opensearch-dependencies-interval", "1m", "--topology-settle-time", "1s",
        ]
        private static let spanCount = 2_000

        private struct Tag: Decodable {
            let key: String
            let value: String?

            private enum Key: String, CodingKey { case key, value }

            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: Key.self)
                key = try fields.decode(String.self, forKey: .key)
                value = try? fields.decode(String.self, forKey: .value)
            }
        }

        private struct JaegerAnswer: Decodable {
            struct Document: Decodable {
                struct Process: Decodable {
                    let serviceName: String
                }

                let traceID: String
                let spanID: String
                let parentSpanID: String?
                let operationName: String
                let startTime: Int64
                let startTimeMillis: Int64
                let duration: Int64
                let tags: [Tag]
                let tag: [String: String]
                let process: Process
            }

            let services: [String]
            let operations: [String]
            let byService: [String]
            let byTag: [String]
            let byKind: [String]
            let byDuration: [String]
            let trace: [Document]
            let links: [String: Int]
        }

        private func ask<Answer: Decodable>(_ server: OsmemServer, _ words: String...) throws -> Answer {
            let output = try PeerEnvironment.current.run(
                "ask_opensearch.py", [server.url] + words)
            return try JSONDecoder().decode(Answer.self, from: output)
        }

        private func forwarded(_ traffic: ForwardingTraffic, to server: OsmemServer, _ options: [String]) throws
            -> SkeinProcess
        {
            let urls = ["--opensearch-urls", server.url]
            let process = try SkeinProcess.started(options: urls + Self.options + options)
            #expect(traffic.post(0..<traffic.spanCount, to: try process.port("zipkin")).end == traffic.spanCount)
            try ForwardingClient(process).waitUntilAllIsHandedOn(seconds: 60)
            return process
        }

        @Test(.peers(.current), arguments: ["", "mesh"])
        func `Jaeger's queries find what was handed on`(prefix: String) throws {
            let server = try OsmemServer()
            let traffic = ForwardingTraffic(spanCount: Self.spanCount)
            let process = try forwarded(
                traffic, to: server, prefix.isEmpty ? [] : ["--opensearch-index-prefix", prefix])
            let dashed = prefix.isEmpty ? "" : prefix + "-"
            let answer: JaegerAnswer = try ask(server, "jaeger", dashed, "forward-1", "number=1992")
            #expect(answer.services == ForwardingTraffic.services)
            #expect(answer.operations == ["operation-2", "operation-3"])
            let newest = stride(from: Self.spanCount - 10, to: Self.spanCount - 210, by: -10)
            #expect(answer.byService == newest.map { ForwardingTraffic.traceID(of: $0) })
            #expect(answer.byKind == answer.byService)
            #expect(answer.byTag == [ForwardingTraffic.traceID(of: 1_992)])
            // Only the roots take so long.
            #expect(answer.byDuration == answer.byService)
            expect(answer.trace, traffic, first: Self.spanCount - 10)

            let output = try PeerEnvironment.current.run(
                "ask_opensearch.py", [server.url, "ids", dashed + "jaeger-span-*"])
            let ids = String(decoding: output, as: UTF8.self).split(separator: "\n")
            let there = traffic.account(ofDocumentIDs: ids)
            #expect(there.strangers == [] && there.distinctCount == Self.spanCount && there.numbersTwice.isEmpty)
            try process.terminate()
        }

        private func expect(_ documents: [JaegerAnswer.Document], _ traffic: ForwardingTraffic, first: Int) {
            #expect(documents.count == ForwardingTraffic.spansPerTrace)
            for (place, document) in documents.enumerated() {
                let number = first + place
                #expect(document.traceID == ForwardingTraffic.traceID(of: number))
                #expect(document.spanID == ForwardingTraffic.spanID(of: number))
                #expect(document.parentSpanID == (place == 0 ? nil : ForwardingTraffic.spanID(of: number - 1)))
                #expect(document.operationName == ForwardingTraffic.operation(of: number))
                #expect(document.process.serviceName == ForwardingTraffic.service(of: number))
                #expect(document.startTime == traffic.startMicroseconds(of: number))
                #expect(document.startTimeMillis == document.startTime / 1_000)
                #expect(document.duration == Int64(1_000 + 17 * (100 - place)))
                #expect(document.tag["span@kind"] == (place % 2 == 0 ? "server" : "client"))
                #expect(document.tags.contains { $0.key == "number" && $0.value == "\(number)" })
                #expect(!document.tags.contains { $0.key == "span.kind" })
            }
        }

        @Test(.peers(.current), .enabled(if: EndToEndTests.isTorture, "an interval of dependencies lasts a minute"))
        func `dependencies add up to the calls, through a restart`() throws {
            let server = try OsmemServer()
            let traffic = ForwardingTraffic(spanCount: Self.spanCount)
            let process = try forwarded(traffic, to: server, [])
            let callCount = Self.spanCount / ForwardingTraffic.spansPerTrace
            try expectLinks(callCount, server)
            process.kill()
            try process.start()
            // Of the next interval there is one call more, and nothing again.
            let more = Self.spanCount..<Self.spanCount + ForwardingTraffic.spansPerTrace
            #expect(traffic.post(more, to: try process.port("zipkin")).end == more.upperBound)
            try expectLinks(callCount + 1, server)
            try process.terminate()
        }

        private func expectLinks(_ callCount: Int, _ server: OsmemServer) throws {
            let expected = Dictionary(
                uniqueKeysWithValues: zip(ForwardingTraffic.services, ForwardingTraffic.services.dropFirst()).map {
                    ("\($0) > \($1)", callCount)
                })
            let links = try PeerTests.waited(for: expected, seconds: 300) {
                try (ask(server, "jaeger", "", "forward-1", "number=1") as JaegerAnswer).links
            }
            #expect(links == expected)
        }

        private struct DashboardsAnswer: Decodable {
            struct Document: Decodable {
                let traceId: String
                let spanId: String
                let parentSpanId: String
                let name: String
                let kind: String
                let serviceName: String
                let durationInNanos: Int64
                let traceGroup: String?
                let statusCode: Int

                private enum CodingKeys: String, CodingKey {
                    case traceId, spanId, parentSpanId, name, kind, serviceName, durationInNanos, traceGroup
                    case statusCode = "status.code"
                }
            }

            let services: [String]
            let trace: [Document]
        }

        @Test(.peers(.current)) func `trace analytics finds what was handed on`() throws {
            let server = try OsmemServer()
            let traffic = ForwardingTraffic(spanCount: Self.spanCount)
            let process = try forwarded(traffic, to: server, ["--opensearch-shape", "otel"])
            let answer: DashboardsAnswer = try ask(server, "dashboards", "forward-1")
            #expect(answer.services == ForwardingTraffic.services)
            let documents = answer.trace.sorted { $0.spanId < $1.spanId }
            #expect(documents.map(\.spanId) == (Self.spanCount - 10..<Self.spanCount).map(ForwardingTraffic.spanID))
            for (place, document) in documents.enumerated() {
                #expect(document.parentSpanId == (place == 0 ? "" : documents[place - 1].spanId))
                #expect(document.kind == (place % 2 == 0 ? "SPAN_KIND_SERVER" : "SPAN_KIND_CLIENT"))
                #expect(document.serviceName == ForwardingTraffic.services[place / 2])
                #expect(document.durationInNanos == Int64(1_000 + 17 * (100 - place)) * 1_000)
                #expect(document.traceGroup == "operation-0" && document.statusCode == 0)
            }
            try process.terminate()
        }
    }
}
