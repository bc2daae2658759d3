internal import Topology
internal import TraceModel

/// The edges of a topology as a table for spreadsheets: commas, lines that end in CR LF, durations in milliseconds.
enum GraphCSV {
    private static let titles = [
        "caller", "caller_service", "caller_namespace", "caller_version", "caller_operation", "callee",
        "callee_service",
        "callee_namespace", "callee_version", "callee_operation", "kind", "calls", "errors", "calls_per_second",
        "error_share", "request_share", "client_p50_ms", "client_p95_ms", "client_p99_ms", "server_p50_ms",
        "server_p95_ms", "server_p99_ms", "since", "until",
    ]

    static func text(_ graph: TopologyGraph) -> String {
        let window = [RFC3339.text(graph.window.lowerBound), RFC3339.text(graph.window.upperBound)]
        let parties = graph.nodes.map { node in
            [node.id, node.serviceName, node.namespace, node.version, node.operationName].map(Escaped.csv)
        }
        var text = titles.joined(separator: ",") + "\r\n"
        for edge in graph.soundEdges {
            var cells = parties[edge.from] + parties[edge.to]
            cells += [edge.kind.word, "\(edge.callCount)", "\(edge.errorCount)", "\(graph.rate(edge.callCount))"]
            cells += ["\(edge.errorShare)", "\(edge.requestShare)"]
            cells += durations(edge.client) + durations(edge.server) + window
            text += cells.joined(separator: ",") + "\r\n"
        }
        return text
    }

    private static func durations(_ durations: TopologyGraph.Durations?) -> [String] {
        guard let durations else { return ["", "", ""] }
        return [durations.p50, durations.p95, durations.p99].map { "\(Double($0) / 1e6)" }
    }
}
