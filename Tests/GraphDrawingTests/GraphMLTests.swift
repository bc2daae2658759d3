import GraphDrawing
import Testing
import Topology

@Suite(.python) struct GraphMLTests {
    @Test(arguments: [SampleGraphs.bookinfo, SampleGraphs.hostile])
    func `an XML parser finds every node and edge`(graph: TopologyGraph) throws {
        let document = try XMLDocument(parsing: GraphDrawing.draw(graph, as: .graphml))
        #expect(document.elements.first?.tag == "{http://graphml.graphdrawing.org/xmlns}graphml")
        #expect(document.named("node").map { $0.attributes["id"] } == graph.nodes.indices.map { "n\($0)" })
        let edges = document.named("edge")
        #expect(edges.map { $0.attributes["source"] } == graph.edges.map { "n\($0.from)" })
        #expect(edges.map { $0.attributes["target"] } == graph.edges.map { "n\($0.to)" })
        let keys = Set(document.named("key").compactMap { $0.attributes["id"] })
        #expect(document.named("data").allSatisfy { keys.contains($0.attributes["key"] ?? "") })
    }

    @Test func `figures stand under their keys`() throws {
        let document = try XMLDocument(parsing: GraphDrawing.draw(SampleGraphs.bookinfo, as: .graphml))
        let calls = document.named("data").filter { $0.attributes["key"] == "edge.callCount" }.map(\.text)
        #expect(calls == SampleGraphs.bookinfo.edges.map { "\($0.callCount)" })
        let labels = document.named("data").filter { $0.attributes["key"] == "node.label" }.map(\.text)
        #expect(labels == SampleGraphs.bookinfo.nodes.map(\.id))
    }
}
