/// Nanoseconds as people write them: `1h2m3.5s`, `300µs`.
enum DurationText {
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000), ("w", 604_800_000_000_000),
    ]

    /// A unit that stands at a place, and the bytes that it takes; the longest that fits.
    static func unit(in text: [UInt8], at place: Int) -> (nanoseconds: UInt64, byteCount: Int)? {
        var found: (nanoseconds: UInt64, byteCount: Int)?
        for unit in units where text[place...].starts(with: unit.name.utf8) {
            let count = unit.name.utf8.count
            if count > found?.byteCount ?? 0 { found = (unit.nanoseconds, count) }
        }
        return found
    }

    static func text(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        switch magnitude {
        case 0: return "0s"
        case ..<1_000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + decimal(magnitude, 1_000) + "µs"
        case ..<1_000_000_000: return sign + decimal(magnitude, 1_000_000) + "ms"
        default: break
        }
        let minutes = magnitude / 60_000_000_000
        let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000) + "s"
        if minutes == 0 { return sign + seconds }
        return sign + (minutes >= 60 ? "\(minutes / 60)h" : "") + "\(minutes % 60)m" + seconds
    }

    /// `value / unit` with as many decimals as it takes; `unit` is a power of ten.
    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        let rest = value % unit
        if rest == 0 { return "\(value / unit)" }
        var digits = String(unit + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / unit).\(digits)"
    }
}
