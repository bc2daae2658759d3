/// Things that each stand for several, as a sampled trace stands for 1 / (its probability of being kept).
public struct WeightSum: Hashable, Sendable {
    /// Of how many there were, an estimate.
    public private(set) var sum = 0.0
    public private(set) var sumOfSquares = 0.0
    /// How many there are.
    public private(set) var count = 0

    public init() {}

    /// - Parameter weight: positive and finite.
    public mutating func add(_ weight: Double, times: Int = 1) {
        precondition(weight > 0 && weight.isFinite && times >= 0, "what is there stands for something")
        sum += weight * Double(times)
        sumOfSquares += weight * weight * Double(times)
        count += times
    }

    public static func + (a: WeightSum, b: WeightSum) -> WeightSum {
        var result = a
        result.sum += b.sum
        result.sumOfSquares += b.sumOfSquares
        result.count += b.count
        return result
    }

    /// How many unweighted ones say as much; 0 of none. Never more than there are.
    ///
    /// Kish: "Survey Sampling", 1965, 11.7.
    public var effectiveCount: Double { sumOfSquares > 0 ? min(Double(count), sum * sum / sumOfSquares) : 0 }
}

/// Weighted things, with and without something.
public struct WeightedShare: Hashable, Sendable {
    public var having = WeightSum()
    public var lacking = WeightSum()

    public init() {}

    /// All of them.
    public var all: WeightSum { having + lacking }

    /// As many unweighted ones as give the share with the same variance.
    ///
    /// The variance is that of a ratio of weighted sums, and the total that which a binomial share would need for it:
    /// Korn, Graubard: "Confidence intervals for proportions with small expected number of positive counts estimated
    /// from survey data", 1998. A sampler that keeps every failed request makes the share surer than Kish's count of
    /// all, which is taken where one side is empty.
    public var share: Share {
        let all = all
        guard all.sum > 0 else { return Share(count: 0, total: 0) }
        let value = min(1, having.sum / all.sum)
        let spread = (1 - value) * (1 - value) * having.sumOfSquares + value * value * lacking.sumOfSquares
        let total =
            having.count > 0 && lacking.count > 0
            ? value * (1 - value) * all.sum * all.sum / spread : all.effectiveCount
        return Share(count: value * total, total: total)
    }
}
