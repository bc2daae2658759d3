import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension ClientTests {
    /// The same over gRPC, with its own Python client: `Tests/Peers/ask_grpc.py` has the questions.
    @Suite struct CallsTests {
        private struct Known: Encodable {
            let ports: [String: UInt16]
            let traces: [String: [ZipkinSpan]]
        }

        @Test(
            .peers(.current),
            arguments: ["kiali", "api_v2", "api_v3", "storage", "reflection", "health", "protocol"])
        func `calls are answered as their clients read them`(name: String) throws {
            let server = try ClientServer.current
            let ports = [
                "query-grpc": try server.port("query-grpc"), "jaeger-storage": try server.port("jaeger-storage"),
            ]
            try ask(name, Known(ports: ports, traces: server.spansByTrace))
        }

        @Test(.peers(.current)) func `what is written to the remote storage is read from it`() throws {
            let process = try SkeinProcess.started()
            let ports = [
                "query-grpc": try process.port("query-grpc"), "jaeger-storage": try process.port("jaeger-storage"),
            ]
            try ask("write", Known(ports: ports, traces: [:]))
            try process.terminate()
        }

        private func ask(_ name: String, _ known: Known) throws {
            let folder = try TemporaryFolder()
            let file = folder.path + "/known.json"
            try JSONEncoder().encode(known).write(to: URL(filePath: file))
            _ = try PeerEnvironment.current.run("ask_grpc.py", [name, file])
        }
    }
}
