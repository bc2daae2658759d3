/// The forms in which a comparison is told.
public enum ComparisonFormat: String, Sendable, CaseIterable {
    case json, markdown, html

    public var contentType: String {
        switch self {
        case .json: "application/json"
        case .markdown: "text/markdown; charset=utf-8"
        case .html: "text/html; charset=utf-8"
        }
    }
}

extension ComparisonReport {
    /// A report for people, as Markdown with GitHub's tables.
    public func markdown(links: TraceLinks = TraceLinks()) -> String {
        MarkdownWriter.text(ComparisonDocument(self, links: links).document)
    }

    /// A report for people, as one page that loads nothing.
    public func html(links: TraceLinks = TraceLinks()) -> String {
        HTMLWriter.text(ComparisonDocument(self, links: links).document)
    }
}
