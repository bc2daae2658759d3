internal import Terminal
internal import Topology
internal import TraceModel

/// A topology in GraphML, as yEd, Gephi or networkx read it. Durations are in nanoseconds.
enum GraphML {
    private struct Key {
        let name: String
        let type: String
    }

    private static let nodeKeys = [
        Key(name: "label", type: "string"), Key(name: "service", type: "string"),
        Key(name: "namespace", type: "string"), Key(name: "version", type: "string"),
        Key(name: "operation", type: "string"), Key(name: "isReporting", type: "boolean"),
        Key(name: "callCount", type: "long"), Key(name: "errorCount", type: "long"),
        Key(name: "mirroredCallCount", type: "long"), Key(name: "mirroredErrorCount", type: "long"),
        Key(name: "rate", type: "double"), Key(name: "errorShare", type: "double"), Key(name: "p50", type: "long"),
        Key(name: "p95", type: "long"), Key(name: "p99", type: "long"),
    ]
    private static let edgeKeys = [
        Key(name: "kind", type: "string"), Key(name: "callCount", type: "long"), Key(name: "errorCount", type: "long"),
        Key(name: "rate", type: "double"), Key(name: "errorShare", type: "double"),
        Key(name: "requestShare", type: "double"), Key(name: "clientP50", type: "long"),
        Key(name: "clientP95", type: "long"), Key(name: "clientP99", type: "long"),
        Key(name: "serverP50", type: "long"), Key(name: "serverP95", type: "long"),
        Key(name: "serverP99", type: "long"),
    ]

    static func text(_ graph: TopologyGraph) -> String {
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">

            """
        for (prefix, keys) in [("node", nodeKeys), ("edge", edgeKeys)] {
            for key in keys {
                text += "  <key id=\"\(prefix).\(key.name)\" for=\"\(prefix)\" attr.name=\"\(key.name)\""
                text += " attr.type=\"\(key.type)\"/>\n"
            }
        }
        for (name, moment) in [("since", graph.window.lowerBound), ("until", graph.window.upperBound)] {
            text += "  <key id=\"graph.\(name)\" for=\"graph\" attr.name=\"\(name)\" attr.type=\"string\">"
            text += "<default>\(RFC3339.text(moment))</default></key>\n"
        }
        text += "  <graph id=\"topology\" edgedefault=\"directed\">\n"
        for (index, node) in graph.nodes.enumerated() {
            text += "    <node id=\"n\(index)\">"
            append(values(node, of: graph), nodeKeys, "node", to: &text)
            text += "</node>\n"
        }
        for (index, edge) in graph.soundEdges.enumerated() {
            text += "    <edge id=\"e\(index)\" source=\"n\(edge.from)\" target=\"n\(edge.to)\">"
            append(values(edge, of: graph), edgeKeys, "edge", to: &text)
            text += "</edge>\n"
        }
        return text + "  </graph>\n</graphml>\n"
    }

    /// An empty value is left out.
    private static func append(_ values: [String], _ keys: [Key], _ prefix: String, to text: inout String) {
        for (key, value) in zip(keys, values) where !value.isEmpty {
            text += "<data key=\"\(prefix).\(key.name)\">\(value)</data>"
        }
    }

    private static func values(_ node: TopologyGraph.Node, of graph: TopologyGraph) -> [String] {
        [node.title, node.serviceName, node.namespace, node.version, node.operationName].map(DisplayText.markup) + [
            "\(node.isReporting)", "\(node.callCount)", "\(node.errorCount)", "\(node.mirroredCallCount)",
            "\(node.mirroredErrorCount)", "\(graph.rate(node.callCount))", "\(node.errorShare)",
        ] + durations(node.durations)
    }

    private static func values(_ edge: TopologyGraph.Edge, of graph: TopologyGraph) -> [String] {
        [
            edge.kind.word, "\(edge.callCount)", "\(edge.errorCount)", "\(graph.rate(edge.callCount))",
            "\(edge.errorShare)", "\(edge.requestShare)",
        ] + durations(edge.client) + durations(edge.server)
    }

    private static func durations(_ durations: TopologyGraph.Durations?) -> [String] {
        guard let durations else { return ["", "", ""] }
        return ["\(durations.p50)", "\(durations.p95)", "\(durations.p99)"]
    }
}
