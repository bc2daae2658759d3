import Foundation
import GraphDrawing
import Testing
import Topology

@Suite struct GraphJSONTests {
    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func `window, nodes and edges have their names`() throws {
        var graph = SampleGraphs.bookinfo
        graph.notes = ["a note"]
        let answer = try object(GraphDrawing.draw(graph, as: .json))
        #expect(
            answer["window"] as? [String: String] == ["since": "2026-11-21T19:00:00Z", "until": "2026-11-21T20:00:00Z"])
        #expect(answer["group"] as? String == "version")
        #expect(answer["notes"] as? [String] == ["a note"])
        let nodes = try #require(answer["nodes"] as? [[String: Any]])
        #expect(nodes.map { $0["id"] as? String } == graph.nodes.map(\.id))
        #expect(nodes[6]["service"] as? String == "reviews.default")
        #expect(nodes[6]["version"] as? String == "v2")
        #expect(nodes[6]["callCount"] as? Int == 182)
        #expect(abs((nodes[6]["rate"] as? Double ?? 0) - 182.0 / 3600) < 1e-12)
        #expect(abs((nodes[6]["errorShare"] as? Double ?? 0) - 11.0 / 182) < 1e-12)
        #expect(nodes[6]["durations"] as? [String: Int] == ["p50": 9_000_000, "p95": 27_000_000, "p99": 49_500_000])
        #expect(nodes[7]["mirroredCallCount"] as? Int == 1629)
        #expect(nodes[7]["durations"] == nil)
        #expect(nodes[2]["isReporting"] as? Bool == false)
        #expect(
            nodes[2].keys.sorted() == [
                "callCount", "errorCount", "errorShare", "id", "isReporting", "mirroredCallCount", "mirroredErrorCount",
                "rate", "service",
            ])
        let edges = try #require(answer["edges"] as? [[String: Any]])
        #expect(edges.count == graph.edges.count)
        #expect(edges[3]["from"] as? String == "productpage.default@v1")
        #expect(edges[3]["to"] as? String == "reviews.default@v2")
        #expect(edges[3]["requestShare"] as? Double == 0.1005)
        #expect(edges[3]["client"] == nil)
        #expect((edges[3]["server"] as? [String: Int])?["p95"] == 33_000_000)
        #expect(edges[6]["kind"] as? String == "one-sided")
        #expect((edges[6]["client"] as? [String: Int])?["p50"] == 1_000_000)
    }

    @Test func `names come back as they were`() throws {
        let answer = try object(GraphDrawing.draw(SampleGraphs.hostile, as: .json))
        let nodes = try #require(answer["nodes"] as? [[String: Any]])
        #expect(nodes.map { $0["service"] as? String } == SampleGraphs.hostile.nodes.map(\.serviceName))
        #expect(answer["notes"] as? [String] == SampleGraphs.hostileNames)
    }

    @Test func `findings have their names, and a share`() throws {
        let answer = try object(GraphDrawing.draw(SampleGraphs.report, as: .json))
        let findings = try #require(answer["findings"] as? [[String: Any]])
        #expect(findings.count == 2)
        #expect(findings[0]["problem"] as? String == "unjoined-calls")
        #expect(findings[0]["peerVersion"] as? String == "v1")
        #expect(findings[0]["share"] as? Double == 0.25)
        #expect(findings[0]["examples"] as? [String] == [String(repeating: "a", count: 32)])
        #expect(findings[1]["service"] as? String == "a\"<b>\n")
        #expect(findings[1]["peer"] == nil)
    }
}
