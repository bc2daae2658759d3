internal import Terminal

/// What a comparison of two traces shows, in sentences.
struct TraceDiffWords {
    private let report: TraceDiffReport

    private static let contributionCountMax = 3
    private static let callCountMax = 5

    init(_ report: TraceDiffReport) { self.report = report }

    var sentences: [String] { [whole] + shares + calls("added") + calls("missing") + statuses + versions }

    private var whole: String {
        let (a, b) = (report.a.durationNanos, report.b.durationNanos)
        let difference = b.subtractingClamped(a)
        if difference == 0 { return "both took \(NumberText.duration(a))" }
        return "b took \(NumberText.duration(b)), a \(NumberText.duration(a)): "
            + "\(NumberText.duration(Int64(clamping: difference.magnitude))) \(difference > 0 ? "longer" : "shorter")"
    }

    /// Where most of the difference comes from.
    private var shares: [String] {
        let (a, b) = (report.a.durationNanos, report.b.durationNanos)
        let least = max(a, b) / 20
        return report.contributions.filter { $0.differenceNanos.magnitude >= max(1, least) }
            .prefix(Self.contributionCountMax).map(\.words)
    }

    static func contribution(_ service: String, _ operation: String, a: Int64, b: Int64) -> String {
        let difference = b.subtractingClamped(a)
        let change = (difference < 0 ? "-" : "+") + NumberText.duration(Int64(clamping: difference.magnitude))
        return "\(name(service, operation)): \(change) on the critical path "
            + "(\(time(a)) in a, \(time(b)) in b)"
    }

    private static func time(_ duration: Int64) -> String { duration == 0 ? "none" : NumberText.duration(duration) }

    private static func name(_ service: String, _ operation: String) -> String {
        "\(service.isEmpty ? "(no service)" : service) \(operation.isEmpty ? "(no name)" : operation)"
    }

    /// What only one of the two calls: not what is below it.
    private func calls(_ match: String) -> [String] {
        var counts: [String: Int] = [:]
        var order: [String] = []
        var topDepth = Int.max
        for row in report.rows {
            if row.depth <= topDepth { topDepth = .max }
            guard row.match == match, row.depth < topDepth else { continue }
            topDepth = row.depth
            let name = Self.name(row.service, row.operation) + (row.kind == "call" ? "" : " (\(row.kind))")
            if counts[name] == nil { order.append(name) }
            counts[name, default: 0] += 1
        }
        let side = match == "added" ? "b" : "a"
        return Self.list(order) { name in
            let count = counts[name] ?? 0
            return "only \(side) has \(name)" + (count > 1 ? ", \(count) times" : "")
        }
    }

    private var statuses: [String] {
        Self.list(report.rows.filter { $0.changes.contains("status") }) { row in
            "\(Self.name(row.service, row.operation)): \(row.a?.status ?? "") in a, \(row.b?.status ?? "") in b"
        }
    }

    private var versions: [String] {
        var seen: Set<String> = []
        let changed = report.rows.filter { $0.changes.contains("version") }.compactMap { row -> String? in
            func version(_ call: TraceDiffReport.Call?) -> String {
                call.map { $0.version.isEmpty ? "no version" : $0.version } ?? ""
            }
            let words = "\(row.service): \(version(row.a)) in a, \(version(row.b)) in b"
            return seen.insert(words).inserted ? words : nil
        }
        return Self.list(changed) { $0 }
    }

    private static func list<Item>(_ items: [Item], _ words: (Item) -> String) -> [String] {
        let told = items.prefix(callCountMax).map(words)
        return items.count > callCountMax ? told + ["and \(items.count - callCountMax) more like this"] : told
    }
}
