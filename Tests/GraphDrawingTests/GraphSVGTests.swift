import GraphDrawing
import Testing
import Topology

@Suite struct GraphSVGTests {
    private func text(_ graph: TopologyGraph) -> String {
        String(decoding: GraphDrawing.draw(graph, as: .svg), as: UTF8.self)
    }

    @Test(.python, arguments: [SampleGraphs.bookinfo, SampleGraphs.circles, SampleGraphs.hostile])
    func `an XML parser finds a title for every node and edge, and nothing that acts`(graph: TopologyGraph) throws {
        let document = try XMLDocument(parsing: GraphDrawing.draw(graph, as: .svg))
        #expect(document.elements.first?.tag == "{http://www.w3.org/2000/svg}svg")
        #expect(document.named("title").count == 1 + graph.nodes.count + graph.edges.count)
        let tags = Set(document.elements.map { $0.tag.split(separator: "}").last.map(String.init) ?? "" })
        #expect(tags.isSubset(of: ["svg", "title", "style", "rect", "g", "path", "text"]))
        let attributes = Set(document.elements.flatMap(\.attributes.keys))
        #expect(!attributes.contains { $0.hasPrefix("on") || $0.contains("href") })
    }

    @Test func `errors, mirrored and one-sided calls can be told apart, in light and dark`() {
        let text = text(SampleGraphs.bookinfo)
        #expect(text.contains("class=\"edge good mirrored\""))
        #expect(text.contains("class=\"edge good one-sided\""))
        #expect(text.contains("class=\"edge bad\""))
        #expect(text.contains("class=\"node good silent\""))
        #expect(text.contains("@media (prefers-color-scheme:dark)"))
        #expect(text.contains(">only the caller tells of it</text>"))
        #expect(text.contains(">3.03/min, 10.1 %</text>"))
    }

    @Test func `the busiest edges of a huge graph are drawn, and it says so`() {
        let graph = SampleGraphs.random(seed: 3, nodeCount: 1200, edgeCount: 8000, backShare: 0.5)
        let text = text(graph)
        #expect(text.ranges(of: "→").count == 1500)
        #expect(text.contains("Drawn are the busiest 1 500 edges and "))
    }
}
