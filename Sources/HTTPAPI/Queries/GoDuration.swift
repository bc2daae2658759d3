/// Durations as Go writes them: `300ms`, `-1.5h`, `2h45m`. A number needs a unit, but for 0.
package enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// Nil for what is none, and for more than 292 years.
    package static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix(while: isPartOfNumber)
            guard let number = number(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !isPartOfNumber($0) }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            total += number * unit.nanoseconds
        }
        return Int64(exactly: (sign * total).rounded())
    }

    private static func isPartOfNumber(_ character: Character) -> Bool { "0123456789.".contains(character) }

    /// Digits with at most one point among them, at either end too.
    private static func number(_ digits: Substring) -> Double? {
        guard digits.utf8.contains(where: { $0 != UInt8(ascii: ".") }) else { return nil }
        return Double("0" + digits + (digits.hasSuffix(".") ? "0" : ""))
    }
}
