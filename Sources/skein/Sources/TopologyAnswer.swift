import GraphDrawing
import Topology

/// The topology as the API writes it.
struct TopologyAnswer: Decodable {
    struct Window: Decodable {
        var since: String
        var until: String

        /// nil if it is none.
        var range: Range<Int64>? {
            guard let since = try? Moment.parse(since, option: "since", now: 0),
                let until = try? Moment.parse(until, option: "until", now: 0), since <= until
            else { return nil }
            return since..<until
        }
    }

    struct Durations: Decodable {
        var p50: Int64
        var p95: Int64
        var p99: Int64

        var value: TopologyGraph.Durations { .init(p50: p50, p95: p95, p99: p99) }
    }

    struct Node: Decodable {
        var id: String
        var service: String
        var namespace: String?
        var version: String?
        var operation: String?
        var isReporting: Bool
        var callCount: Int
        var errorCount: Int
        var mirroredCallCount: Int
        var mirroredErrorCount: Int
        var durations: Durations?

        var value: TopologyGraph.Node {
            .init(
                id: id, serviceName: service, namespace: namespace ?? "", version: version ?? "",
                operationName: operation ?? "", isReporting: isReporting, callCount: callCount, errorCount: errorCount,
                mirroredCallCount: mirroredCallCount, mirroredErrorCount: mirroredErrorCount,
                durations: durations?.value)
        }
    }

    struct Edge: Decodable {
        var from: String
        var to: String
        var kind: String
        var callCount: Int
        var errorCount: Int
        var requestShare: Double
        var client: Durations?
        var server: Durations?
    }

    var window: Window
    var group: String
    var nodes: [Node]
    var edges: [Edge]
    var notes: [String]

    /// nil if it makes no sense.
    var graph: TopologyGraph? {
        guard let range = window.range, let grouping = TopologyQuery.Grouping(rawValue: group) else { return nil }
        let places = Dictionary(nodes.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var graph = TopologyGraph(
            window: range, grouping: grouping, nodes: nodes.map(\.value), edges: [], notes: notes)
        for edge in edges {
            guard let from = places[edge.from], let to = places[edge.to], let kind = CallSeries.Kind(word: edge.kind)
            else { return nil }
            graph.edges.append(
                .init(
                    from: from, to: to, kind: kind, callCount: edge.callCount, errorCount: edge.errorCount,
                    requestShare: edge.requestShare, client: edge.client?.value, server: edge.server?.value))
        }
        return graph
    }
}

/// Broken propagation as the API writes it.
struct PropagationAnswer: Decodable {
    struct Finding: Decodable {
        var problem: String
        var service: String
        var version: String?
        var peer: String?
        var peerVersion: String?
        var count: Int
        var total: Int
        var examples: [String]
        var advice: String
    }

    var window: TopologyAnswer.Window
    var findings: [Finding]

    /// nil if it makes no sense.
    var report: PropagationReport? {
        guard let range = window.range else { return nil }
        var report = PropagationReport(window: range, findings: [])
        for finding in findings {
            guard let problem = PropagationReport.Finding.Problem(rawValue: finding.problem) else { return nil }
            report.findings.append(
                .init(
                    problem: problem, serviceName: finding.service, version: finding.version ?? "",
                    peerName: finding.peer ?? "", peerVersion: finding.peerVersion ?? "", count: finding.count,
                    total: finding.total, examples: finding.examples, advice: finding.advice))
        }
        return report
    }
}
