/// The forms in which a topology can be exported.
public enum GraphFormat: String, Sendable, CaseIterable {
    case table, json, dot, mermaid, graphml, csv, svg

    public var contentType: String {
        switch self {
        case .table: "text/plain; charset=utf-8"
        case .json: "application/json"
        case .dot: "text/vnd.graphviz; charset=utf-8"
        case .mermaid: "text/vnd.mermaid; charset=utf-8"
        case .graphml: "application/graphml+xml; charset=utf-8"
        case .csv: "text/csv; charset=utf-8"
        case .svg: "image/svg+xml"
        }
    }
}
