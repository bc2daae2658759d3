internal import Terminal

/// Texts from outside, made safe for each form.
enum Escaped {
    /// What may be shown: what controls a terminal, or may not stand in XML 1.0, becomes U+FFFD.
    private static func visible(_ text: String) -> String {
        let text = DisplayText.safe(text)
        guard text.unicodeScalars.contains(where: { $0.value & 0xfffe == 0xfffe }) else { return text }
        let scalars = text.unicodeScalars.map { $0.value & 0xfffe == 0xfffe ? "\u{fffd}" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    /// In quotes.
    static func json(_ text: String) -> String {
        var result = "\"".unicodeScalars
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let hex = String(scalar.value, radix: 16)
                result.append(
                    contentsOf: "\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".unicodeScalars)
            default: result.append(scalar)
            }
        }
        result.append("\"")
        return String(result)
    }

    /// For a quoted label of DOT, in which a backslash begins a command and `&` an entity.
    static func dot(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in visible(text).unicodeScalars {
            switch scalar {
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// For a quoted label of Mermaid: all that its grammar, its directives, Markdown or HTML might take for their own
    /// is named by its number.
    static func mermaid(_ text: String) -> String {
        let text = visible(text)
        let isDirective = text.utf8.contains(UInt8(ascii: "{")) || text.contains("%%")
        let isList = text.contains(". ") || text.contains(") ")
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            let isPlain =
                switch scalar {
                case "a"..."z", "A"..."Z", " ", ",", "=", "(", ")", ".", "/", ":", "@": true
                case "0"..."9": index > 0 || !isList
                case "-": index > 0
                case "%": !isDirective
                default: scalar.value >= 0x80
                }
            if isPlain {
                result.append(scalar)
            } else {
                result.append(contentsOf: "#\(scalar.value);".unicodeScalars)
            }
        }
        return String(result)
    }

    /// A cell of CSV by RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it.
    static func csv(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) { text = "'" + text }
        let isPlain = text.unicodeScalars.allSatisfy { !"\",;\t\r\n".unicodeScalars.contains($0) }
        guard !isPlain || text.hasPrefix(" ") || text.hasSuffix(" ") else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
