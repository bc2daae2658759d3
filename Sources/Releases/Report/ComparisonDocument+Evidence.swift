internal import FoundationEssentials
internal import Terminal

extension ComparisonDocument {
    private static let findingCountMax = 20

    /// What goes wrong, what slow and failed requests have in common, and traces that show it.
    mutating func addEvidence() {
        guard let evidence = report.evidence else { return }
        document.heading("Evidence")
        let kind = evidence.isSampled ? "stored requests, a sample" : "stored requests"
        document.paragraph(
            .text(
                "From \(ReportText.count(evidence.baseRequestCount)) \(kind), of "), .name(report.base),
            .text(" and \(ReportText.count(evidence.candidateRequestCount)) of "), .name(report.candidate), ".")
        addErrorKinds(evidence.errorKinds)
        addAttributes(evidence.attributes)
        addExamples(evidence.examples)
        addPairs(evidence.pairs)
        document.list(evidence.notes.map { [.text($0)] })
    }

    private var versionColumns: [ReportDocument.Column] {
        [report.base, report.candidate].map { .init(title: $0, isNumber: true) }
    }

    private static func cell(_ share: Double, _ count: Int) -> [Inline] {
        [.text(ReportText.percent(share) + " "), .aside("(\(ReportText.count(count)))")]
    }

    private mutating func addErrorKinds(_ kinds: [ComparisonReport.Evidence.ErrorKind]) {
        guard !kinds.isEmpty else { return }
        document.blocks.append(.subheading("What goes wrong"))
        document.table(
            ["Kind"] + versionColumns + [""],
            kinds.prefix(Self.findingCountMax).map { kind in
                [
                    [.name("\(kind.key)=\(kind.value)")], Self.cell(kind.base, kind.baseCount),
                    Self.cell(kind.candidate, kind.candidateCount), kind.isNew ? [.outcome("new", .bad)] : [],
                ]
            })
        document.paragraph(.aside("Shares of all requests; in brackets the stored requests that have it."))
    }

    private mutating func addAttributes(_ attributes: [ComparisonReport.Evidence.AttributeDifference]) {
        guard !attributes.isEmpty else { return }
        document.blocks.append(.subheading("What requests have more or less often"))
        document.table(
            ["Among", "Attribute"] + versionColumns,
            attributes.prefix(Self.findingCountMax).map { difference in
                [
                    [.text("\(difference.among) requests")], [.name("\(difference.key)=\(difference.value)")],
                    Self.cell(difference.base, difference.baseCount),
                    Self.cell(difference.candidate, difference.candidateCount),
                ]
            })
    }

    // MARK: Traces

    private mutating func addExamples(_ examples: [ComparisonReport.Evidence.Example]) {
        guard !examples.isEmpty else { return }
        document.blocks.append(.subheading("Traces to look at"))
        document.table(
            ["Version", "Which", "Operation", .init(title: "Took", isNumber: true), "Failed", "At (UTC)", "Trace"],
            examples.map { example in
                [
                    [.name(example.version)], [.text(example.role)], [.name(example.operation)],
                    [.text(NumberText.duration(example.duration))], [.text(example.isError ? "yes" : "no")],
                    [.text(Self.moment(example.startTime))], [trace(example.traceID)],
                ]
            })
        if links.isNone {
            document.paragraph(.name("skein trace ID"), " shows one of them in a terminal.")
        }
    }

    private mutating func addPairs(_ pairs: [ComparisonReport.Evidence.Pair]) {
        guard !pairs.isEmpty else { return }
        document.blocks.append(.subheading("Requests for the same thing"))
        document.table(
            [
                "Operation", "Path", .init(title: report.base, isNumber: true), "Trace",
                .init(title: report.candidate, isNumber: true), "Trace",
            ],
            pairs.map { pair in
                [
                    [.name(pair.operation)], [.name(pair.path ?? "")], took(pair.base), [trace(pair.base.traceID)],
                    took(pair.candidate), [trace(pair.candidate.traceID)],
                ]
            })
    }

    private func took(_ example: ComparisonReport.Evidence.Example) -> [Inline] {
        [.text(NumberText.duration(example.duration))] + (example.isError ? [" ", .outcome("failed", .bad)] : [])
    }

    func trace(_ traceID: String) -> Inline {
        links.address(of: traceID).map { .link(traceID, to: $0) } ?? .name(traceID)
    }

    private static func moment(_ nanoseconds: Int64) -> String {
        ReportText.time(Date(timeIntervalSince1970: Double(nanoseconds) / 1e9).formatted(.iso8601))
    }
}
