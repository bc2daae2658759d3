internal import Glibc

/// How two distributions of durations lie to each other, whatever their shape. For one look.
///
/// Durations of one bin count as equal. The cost is that of one pass over the bins of both.
public struct RankSumTest: Sendable {
    /// How probable it is that a duration of the candidate is longer than one of the base, equal ones counted half:
    /// 0.5 if neither tends to be longer. Grissom, Kim: "Effect Sizes for Research", 2005, 5.
    public let superiority: Double
    /// The largest distance between the parts of both that are not longer than some duration.
    ///
    /// Kolmogorov 1933; Smirnov: "On the estimation of the discrepancy between empirical curves of distribution for
    /// two independent samples", 1939.
    public let distance: Double
    private let (baseTotal, candidateTotal): (Double, Double)
    /// Sum over equal durations of (count^3 - count).
    private let ties: Double

    public init(base: DurationDistribution, candidate: DurationDistribution) {
        (baseTotal, candidateTotal) = (base.total, candidate.total)
        let (a, b) = (base.bins, candidate.bins)
        var (i, j) = (0, 0)
        var (before, longer, ties, distance) = (0.0, 0.0, 0.0, 0.0)
        var candidateBefore = 0.0
        while i < a.count || j < b.count {
            let bound = min(i < a.count ? a[i].upTo : .infinity, j < b.count ? b[j].upTo : .infinity)
            var (ofBase, ofCandidate) = (0.0, 0.0)
            if i < a.count, a[i].upTo == bound {
                ofBase = a[i].count
                i += 1
            }
            if j < b.count, b[j].upTo == bound {
                ofCandidate = b[j].count
                j += 1
            }
            longer += ofCandidate * (before + ofBase / 2)
            let equal = ofBase + ofCandidate
            ties += equal * equal * equal - equal
            before += ofBase
            candidateBefore += ofCandidate
            if !base.isEmpty, !candidate.isEmpty {
                distance = max(distance, abs(before / base.total - candidateBefore / candidate.total))
            }
        }
        self.ties = ties
        self.distance = distance
        superiority = base.isEmpty || candidate.isEmpty ? 0.5 : longer / base.total / candidate.total
    }

    /// Of no tendency to longer or shorter durations, by the normal approximation with the variance that ties leave and
    /// a correction for continuity; 1 of none.
    ///
    /// Mann, Whitney: "On a test of whether one of two random variables is stochastically larger than the other", 1947;
    /// variance after Lehmann: "Nonparametrics", 1975, 1.4.
    public func p(_ alternative: Alternative) -> Double {
        let total = baseTotal + candidateTotal
        let pairs = baseTotal * candidateTotal
        let variance = pairs / 12 * (total + 1 - ties / (total * (total - 1)))
        guard pairs > 0, variance > 0 else { return 1 }
        let distance = (superiority - 0.5) * pairs
        switch alternative {
        case .greater: return Distributions.normalAbove((distance - 0.5) / variance.squareRoot())
        case .less: return Distributions.normalAbove((-distance - 0.5) / variance.squareRoot())
        case .different: return min(1, 2 * Distributions.normalAbove((abs(distance) - 0.5) / variance.squareRoot()))
        }
    }

    /// Where the true `superiority` lies.
    ///
    /// Newcombe: "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2", 2006,
    /// method 5: the values that a score test with the variance of Hanley and McNeil does not reject. It stays within 0
    /// and 1, and has a width where all of one are longer than all of the other.
    public func superiorityInterval(confidence: Double = 0.95) -> ClosedRange<Double> {
        Self.superiorityInterval(
            superiority, baseTotal: baseTotal, candidateTotal: candidateTotal, confidence: confidence)
    }

    static func superiorityInterval(
        _ superiority: Double, baseTotal: Double, candidateTotal: Double, confidence: Double
    ) -> ClosedRange<Double> {
        guard baseTotal > 0, candidateTotal > 0 else { return 0...1 }
        let z = Distributions.normalQuantile(confidence: confidence)
        let size = (baseTotal + candidateTotal) / 2 - 1
        func isRejected(_ value: Double) -> Bool {
            let pairs = 1 + size * ((1 - value) / (2 - value) + value / (1 + value))
            let variance = value * (1 - value) * max(1, pairs) / (baseTotal * candidateTotal)
            return abs(superiority - value) > z * variance.squareRoot()
        }
        func bound(towards end: Double) -> Double {
            var (inside, outside) = (superiority, end)
            if !isRejected(end) { return end }
            for _ in 0..<60 {
                let middle = (inside + outside) / 2
                if isRejected(middle) { outside = middle } else { inside = middle }
            }
            return outside
        }
        return min(superiority, bound(towards: 0))...max(superiority, bound(towards: 1))
    }

    /// Of both distributions being the same in all, by `distance`; too large rather than too small, as bins make equal
    /// what is not.
    ///
    /// The limiting distribution with Stephens' change for small counts: "Use of the Kolmogorov-Smirnov, Cramer-von
    /// Mises and related statistics without extensive tables", 1970.
    public var distanceP: Double {
        guard baseTotal > 0, candidateTotal > 0 else { return 1 }
        let root = (baseTotal * candidateTotal / (baseTotal + candidateTotal)).squareRoot()
        return Distributions.kolmogorovAbove((root + 0.12 + 0.11 / root) * distance)
    }
}
