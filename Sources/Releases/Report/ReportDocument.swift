/// A report for people, whatever form it is written in. Texts are as they came; whoever writes them makes them safe.
struct ReportDocument {
    /// How something is, beside the words that say so.
    enum Tone: String {
        case good, plain, bad, open
    }

    enum Inline {
        case text(String)
        /// A name that came from outside.
        case name(String)
        case strong(String)
        /// What is less needed, such as an interval.
        case aside(String)
        case outcome(String, Tone)
        case link(String, to: String)
    }

    struct Column {
        var title: String
        var isNumber = false
    }

    struct Table {
        var columns: [Column]
        /// Of as many cells as there are columns.
        var rows: [[[Inline]]]
        /// Places of the rows that name those below them.
        var headings: Set<Int> = []
    }

    struct Picture {
        /// A whole `svg` element with classes of `ReportStyle`; safe as it is.
        var svg: String
        /// What its two colours stand for.
        var legend: (base: String, candidate: String)
        /// What is to be seen, in a sentence.
        var words: String
        /// The same picture of letters.
        var lines: [String]
    }

    enum Block {
        case heading(String)
        case subheading(String)
        case paragraph([Inline])
        case list([[Inline]], isOrdered: Bool)
        case table(Table)
        case picture(Picture)
    }

    var title: String
    var tone: Tone
    /// What one should know if one reads no further.
    var lead: [[Inline]]
    var blocks: [Block] = []

    mutating func heading(_ title: String) { blocks.append(.heading(title)) }

    mutating func paragraph(_ parts: Inline...) { blocks.append(.paragraph(parts)) }

    /// Nothing, of nothing.
    mutating func list(_ items: [[Inline]], isOrdered: Bool = false) {
        if !items.isEmpty { blocks.append(.list(items, isOrdered: isOrdered)) }
    }

    mutating func table(_ columns: [Column], _ rows: [[[Inline]]], headings: Set<Int> = []) {
        if !rows.isEmpty { blocks.append(.table(Table(columns: columns, rows: rows, headings: headings))) }
    }
}

extension ReportDocument.Inline: ExpressibleByStringInterpolation {
    init(stringLiteral value: String) { self = .text(value) }
}

extension ReportDocument.Column: ExpressibleByStringInterpolation {
    init(stringLiteral value: String) { title = value }
}
