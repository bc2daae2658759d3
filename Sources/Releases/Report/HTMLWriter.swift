internal import Terminal

/// A report as one page: nothing is loaded, no script runs; for light and dark screens, and for paper.
struct HTMLWriter {
    private var text = ""

    static func text(_ document: ReportDocument) -> String {
        var writer = HTMLWriter()
        writer.write(document)
        return writer.text
    }

    private mutating func write(_ document: ReportDocument) {
        text = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="referrer" content="no-referrer">
            <meta name="color-scheme" content="light dark">
            <title>\(Self.escaped(document.title))</title>
            <style>
            \(ReportStyle.text)</style>
            </head>
            <body>
            <main>
            <header class="\(document.tone.rawValue)">
            <h1>\(Self.escaped(document.title))</h1>

            """
        for paragraph in document.lead { text += "<p>\(Self.line(paragraph))</p>\n" }
        text += "</header>\n"
        var isOpen = false
        for block in document.blocks {
            if case .heading = block {
                text += isOpen ? "</section>\n<section>\n" : "<section>\n"
                isOpen = true
            }
            write(block)
        }
        text += (isOpen ? "</section>\n" : "") + "</main>\n</body>\n</html>\n"
    }

    private mutating func write(_ block: ReportDocument.Block) {
        switch block {
        case .heading(let title): text += "<h2>\(Self.escaped(title))</h2>\n"
        case .subheading(let title): text += "<h3>\(Self.escaped(title))</h3>\n"
        case .paragraph(let parts): text += "<p>\(Self.line(parts))</p>\n"
        case .list(let items, let isOrdered):
            let element = isOrdered ? "ol" : "ul"
            text += "<\(element)>\n"
            for item in items { text += "<li>\(Self.line(item))</li>\n" }
            text += "</\(element)>\n"
        case .table(let table): write(table)
        case .picture(let picture):
            let (base, candidate) = (Self.escaped(picture.legend.base), Self.escaped(picture.legend.candidate))
            text += "<figure>\n<p class=\"legend\"><span class=\"base\">■ \(base)</span> "
            text += "<span class=\"candidate\">□ \(candidate)</span></p>\n"
            text += "\(picture.svg)<figcaption>\(Self.escaped(picture.words))</figcaption>\n</figure>\n"
        }
    }

    private mutating func write(_ table: ReportDocument.Table) {
        func style(_ column: ReportDocument.Column) -> String { column.isNumber ? " class=\"number\"" : "" }
        text += "<div class=\"wide\"><table>\n<thead><tr>"
        for column in table.columns { text += "<th scope=\"col\"\(style(column))>\(Self.escaped(column.title))</th>" }
        text += "</tr></thead>\n<tbody>\n"
        for (place, row) in table.rows.enumerated() {
            text += table.headings.contains(place) ? "<tr class=\"group\">" : "<tr>"
            for (column, cell) in zip(table.columns, row) { text += "<td\(style(column))>\(Self.line(cell))</td>" }
            text += "</tr>\n"
        }
        text += "</tbody>\n</table></div>\n"
    }

    // MARK: Within a line

    private static func line(_ parts: [ReportDocument.Inline]) -> String { parts.map(inline).joined() }

    private static func inline(_ part: ReportDocument.Inline) -> String {
        switch part {
        case .text(let text): escaped(text)
        case .name(let name): name.isEmpty ? "" : "<code>\(escaped(name))</code>"
        case .strong(let text): "<strong>\(escaped(text))</strong>"
        case .aside(let text): "<small>\(escaped(text))</small>"
        case .outcome(let text, let tone): "<span class=\"outcome \(tone.rawValue)\">\(escaped(text))</span>"
        case .link(let text, let address): "<a href=\"\(escaped(address))\">\(escaped(text))</a>"
        }
    }

    /// For text and attributes. What controls a terminal or turns the direction of writing is not let through.
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in DisplayText.safe(text).unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(scalar.value & 0xfffe == 0xfffe ? "\u{fffd}" : scalar)
            }
        }
        return String(result)
    }
}
