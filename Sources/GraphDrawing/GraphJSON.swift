internal import Topology
internal import TraceModel

/// A topology as the program's own query API gives it. Compact, on one line.
enum GraphJSON {
    static func bytes(_ graph: TopologyGraph) -> [UInt8] {
        var writer = GraphJSONWriter(graph)
        return writer.document()
    }

    static func window(_ window: Range<Int64>) -> String {
        let (since, until) = (RFC3339.text(window.lowerBound), RFC3339.text(window.upperBound))
        return "{\"since\":\"\(since)\",\"until\":\"\(until)\"}"
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
