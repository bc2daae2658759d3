internal import Terminal
internal import Topology

/// A topology as a flowchart of Mermaid, to be pasted into Markdown.
enum GraphMermaid {
    private static let columnsMax = 60

    static func text(_ graph: TopologyGraph) -> String {
        var text = "flowchart LR\n"
        let databases = Set(graph.edges.lazy.filter { $0.kind == .database }.map(\.to))
        for (index, node) in graph.nodes.enumerated() {
            let lines = [DisplayText.cutInside(node.title, to: columnsMax)] + GraphLabel.figures(node, of: graph)
            let label = lines.map(Escaped.mermaid).joined(separator: "<br/>")
            let isDatabase = databases.contains(index) && !node.isReporting
            let (open, close) = isDatabase ? ("[(", ")]") : node.isReporting ? ("[", "]") : ("([", "])")
            text += "  n\(index)\(open)\"\(label)\"\(close)\n"
        }
        let edges = graph.soundEdges
        for edge in edges {
            let label = GraphLabel.figures(edge, of: graph).map(Escaped.mermaid).joined(separator: "<br/>")
            let arrow = edge.kind == .mirrored || edge.kind == .oneSided ? "-.->" : "-->"
            text += "  n\(edge.from) \(arrow)|\"\(label)\"| n\(edge.to)\n"
        }
        for (health, color) in [(Health.poor, "#bf8700"), (Health.bad, "#cf222e")] {
            let links = edges.indices.filter { Health(errorShare: edges[$0].errorShare) == health }
            if !links.isEmpty {
                text += "  linkStyle \(links.map { "\($0)" }.joined(separator: ",")) stroke:\(color)\n"
            }
            let nodes = graph.nodes.indices.filter { Health(errorShare: graph.nodes[$0].errorShare) == health }
            if !nodes.isEmpty {
                text += "  classDef \(health) stroke:\(color),stroke-width:2px\n"
                text += "  class \(nodes.map { "n\($0)" }.joined(separator: ",")) \(health)\n"
            }
        }
        return text
    }
}
