internal import Topology

/// A topology as the program's own query API gives it. Compact, on one line.
enum GraphJSON {
    static func text(_ graph: TopologyGraph) -> String {
        var text = "{\"window\":\(window(graph.window)),\"group\":\"\(graph.grouping.rawValue)\",\"nodes\":["
        for (index, node) in graph.nodes.enumerated() {
            if index > 0 { text += "," }
            append(node, of: graph, to: &text)
        }
        text += "],\"edges\":["
        for (index, edge) in graph.soundEdges.enumerated() {
            if index > 0 { text += "," }
            append(edge, of: graph, to: &text)
        }
        text += "],\"notes\":[" + graph.notes.map(Escaped.json).joined(separator: ",") + "]}\n"
        return text
    }

    static func window(_ window: Range<Int64>) -> String {
        let (since, until) = (TimeStamp.text(window.lowerBound), TimeStamp.text(window.upperBound))
        return "{\"since\":\"\(since)\",\"until\":\"\(until)\"}"
    }

    private static func append(_ node: TopologyGraph.Node, of graph: TopologyGraph, to text: inout String) {
        text += "{\"id\":\(Escaped.json(node.id)),\"service\":\(Escaped.json(node.serviceName))"
        for (key, value) in [
            ("namespace", node.namespace), ("version", node.version), ("operation", node.operationName),
        ] where !value.isEmpty {
            text += ",\"\(key)\":\(Escaped.json(value))"
        }
        text += ",\"isReporting\":\(node.isReporting),\"callCount\":\(node.callCount)"
        text += ",\"errorCount\":\(node.errorCount),\"mirroredCallCount\":\(node.mirroredCallCount)"
        text += ",\"mirroredErrorCount\":\(node.mirroredErrorCount),\"rate\":\(graph.rate(node.callCount))"
        text += ",\"errorShare\":\(node.errorShare)"
        append(node.durations, "durations", to: &text)
        text += "}"
    }

    private static func append(_ edge: TopologyGraph.Edge, of graph: TopologyGraph, to text: inout String) {
        text += "{\"from\":\(Escaped.json(graph.nodes[edge.from].id)),\"to\":\(Escaped.json(graph.nodes[edge.to].id))"
        text += ",\"kind\":\"\(edge.kind.word)\",\"callCount\":\(edge.callCount),\"errorCount\":\(edge.errorCount)"
        text += ",\"rate\":\(graph.rate(edge.callCount)),\"errorShare\":\(edge.errorShare)"
        text += ",\"requestShare\":\(edge.requestShare.isFinite ? edge.requestShare : 0)"
        append(edge.client, "client", to: &text)
        append(edge.server, "server", to: &text)
        text += "}"
    }

    private static func append(_ durations: TopologyGraph.Durations?, _ key: String, to text: inout String) {
        guard let durations else { return }
        text += ",\"\(key)\":{\"p50\":\(durations.p50),\"p95\":\(durations.p95),\"p99\":\(durations.p99)}"
    }
}

/// Broken propagation as the program's own query API gives it. Compact, on one line.
enum ReportJSON {
    static func text(_ report: PropagationReport) -> String {
        let findings = report.findings.map { finding in
            var text = "{\"problem\":\"\(finding.problem.rawValue)\",\"service\":\(Escaped.json(finding.serviceName))"
            for (key, value) in [
                ("version", finding.version), ("peer", finding.peerName), ("peerVersion", finding.peerVersion),
            ] where !value.isEmpty {
                text += ",\"\(key)\":\(Escaped.json(value))"
            }
            text += ",\"count\":\(finding.count),\"total\":\(finding.total)"
            text += ",\"share\":\(share(finding.count, of: finding.total))"
            text += ",\"examples\":[\(finding.examples.map(Escaped.json).joined(separator: ","))]"
            return text + ",\"advice\":\(Escaped.json(finding.advice))}"
        }
        return "{\"window\":\(GraphJSON.window(report.window)),\"findings\":[\(findings.joined(separator: ","))]}\n"
    }
}
