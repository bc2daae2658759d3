internal import Glibc

/// Whether a candidate is better, the same or worse than its base, why, and what is missing to tell.
///
/// Made anew from all figures since both versions were live whenever one looks: "worse" is false at any of the looks
/// with no more than the probability that the thresholds allow, in all operations and measures together. For that half
/// of it is for all operations together, half for those one by one (all of it if there is one operation), and in each
/// half Holm's method adjusts for the number of measures. "Same" needs no adjustment, for all its parts have to be
/// shown: Berger: "Multiparameter hypothesis testing and acceptance sampling", 1982.
///
/// What it takes for granted: it is by chance which version gets a request, as it is by a mesh's weights. Then what
/// goes wrong for a while goes wrong for both, and only makes the verdict slower. Versions that get requests at
/// different times of the day, or of different users, may differ for that reason alone.
///
/// Of simulated hours under two random labels one in 1,000 became "worse". A version that fails 5 % against none was
/// found after 240 requests of each in half of the runs and after 300 in 80 %; one three times slower after 70, and in
/// 95 % after 90 (`VerdictErrorRateTests`).
public struct Verdict: Sendable {
    public let (base, candidate): (String, String)
    public let outcome: Outcome
    /// What decides first, the surest first; if nothing does, what is known of all operations together.
    public let reasons: [Reason]
    /// What would decide, of what all operations together leave open.
    public let needs: [Need]
    /// All operations together.
    public let total: OperationComparison
    /// In the order given.
    public let operations: [OperationComparison]

    /// - Parameters:
    ///   - base: the name of the old version, for the words.
    ///   - operations: with all that the service has, also those that one version lacks.
    public init(
        base: String, candidate: String, operations: [OperationFigures], thresholds: VerdictThresholds = .init()
    ) {
        (self.base, self.candidate) = (base, candidate)
        let isSingle = operations.count < 2
        var totals = [
            OperationComparison(
                StandardisedFigures(operations), operation: isSingle ? operations.first?.operation : nil, thresholds)
        ]
        var rows =
            isSingle
            ? []
            : operations.map {
                OperationComparison(StandardisedFigures([$0]), operation: $0.operation, thresholds)
            }
        let familyCount = isSingle ? 1 : 2
        Self.decide(&totals, familyCount: familyCount, thresholds)
        Self.decide(&rows, familyCount: familyCount, thresholds)
        total = totals[0]
        self.operations = isSingle && !operations.isEmpty ? totals : rows
        outcome = Self.outcome(total, rows)
        reasons = Reason.ranked(total, rows, candidate: candidate, thresholds)
        needs = Need.all(total, familyCount: familyCount, candidate: candidate, thresholds)
    }

    private static func outcome(_ total: OperationComparison, _ rows: [OperationComparison]) -> Outcome {
        if total.outcome == .worse || rows.contains(where: { $0.outcome == .worse }) { return .worse }
        return total.outcome == .same && rows.contains { $0.outcome == .better } ? .better : total.outcome
    }

    /// Adjusts for all measures of all the rows, and decides each.
    private static func decide(
        _ rows: inout [OperationComparison], familyCount: Int, _ thresholds: VerdictThresholds
    ) {
        let findings = rows.flatMap { [$0.errors.findings] + $0.quantiles.map(\.findings) }
        // Measures that a row lacks count, so that the number does not depend on what has come so far.
        let missing = rows.count * (1 + thresholds.quantiles.count) - findings.count
        func adjusted(_ evidence: (Findings) -> Double) -> [Double] {
            let p = findings.map { min(1, exp(-evidence($0))) } + Array(repeating: 1, count: missing)
            return MultipleComparisons.holm(p).map { min(1, $0 * Double(familyCount)) }
        }
        let (worse, better) = (adjusted(\.logEvidence.more), adjusted(\.logEvidence.less))
        var next = 0
        func decide(_ findings: inout Findings) {
            (findings.worseP, findings.betterP) = (worse[next], better[next])
            findings.decide(thresholds)
            next += 1
        }
        for row in rows.indices {
            decide(&rows[row].errors.findings)
            for place in rows[row].quantiles.indices { decide(&rows[row].quantiles[place].findings) }
            rows[row].decide(thresholds)
        }
    }
}
