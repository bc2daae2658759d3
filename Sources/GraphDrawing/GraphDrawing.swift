public import Topology

/// A topology, and what is wrong in it, as texts and pictures.
///
/// Names come from outside: each form escapes them as it must. The same graph gives the same bytes.
public enum GraphDrawing {
    /// The whole document, in UTF-8.
    public static func draw(_ graph: TopologyGraph, as format: GraphFormat) -> [UInt8] {
        switch format {
        case .table: Array(GraphTable.text(graph).utf8)
        case .json: GraphJSON.bytes(graph)
        case .dot: Array(GraphDOT.text(graph).utf8)
        case .mermaid: Array(GraphMermaid.text(graph).utf8)
        case .graphml: Array(GraphML.text(graph).utf8)
        case .csv: Array(GraphCSV.text(graph).utf8)
        case .svg: Array(GraphSVG.text(graph).utf8)
        }
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
