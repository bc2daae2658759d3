public import TraceModel

/// What one version did in one operation.
public struct RequestFigures: Sendable {
    /// How many there were: counted, or estimated from weighted ones.
    public let requests: Int
    /// Those that failed; its counts are those of unweighted requests that say as much.
    public let errors: Share
    /// Of all requests or of those that did not fail, the same for both versions; counts are weighted as they came.
    public let durations: DurationSketch
    /// How many unweighted durations say as much.
    public let effectiveDurations: Double

    /// Of every request, counted. Counts that cannot be, such as more failed requests than there are, are cut.
    public init(requests: Int, errors: Int, durations: DurationSketch) {
        self.requests = max(0, requests)
        self.errors = Share(count: min(max(0, errors), max(0, requests)), total: max(0, requests))
        self.durations = durations
        effectiveDurations = Double(durations.count)
    }

    /// Of requests that each stand for several.
    /// - Parameter errors: by weight, the requests that failed and those that did not.
    public init(errors: WeightedShare, durations: DurationSketch) {
        let all = errors.all
        requests = Int(exactly: all.sum.rounded()) ?? .max
        self.errors = errors.share
        self.durations = durations
        effectiveDurations = min(all.effectiveCount, Double(durations.count))
    }

    var distribution: DurationDistribution { DurationDistribution(durations, effectiveTotal: effectiveDurations) }
}

/// What two versions of a service did in one operation.
public struct OperationFigures: Sendable {
    public let operation: String
    public let base: RequestFigures
    public let candidate: RequestFigures

    public init(_ operation: String, base: RequestFigures, candidate: RequestFigures) {
        self.operation = operation
        self.base = base
        self.candidate = candidate
    }
}

/// Both versions over all operations that both have, as if they had been asked for the same mix of them.
///
/// Without that a version that gets more of the slow operations is slow. Operations weigh as in Cochran: "Some methods
/// for strengthening the common chi-squared tests", 1954 (and Mantel, Haenszel 1959): by n1 * n2 / (n1 + n2), so that
/// one which a version hardly has says little; totals are by Kish's count of what weights leave (`WeightSum`).
struct StandardisedFigures {
    let (baseRequests, candidateRequests): (Int, Int)
    let (baseErrors, candidateErrors): (Share, Share)
    let (base, candidate): (DurationDistribution, DurationDistribution)

    init(_ operations: [OperationFigures]) {
        baseRequests = Self.sum(operations) { $0.base.requests }
        candidateRequests = Self.sum(operations) { $0.candidate.requests }
        if let only = operations.first, operations.count == 1 {
            (baseErrors, candidateErrors) = (only.base.errors, only.candidate.errors)
            (base, candidate) = (only.base.distribution, only.candidate.distribution)
            return
        }
        (baseErrors, candidateErrors) = Self.errors(operations)
        (base, candidate) = Self.durations(operations)
    }

    private static func sum(_ operations: [OperationFigures], _ count: (OperationFigures) -> Int) -> Int {
        operations.reduce(0) { sum, operation in
            let (total, overflows) = sum.addingReportingOverflow(count(operation))
            return overflows ? .max : total
        }
    }

    /// Parts of all, by operation.
    private static func weights(_ totals: [(Double, Double)]) -> [Double] {
        let weights = totals.map { $0 > 0 && $1 > 0 ? $0 * $1 / ($0 + $1) : 0 }
        let sum = weights.reduce(0, +)
        return weights.map { sum > 0 ? $0 / sum : 0 }
    }

    /// What the weights leave of totals.
    private static func effective(_ weights: [Double], _ totals: [Double]) -> Double {
        let spread = zip(weights, totals).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * $1.0 / $1.1 : 0) }
        return spread > 0 ? 1 / spread : 0
    }

    private static func errors(_ operations: [OperationFigures]) -> (Share, Share) {
        let weights = weights(operations.map { ($0.base.errors.total, $0.candidate.errors.total) })
        func share(_ shares: [Share]) -> Share {
            let total = effective(weights, shares.map(\.total))
            let value = zip(weights, shares).reduce(0) { $0 + $1.0 * $1.1.value }
            return Share(count: min(1, value) * total, total: total)
        }
        return (share(operations.map(\.base.errors)), share(operations.map(\.candidate.errors)))
    }

    private static func durations(_ operations: [OperationFigures]) -> (DurationDistribution, DurationDistribution) {
        let weights = weights(operations.map { ($0.base.effectiveDurations, $0.candidate.effectiveDurations) })
        func distribution(_ figures: [RequestFigures]) -> DurationDistribution {
            DurationDistribution(
                zip(weights, figures).map { ($1.durations, $0 > 0 ? $0 / Double($1.durations.count) : 0) },
                effectiveTotal: effective(weights, figures.map(\.effectiveDurations)))
        }
        return (distribution(operations.map(\.base)), distribution(operations.map(\.candidate)))
    }
}
