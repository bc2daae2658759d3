internal import Comparison
internal import Terminal

/// Figures of an answer as cells and sentences have them. Answers come from outside: any number is possible.
enum ReportText {
    typealias Inline = ReportDocument.Inline

    static func percent(_ share: Double) -> String { NumberWords.percent(share) + " %" }

    static func percent(_ interval: ComparisonReport.Interval) -> String {
        interval.low <= interval.high
            ? NumberWords.percent(interval.low...interval.high)
            : "\(NumberWords.percent(interval.low))-\(NumberWords.percent(interval.high)) %"
    }

    static func count(_ number: Int) -> String { NumberText.count(number) }

    static func requests(_ number: Int) -> String { NumberText.count(number, "request") }

    /// `2026-11-22 02:00:00` of RFC 3339 in UTC.
    static func time(_ text: String) -> String {
        guard text.utf8.count == 20, text.hasSuffix("Z"), text.dropFirst(10).first == "T" else { return text }
        return text.prefix(10) + " " + text.dropFirst(11).dropLast()
    }

    static func window(_ window: ReleaseReport.Window) -> String {
        "\(time(window.since)) to \(time(window.until)) UTC"
    }

    /// `0.3`, or a bound below which it does not matter.
    static func probability(_ p: Double) -> String { p < 0.0001 ? "below 0.0001" : NumberWords.plain(p) }

    // MARK: Cells

    static func cell(_ duration: ComparisonReport.Duration) -> [Inline] {
        let unit = DurationUnit(of: max(duration.value, duration.high ?? duration.value))
        let reach =
            duration.high.map { "\(unit.text(duration.low))-\(unit.text($0))" } ?? "from \(unit.text(duration.low))"
        return [.text("\(unit.text(duration.value)) \(unit.name) "), .aside("(\(reach))")]
    }

    static func cell(_ share: Double, _ interval: ComparisonReport.Interval) -> [Inline] {
        [.text(percent(share) + " "), .aside("(\(percent(interval)))")]
    }

    static func outcome(_ outcome: String) -> Inline {
        switch outcome {
        case "worse": .outcome("worse", .bad)
        case "better": .outcome("better", .good)
        case "same": .outcome("same", .plain)
        case "tooLittleData": .outcome("open", .open)
        default: .outcome(outcome, .plain)
        }
    }

    static func tone(_ outcome: String) -> ReportDocument.Tone {
        switch outcome {
        case "worse": .bad
        case "better", "same": .good
        default: .open
        }
    }
}
