import Foundation
import GraphDrawing
import Terminal
import Testing
import Topology

@Suite struct GraphDOTTests {
    @Test func `edges have styles and colours after their kind and errors`() {
        let text = String(decoding: GraphDrawing.draw(SampleGraphs.bookinfo, as: .dot), as: UTF8.self)
        #expect(text.hasPrefix("digraph topology {\n"))
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.contains(" -> n") } == 8)
        #expect(lines.contains { $0.hasPrefix("  n3 -> n7 ") && $0.contains("style=dashed") })
        #expect(lines.contains { $0.hasPrefix("  n4 -> n2 ") && $0.contains("style=dotted") })
        #expect(lines.contains { $0.hasPrefix("  n3 -> n6 ") && $0.contains("6 % errors") && $0.contains("#cf222e") })
    }

    /// `-Tplain`: a line for each node and edge.
    @Test(.graphviz, arguments: [SampleGraphs.bookinfo, SampleGraphs.circles, SampleGraphs.hostile])
    func `Graphviz reads it, and has every node and edge`(graph: TopologyGraph) throws {
        let dot = try #require(Tool.named("dot"))
        let plain = try dot.run(["-Tplain"], input: GraphDrawing.draw(graph, as: .dot))
        let lines = String(decoding: plain, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(
            lines.filter { $0[0] == "node" }.map { String($0[1]) }.sorted()
                == graph.nodes.indices.map { "n\($0)" }.sorted())
        let ends = lines.filter { $0[0] == "edge" }.map { "\($0[1]) \($0[2])" }.sorted()
        #expect(ends == graph.edges.map { "n\($0.from) n\($0.to)" }.sorted())
    }

    @Test(.graphviz, .python) func `Graphviz shows names as they are`() throws {
        let dot = try #require(Tool.named("dot"))
        let drawn = try dot.run(["-Tsvg"], input: GraphDrawing.draw(SampleGraphs.hostile, as: .dot))
        let texts = try XMLDocument(parsing: Array(drawn)).named("text").map {
            $0.text.replacing("\u{a0}", with: " ")
        }
        for name in SampleGraphs.hostileNames where !name.allSatisfy({ $0 == " " || $0 == "\u{ffff}" }) {
            #expect(texts.contains(DisplayText.safe(name)), "\(name)")
        }
    }
}
