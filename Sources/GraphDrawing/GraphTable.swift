public import Terminal
public import Topology

extension GraphDrawing {
    /// The edges, a row each.
    public static func table(_ graph: TopologyGraph) -> TextTable { GraphTable.table(graph) }

    /// What was found, a row each; the advice is not in it.
    public static func table(_ report: PropagationReport) -> TextTable { ReportTable.table(report) }

    /// What is to be said below the table: nodes without edges.
    public static func remarks(_ graph: TopologyGraph) -> [String] { GraphTable.remarks(graph) }

    /// What is to be said below the table: once each, what to do.
    public static func remarks(_ report: PropagationReport) -> [String] { ReportTable.remarks(report) }
}

/// A topology as aligned text.
enum GraphTable {
    private static let nameCountMax = 20

    static func text(_ graph: TopologyGraph) -> String {
        let rows = graph.edges.isEmpty ? [] : table(graph).lines()
        let lines = rows + remarks(graph) + graph.notes.map(DisplayText.safe)
        return lines.map { $0 + "\n" }.joined()
    }

    static func table(_ graph: TopologyGraph) -> TextTable {
        var columns: [TextTable.Column] = [.init("CALLER"), .init("CALLEE"), .init("KIND")]
        columns += ["CALLS", "RATE"].map { .init($0, isRightAligned: true) }
        if graph.hasShares { columns.append(.init("SHARE", isRightAligned: true)) }
        columns += ["ERRORS", "P50", "P95", "P99"].map { .init($0, isRightAligned: true) }
        var table = TextTable(columns)
        for edge in graph.soundEdges {
            var row = [graph.nodes[edge.from].title, graph.nodes[edge.to].title, edge.kind.word]
            row += [NumberText.count(edge.callCount), FigureText.rate(graph.rate(edge.callCount))]
            if graph.hasShares { row.append(NumberText.percent(edge.requestShare)) }
            row.append(edge.errorCount == 0 ? "-" : NumberText.percent(edge.errorShare))
            let durations = edge.durations
            row += [durations?.p50, durations?.p95, durations?.p99].map { $0.map(FigureText.duration) ?? "-" }
            table.add(row)
        }
        return table
    }

    static func remarks(_ graph: TopologyGraph) -> [String] {
        var hasEdge = Array(repeating: false, count: graph.nodes.count)
        for edge in graph.soundEdges {
            hasEdge[edge.from] = true
            hasEdge[edge.to] = true
        }
        let alone = graph.nodes.indices.filter { !hasEdge[$0] }.map { DisplayText.safe(graph.nodes[$0].title) }
        if alone.isEmpty { return graph.edges.isEmpty ? ["no calls found"] : [] }
        let rest = alone.count > nameCountMax ? " and \(NumberText.count(alone.count - nameCountMax)) more" : ""
        return ["without calls: \(alone.prefix(nameCountMax).joined(separator: ", "))\(rest)"]
    }
}

/// Broken propagation as aligned text.
enum ReportTable {
    static func text(_ report: PropagationReport) -> String {
        let rows = report.findings.isEmpty ? [] : table(report).lines()
        return (rows + remarks(report)).map { $0 + "\n" }.joined()
    }

    static func table(_ report: PropagationReport) -> TextTable {
        var table = TextTable([
            .init("PROBLEM"), .init("SERVICE"), .init("PEER"), .init("COUNT", isRightAligned: true),
            .init("OF", isRightAligned: true), .init("SHARE", isRightAligned: true), .init("EXAMPLE"),
        ])
        for finding in report.findings {
            table.add([
                finding.problem.rawValue, name(finding.serviceName, finding.version),
                finding.peerName.isEmpty ? "-" : name(finding.peerName, finding.peerVersion),
                NumberText.count(finding.count), NumberText.count(finding.total),
                NumberText.percent(share(finding.count, of: finding.total)), finding.examples.first ?? "-",
            ])
        }
        return table
    }

    static func remarks(_ report: PropagationReport) -> [String] {
        if report.findings.isEmpty { return ["no broken propagation found"] }
        var seen: Set<String> = []
        let advice = report.findings.filter { seen.insert("\($0.problem.rawValue) \($0.advice)").inserted }
        return [""] + advice.map { "\($0.problem.rawValue): \(DisplayText.safe($0.advice))" }
    }

    private static func name(_ service: String, _ version: String) -> String {
        version.isEmpty ? service : "\(service)@\(version)"
    }
}
