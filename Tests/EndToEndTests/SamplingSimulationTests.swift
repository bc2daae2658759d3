import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension EndToEndTests {
    /// Policies tried out on recorded mesh traffic, over the network and on the folder.
    @Suite struct SamplingSimulationTests {
        private struct Report: Decodable, Equatable {
            struct Tally: Decodable, Equatable {
                let traceCount: Int
                let spanCount: Int
                let errorTraceCount: Int
            }
            struct Version: Decodable, Equatable {
                let service: String
                let version: String
                let seenTraceCount: Int
                let keptTraceCount: Int
            }
            struct Stage: Decodable, Equatable {
                let name: String
                let kept: Tally
                let versions: [Version]
            }
            let seen: Tally
            let stages: [Stage]
        }

        private struct Explanation: Decodable {
            let isStored: Bool
            let spanCount: Int
        }

        @Test func `recorded traffic is simulated alike by a server and on its folder`() throws {
            let traffic = try RecordedTraffic("bookinfo")
            let policies = try TemporaryFolder()
            let path = policies.path + "/policies.yaml"
            try Data("tail: {policies: [{type: errors}, {type: per-version, traces-per-minute: 1000}]}".utf8)
                .write(to: URL(filePath: path))
            let process = try SkeinProcess.started()
            for response in try traffic.replay(to: process) { #expect(response.status == 202) }
            let server = "http://127.0.0.1:\(try process.port("query"))"
            let arguments = ["sampling", "simulate", "--policy", path, "--since", "1d", "--json"]
            let live = try JSONDecoder().decode(Report.self, from: try Program.skein(arguments + ["--server", server]))
            #expect(live.seen.traceCount == traffic.truth.traces.count)
            #expect(live.seen.spanCount == traffic.truth.spans.count)
            let tail = try #require(live.stages.first)
            // More than there are of any version: nothing is lost.
            #expect(tail.kept == live.seen)
            #expect(tail.versions.contains { $0.version == "v1" && $0.keptTraceCount == $0.seenTraceCount })

            let trace = try #require(traffic.truth.traces.first)
            let explained = try JSONDecoder().decode(
                Explanation.self,
                from: try Program.skein(["sampling", "explain", "--trace", trace.traceId, "--server", server, "--json"])
            )
            #expect(explained.isStored)
            #expect(explained.spanCount == trace.spans)

            try process.terminate()
            // The folder goes with the process.
            try withExtendedLifetime((process, policies)) {
                let text = try Program.skein(arguments + ["--data", process.data.path + "/data"])
                #expect(try JSONDecoder().decode(Report.self, from: text) == live)
            }
        }
    }
}
