internal import Terminal

extension ComparisonDocument {
    private static let rowCountMax = 20
    private static let traceCountMax = 3

    /// How copies of requests fared beside the requests themselves.
    mutating func addMirror() {
        guard let mirror = report.mirror else { return }
        document.heading("Copies beside their requests")
        if mirror.pairCount > 0 { addPairs(mirror) }
        if !mirror.repeatedCalls.isEmpty {
            document.blocks.append(.subheading("What copies have others do"))
            document.list(mirror.repeatedCalls.prefix(Self.rowCountMax).map { [.text($0.words)] })
        }
        addAsides(mirror.notes)
    }

    private mutating func addPairs(_ mirror: ComparisonReport.Mirror) {
        let agreeing = ReportText.count(mirror.agreeingCount)
        document.paragraph(
            .text("\(NumberText.count(mirror.pairCount, "pair")) of a request to "), .name(report.base),
            .text(" and its copy to "), .name(report.candidate), .text("; \(agreeing) with the same status."))
        if let difference = mirror.durationDifference {
            let (low, high) = (NumberText.duration(difference.low), NumberText.duration(difference.high))
            let more = NumberText.duration(Int64(clamping: difference.p50.magnitude))
            document.paragraph(
                .text("In the median a copy took \(more) \(difference.p50 < 0 ? "less" : "longer") than its request "),
                .aside("(\(low) to \(high))"), ".")
        }
        if mirror.disagreements.isEmpty { return }
        document.blocks.append(.subheading("Where the status is another one"))
        document.table(
            [
                .init(title: "Request (\(report.base))"), .init(title: "Copy (\(report.candidate))"),
                .init(title: "Pairs", isNumber: true), "Traces",
            ],
            mirror.disagreements.prefix(Self.rowCountMax).map { disagreement in
                let traces = disagreement.traceIDs.prefix(Self.traceCountMax).map { trace($0) }
                return [
                    [.name(disagreement.base)], [.name(disagreement.candidate)],
                    [.text(ReportText.count(disagreement.count))], Array(traces.map { [$0] }.joined(separator: [" "])),
                ]
            })
    }
}
