/// How many of all have something, such as requests that failed.
///
/// Counts are whole numbers, or, of weighted requests, of how many unweighted ones they say as much.
public struct Share: Hashable, Sendable {
    public let count: Double
    public let total: Double

    /// - Parameter count: 0 to `total`.
    public init(count: Int, total: Int) { self.init(count: Double(count), total: Double(total)) }

    /// - Parameter count: 0 to `total`.
    public init(count: Double, total: Double) {
        precondition(count >= 0 && count <= total, "a part is not more than the whole")
        (self.count, self.total) = (count, total)
    }

    /// 0 of none.
    public var value: Double { total > 0 ? count / total : 0 }

    /// Where the true share lies: the exact interval, never narrower than its confidence promises; all of none.
    ///
    /// Clopper, Pearson: "The use of confidence or fiducial limits illustrated in the case of the binomial", 1934;
    /// with broken totals after Korn, Graubard: "Confidence intervals for proportions with small expected number of
    /// positive counts estimated from survey data", 1998. Chosen over Wilson's, which is narrower, since shares of
    /// errors are small: there Wilson's covers less than it says, and a release must not look surer than it is.
    public func interval(confidence: Double = 0.95) -> ClosedRange<Double> {
        guard total > 0 else { return 0...1 }
        let tail = (1 - confidence) / 2
        let low = count > 0 ? SpecialFunctions.betaQuantile(tail, count, total - count + 1) : 0
        let high = count < total ? SpecialFunctions.betaQuantile(1 - tail, count + 1, total - count) : 1
        return min(low, value)...max(high, value)
    }

    /// Where the true share lies, on average over shares as often as promised.
    ///
    /// Wilson: "Probable inference, the law of succession, and statistical inference", 1927.
    func wilsonInterval(confidence: Double) -> ClosedRange<Double> {
        guard total > 0 else { return 0...1 }
        let z = Distributions.normalQuantile(confidence: confidence)
        let square = z * z
        let centre = count + square / 2
        let reach = z * (count * (total - count) / total + square / 4).squareRoot()
        return max(0, (centre - reach) / (total + square))...min(1, (centre + reach) / (total + square))
    }

    /// Where the true difference of two shares lies: this one's less the base's, -1 to 1.
    ///
    /// Newcombe: "Interval estimation for the difference between independent proportions: comparison of eleven
    /// methods", 1998, method 10. For one look; for many see `ShareSequence`.
    public func difference(from base: Share, confidence: Double = 0.95) -> ClosedRange<Double> {
        let (own, other) = (wilsonInterval(confidence: confidence), base.wilsonInterval(confidence: confidence))
        let difference = value - base.value
        func reach(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
        let down = reach(value - own.lowerBound, other.upperBound - base.value)
        let up = reach(own.upperBound - value, base.value - other.lowerBound)
        return max(-1, difference - down)...min(1, difference + up)
    }
}

/// In what way a candidate may differ from its base.
public enum Alternative: String, Hashable, Sendable {
    case greater, less, different
}
