import GraphDrawing
import Testing
import Topology

@Suite struct GraphDrawingTests {
    @Test(arguments: GraphFormat.allCases) func `the same graph gives the same bytes`(format: GraphFormat) {
        let graph = SampleGraphs.random(seed: 7, nodeCount: 60, edgeCount: 150)
        #expect(GraphDrawing.draw(graph, as: format) == GraphDrawing.draw(graph, as: format))
    }

    @Test(arguments: GraphFormat.allCases) func `a graph of nothing is drawn`(format: GraphFormat) {
        let graph = TopologyGraph(window: 0..<0, grouping: .service, nodes: [], edges: [])
        let text = String(decoding: GraphDrawing.draw(graph, as: format), as: UTF8.self)
        #expect(text.utf8.last == UInt8(ascii: "\n"))
        #expect(!text.contains("nan") && !text.contains("inf"))
    }

    @Test(arguments: GraphFormat.allCases) func `edges of nodes that are not there are left out`(format: GraphFormat) {
        var graph = SampleGraphs.circles
        let whole = GraphDrawing.draw(graph, as: format)
        graph.edges.append(.init(from: 0, to: 99, kind: .rpc, callCount: 1, errorCount: 0))
        graph.edges.append(.init(from: -1, to: 0, kind: .rpc, callCount: 1, errorCount: 0))
        // The captions of pictures tell how many there are.
        if format != .svg && format != .dot { #expect(GraphDrawing.draw(graph, as: format) == whole) }
    }

    @Test(arguments: GraphFormat.allCases) func `figures that cannot be are drawn somehow`(format: GraphFormat) {
        for (calls, errors) in [(Int.max, Int.max), (1, Int.max), (Int.min, 1), (0, .min), (-1, -1)] {
            let durations = TopologyGraph.Durations(p50: .min, p95: .max, p99: -1)
            let node = TopologyGraph.Node(
                id: "a", callCount: calls, errorCount: errors, mirroredCallCount: calls, mirroredErrorCount: errors,
                durations: durations)
            let edges = [Double.nan, .infinity, -1, 1e300].map {
                TopologyGraph.Edge(
                    from: 0, to: 1, kind: .link, callCount: calls, errorCount: errors, requestShare: $0,
                    client: durations, server: durations)
            }
            for window in [0..<0, Int64.min..<Int64.max] {
                let graph = TopologyGraph(window: window, grouping: .version, nodes: [node, node], edges: edges)
                #expect(!GraphDrawing.draw(graph, as: format).isEmpty)
            }
        }
    }

    @Test(arguments: [GraphFormat.table, .dot, .mermaid, .graphml, .svg])
    func `no name controls a terminal or turns the direction of writing`(format: GraphFormat) {
        let text = String(decoding: GraphDrawing.draw(SampleGraphs.hostile, as: format), as: UTF8.self)
        let controls = text.unicodeScalars.filter { $0 != "\n" && ($0.value < 0x20 || $0.value == 0x7f) }
        #expect(controls.isEmpty)
        #expect(!text.unicodeScalars.contains("\u{202e}"))
    }
}
