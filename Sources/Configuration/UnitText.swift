/// Sizes in bytes as people write them: `64MiB`, `1GB`, `512`.
public enum SizeText {
    private static let units: [(name: String, byteCount: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000), ("B", 1),
    ]

    /// Bytes; nil for anything but digits with or without one of the units.
    public static func byteCount(_ text: String) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        if unit.isEmpty { return digits.count == text.count ? number : nil }
        guard let scale = units.first(where: { $0.name == unit })?.byteCount else { return nil }
        let product = number.multipliedReportingOverflow(by: scale)
        return product.overflow ? nil : product.partialValue
    }

    /// In the largest binary unit that is exact.
    public static func text(_ byteCount: Int) -> String {
        for unit in units.prefix(4) where byteCount >= unit.byteCount && byteCount % unit.byteCount == 0 {
            return "\(byteCount / unit.byteCount)\(unit.name)"
        }
        return "\(byteCount)"
    }
}

/// Lengths of time as people write them: `10s`, `500ms`, `7d`, `1h30m`.
public enum TimeText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000), ("µs", 1000), ("ns", 1),
    ]

    /// Nanoseconds; nil for anything but numbers with units, one after another. A bare 0 needs no unit.
    public static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(name.count)
            guard let scale = units.first(where: { $0.name == name })?.nanoseconds,
                let part = scaled(number, by: scale)
            else { return nil }
            let sum = total.addingReportingOverflow(part)
            guard !sum.overflow else { return nil }
            total = sum.partialValue
        }
        return total
    }

    private static func scaled(_ number: Substring, by scale: Int64) -> Int64? {
        if let whole = Int64(number) {
            let product = whole.multipliedReportingOverflow(by: scale)
            return product.overflow ? nil : product.partialValue
        }
        guard let first = number.first, let last = number.last, first != ".", last != ".", let fraction = Double(number)
        else { return nil }
        return Int64(exactly: (fraction * Double(scale)).rounded())
    }

    /// In the largest unit that is exact.
    public static func text(_ nanoseconds: Int64) -> String {
        for unit in units where nanoseconds >= unit.nanoseconds && nanoseconds % unit.nanoseconds == 0 {
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return nanoseconds == 0 ? "0s" : "\(nanoseconds)ns"
    }
}
