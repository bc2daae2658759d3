internal import Comparison
internal import Terminal

extension ComparisonDocument {
    private static let neighbourCountMax = 40

    mutating func addCallers() {
        // Nobody waits for a copy of a request.
        guard !report.callers.isEmpty, !report.isMirrored else { return }
        document.heading("What callers saw")
        document.paragraph(.text("Each figure of \(report.base) → of \(report.candidate)."))
        document.table(
            ["Caller"] + ["Calls", "Errors", "p50", "p95", "Tried again"].map { .init(title: $0, isNumber: true) },
            report.callers.prefix(Self.neighbourCountMax).map { caller in
                let (base, candidate) = (caller.base, caller.candidate)
                return [
                    [.name(caller.service)], Self.change(base, candidate) { ReportText.count($0.callCount) },
                    Self.change(base, candidate, Self.errorShare), Self.change(base, candidate) { Self.took($0.p50) },
                    Self.change(base, candidate) { Self.took($0.p95) },
                    Self.change(base, candidate) { ReportText.count($0.retryCount) },
                ]
            })
        addLeft(report.callers.count)
    }

    mutating func addCallees() {
        guard !report.callees.isEmpty else { return }
        document.heading("What the versions call")
        document.paragraph(.text("Each figure of \(report.base) → of \(report.candidate)."))
        document.table(
            ["Service", "Kind", "Called by"]
                + ["Calls a request", "Errors", "p50", "p95"].map { .init(title: $0, isNumber: true) },
            report.callees.prefix(Self.neighbourCountMax).map { callee in
                let (base, candidate) = (callee.base, callee.candidate)
                let rates = [callee.basePerRequest, callee.candidatePerRequest].map { NumberWords.text($0) }
                return [
                    [.name(callee.service)], [.text(callee.kind)], [calledBy(callee.change)],
                    [.text(rates.joined(separator: " → "))], Self.change(base, candidate, Self.errorShare),
                    Self.change(base, candidate) { Self.took($0.p50) },
                    Self.change(base, candidate) { Self.took($0.p95) },
                ]
            })
        addLeft(report.callees.count)
    }

    private func calledBy(_ change: String) -> Inline {
        switch change {
        case "added": .outcome("only \(report.candidate): new", .open)
        case "removed": .outcome("only \(report.base): missing", .open)
        default: "both"
        }
    }

    private static func change(
        _ base: ComparisonReport.Figures, _ candidate: ComparisonReport.Figures,
        _ text: (ComparisonReport.Figures) -> String
    ) -> [Inline] { [.text("\(text(base)) → \(text(candidate))")] }

    private static func took(_ duration: Int64?) -> String { duration.map(NumberText.duration) ?? "-" }

    private static func errorShare(_ figures: ComparisonReport.Figures) -> String {
        figures.callCount > 0 ? ReportText.percent(Double(figures.errorCount) / Double(figures.callCount)) : "-"
    }

    private mutating func addLeft(_ count: Int) {
        let left = count - Self.neighbourCountMax
        if left > 0 { document.paragraph(.text("\(left) more stand in the answer in JSON.")) }
    }
}
