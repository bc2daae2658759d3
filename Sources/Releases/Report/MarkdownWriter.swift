internal import Terminal

/// A report as Markdown with tables (GitHub's), which comments on merge requests show.
struct MarkdownWriter {
    private var text = ""

    static func text(_ document: ReportDocument) -> String {
        var writer = MarkdownWriter()
        writer.write(document)
        return writer.text
    }

    private mutating func write(_ document: ReportDocument) {
        text = "# \(Self.escaped(document.title))\n"
        for paragraph in document.lead { text += "\n\(Self.line(paragraph))\n" }
        for block in document.blocks {
            text += "\n"
            write(block)
        }
    }

    private mutating func write(_ block: ReportDocument.Block) {
        switch block {
        case .heading(let title): text += "## \(Self.escaped(title))\n"
        case .subheading(let title): text += "### \(Self.escaped(title))\n"
        case .paragraph(let parts): text += Self.line(parts) + "\n"
        case .list(let items, let isOrdered):
            for (place, item) in items.enumerated() {
                text += "\(isOrdered ? "\(place + 1)." : "-") \(Self.line(item))\n"
            }
        case .table(let table): write(table)
        case .picture(let picture):
            text += "\(Self.escaped(picture.words))\n\n"
            // Indented code has no end that a name could be.
            for line in picture.lines { text += "    \(DisplayText.safe(line))\n" }
        }
    }

    private mutating func write(_ table: ReportDocument.Table) {
        text += "| " + table.columns.map { Self.escaped($0.title) }.joined(separator: " | ") + " |\n"
        text += "| " + table.columns.map { $0.isNumber ? "---:" : "---" }.joined(separator: " | ") + " |\n"
        for row in table.rows {
            text += "| " + row.map { Self.line($0, isCell: true) }.joined(separator: " | ") + " |\n"
        }
    }

    // MARK: Within a line

    private static func line(_ parts: [ReportDocument.Inline], isCell: Bool = false) -> String {
        let line = parts.map { inline($0, isCell: isCell) }.joined()
        // What would begin a list or a heading here is none.
        return isCell ? line : beginningSafely(line)
    }

    private static func inline(_ part: ReportDocument.Inline, isCell: Bool) -> String {
        switch part {
        case .text(let text), .aside(let text): escaped(text)
        case .name(let name): code(name, isCell: isCell)
        case .strong(let text), .outcome(let text, .bad), .outcome(let text, .good): "**\(escaped(text))**"
        case .outcome(let text, _): escaped(text)
        case .link(let text, let address): "[\(escaped(text))](<\(destination(address))>)"
        }
    }

    /// Names are shown as code: no sign in them means anything, and they call nobody.
    private static func code(_ name: String, isCell: Bool) -> String {
        var name = DisplayText.safe(name)
        if name.isEmpty { return "" }
        if isCell { name = name.replacing("|", with: "\\|") }
        var (longest, run) = (0, 0)
        for byte in name.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let isPadded = name.hasPrefix("`") || name.hasSuffix("`") || name.hasPrefix(" ") || name.hasSuffix(" ")
        return isPadded ? "\(fence) \(name) \(fence)" : fence + name + fence
    }

    /// Without what Markdown or HTML would take for their own.
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        let scalars = Array(DisplayText.safe(text).unicodeScalars)
        for (place, scalar) in scalars.enumerated() {
            switch scalar {
            case "\\", "`", "*", "_", "[", "]", "|", "~", "!", "$":
                result.append("\\")
                result.append(scalar)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "@": result.append(contentsOf: "&#64;".unicodeScalars)
            // Addresses become links without being told to.
            case ":" where place + 1 < scalars.count && scalars[place + 1] == "/":
                result.append(contentsOf: "&#58;".unicodeScalars)
            case "." where place >= 3 && scalars[(place - 3)..<place].allSatisfy({ $0 == "w" || $0 == "W" }):
                result.append(contentsOf: "&#46;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func beginningSafely(_ line: String) -> String {
        let digits = line.prefix { $0.isNumber }
        let rest = line.dropFirst(digits.count)
        guard let first = rest.first else { return line }
        if digits.isEmpty { return "#+->=".contains(first) ? "\\" + line : line }
        return first == "." || first == ")" ? "\(digits)\\\(rest)" : line
    }

    /// An address between angle brackets.
    private static func destination(_ address: String) -> String {
        DisplayText.safe(address).replacing("\\", with: "%5C").replacing("<", with: "%3C").replacing(">", with: "%3E")
    }
}
