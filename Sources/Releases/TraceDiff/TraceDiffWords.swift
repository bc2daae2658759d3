internal import Terminal
internal import TraceModel

extension TraceDiffReport {
    /// What differs in sentences, what matters most first.
    /// - Parameters:
    ///   - a: what the first trace is called.
    ///   - b: what the second is called.
    public func words(a: String, b: String) -> [String] { TraceDiffWords(self, a: a, b: b).sentences }
}

/// What a comparison of two traces shows, in sentences.
struct TraceDiffWords {
    private let report: TraceDiffReport
    /// What the two traces are called.
    private let a: String
    private let b: String

    private static let contributionCountMax = 3
    private static let callCountMax = 5

    init(_ report: TraceDiffReport, a: String = "a", b: String = "b") { (self.report, self.a, self.b) = (report, a, b) }

    var sentences: [String] { [whole] + shares + calls("added") + calls("missing") + statuses + versions }

    private var whole: String {
        let (first, second) = (report.a.durationNanos, report.b.durationNanos)
        let difference = second.subtractingClamped(first)
        if difference == 0 { return "both took \(NumberText.duration(first))" }
        return "\(b) took \(NumberText.duration(second)), \(a) \(NumberText.duration(first)): "
            + "\(NumberText.duration(Int64(clamping: difference.magnitude))) \(difference > 0 ? "longer" : "shorter")"
    }

    /// Where most of the difference comes from.
    private var shares: [String] {
        let least = max(report.a.durationNanos, report.b.durationNanos) / 20
        return report.contributions.filter { $0.differenceNanos.magnitude >= max(1, least) }
            .prefix(Self.contributionCountMax).map(contribution)
    }

    func contribution(_ own: TraceDiffReport.Contribution) -> String {
        let difference = own.differenceNanos
        let change = (difference < 0 ? "-" : "+") + NumberText.duration(Int64(clamping: difference.magnitude))
        return "\(Self.name(own.service, own.operation)): \(change) on the critical path "
            + "(\(Self.time(own.aNanos)) in \(a), \(Self.time(own.bNanos)) in \(b))"
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
        let side = match == "added" ? b : a
        return Self.list(order) { name in
            let count = counts[name] ?? 0
            return "only \(side) has \(name)" + (count > 1 ? ", \(count) times" : "")
        }
    }

    private var statuses: [String] {
        Self.list(report.rows.filter { $0.changes.contains("status") }) { row in
            "\(Self.name(row.service, row.operation)): \(row.a?.status ?? "") in \(a), \(row.b?.status ?? "") in \(b)"
        }
    }

    private var versions: [String] {
        var seen: Set<String> = []
        let changed = report.rows.filter { $0.changes.contains("version") }.compactMap { row -> String? in
            func version(_ call: TraceDiffReport.Call?) -> String {
                call.map { $0.version.isEmpty ? "no version" : $0.version } ?? ""
            }
            // Where the traces are called by their versions, that says nothing.
            if version(row.a) == a, version(row.b) == b { return nil }
            let words = "\(row.service): \(version(row.a)) in \(a), \(version(row.b)) in \(b)"
            return seen.insert(words).inserted ? words : nil
        }
        return Self.list(changed) { $0 }
    }

    private static func list<Item>(_ items: [Item], _ words: (Item) -> String) -> [String] {
        let told = items.prefix(callCountMax).map(words)
        return items.count > callCountMax ? told + ["and \(items.count - callCountMax) more like this"] : told
    }
}
