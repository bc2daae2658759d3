import FoundationEssentials
import TestSupport
import Testing

extension EndToEndTests {
    /// Several clusters, each handed what it is to have, and none kept waiting by another.
    @Suite struct ForwardingDestinationTests {
        private static let spanCount = 2_000

        /// The lines below `opensearch:`.
        private func started(_ lines: [String]) throws -> SkeinProcess {
            let folder = try TemporaryFolder()
            let file = folder.path + "/skein.yaml"
            let common = [
                "delay: 500ms", "backoff-min: 20ms", "backoff-max: 500ms", "dependencies-interval: \"off\"",
            ]
            let text = "opensearch:\n" + (common + lines).map { "  " + $0 + "\n" }.joined()
            try Data(text.utf8).write(to: URL(filePath: file))
            let process = SkeinProcess(data: folder, options: ["--config", file, "--seal-age", "1s"])
            try process.start()
            return process
        }

        private func post(_ traffic: ForwardingTraffic, to process: SkeinProcess) throws {
            #expect(traffic.post(0..<traffic.spanCount, to: try process.port("zipkin")).end == traffic.spanCount)
        }

        @Test func `each destination gets what it is to have, while another one is away`() throws {
            let (all, some, away) = (
                try OpenSearchProcess.sink(), try OpenSearchProcess.sink(), try OpenSearchProcess.sink()
            )
            let port = try away.port
            away.kill()
            let process = try started([
                "urls: http://127.0.0.1:\(try all.port)",
                "destinations:",
                "  some:",
                "    urls: http://127.0.0.1:\(try some.port)",
                "    index-prefix: audit",
                "    services: [\(ForwardingTraffic.services[1]), \(ForwardingTraffic.services[3])]",
                "  away:",
                "    urls: http://127.0.0.1:\(port)",
            ])
            let traffic = ForwardingTraffic(spanCount: Self.spanCount)
            try post(traffic, to: process)
            let whole = traffic.spanCount
            #expect(try PeerTests.waited(for: whole) { try all.report().documents(prefix: "jaeger-span-") } == whole)
            let part = whole * 2 / 5
            let prefix = "audit-jaeger-span-"
            #expect(try PeerTests.waited(for: part) { try some.report().documents(prefix: prefix) } == part)
            let there = traffic.account(ofDocumentIDs: try some.ids(prefix: prefix))
            let services = Set(there.numbersThere.map(ForwardingTraffic.service))
            #expect(services == [ForwardingTraffic.services[1], ForwardingTraffic.services[3]])
            let client = try ForwardingClient(process)
            #expect(
                try PeerTests.waited(for: whole) { try client.sealedLag() } == whole, "the one that is away lacks all")

            try away.restart()
            try client.waitUntilAllIsHandedOn(seconds: 60)
            #expect(try away.report().documents(prefix: "jaeger-span-") == whole)
            #expect(try some.report().documents(prefix: prefix) == part)
            try process.terminate()
        }

        @Test func `attributes are left out or hidden from a destination, and equal ones stay equal`() throws {
            let cluster = try LoopbackServer { request in
                guard request.target.contains("_bulk") else {
                    return request.method == "GET" && request.target != "/"
                        ? LoopbackServer.Answer(404, "{}")
                        : LoopbackServer.Answer(
                            200, #"{"acknowledged":true,"version":{"distribution":"opensearch","number":"2.19.0"}}"#)
                }
                let count = request.body.reduce(0) { $0 + ($1 == 10 ? 1 : 0) } / 2
                let items = [String](repeating: #"{"index":{"status":201}}"#, count: count)
                return LoopbackServer.Answer(200, #"{"errors":false,"items":[\#(items.joined(separator: ","))]}"#)
            }
            let process = try started([
                "urls: \(cluster.url)", "compress: false", "drop-attributes: number",
                "hash-attributes: http.status_code",
            ])
            let traffic = ForwardingTraffic(spanCount: 300)
            try post(traffic, to: process)
            try ForwardingClient(process).waitUntilAllIsHandedOn(seconds: 60)
            try process.terminate()

            struct Document: Decodable {
                struct Tag: Decodable {
                    let key: String
                    let value: String?
                }

                let spanID: String?
                let tags: [Tag]?
            }
            let lines = cluster.requests.filter { $0.target.contains("_bulk") }.flatMap { $0.body.split(separator: 10) }
            let documents = try lines.map { try JSONDecoder().decode(Document.self, from: Data($0)) }.filter {
                $0.spanID != nil
            }
            #expect(documents.count == traffic.spanCount)
            var hidden: [Int: Set<String>] = [:]
            for document in documents {
                let number = (Int(document.spanID ?? "", radix: 16) ?? 0) - 1
                let tags = document.tags ?? []
                #expect(!tags.contains { $0.key == "number" })
                let values = tags.filter { $0.key == "http.status_code" }.compactMap(\.value)
                hidden[number % 3, default: []].formUnion(values)
            }
            #expect(hidden.values.allSatisfy { $0.count == 1 } && Set(hidden.values).count == 3, "\(hidden)")
            #expect(hidden.values.joined().allSatisfy { !["200", "201", "202"].contains($0) })
        }
    }
}
