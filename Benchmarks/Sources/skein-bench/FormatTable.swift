/// What the formats of one suite cost, side by side.
struct FormatTable {
    let reports: [BenchReport]

    private static let headings = [
        "format", "spans a post", "posts/s", "spans/s", "CPU loading", "target", "", "until settled", "walk",
        "loading / walk", "target", "",
    ]

    /// nil with fewer than two formats.
    var text: String? {
        guard Set(reports.map(\.format)).count > 1 else { return nil }
        let rows = reports.compactMap { report in report.stages.last.map { row(report, $0) } }
        return "\nformats: CPU in seconds per million spans, of the server; the walk's of this program\n\n"
            + ReportTable.layOut([Self.headings] + rows, alignedLeft: [0])
    }

    private func row(_ report: BenchReport, _ stage: StageReport) -> [String] {
        func value(_ name: String) -> String { stage.figure(name).map { ReportTable.format($0.value) } ?? "-" }
        func judged(_ name: String) -> [String] {
            let figure = stage.figure(name)
            return [
                value(name), ReportTable.target(figure?.max, figure?.min), ReportTable.verdict(figure?.isMet),
            ]
        }
        return [report.format, String(report.batch), value("posts a second"), value("spans a second")]
            + judged("server CPU while loading") + [value("server CPU until settled"), value("walk of the body, CPU")]
            + judged("server CPU while loading / walk")
    }
}
