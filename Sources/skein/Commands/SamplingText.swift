import Sampling
import Terminal

/// What the commands about sampling print.
enum SamplingText {
    // MARK: Simulation

    static func lines(_ report: SimulationReport) -> [String] {
        var table = TextTable([
            .init("STAGE"), .init("TRACES", isRightAligned: true), .init("KEPT", isRightAligned: true),
            .init("SPANS", isRightAligned: true), .init("BYTES", isRightAligned: true),
            .init("ERRORS LOST", isRightAligned: true), .init("SLOW LOST", isRightAligned: true),
            .init("P99", isRightAligned: true), .init("STAND FOR"),
        ])
        table.add(row("stored", report.seen, report))
        for stage in report.stages { table.add(row(stage.name, stage.kept, report)) }
        var lines = table.lines()
        for stage in report.stages { lines += self.lines(stage) }
        if let last = report.stages.last,
            let bytes = report.byteCount(ofSpans: report.seen.spanCount - last.kept.spanCount)
        {
            lines += ["", "saved in the end: about \(NumberText.bytes(Int(bytes)))"]
        }
        if !report.notes.isEmpty { lines.append("") }
        return lines + report.notes.map { "note: \(DisplayText.safe($0))" }
    }

    private static func row(
        _ name: String, _ tally: SimulationReport.Tally, _ report: SimulationReport
    ) -> [String] {
        let all = report.seen
        return [
            name, NumberText.count(tally.traceCount), share(tally.traceCount, all.traceCount),
            NumberText.count(tally.spanCount),
            report.byteCount(ofSpans: tally.spanCount).map { NumberText.bytes(Int($0)) } ?? "-",
            lost(tally.errorTraceCount, all.errorTraceCount), lost(tally.slowTraceCount, all.slowTraceCount),
            tally.p99DurationNanos.map { NumberText.duration($0) } ?? "-", standFor(tally),
        ]
    }

    private static func standFor(_ tally: SimulationReport.Tally) -> String {
        guard let estimate = tally.estimate else { return NumberText.count(tally.traceCount) }
        return "\(NumberText.count(estimate.value)) (\(NumberText.count(estimate.low)) to "
            + "\(NumberText.count(estimate.high)))"
    }

    private static func share(_ part: Int, _ all: Int) -> String {
        guard all > 0 else { return "-" }
        let tenths = (Double(part) * 1000 / Double(all)).rounded()
        return "\(tenths / 10) %"
    }

    private static func lost(_ kept: Int, _ all: Int) -> String {
        "\(NumberText.count(max(0, all - kept))) of \(NumberText.count(all))"
    }

    private static func lines(_ stage: SimulationReport.Stage) -> [String] {
        var lines = ["", "\(stage.name)"]
        if stage.partialTraceCount > 0 {
            lines.append("of \(NumberText.count(stage.partialTraceCount, "trace")) only a part is kept")
        }
        var policies = TextTable([
            .init("POLICY"), .init("KEPT TRACES", isRightAligned: true), .init("KEPT SPANS", isRightAligned: true),
            .init("DROPPED TRACES", isRightAligned: true), .init("DROPPED SPANS", isRightAligned: true),
        ])
        for policy in stage.policies {
            policies.add([
                policy.name, NumberText.count(policy.keptTraceCount), NumberText.count(policy.keptSpanCount),
                NumberText.count(policy.droppedTraceCount), NumberText.count(policy.droppedSpanCount),
            ])
        }
        var versions = TextTable([
            .init("SERVICE"), .init("VERSION"), .init("TRACES", isRightAligned: true),
            .init("KEPT", isRightAligned: true), .init("SHARE", isRightAligned: true),
            .init("ERRORS LOST", isRightAligned: true), .init("FEWEST A MINUTE", isRightAligned: true),
        ])
        for version in stage.versions {
            let fewest = version.leastKeptPerMinute.map {
                "\(NumberText.count($0)) of \(NumberText.count(version.seenInThatMinute ?? 0))"
            }
            versions.add([
                version.service, version.version.isEmpty ? "-" : version.version,
                NumberText.count(version.seenTraceCount), NumberText.count(version.keptTraceCount),
                share(version.keptTraceCount, version.seenTraceCount),
                lost(version.keptErrorTraceCount, version.seenErrorTraceCount), fewest ?? "-",
            ])
        }
        lines += policies.lines()
        lines += versions.lines()
        if let fewest = stage.fewest {
            let name = fewest.version.isEmpty ? fewest.service : "\(fewest.service) \(fewest.version)"
            let time = ClockText.local(fewest.minuteStartSeconds * 1_000_000_000)
            lines.append(
                "fewest in a minute: \(NumberText.count(fewest.keptTraceCount)) of "
                    + "\(NumberText.count(fewest.seenTraceCount)), \(DisplayText.safe(name)) at \(time)")
        }
        return lines
    }

    // MARK: Explanation

    static func lines(_ explanation: SamplingExplanation) -> [String] {
        let randomness = explanation.randomness
        let spans = explanation.isStored ? NumberText.count(explanation.spanCount, "span") + " stored" : "not stored"
        var lines = [
            "trace \(explanation.traceID): \(spans)",
            "randomness \(randomness.hex) of the \(randomness.source): kept by percentages from "
                + "\(decimal(randomness.keptFromPercent)) on",
        ]
        if let sent = randomness.sentPercent { lines.append("the sender kept \(decimal(sent)) % of such traces") }
        if let weight = explanation.storedWeight { lines.append("it stands for \(decimal(weight)), as it is stored") }
        lines += ["", "head"] + head(explanation)
        if let tail = explanation.tail { lines += self.lines(tail) }
        for stage in explanation.ageing { lines += self.lines(stage) }
        if !explanation.notes.isEmpty { lines.append("") }
        return lines + explanation.notes.map { "note: \(DisplayText.safe($0))" }
    }

    private static func head(_ explanation: SamplingExplanation) -> [String] {
        var table = TextTable(
            (explanation.isStored ? [.init("SERVICE"), .init("VERSION"), .init("SPANS", isRightAligned: true)] : [])
                + [TextTable.Column("RULE"), .init("OUTCOME"), .init("WHY")])
        for row in explanation.head {
            let origin = [row.service ?? "-", row.version ?? "-", NumberText.count(row.spanCount ?? 0)]
            table.add((explanation.isStored ? origin : []) + [row.rule, row.outcome.rawValue, row.reason])
        }
        return table.lines()
    }

    private static func lines(_ stage: SamplingExplanation.Stage) -> [String] {
        let weight = stage.weight.map { ", stands for \(decimal($0))" } ?? ""
        let policy = stage.outcome == .depends ? "on other traces" : "policy '\(DisplayText.safe(stage.policy))'"
        var lines = ["", "\(stage.name): \(stage.outcome.rawValue), \(policy)\(weight)"]
        guard !stage.policies.isEmpty else { return lines }
        var table = TextTable([.init("POLICY"), .init("OUTCOME"), .init("WHY")])
        for policy in stage.policies { table.add([policy.name, policy.outcome.rawValue, policy.reason]) }
        lines += table.lines()
        return lines
    }

    private static func decimal(_ value: Double) -> String {
        let rounded = (value * 10_000).rounded() / 10_000
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }
}
