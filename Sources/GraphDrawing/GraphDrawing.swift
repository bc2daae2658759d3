public import Topology

/// A topology, and what is wrong in it, as texts and pictures.
///
/// Names come from outside: each form escapes them as it must. The same graph gives the same bytes.
public enum GraphDrawing {
    /// The whole document, in UTF-8.
    public static func draw(_ graph: TopologyGraph, as format: GraphFormat) -> [UInt8] {
        let text =
            switch format {
            case .table: GraphTable.text(graph)
            case .json: GraphJSON.text(graph)
            case .dot: GraphDOT.text(graph)
            case .mermaid: GraphMermaid.text(graph)
            case .graphml: GraphML.text(graph)
            case .csv: GraphCSV.text(graph)
            case .svg: GraphSVG.text(graph)
            }
        return Array(text.utf8)
    }

    /// The forms that a report of broken propagation can have.
    public enum ReportFormat: String, Sendable, CaseIterable {
        case table, json

        public var contentType: String { self == .table ? GraphFormat.table.contentType : GraphFormat.json.contentType }
    }

    /// The whole document, in UTF-8.
    public static func draw(_ report: PropagationReport, as format: ReportFormat) -> [UInt8] {
        switch format {
        case .table: Array(ReportTable.text(report).utf8)
        case .json: Array(ReportJSON.text(report).utf8)
        }
    }
}
