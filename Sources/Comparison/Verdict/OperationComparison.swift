internal import Glibc
internal import TraceModel

/// How two versions compare in one operation, or in all together. Intervals hold at all looks together.
public struct OperationComparison: Sendable {
    /// Nil: all operations together, as if both versions had been asked for the same mix of them.
    public let operation: String?
    public let (baseRequests, candidateRequests): (Int, Int)
    public internal(set) var errors: ErrorComparison
    /// As `VerdictThresholds.quantiles`; empty if a version has no durations.
    public internal(set) var quantiles: [QuantileComparison]
    /// The whole distributions of durations; for one look.
    public let distribution: RankSumTest
    public internal(set) var outcome = Outcome.tooLittleData
    let (base, candidate): (DurationDistribution, DurationDistribution)

    init(_ figures: StandardisedFigures, operation: String?, _ thresholds: VerdictThresholds) {
        self.operation = operation
        (baseRequests, candidateRequests) = (figures.baseRequests, figures.candidateRequests)
        errors = ErrorComparison(base: figures.baseErrors, candidate: figures.candidateErrors, thresholds)
        (base, candidate) = (figures.base, figures.candidate)
        distribution = RankSumTest(base: figures.base, candidate: figures.candidate)
        quantiles = thresholds.quantiles.compactMap {
            QuantileComparison(base: figures.base, candidate: figures.candidate, part: $0, thresholds)
        }
    }

    /// From the measures'.
    mutating func decide(_ thresholds: VerdictThresholds) {
        let all = [errors.outcome] + quantiles.map(\.outcome)
        let deciding =
            [errors.outcome]
            + thresholds.decidingQuantiles.map { part in
                quantiles.first { $0.part == part }?.outcome ?? .tooLittleData
            }
        if all.contains(.worse) {
            outcome = .worse
        } else if deciding.contains(.tooLittleData) {
            outcome = .tooLittleData
        } else {
            outcome = all.contains(.better) ? .better : .same
        }
    }
}

/// The shares of errors of two versions. Intervals hold at all looks together.
public struct ErrorComparison: Sendable {
    public let (base, candidate): (Share, Share)
    public let (baseInterval, candidateInterval): (ClosedRange<Double>, ClosedRange<Double>)
    /// Candidate less base.
    public let difference: Double
    public let differenceInterval: ClosedRange<Double>
    /// Of no difference, if this were the only look and the only operation: Fisher's mid-p.
    public let singleLookP: Double
    public internal(set) var findings: Findings

    public var outcome: Outcome { findings.outcome }

    init(base: Share, candidate: Share, _ thresholds: VerdictThresholds) {
        (self.base, self.candidate) = (base, candidate)
        let sequence = ShareSequence(base: base, candidate: candidate)
        baseInterval = ShareSequence.interval(base, confidence: thresholds.confidence)
        candidateInterval = ShareSequence.interval(candidate, confidence: thresholds.confidence)
        difference = candidate.value - base.value
        differenceInterval = sequence.difference(confidence: thresholds.confidence)
        singleLookP = FisherTest(base: base, candidate: candidate).midP(.different)
        let limit = thresholds.errorShare
        findings = Findings(
            logEvidence: (sequence.logEvidence(.greater), sequence.logEvidence(.less)),
            isSame: differenceInterval.lowerBound > -limit && differenceInterval.upperBound < limit)
    }
}

/// A quantile of the durations of two versions. Intervals hold at all looks together.
public struct QuantileComparison: Sendable {
    /// 0 to 1.
    public let part: Double
    public let (base, candidate): (DurationEstimate, DurationEstimate)
    public let change: QuantileChange
    public internal(set) var findings: Findings

    public var outcome: Outcome { findings.outcome }

    init?(
        base: DurationDistribution, candidate: DurationDistribution, part: Double, _ thresholds: VerdictThresholds
    ) {
        let sequence = QuantileSequence(base: base, candidate: candidate, part: part)
        guard let ofBase = sequence.base(confidence: thresholds.confidence),
            let ofCandidate = sequence.candidate(confidence: thresholds.confidence),
            let change = sequence.change(confidence: thresholds.confidence)
        else { return nil }
        self.part = part
        (self.base, self.candidate, self.change) = (ofBase, ofCandidate, change)
        findings = Findings(
            logEvidence: (sequence.logEvidence(.greater), sequence.logEvidence(.less)),
            isSame: change.isWithin(
                ratio: 1 + thresholds.durationPart, difference: Double(thresholds.durationDifference)))
    }
}

/// What is known of one measure of one operation.
public struct Findings: Sendable {
    /// Logarithms of the evidence that the candidate has more, and that it has less.
    let logEvidence: (more: Double, less: Double)
    /// The true difference is less than what matters.
    let isSame: Bool
    /// Of a false "worse" and of a false "better", adjusted for all that was looked at.
    public internal(set) var (worseP, betterP) = (1.0, 1.0)
    public internal(set) var outcome = Outcome.tooLittleData

    init(logEvidence: (more: Double, less: Double), isSame: Bool) {
        self.logEvidence = logEvidence
        self.isSame = isSame
    }

    /// A difference that is sure is not "worse" if it is as sure that it does not matter.
    mutating func decide(_ thresholds: VerdictThresholds) {
        if isSame {
            outcome = .same
        } else if worseP <= thresholds.level {
            outcome = .worse
        } else if betterP <= thresholds.level {
            outcome = .better
        }
    }
}
