import Releases
import Terminal

/// A comparison of two traces as lines for people.
struct TraceDiffText {
    private let report: TraceDiffReport
    /// Columns to use.
    var width = 120
    var ink = Ink(isColored: false)
    var hasChangesOnly = false

    init(_ report: TraceDiffReport) { self.report = report }

    func lines() -> [String] {
        let lines = header() + [""] + report.words.map { DisplayText.safe($0) } + [""] + table() + paths()
        return lines.map(DisplayText.trimmed)
    }

    private func header() -> [String] {
        func line(_ name: String, _ trace: TraceDiffReport.Trace) -> String {
            var line = "\(name)  trace \(trace.traceID)"
            if let span = trace.spanID { line += ":\(span)" }
            line += "  \(NumberText.duration(trace.durationNanos)), \(NumberText.count(trace.spanCount, "span"))"
            line += ", \(NumberText.count(trace.errorCount, "error"))"
            return trace.isCut ? line + ", of the first spans only" : line
        }
        let counts = [
            (report.summary.matchedCount, "matched"), (report.summary.addedCount, "added"),
            (report.summary.missingCount, "missing"), (report.summary.slowerCount, "slower"),
            (report.summary.fasterCount, "faster"), (report.summary.statusCount, "with another status"),
            (report.summary.versionCount, "of another version"),
        ]
        let told = counts.filter { $0.0 > 0 }.map { "\(NumberText.count($0.0)) \($0.1)" }
        return [
            ink(.bold, line("a", report.a)), ink(.bold, line("b", report.b)),
            "   calls: " + (told.isEmpty ? "none" : told.joined(separator: ", ")),
        ]
    }

    // MARK: Tree

    private struct Cells {
        var mark: String
        var name: String
        var a: String
        var b: String
        var change: String
        var style: Ink.Style?
    }

    private func table() -> [String] {
        let rows = shown().map(cells)
        guard !rows.isEmpty else { return [] }
        func widest(_ text: (Cells) -> String) -> Int { rows.reduce(2) { max($0, DisplayText.width(text($1))) } }
        let (widthA, widthB) = (widest { $0.a }, widest { $0.b })
        let room = max(24, width - widthA - widthB - min(40, widest { $0.change }) - 9)
        let nameWidth = min(room, max(4, widest { $0.name }))
        let changeRoom = max(40, width - nameWidth - widthA - widthB - 8)
        var lines = [
            "  " + DisplayText.pad("call", to: nameWidth) + "  " + DisplayText.pad("a ", to: widthA, atRight: true)
                + "  "
                + DisplayText.pad("b ", to: widthB, atRight: true)
        ]
        for row in rows {
            let name = DisplayText.pad(DisplayText.cutInside(row.name, to: nameWidth), to: nameWidth)
            let change = DisplayText.cut(row.change, to: changeRoom)
            let figures =
                DisplayText.pad(row.a, to: widthA, atRight: true) + "  "
                + DisplayText.pad(row.b, to: widthB, atRight: true)
            let line = row.mark + " " + name + "  " + figures + (row.change.isEmpty ? "" : "  " + change)
            lines.append(row.style.map { ink($0, line) } ?? line)
        }
        if report.leftOutCount > 0 { lines.append("  \(NumberText.count(report.leftOutCount, "more call")) left out") }
        return lines
    }

    /// The rows to show: all, or those that changed and what they stand below.
    private func shown() -> [TraceDiffReport.Row] {
        guard hasChangesOnly else { return report.rows }
        var shown: [TraceDiffReport.Row] = []
        // No deeper than the rows to come that are shown.
        var depth = 0
        for row in report.rows.reversed() where row.match != "matched" || !row.changes.isEmpty || row.depth < depth {
            shown.append(row)
            depth = row.depth
        }
        return shown.reversed()
    }

    private func cells(_ row: TraceDiffReport.Row) -> Cells {
        let sign =
            row.match == "added" ? "+" : row.match == "missing" ? "-" : row.changes.isEmpty ? " " : "!"
        let service = row.service.isEmpty ? "(no service)" : row.service
        let name = service + ": " + (row.operation.isEmpty ? "(no name)" : row.operation)
        let depth = min(max(0, row.depth), max(3, width / 8))
        let indent = depth < row.depth ? "…\(row.depth) " : String(repeating: "  ", count: depth)
        var cells = Cells(
            mark: sign, name: indent + DisplayText.safe(name), a: duration(row.a),
            b: duration(row.b), change: "")
        var changes: [String] = []
        if let a = row.a, let b = row.b {
            if row.changes.contains("slower") || row.changes.contains("faster"),
                let first = a.durationNanos, let second = b.durationNanos
            {
                let (difference, isOver) = second.subtractingReportingOverflow(first)
                // Of figures that cannot be there is none.
                if !isOver { changes.append((difference > 0 ? "+" : "") + NumberText.duration(difference)) }
            }
            if row.changes.contains("status") { changes.append("\(a.status) -> \(b.status)") }
            if row.changes.contains("version") { changes.append("\(version(a)) -> \(version(b))") }
            changes += row.attributes.map { "\($0.key): \($0.a ?? "(none)") -> \($0.b ?? "(none)")" }
            cells.style =
                row.changes.contains("status") && b.isError ? .red : row.changes.contains("slower") ? .yellow : nil
        } else {
            let call = row.a ?? row.b
            if call?.isError == true { changes.append(call?.status ?? "error") }
            if row.kind != "call" && row.kind != "local" { changes.append(row.kind) }
            cells.style = row.match == "added" ? .green : .red
        }
        cells.change = DisplayText.safe(changes.joined(separator: ", "))
        return cells
    }

    private func version(_ call: TraceDiffReport.Call) -> String { call.version.isEmpty ? "(none)" : call.version }

    private func duration(_ call: TraceDiffReport.Call?) -> String {
        guard let call else { return "" }
        return (call.durationNanos.map(NumberText.duration) ?? "-") + (call.criticalNanos > 0 ? "*" : " ")
    }

    // MARK: Critical path

    /// By service, the times on both paths.
    private func paths() -> [String] {
        var services: [String] = []
        for service in report.b.criticalPath.services + report.a.criticalPath.services
        where !services.contains(service.service) {
            services.append(service.service)
        }
        guard !services.isEmpty else { return [] }
        func time(_ trace: TraceDiffReport.Trace, _ name: String) -> String {
            guard let service = trace.criticalPath.services.first(where: { $0.service == name }) else { return "" }
            let percent = NumberText.percent(service.share)
            return "\(NumberText.duration(service.durationNanos)) (\(percent))"
        }
        let rows = services.prefix(20).map { (DisplayText.safe($0), time(report.a, $0), time(report.b, $0)) }
        let nameWidth = rows.reduce(13) { max($0, DisplayText.width($1.0)) }
        let widthA = rows.reduce(2) { max($0, DisplayText.width($1.1)) }
        let widthB = rows.reduce(2) { max($0, DisplayText.width($1.2)) }
        func line(_ name: String, _ a: String, _ b: String) -> String {
            DisplayText.pad(name, to: min(nameWidth, 60)) + "  " + DisplayText.pad(a, to: widthA, atRight: true) + "  "
                + DisplayText.pad(b, to: widthB, atRight: true)
        }
        return ["", line("critical path", "a", "b")] + rows.map { line($0.0, $0.1, $0.2) }
    }
}
