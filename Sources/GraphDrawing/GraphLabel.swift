internal import Terminal
internal import Topology
internal import TraceModel

/// How well calls go, as far as a colour can tell.
enum Health {
    case good, poor, bad

    /// - Parameter errorShare: from 0 to 1.
    init(errorShare: Double) { self = errorShare >= 0.05 ? .bad : errorShare > 0 ? .poor : .good }
}

/// What pictures say of nodes and edges.
enum GraphLabel {
    /// What the picture is of: `2026-11-21T19:00:00Z to 2026-11-21T20:00:00Z, 5 services, 6 edges`.
    static func caption(_ graph: TopologyGraph) -> String {
        let noun = graph.grouping.rawValue
        let (since, until) = (RFC3339.text(graph.window.lowerBound), RFC3339.text(graph.window.upperBound))
        let counts = [
            NumberText.count(graph.nodes.count, noun), NumberText.count(graph.edges.count, "edge"),
        ]
        return "\(since) to \(until), \(counts.joined(separator: ", "))"
    }

    /// At most two lines.
    static func figures(_ node: TopologyGraph.Node, of graph: TopologyGraph) -> [String] {
        guard node.callCount > 0 else { return node.isReporting ? [] : ["sends no spans"] }
        var figures = [FigureText.rate(graph.rate(node.callCount))]
        if let durations = node.durations { figures.append("p95 \(FigureText.duration(durations.p95))") }
        var lines = [figures.joined(separator: ", ")]
        if node.errorCount > 0 { lines.append("\(NumberText.percent(node.errorShare)) errors") }
        return lines
    }

    /// One line, and a second one if calls fail.
    static func figures(_ edge: TopologyGraph.Edge, of graph: TopologyGraph) -> [String] {
        var lines = [rate(edge, of: graph)]
        if edge.errorCount > 0 { lines.append("\(NumberText.percent(edge.errorShare)) errors") }
        return lines
    }

    /// The kind unless it is the usual one, the rate, and the share where there are several callees to share.
    private static func rate(_ edge: TopologyGraph.Edge, of graph: TopologyGraph) -> String {
        var text = FigureText.rate(graph.rate(edge.callCount))
        if edge.kind != .rpc && edge.kind != .oneSided { text = "\(edge.kind.word) \(text)" }
        if graph.hasShares && edge.requestShare < 1 { text += ", \(NumberText.percent(edge.requestShare))" }
        return text
    }

    /// All there is to say, in lines.
    static func tooltip(_ node: TopologyGraph.Node, of graph: TopologyGraph) -> [String] {
        var lines = [node.title]
        for (word, value) in [
            ("namespace", node.namespace), ("version", node.version), ("operation", node.operationName),
        ] where !value.isEmpty && value != node.id {
            lines.append("\(word) \(value)")
        }
        lines.append(calls(node.callCount, node.errorCount, graph))
        if node.mirroredCallCount > 0 {
            lines.append("mirrored: " + calls(node.mirroredCallCount, node.mirroredErrorCount, graph))
        }
        if let durations = node.durations { lines.append(text(durations)) }
        if !node.isReporting { lines.append("sends no spans: only its callers tell of it") }
        return lines
    }

    static func tooltip(_ edge: TopologyGraph.Edge, of graph: TopologyGraph) -> [String] {
        var lines = ["\(graph.nodes[edge.from].title) → \(graph.nodes[edge.to].title), \(edge.kind.word)"]
        lines.append(calls(edge.callCount, edge.errorCount, graph))
        if graph.hasShares { lines.append("\(NumberText.percent(edge.requestShare)) of the calls to the service") }
        if let client = edge.client { lines.append("caller saw " + text(client)) }
        if let server = edge.server { lines.append("callee saw " + text(server)) }
        return lines
    }

    private static func calls(_ callCount: Int, _ errorCount: Int, _ graph: TopologyGraph) -> String {
        let text = "\(NumberText.count(callCount, "call")), \(FigureText.rate(graph.rate(callCount)))"
        guard errorCount > 0 else { return text }
        let percent = NumberText.percent(share(errorCount, of: callCount))
        return "\(text), \(NumberText.count(errorCount, "error")) (\(percent))"
    }

    private static func text(_ durations: TopologyGraph.Durations) -> String {
        "p50 \(FigureText.duration(durations.p50)), p95 \(FigureText.duration(durations.p95)), "
            + "p99 \(FigureText.duration(durations.p99))"
    }

    /// Width of an edge's line, from 1.2 to 5: by the square root of the calls, so that seldom ones stay visible.
    static func thickness(_ callCount: Int, busiest: Int) -> Double {
        1.2 + 3.8 * max(0, share(callCount, of: busiest)).squareRoot()
    }
}
