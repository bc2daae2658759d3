import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension PeerTests {
    /// The query APIs, held against their descriptions by a fuzzer: `Tests/Peers/fuzz_queries.py`.
    @Suite struct FuzzingTests {
        private struct Known: Encodable {
            var ports: [String: UInt16] = [:]
            var traceIDs: [String] = []
            var spans: [[String: String]] = []
            var services: [String] = []
            var operations: [String] = []
        }

        @Test(.peers(.fuzzing)) func `no answer of a query API is other than described`() throws {
            let process = try SkeinProcess.started()
            var known = Known()
            for listener in ["zipkin", "query", "tempo"] { known.ports[listener] = try process.port(listener) }
            // Odd and old spans, with every field that there is, and plain ones.
            for body in ["everything", "python-sdk"] { try postOTLP(body, to: process) }
            known.spans = [["traceID": "0102030405060708090a0b0c0d0e0f10", "spanID": "0102030405060708"]]
            known.traceIDs = [
                "0102030405060708090a0b0c0d0e0f10", String(repeating: "03", count: 16),
                "a0000000000000000000000000000005", "b0000000000000000000000000000001",
            ]
            for folder in ["bookinfo-odd", "bookinfo-otlp-http-odd", "bookinfo"] {
                let traffic = try RecordedTraffic(folder)
                _ = try traffic.replay(to: process)
                known.traceIDs += traffic.spansByTrace.keys.sorted().prefix(20)
                known.spans += traffic.spansByTrace.values.prefix(5).joined().map {
                    ["traceID": $0.traceId, "spanID": $0.id]
                }
                known.operations += traffic.spansByTrace.values.joined().prefix(5).compactMap(\.name)
            }
            let client = try SkeinClient(process)
            known.services = try client.jaegerServices()

            let folder = try TemporaryFolder()
            let file = folder.path + "/known.json"
            try JSONEncoder().encode(known).write(to: URL(filePath: file))
            // The same each time unless told: what others find is for who goes looking, not for who builds.
            let seed = ProcessInfo.processInfo.environment["SKEIN_SEED"] == nil ? 1 : EndToEndTests.seed()
            let told = try PeerEnvironment.fuzzing.run("fuzz_queries.py", [file, "\(seed)"], timeoutSeconds: 330)
            print(String(decoding: told, as: UTF8.self))
            #expect(process.isRunning)
            try process.terminate()
        }

        private func postOTLP(_ name: String, to process: SkeinProcess) throws {
            let body = try Data(contentsOf: URL(filePath: Repository.path + "/Tests/Fixtures/otlp/\(name).bin"))
            let connection = try HTTPConnection(port: try process.port("otlp-http"))
            let answer = try connection.request(
                "POST", "/v1/traces", headers: [("content-type", "application/x-protobuf")], body: .bytes(Array(body)))
            try #require(answer.status == 200)
        }
    }
}
