import GraphDrawing
import Testing
import Topology

@Suite struct GraphMermaidTests {
    private func lines(_ graph: TopologyGraph) -> [Substring] {
        String(decoding: GraphDrawing.draw(graph, as: .mermaid), as: UTF8.self).split(separator: "\n")
    }

    @Test func `nodes, edges and colours`() {
        let lines = lines(SampleGraphs.bookinfo)
        #expect(lines[0] == "flowchart LR")
        #expect(lines.contains("  n0[\"details.default@v1<br/>0.5/s, p95 27 ms\"]"))
        #expect(lines.contains("  n2([\"mongodb<br/>sends no spans\"])"))
        #expect(lines.contains("  n3 -->|\"3.03/min, 10.1 %<br/>6 % errors\"| n6"))
        #expect(lines.contains("  n3 -.->|\"mirrored 0.45/s\"| n7"))
        #expect(lines.contains("  linkStyle 3,4 stroke:#cf222e"))
        #expect(lines.contains("  class n6 bad"))
    }

    @Test func `every line is of one of the known forms, whatever the names`() throws {
        let label = /"(?:[^"`<>|\\{}\[\]#;]|#[0-9]+;|<br\/>)*"/
        let node = /\ \ n[0-9]+(?:\[|\(\[|\[\()(.*?)(?:\]|\]\)|\)\])/
        let edge = /\ \ n[0-9]+ (?:-->|-\.->)\|(.*)\| n[0-9]+/
        let style = /\ \ (?:linkStyle|classDef|class) [-a-z0-9:,# ]+/
        for line in lines(SampleGraphs.hostile).dropFirst() {
            if let match = try node.wholeMatch(in: line) {
                #expect(try label.wholeMatch(in: match.1) != nil, "\(line)")
            } else if let match = try edge.wholeMatch(in: line) {
                #expect(try label.wholeMatch(in: match.1) != nil, "\(line)")
            } else {
                #expect(try style.wholeMatch(in: line) != nil, "\(line)")
            }
        }
    }

    @Test func `what would be a directive, Markdown or an entity is named by numbers`() {
        let text = lines(SampleGraphs.hostile).joined(separator: "\n")
        for part in ["%%", "\"`", "#quot;", "\"1. ", "\"- ", "&amp;"] { #expect(!text.contains(part), "\(part)") }
        #expect(text.contains("#35;quot#59;"))
        #expect(text.contains("#37;#37;#123;init"))
    }
}
