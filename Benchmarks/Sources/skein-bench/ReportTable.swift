import Foundation

/// A report as tables for people.
struct ReportTable {
    let report: BenchReport

    /// The course of a single load of this many spans is too short to be told.
    private static let shortSpanCount = 1_500_000

    var text: String {
        var text = "\n\(report.name): \(report.format), \(report.batch) spans a post, seed \(report.seed)\n"
        for stage in report.stages { text += "  \(stage.spanCount) spans, \(stage.traceCount) traces\n" }
        text += "\n" + Self.layOut(figureRows, alignedLeft: [0, unitColumn])
        let isLong = report.stages.count > 1 || (report.stages.last?.spanCount ?? 0) > Self.shortSpanCount
        for stage in report.stages where isLong && !stage.load.tenths.isEmpty {
            text += "\n  the load up to \(stage.spanCount) spans, by tenths\n\n"
            text += Self.layOut(Self.tenthRows(stage.load.tenths), alignedLeft: [])
        }
        for note in report.notes { text += "  note: \(note)\n" }
        for failure in report.failures { text += "  FAILED: \(failure)\n" }
        return text
    }

    private var unitColumn: Int { report.stages.count + 1 }

    private var figureRows: [[String]] {
        let isGrowth = report.stages.count > 1
        let sizes = isGrowth ? report.stages.map { Self.spanCount($0.spanCount) } : ["value"]
        var rows = [["figure"] + sizes + ["unit", "target", ""] + (isGrowth ? ["ratio", "target", ""] : [])]
        for name in figureNames {
            let cells = report.stages.map { $0.figure(name) }
            let latest = cells.last { $0 != nil } ?? nil
            var row = [name] + cells.map { $0.map { Self.format($0.value) } ?? "-" }
            row += [latest?.unit ?? "", Self.target(latest?.max, latest?.min), Self.verdict(latest?.isMet)]
            if isGrowth {
                let growth = report.growth.first { $0.name == name }
                row.append(growth.map { String(format: "%.2f", $0.ratio) } ?? "")
                row += [Self.target(growth?.max, nil), Self.verdict(growth?.isMet)]
            }
            rows.append(row)
        }
        return rows
    }

    /// Of all stages, in the order in which they first come.
    private var figureNames: [String] {
        var seen: Set<String> = []
        return report.stages.flatMap(\.figures).map(\.name).filter { seen.insert($0).inserted }
    }

    private static func tenthRows(_ tenths: [LoadTenth]) -> [[String]] {
        [["tenth", "spans/s", "CPU, s/1M spans", "memory p50, MiB", "max"]]
            + tenths.enumerated().map { index, tenth in
                [String(index + 1)]
                    + [
                        tenth.spansPerSecond.rounded(), tenth.cpuSecondsPerMillionSpans, tenth.memoryP50,
                        tenth.memoryMax,
                    ].map(format)
            }
    }

    static func layOut(_ rows: [[String]], alignedLeft: Set<Int>) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return alignedLeft.contains(column) ? cell + padding : padding + cell
            }
            return "  " + cells.joined(separator: "  ").trimmingEnd + "\n"
        }.joined()
    }

    static func target(_ max: Double?, _ min: Double?) -> String {
        [max.map { "<= " + format($0) }, min.map { ">= " + format($0) }].compactMap { $0 }.joined(separator: ", ")
    }

    static func verdict(_ isMet: Bool?) -> String {
        isMet.map { $0 ? "met" : "MISSED" } ?? ""
    }

    private static func spanCount(_ count: Int) -> String {
        count >= 1_000_000 ? String(format: "%.4gM", Double(count) / 1e6) : String(count)
    }

    static func format(_ value: Double) -> String {
        if value == value.rounded() && abs(value) < 1e9 { return String(Int(value)) }
        return String(format: abs(value) >= 1_000 ? "%.0f" : abs(value) >= 100 ? "%.1f" : "%.3f", value)
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
