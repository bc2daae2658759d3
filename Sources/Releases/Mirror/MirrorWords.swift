internal import Terminal

extension ComparisonReport.Mirror {
    private static let partCountMax = 3

    /// The pairs in sentences: the first sums them up, the others stand below it.
    public var lines: [String] {
        guard pairCount > 0 else { return notes }
        var lines = [
            "copies: \(agreeingCount) of \(pairCount) ended as their requests did"
                + (unpairedCount > 0 ? ", \(unpairedCount) have no request beside them" : "")
        ]
        for difference in disagreements.prefix(Self.partCountMax) {
            lines.append(
                "  \(difference.base) and the copy \(difference.candidate): \(difference.count), such as "
                    + (difference.traceIDs.first ?? ""))
        }
        if let difference = durationDifference {
            let more = NumberText.duration(Int64(clamping: difference.p50.magnitude))
            lines.append(
                "  copies took \(more) \(difference.p50 < 0 ? "less" : "longer") in the median "
                    + "(\(NumberText.duration(difference.low)) to \(NumberText.duration(difference.high)))")
        }
        return lines + repeatedCalls.prefix(Self.partCountMax).map { "  \($0.words)" } + notes.map { "  \($0)" }
    }
}
