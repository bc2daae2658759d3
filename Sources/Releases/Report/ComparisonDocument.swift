internal import Comparison

/// What a report of a comparison says, in which order: the verdict first, then why, then all figures.
struct ComparisonDocument {
    typealias Inline = ReportDocument.Inline

    let report: ComparisonReport
    let links: TraceLinks
    var document: ReportDocument

    /// Of more operations the answer in JSON tells.
    private static let operationCountMax = 40
    private static let pictureCountMax = 4

    init(_ report: ComparisonReport, links: TraceLinks) {
        self.report = report
        self.links = links
        document = ReportDocument(
            title: Self.title(report), tone: ReportText.tone(report.outcome), lead: Self.lead(report))
        addReasons()
        addNotes()
        addShares()
        addOperations()
        addDurations()
        addCallers()
        addCallees()
        addEvidence()
        addMirror()
        addMethod()
    }

    // MARK: Verdict

    private static func title(_ report: ComparisonReport) -> String {
        let (base, candidate) = (report.base, report.candidate)
        let verdict =
            switch report.outcome {
            case "worse": "\(candidate) is worse than \(base)"
            case "better": "\(candidate) is better than \(base)"
            case "same": "\(candidate) is as good as \(base)"
            case "tooLittleData": "too little data to say whether \(candidate) is worse than \(base)"
            default: "\(candidate) against \(base): \(report.outcome)"
            }
        return "\(report.service): \(verdict)"
    }

    private static func lead(_ report: ComparisonReport) -> [[Inline]] {
        var lead: [[Inline]] = []
        if let first = report.reasons.first { lead.append([.strong(words(first))]) }
        // What most is needed for decides the rest as well.
        if report.outcome == "tooLittleData", let need = report.needs.max(by: { $0.requestCount < $1.requestCount }) {
            lead.append([.text("What would decide: \(need.words)")])
        }
        let kind = report.isMirrored ? "copies of requests" : "requests"
        let (base, candidate) = (report.total.baseRequestCount, report.total.candidateRequestCount)
        lead.append([
            .text("\(ReportText.requests(base)) of "), .name(report.base),
            .text(" against \(ReportText.count(candidate)) \(kind) of "), .name(report.candidate),
            .text(", \(ReportText.window(report.window)), "),
            .text(report.isExact ? "every request counted" : "estimated from stored requests"),
        ])
        return lead
    }

    private mutating func addReasons() {
        document.heading("Why")
        let reasons = report.reasons.map { reason -> [Inline] in
            let isFinding = reason.outcome == "worse" || reason.outcome == "better"
            var item: [Inline] = [ReportText.outcome(reason.outcome), .text(": \(Self.words(reason))")]
            if isFinding { item.append(.aside(" (false with a probability \(Self.bound(reason.p)))")) }
            return item
        }
        document.list(reasons, isOrdered: true)
        if reasons.isEmpty { document.paragraph("Nothing is known of either version.") }
        if !report.needs.isEmpty {
            document.paragraph("What would decide what is open:")
            document.list(report.needs.map { [.text($0.words)] })
        }
    }

    private static func words(_ finding: ComparisonReport.Finding) -> String {
        finding.words.replacing(" -> ", with: " → ")
    }

    private static func bound(_ p: Double) -> String {
        let words = ReportText.probability(p)
        return words.hasPrefix("below") ? words : "of at most \(words)"
    }

    // MARK: Requests

    private mutating func addShares() {
        document.heading("How the requests were shared")
        if report.isMirrored {
            let copies = ReportText.count(report.total.candidateRequestCount)
            document.paragraph(
                .name(report.candidate), .text(" served \(copies) copies of requests, "), .name(report.base),
                .text(" \(ReportText.requests(report.total.baseRequestCount))."))
        } else {
            document.paragraph(
                .name(report.candidate), .text(" served \(ReportText.percent(report.share)) of the requests of both "),
                .aside("(\(ReportText.percent(report.shareInterval)))"), ".")
        }
        guard let timeline = report.timeline else { return }
        var times: [[Inline]] = []
        for (version, presence) in [(report.base, timeline.base), (report.candidate, timeline.candidate)] {
            guard let presence else { continue }
            let time = "\(ReportText.time(presence.firstSeen)) to \(ReportText.time(presence.lastSeen)) UTC"
            times.append([.name(version), .text(": \(time)")])
        }
        document.list(times)
        if let picture = TimelinePicture(timeline, base: report.base, candidate: report.candidate).picture {
            document.blocks.append(.picture(picture))
        }
    }

    // MARK: Operations

    /// All together first, then what decides, then by requests.
    private var rows: [ComparisonReport.Operation] {
        let isSingle = report.operations.count < 2
        func rank(_ outcome: String) -> Int { outcome == "worse" ? 0 : outcome == "better" ? 1 : 2 }
        let ranked = report.operations.enumerated().sorted {
            (rank($0.element.outcome), $0.offset) < (rank($1.element.outcome), $1.offset)
        }
        return (isSingle && !ranked.isEmpty ? [] : [report.total]) + ranked.map(\.element)
    }

    var versionColumns: [ReportDocument.Column] {
        [report.base, report.candidate].map { .init(title: $0, isNumber: true) }
    }

    private func name(_ operation: ComparisonReport.Operation) -> Inline {
        operation.operation.map { .name($0) } ?? "all together"
    }

    private mutating func addOperations() {
        document.heading("Operations")
        var cells: [[[Inline]]] = []
        var headings: Set<Int> = []
        for row in rows.prefix(Self.operationCountMax + 1) {
            let errors = row.errors
            headings.insert(cells.count)
            cells.append([
                [name(row)], [.text(ReportText.requests(row.baseRequestCount))],
                [.text(ReportText.requests(row.candidateRequestCount))], [ReportText.outcome(row.outcome)],
            ])
            cells.append([
                ["errors"], ReportText.cell(errors.base, errors.baseInterval),
                ReportText.cell(errors.candidate, errors.candidateInterval), [ReportText.outcome(errors.outcome)],
            ])
            cells += row.quantiles.map { quantile in
                [
                    [.text(quantile.name)], ReportText.cell(quantile.base), ReportText.cell(quantile.candidate),
                    [ReportText.outcome(quantile.outcome)],
                ]
            }
        }
        document.table(["Operation"] + versionColumns + ["Outcome"], cells, headings: headings)
        let left = rows.count - Self.operationCountMax - 1
        if left > 0 { document.paragraph(.text("\(left) more operations stand in the answer in JSON.")) }
        let confidence = report.thresholds?.confidence ?? 0.95
        document.paragraph(
            .aside(
                "In brackets: where the true figure lies, with \(ReportText.percent(confidence)) at all looks together."
            ))
    }

    private mutating func addDurations() {
        let shown = rows.filter { $0.durations != nil }.prefix(Self.pictureCountMax)
        guard !shown.isEmpty else { return }
        document.heading("Durations")
        for row in shown {
            guard let durations = row.durations else { continue }
            let title = row.operation ?? "all operations together"
            let drawing = DurationPicture(
                durations, base: report.base, candidate: report.candidate, title: title,
                medians: row.quantiles.first { $0.name == "p50" }.map { ($0.base.value, $0.candidate.value) })
            guard let picture = drawing.picture(superiority: row.superiority) else { continue }
            if shown.count > 1 { document.blocks.append(.subheading(title)) }
            document.blocks.append(.picture(picture))
        }
    }

    // MARK: Notes

    /// What is to be known of a part alone.
    mutating func addAsides(_ notes: [String]) {
        for note in notes where !report.notes.contains(note) { document.paragraph(.aside(note)) }
    }

    private mutating func addNotes() {
        guard !report.notes.isEmpty else { return }
        document.heading("Notes")
        document.list(report.notes.map { [.text($0)] })
    }
}
