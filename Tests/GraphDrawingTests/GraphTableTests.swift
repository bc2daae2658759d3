import GraphDrawing
import Testing
import Topology

@Suite struct GraphTableTests {
    private func lines(_ graph: TopologyGraph) -> [Substring] {
        String(decoding: GraphDrawing.draw(graph, as: .table), as: UTF8.self).split(separator: "\n")
    }

    @Test func `columns are aligned, and have shares where there are versions`() {
        let lines = lines(SampleGraphs.bookinfo)
        #expect(lines.count == 9)
        #expect(
            lines[0].split(separator: " ").map(String.init) == [
                "CALLER", "CALLEE", "KIND", "CALLS", "RATE", "SHARE", "ERRORS", "P50", "P95", "P99",
            ])
        #expect(lines[4].contains("  rpc          182  3.03/min  10.1 %     6 %  11 ms  33 ms  60.5 ms"))
        #expect(!self.lines(SampleGraphs.circles)[0].contains("SHARE"))
    }

    @Test func `what has no calls, and notes, stand below`() {
        var graph = SampleGraphs.circles
        graph.nodes.append(.init(id: "zoo", serviceName: "zoo"))
        graph.notes = ["a note"]
        #expect(lines(graph).suffix(2) == ["without calls: zoo", "a note"])
        let nothing = TopologyGraph(window: SampleGraphs.window, grouping: .service, nodes: [], edges: [])
        #expect(lines(nothing) == ["no calls found"])
    }

    @Test func `findings are a table with advice below it`() {
        let text = String(decoding: GraphDrawing.draw(SampleGraphs.report, as: .table), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines[1].hasPrefix("unjoined-calls   productpage@v1  reviews@v1    250   1 000     25 %  aaaa"))
        #expect(lines[2].contains("a\"<b>\u{fffd}"))
        #expect(lines[2].contains("<0.01 %"))
        #expect(lines.suffix(2) == ["unjoined-calls: Hand on the headers.", "missing-parents: Look at the caller."])
        let nothing = GraphDrawing.draw(PropagationReport(window: 0..<1, findings: []), as: .table)
        #expect(String(decoding: nothing, as: UTF8.self) == "no broken propagation found\n")
    }
}
