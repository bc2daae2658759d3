/// Something that speaks for the outcome, as data and in words.
public struct Reason: Sendable {
    /// Nil: all operations together.
    public let operation: String?
    public let measure: Measure
    public let outcome: Outcome
    /// Probability that the finding is false, adjusted for all that was looked at.
    public let p: Double
    /// Like "v3 slower on GET /reviews: p95 41 -> 124 ms, interval 38-44 against 117-131, 171 and 160 requests".
    public let words: String
    private let evidence: Double

    /// Worse before better, each the surest first, one of durations for each operation; otherwise what `total` has.
    static func ranked(
        _ total: OperationComparison, _ rows: [OperationComparison], candidate: String, _ thresholds: VerdictThresholds
    ) -> [Reason] {
        var reasons: [Reason] = []
        for outcome in [Outcome.worse, .better] {
            var found: [Reason] = []
            for row in [total] + rows {
                let all = all(of: row, candidate: candidate, thresholds).filter { $0.outcome == outcome }
                if let errors = all.first(where: { $0.measure == .errors }) { found.append(errors) }
                if let longest = all.filter({ $0.measure != .errors }).max(by: { $0.evidence < $1.evidence }) {
                    found.append(longest)
                }
            }
            reasons += found.sorted { $0.evidence > $1.evidence }
        }
        return reasons.isEmpty ? all(of: total, candidate: candidate, thresholds) : reasons
    }

    /// Of each measure.
    static func all(
        of row: OperationComparison, candidate: String, _ thresholds: VerdictThresholds
    ) -> [Reason] {
        let place = row.operation ?? "all operations"
        let requests = "\(row.baseRequests) and \(row.candidateRequests) requests"
        func reason(_ measure: Measure, _ findings: Findings, _ verb: String, _ figures: String) -> Reason {
            Reason(
                operation: row.operation, measure: measure, outcome: findings.outcome,
                p: findings.outcome == .better ? findings.betterP : findings.worseP,
                words: "\(candidate) \(verb) on \(place): \(measure.words) \(figures), \(requests)",
                evidence: max(findings.logEvidence.more, findings.logEvidence.less))
        }
        let errors = reason(.errors, row.errors.findings, words(row.errors), figures(row.errors, thresholds))
        return [errors]
            + row.quantiles.map { quantile in
                reason(
                    .duration(quantile: quantile.part), quantile.findings, words(quantile),
                    figures(quantile, thresholds))
            }
    }

    // MARK: Words

    private static func words(_ errors: ErrorComparison) -> String {
        switch errors.outcome {
        case .worse: "fails more"
        case .better: "fails less"
        case .same: "fails as often"
        case .tooLittleData: "not decided"
        }
    }

    private static func words(_ quantile: QuantileComparison) -> String {
        switch quantile.outcome {
        case .worse: "slower"
        case .better: "faster"
        case .same: "as fast"
        case .tooLittleData: "not decided"
        }
    }

    private static func figures(_ errors: ErrorComparison, _ thresholds: VerdictThresholds) -> String {
        let (before, after) = (errors.baseInterval, errors.candidateInterval)
        let change = "\(NumberWords.percent(errors.base.value)) -> \(NumberWords.percent(errors.candidate.value)) %, "
        guard errors.outcome == .same || errors.outcome == .tooLittleData else {
            return change + "interval \(NumberWords.percent(before)) against \(NumberWords.percent(after))"
        }
        let reach = "difference \(NumberWords.percent(errors.differenceInterval))"
        let limit = NumberWords.percent(thresholds.errorShare)
        return change + reach + ", \(errors.outcome == .same ? "within" : "not yet within") \(limit) %"
    }

    private static func figures(_ quantile: QuantileComparison, _ thresholds: VerdictThresholds) -> String {
        let (before, after) = (quantile.base, quantile.candidate)
        let unit = DurationUnit(of: max(before.value, after.value))
        let change = "\(unit.text(before.value)) -> \(unit.text(after.value)) \(unit.name), "
        guard quantile.outcome == .same || quantile.outcome == .tooLittleData else {
            return change + "interval \(unit.text(before)) against \(unit.text(after))"
        }
        let (low, high) = (quantile.change.ratios.lower - 1, quantile.change.ratios.upper - 1)
        let reach =
            low.isFinite && high.isFinite
            ? "change \(NumberWords.percent(low)) to \(NumberWords.percent(high)) %" : "change without bounds"
        let limit = NumberWords.percent(thresholds.durationPart)
        return change + reach + ", \(quantile.outcome == .same ? "within" : "not yet within") \(limit) %"
    }
}
