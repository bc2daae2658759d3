/// Rows of text in aligned columns.
public struct TextTable: Sendable {
    public struct Column: Sendable {
        public let title: String
        public let isRightAligned: Bool

        public init(_ title: String, isRightAligned: Bool = false) {
            self.title = title
            self.isRightAligned = isRightAligned
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    public mutating func add(_ row: [String]) {
        precondition(row.count == columns.count, "a row has a text for each column")
        rows.append(row.map(DisplayText.safe))
    }

    /// The titles, then the rows; the last column is cut to the width, if one is given.
    public func lines(width: Int? = nil, ink: Ink = Ink(isColored: false)) -> [String] {
        let widths = columns.indices.map { index in
            rows.reduce(DisplayText.width(columns[index].title)) { max($0, DisplayText.width($1[index])) }
        }
        let titles = line(columns.map(\.title), widths, width)
        return [ink(.faint, titles)] + rows.map { line($0, widths, width) }
    }

    private func line(_ texts: [String], _ widths: [Int], _ width: Int?) -> String {
        let cells = columns.indices.map { index in
            DisplayText.pad(texts[index], to: widths[index], atRight: columns[index].isRightAligned)
        }
        let line = DisplayText.trimmed(cells.joined(separator: "  "))
        return width.map { DisplayText.cut(line, to: $0) } ?? line
    }
}
