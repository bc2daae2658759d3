internal import Terminal

extension ComparisonDocument {
    private static let rowCountMax = 20
    private static let traceCountMax = 3

    /// How copies of requests fared beside the requests themselves.
    mutating func addMirror() {
        guard let mirror = report.mirror else { return }
        document.heading("Copies beside their requests")
        document.paragraph(
            .text("\(NumberText.count(mirror.pairCount, "pair")) of a request to "), .name(report.base),
            .text(" and its copy to "),
            .name(report.candidate),
            .text(
                "; \(ReportText.count(mirror.agreeingCount)) with the same status. "
                    + "\(ReportText.count(mirror.unpairedCount)) copies are without a request."))
        if let difference = mirror.durationDifference {
            let (low, high) = (NumberText.duration(difference.low), NumberText.duration(difference.high))
            document.paragraph(
                .text("In the middle a copy took \(NumberText.duration(difference.p50)) longer than its request "),
                .aside("(\(low) to \(high))"), ".")
        }
        document.table(
            [
                .init(title: report.base), .init(title: report.candidate), .init(title: "Pairs", isNumber: true),
                "Traces",
            ],
            mirror.disagreements.prefix(Self.rowCountMax).map { disagreement in
                let traces = disagreement.traceIDs.prefix(Self.traceCountMax).map { trace($0) }
                return [
                    [.name(disagreement.base)], [.name(disagreement.candidate)],
                    [.text(ReportText.count(disagreement.count))],
                    Array(traces.map { [$0] }.joined(separator: [" "])),
                ]
            })
        if !mirror.repeatedCalls.isEmpty {
            document.blocks.append(.subheading("What copies have others do"))
            document.list(mirror.repeatedCalls.prefix(Self.rowCountMax).map { [.text($0.words)] })
        }
        addAsides(mirror.notes)
    }
}
