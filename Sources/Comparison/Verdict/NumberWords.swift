internal import Glibc

/// Numbers as a sentence has them: two or three digits that count.
package enum NumberWords {
    /// Without a fraction from 10 on, with one digit from 1 on, and with up to three below.
    package static func text(_ value: Double) -> String {
        guard value.isFinite else { return value < 0 ? "-∞" : "∞" }
        let size = abs(value)
        return fixed(value, digits: size >= 9.95 ? 0 : size >= 0.995 ? 1 : size >= 0.0995 ? 2 : 3)
    }

    /// As many digits as it has, three behind the point at most.
    package static func plain(_ value: Double) -> String { fixed(value, digits: 3) }

    package static func percent(_ share: Double) -> String { text(share * 100) }

    package static func percent(_ range: ClosedRange<Double>) -> String {
        range.lowerBound < 0
            ? "\(percent(range.lowerBound)) to \(percent(range.upperBound)) %"
            : "\(percent(range.lowerBound))-\(percent(range.upperBound)) %"
    }

    /// With two digits that count: 412 is about 410.
    package static func rounded(_ count: Int) -> Int {
        var unit = 1
        while count / unit >= 100 { unit *= 10 }
        return (count + unit - 1) / unit * unit
    }

    private static func fixed(_ value: Double, digits: Int) -> String {
        let scale = pow(10, Double(digits))
        guard let scaled = Int(exactly: (abs(value) * scale).rounded()), scaled > 0 else {
            return abs(value) * scale < 1 ? "0" : "\(value)"
        }
        let unit = Int(scale)
        var fraction = String(scaled % unit)
        fraction = String(repeating: "0", count: digits - fraction.count > 0 ? digits - fraction.count : 0) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        let whole = "\(value < 0 ? "-" : "")\(scaled / unit)"
        return digits == 0 || fraction.isEmpty ? whole : whole + "." + fraction
    }
}

/// The unit in which some durations are told, so that they can be compared.
package struct DurationUnit {
    package let name: String
    private let scale: Double

    /// - Parameter duration: the longest, in nanoseconds.
    package init(of duration: Int64) {
        (name, scale) =
            duration >= 10_000_000_000
            ? ("s", 1e9) : duration >= 1_000_000 ? ("ms", 1e6) : duration >= 1000 ? ("us", 1e3) : ("ns", 1)
    }

    package func text(_ duration: Int64) -> String { NumberWords.text(Double(duration) / scale) }

    package func text(_ estimate: DurationEstimate) -> String {
        guard let upper = estimate.upper else { return "from \(text(estimate.lower))" }
        return "\(text(estimate.lower))-\(text(upper))"
    }
}
