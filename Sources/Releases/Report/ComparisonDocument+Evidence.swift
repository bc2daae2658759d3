internal import Terminal
internal import TraceModel

extension ComparisonDocument {
    private static let findingCountMax = 20

    /// What goes wrong, what slow and failed requests have in common, and traces that show it.
    mutating func addEvidence() {
        guard let evidence = report.evidence else { return }
        document.heading("Evidence")
        document.paragraph(
            .text("From \(ReportText.count(evidence.baseRequestCount)) stored requests of "), .name(report.base),
            .text(" and \(ReportText.count(evidence.candidateRequestCount)) of "), .name(report.candidate),
            .text(evidence.isSampled ? "; sampling left others out, so shares are estimates." : "."))
        addErrorKinds(evidence.errorKinds)
        addAttributes(evidence.attributes)
        addExamples(evidence.examples)
        addPairs(evidence.pairs)
        addAsides(evidence.notes)
    }

    private static func cell(_ share: Double, _ count: Int) -> [Inline] {
        [.text(ReportText.percent(share) + " "), .aside("(\(ReportText.count(count)))")]
    }

    private mutating func addErrorKinds(_ kinds: [ComparisonReport.Evidence.ErrorKind]) {
        guard !kinds.isEmpty else { return }
        document.blocks.append(.subheading("What goes wrong"))
        document.table(
            ["Kind"] + versionColumns + ["New"],
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
            ["Version", "Which", .init(title: "Took", isNumber: true), "Trace", "Operation", "Began (UTC)"],
            examples.map { example in
                [
                    [.name(example.version)], [.text(example.role)],
                    took(example, isFailureTold: example.role == "failed"), [trace(example.traceID)],
                    [.name(example.operation)], [.text(Self.moment(example.startTime))],
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
            ["Operation", "Path"] + versionColumns,
            pairs.map { pair in
                [[.name(pair.operation)], [.name(pair.path ?? "")]]
                    + [pair.base, pair.candidate].map { took($0) + [" ", trace($0.traceID)] }
            })
        for pair in pairs {
            guard let differences = pair.differences, !differences.isEmpty else { continue }
            document.paragraph(
                .name(pair.operation), .text(", \(pair.base.role) "), trace(pair.base.traceID),
                .text(" against \(pair.candidate.role) "), trace(pair.candidate.traceID), ":")
            document.list(differences.map { [.text($0)] })
        }
        if let command = pairs.lazy.compactMap(Self.command).first {
            document.paragraph(.name(command), " compares the first two call by call.")
        }
    }

    /// Nil where an ID is none.
    private static func command(_ pair: ComparisonReport.Evidence.Pair) -> String? {
        let (a, b) = (pair.base, pair.candidate)
        guard [a.traceID, a.spanID, b.traceID, b.spanID].allSatisfy(TraceLinks.isID) else { return nil }
        return "skein trace diff \(a.traceID):\(a.spanID) \(b.traceID):\(b.spanID)"
    }

    private func took(_ example: ComparisonReport.Evidence.Example, isFailureTold: Bool = false) -> [Inline] {
        let failure: [Inline] = example.isError && !isFailureTold ? [" ", .outcome("failed", .bad)] : []
        return [.text(NumberText.duration(example.duration))] + failure
    }

    /// A link tells the whole ID; without one it can be copied.
    func trace(_ traceID: String) -> Inline {
        links.address(of: traceID).map { .link(String(traceID.prefix(12)), to: $0) } ?? .name(traceID)
    }

    private static func moment(_ nanoseconds: Int64) -> String {
        ReportText.time(RFC3339.text(nanoseconds, hasFraction: false))
    }
}
