internal import Terminal
internal import Topology

extension TopologyGraph {
    /// Length of the window; at least a nanosecond, so that one may divide by it.
    var seconds: Double { Double(max(1, window.upperBound &- window.lowerBound)) / 1e9 }

    /// Calls per second of the window.
    func rate(_ callCount: Int) -> Double { Double(callCount) / seconds }

    /// Whether callees are parts of services, so that shares between them say something.
    var hasShares: Bool { grouping == .version || grouping == .operation }

    /// Edges whose nodes exist: everything that is drawn goes by them.
    var soundEdges: [Edge] { edges.filter(isSound) }

    func isSound(_ edge: Edge) -> Bool { nodes.indices.contains(edge.from) && nodes.indices.contains(edge.to) }
}

extension TopologyGraph.Node {
    var errorShare: Double { share(errorCount, of: callCount) }

    /// What it is called where there is room for one line.
    var title: String { id.isEmpty ? "(unnamed)" : id }
}

extension TopologyGraph.Edge {
    var errorShare: Double { share(errorCount, of: callCount) }

    /// As the callee saw the calls, or else the caller.
    var durations: TopologyGraph.Durations? { server ?? client }
}

/// The part of a whole, from 0 to 1; 0 of nothing.
func share(_ part: Int, of whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

/// Figures for people.
enum FigureText {
    /// `12.5/s`, or per minute or hour where that is less than one.
    static func rate(_ perSecond: Double) -> String {
        guard perSecond > 0 else { return "0/s" }
        if perSecond >= 0.1 { return "\(number(perSecond))/s" }
        if perSecond * 60 >= 0.1 { return "\(number(perSecond * 60))/min" }
        return "\(number(perSecond * 3600))/h"
    }

    /// `0.6 %`; never 0 or 100 where it is not quite that.
    static func percent(_ share: Double) -> String {
        if share > 0 && share < 0.0001 { return "<0.01 %" }
        if share < 1 && share > 0.9999 { return ">99.99 %" }
        if share > 0.9995 || share < 0.01 { return "\(decimal(share * 100, digits: 2)) %" }
        return "\(decimal(share * 100, digits: 1)) %"
    }

    /// Larger ones, which only a mistake can bring here, are written with an exponent.
    private static let numberMax = 1e15

    /// Three digits or more.
    static func number(_ value: Double) -> String {
        guard value < numberMax else { return "\(value)" }
        if value >= 99.95 { return NumberText.count(Int(value.rounded())) }
        return decimal(value, digits: value >= 9.995 ? 1 : 2)
    }

    /// At most so many digits behind the point, without zeros at the end.
    static func decimal(_ value: Double, digits: Int) -> String {
        guard value.magnitude < numberMax else { return "\(value)" }
        let scale = digits == 2 ? 100 : 10
        let scaled = Int((value * Double(scale)).rounded())
        let (whole, rest) = scaled.quotientAndRemainder(dividingBy: scale)
        guard rest > 0 else { return "\(whole)" }
        var fraction = "\(rest)"
        while fraction.utf8.count < digits { fraction = "0" + fraction }
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }

    static func duration(_ nanoseconds: Int64) -> String { NumberText.duration(nanoseconds) }
}

/// Moments in RFC 3339, in UTC.
enum TimeStamp {
    /// `2026-11-21T19:00:00Z`, with as many digits of a second as there are.
    static func text(_ nanoseconds: Int64) -> String {
        var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + 1_000_000_000) }
        var (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        if second < 0 { (days, second) = (days - 1, second + 86_400) }
        let (year, month, day) = date(days)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        text += "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        if rest > 0 {
            var fraction = padded(rest, 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += "." + fraction
        }
        return text + "Z"
    }

    /// The date so many days after 1970-01-01. Years are counted from March, so that leap days come last.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let day = days + 719_468
        let era = (day >= 0 ? day : day - 146_096) / 146_097
        let dayOfEra = day - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (
            year: yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month: month < 10 ? month + 3 : month - 9,
            day: dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
