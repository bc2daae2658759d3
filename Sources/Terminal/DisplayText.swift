/// Text as it takes room in a terminal.
public enum DisplayText {
    /// The text of bytes that may be anything: what is not UTF-8, controls a terminal, or turns the direction of
    /// writing becomes U+FFFD.
    public static func safe(_ bytes: UnsafeRawBufferPointer) -> String { safe(String(decoding: bytes, as: UTF8.self)) }

    /// The same for a text.
    public static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isUnsafe(scalar) ? "\u{fffd}" : scalar) }
        return String(result)
    }

    /// The same for text and attributes of HTML and of XML 1.0, in which some characters have no place at all.
    public static func markup(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in safe(text).unicodeScalars {
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

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }

    /// Columns that the text takes: two for a wide character (Chinese, Japanese, Korean, emoji), else one.
    public static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width($1) }
    }

    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
            0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe4f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
            0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
            return 2
        default:
            return first.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }

    /// The text if it fits, or as much of it as does with `…` at the end.
    public static func cut(_ text: String, to columns: Int) -> String {
        if width(text) <= columns { return text }
        guard columns > 0 else { return "" }
        var result = ""
        var used = 0
        for character in text {
            let next = width(character)
            if used + next > columns - 1 { break }
            used += next
            result.append(character)
        }
        return result + "…"
    }

    /// The text if it fits, or its two ends with `…` between them.
    public static func cutInside(_ text: String, to columns: Int) -> String {
        if width(text) <= columns { return text }
        guard columns > 2 else { return cut(text, to: columns) }
        var tail = ""
        var used = 0
        for character in text.reversed() {
            let next = width(character)
            if used + next > (columns - 1) / 2 { break }
            used += next
            tail = "\(character)\(tail)"
        }
        return cut(text, to: columns - used) + tail
    }

    /// Blanks up to `columns`, before the text if it stands at the right.
    public static func pad(_ text: String, to columns: Int, atRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, columns - width(text)))
        return atRight ? blanks + text : text + blanks
    }

    /// Without the blanks at its end.
    public static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Numbers for people.
public enum NumberText {
    /// A length of time with three digits at most: `850 ns`, `12.3 ms`, `2.05 s`, `3m 20s`.
    public static func duration(_ nanoseconds: Int64) -> String {
        guard nanoseconds >= 0 else { return "-" + duration(nanoseconds == .min ? .max : -nanoseconds) }
        if nanoseconds >= 60_000_000_000 { return long(seconds: nanoseconds / 1_000_000_000) }
        for (unit, scale) in [("s", Int64(1_000_000_000)), ("ms", 1_000_000), ("us", 1000)] where nanoseconds >= scale {
            return "\(threeDigits(nanoseconds, scale)) \(unit)"
        }
        return "\(nanoseconds) ns"
    }

    private static func long(seconds: Int64) -> String {
        if seconds < 3600 { return "\(seconds / 60)m \(seconds % 60)s" }
        if seconds < 86_400 { return "\(seconds / 3600)h \(seconds / 60 % 60)m" }
        return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
    }

    /// Cut, not rounded, so that 999.9 never becomes 1000 of a unit.
    private static func threeDigits(_ value: Int64, _ scale: Int64) -> String {
        let whole = value / scale
        let digits = whole < 10 ? 2 : whole < 100 ? 1 : 0
        guard digits > 0 else { return "\(whole)" }
        let fraction = value % scale * (digits == 2 ? 100 : 10) / scale
        let text = digits == 2 && fraction < 10 ? "0\(fraction)" : "\(fraction)"
        return fraction == 0 ? "\(whole)" : "\(whole).\(text)"
    }

    /// With a blank between thousands: `12 345`.
    public static func count(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var result = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(" ") }
            result.append(digit)
        }
        return result
    }

    /// A number and its noun: `1 span`, `2 spans`.
    public static func count(_ number: Int, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `0.6 %`; never 0 or 100 where it is not quite that.
    public static func percent(_ share: Double) -> String {
        if share > 0 && share < 0.0001 { return "<0.01 %" }
        if share < 1 && share > 0.9999 { return ">99.99 %" }
        if share > 0.9995 || share < 0.01 { return "\(decimal(share * 100, digits: 2)) %" }
        return "\(decimal(share * 100, digits: 1)) %"
    }

    /// At most so many digits behind the point, without zeros at the end.
    public static func decimal(_ value: Double, digits: Int) -> String {
        // Larger ones, which only a mistake can bring here, are written with an exponent.
        guard value.magnitude < 1e15 else { return "\(value)" }
        let scale = digits == 2 ? 100 : 10
        let scaled = Int((value * Double(scale)).rounded())
        let (whole, rest) = scaled.quotientAndRemainder(dividingBy: scale)
        guard rest > 0 else { return "\(whole)" }
        var fraction = "\(rest)"
        while fraction.utf8.count < digits { fraction = "0" + fraction }
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }

    /// Bytes in binary units: `512 B`, `1.5 MiB`.
    public static func bytes(_ count: Int) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] where count >= 1 << shift {
            return "\(threeDigits(Int64(count), 1 << Int64(shift))) \(unit)"
        }
        return "\(count) B"
    }
}
