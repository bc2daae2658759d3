internal import Terminal
internal import Topology

/// A topology in the language of Graphviz.
enum GraphDOT {
    static func text(_ graph: TopologyGraph) -> String {
        var text = """
            digraph topology {
              graph [rankdir=LR, nodesep=0.35, ranksep=0.9, fontname="sans-serif", fontsize=10, labelloc=b,
                label="\(Escaped.dot(GraphLabel.caption(graph)))"];
              node [shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#57606a", fontname="sans-serif",
                fontsize=11];
              edge [color="#57606a", fontname="sans-serif", fontsize=9];

            """
        for (index, node) in graph.nodes.enumerated() {
            let lines = ([node.title] + GraphLabel.figures(node, of: graph)).map(Escaped.dot)
            var attributes = "label=\"\(lines.joined(separator: "\\n"))\""
            attributes +=
                ", tooltip=\"\(GraphLabel.tooltip(node, of: graph).map(Escaped.dot).joined(separator: "\\n"))\""
            if !node.isReporting { attributes += ", style=\"rounded,dashed\"" }
            switch Health(errorShare: node.errorShare) {
            case .good: break
            case .poor: attributes += ", color=\"#9a6700\", fillcolor=\"#fff8c5\""
            case .bad: attributes += ", color=\"#cf222e\", fillcolor=\"#ffebe9\""
            }
            text += "  n\(index) [\(attributes)];\n"
        }
        let edges = graph.soundEdges
        let busiest = edges.map(\.callCount).max() ?? 0
        for edge in edges {
            let lines = GraphLabel.figures(edge, of: graph).map(Escaped.dot)
            var attributes = "label=\"\(lines.joined(separator: "\\n"))\""
            attributes +=
                ", tooltip=\"\(GraphLabel.tooltip(edge, of: graph).map(Escaped.dot).joined(separator: "\\n"))\""
            let thickness = GraphLabel.thickness(edge.callCount, busiest: busiest)
            attributes += ", penwidth=\(NumberText.decimal(thickness, digits: 1))"
            switch edge.kind {
            case .mirrored: attributes += ", style=dashed"
            case .oneSided: attributes += ", style=dotted"
            default: break
            }
            switch Health(errorShare: edge.errorShare) {
            case .good: break
            case .poor: attributes += ", color=\"#9a6700\", fontcolor=\"#9a6700\""
            case .bad: attributes += ", color=\"#cf222e\", fontcolor=\"#cf222e\""
            }
            text += "  n\(edge.from) -> n\(edge.to) [\(attributes)];\n"
        }
        return text + "}\n"
    }
}
