internal import Glibc

/// A quantile of two distributions of durations that grow while they are watched: what is said holds at all looks
/// together, whatever the distributions.
///
/// How many durations are not longer than the true quantile is a binomial count with a known share. Of each of the two,
/// the likelihood of that count with a share drawn at random, against the known one, is a martingale, and so is the
/// product: values of the quantiles for which it exceeds 1/a are ruled out. Howard, Ramdas: "Sequential estimation of
/// quantiles with applications to A/B testing and best-arm identification", 2022, theorem 1 with the beta-binomial
/// mixture, and section 5. The quantile may be anywhere in its bin.
public struct QuantileSequence: Sendable {
    public let part: Double
    private let base: QuantileEvidence
    private let candidate: QuantileEvidence

    /// - Parameter part: 0 to 1, exclusive.
    public init(base: DurationDistribution, candidate: DurationDistribution, part: Double) {
        precondition(part > 0 && part < 1, "a quantile that a part of all exceeds")
        self.part = part
        self.base = QuantileEvidence(base, part)
        self.candidate = QuantileEvidence(candidate, part)
    }

    /// Logarithm of the evidence that the candidate's quantile is greater (or less).
    public func logEvidence(_ alternative: Alternative) -> Double {
        switch alternative {
        case .greater: Self.logEvidence(candidate, isAbove: base)
        case .less: Self.logEvidence(base, isAbove: candidate)
        case .different:
            max(Self.logEvidence(candidate, isAbove: base), Self.logEvidence(base, isAbove: candidate)) - log(2)
        }
    }

    /// A probability of error that may be looked at at any time.
    public func p(_ alternative: Alternative) -> Double { min(1, exp(-logEvidence(alternative))) }

    /// The least evidence against a pair of places of which the upper one is not above the lower.
    private static func logEvidence(_ upper: QuantileEvidence, isAbove lower: QuantileEvidence) -> Double {
        let uppers = upper.places
        var least = Double.infinity
        var ofUpper = Double.infinity
        var next = 0
        for place in lower.places {
            while next < uppers.count {
                let candidate = uppers[next]
                if candidate.above >= place.upTo, candidate.above > 0 { break }
                ofUpper = min(ofUpper, candidate.against)
                next += 1
            }
            least = min(least, ofUpper + place.against)
        }
        return least
    }

    /// The candidate's quantile, and where the true one lies at all looks together; nil of none.
    public func candidate(confidence: Double = 0.95) -> DurationEstimate? { candidate.estimate(confidence) }

    /// The base's quantile, and where the true one lies at all looks together; nil of none.
    public func base(confidence: Double = 0.95) -> DurationEstimate? { base.estimate(confidence) }

    /// How the two lie to each other, at all looks together; nil of none.
    public func change(confidence: Double = 0.95) -> QuantileChange? {
        guard let from = base.value, let to = candidate.value else { return nil }
        var change = QuantileChange(from: from, to: to)
        let limit = -log(1 - confidence)
        for place in base.places where place.against < limit {
            guard let reach = candidate.reach(limit - place.against) else { continue }
            change.add(
                place.middles,
                (candidate.places[reach.lowerBound].middles.lower, candidate.places[reach.upperBound].middles.upper))
        }
        return change
    }
}

/// The difference and the ratio of two quantiles, candidate to base; of middles of bins, and so within 2 %.
public struct QuantileChange: Sendable {
    /// Nanoseconds.
    public let difference: Double
    public let ratio: Double
    /// Nanoseconds; infinite where nothing bounds it.
    public private(set) var differences: (lower: Double, upper: Double) = (.infinity, -.infinity)
    public private(set) var ratios: (lower: Double, upper: Double) = (.infinity, 0)
    /// Of places of the base, what is left to the candidate.
    private var pairs: [(base: (lower: Double, upper: Double), candidate: (lower: Double, upper: Double))] = []

    fileprivate init(from base: Double, to candidate: Double) {
        difference = candidate - base
        ratio = base > 0 ? candidate / base : candidate > 0 ? .infinity : 1
    }

    fileprivate mutating func add(_ base: (lower: Double, upper: Double), _ reach: (lower: Double, upper: Double)) {
        pairs.append((base, reach))
        differences.lower = min(differences.lower, reach.lower - base.upper)
        differences.upper = max(differences.upper, reach.upper - base.lower)
        ratios.lower = min(ratios.lower, base.upper > 0 ? reach.lower / base.upper : reach.lower > 0 ? .infinity : 1)
        ratios.upper = max(ratios.upper, base.lower > 0 ? reach.upper / base.lower : reach.upper > 0 ? .infinity : 1)
    }

    /// Whether no pair that is left differs by more than the given ratio, or else by more than the given difference.
    /// - Parameters:
    ///   - ratio: above 1.
    ///   - difference: nanoseconds.
    public func isWithin(ratio: Double, difference: Double) -> Bool {
        pairs.allSatisfy { base, candidate in
            candidate.upper <= max(base.lower * ratio, base.lower + difference)
                && candidate.lower >= min(base.upper / ratio, base.upper - difference)
        }
    }

    /// Whether what was seen differs by so much.
    static func matters(from base: Double, to candidate: Double, ratio: Double, difference: Double) -> Bool {
        candidate > base
            ? candidate > max(base * ratio, base + difference)
            : candidate < min(base / ratio, base - difference)
    }
}

/// What speaks against each place of one distribution's quantile.
struct QuantileEvidence: Sendable {
    /// By duration, ascending: below all, each bin, above all. Durations between two bins are covered by both.
    let places: [Place]
    /// What was seen; nil of none.
    let value: Double?
    /// Of the least evidence.
    private let likeliest: Int

    struct Place: Sendable {
        var above, upTo: Double
        /// Logarithm of the evidence against the quantile being here.
        var against: Double

        /// Of a bin its middle, by which its durations are told; the ends of what is below or above all.
        var middles: (lower: Double, upper: Double) {
            if above <= 0 || upTo == .infinity { return (above, upTo) }
            let middle = 2 * above * upTo / (above + upTo)
            return (middle, middle)
        }
    }

    init(_ durations: DurationDistribution, _ part: Double) {
        let (total, bins) = (durations.total, durations.bins)
        guard let first = bins.first, let last = bins.last else {
            places = [Place(above: 0, upTo: .infinity, against: 0)]
            (value, likeliest) = (nil, 0)
            return
        }
        value = bins[durations.bin(ofRank: max(1, (part * total).rounded(.up)))].middle
        // Sharpest for some hundreds of requests, and for some tens of those that exceed the quantile.
        let strength = max(25, 1.25 / min(part, 1 - part))
        let (a, b) = (part * strength, (1 - part) * strength)
        let constant = -SpecialFunctions.logBeta(a, b) - SpecialFunctions.logGamma(total + strength)
        let (logPart, logRest) = (log(part), log1p(-part))
        func against(_ count: Double) -> Double {
            SpecialFunctions.logGamma(count + a) + SpecialFunctions.logGamma(total - count + b) + constant
                - count * logPart - (total - count) * logRest
        }
        // Falls, then rises.
        let least = Self.leastPlace(upTo: total, against)
        var places = [Place(above: 0, upTo: first.above, against: against(0))]
        places.reserveCapacity(bins.count + 2)
        // Each bound is the end of one bin and the start of the next.
        var atStart = places[0].against
        var before = 0.0
        var likeliest = 0
        for bin in bins {
            let atEnd = against(min(bin.cumulative, total))
            let evidence = before < least && bin.cumulative > least ? against(least) : min(atStart, atEnd)
            if evidence < places[likeliest].against { likeliest = places.count }
            places.append(Place(above: bin.above, upTo: bin.upTo, against: evidence))
            (before, atStart) = (bin.cumulative, atEnd)
        }
        places.append(Place(above: last.upTo, upTo: .infinity, against: against(total)))
        self.places = places
        self.likeliest = likeliest
    }

    private static func leastPlace(upTo total: Double, _ function: (Double) -> Double) -> Double {
        var (low, high) = (0.0, total)
        for _ in 0..<40 {
            let third = (high - low) / 3
            if function(low + third) < function(high - third) { high -= third } else { low += third }
        }
        return (low + high) / 2
    }

    /// The places against which there is less evidence; nil if there is none.
    func reach(_ limit: Double) -> ClosedRange<Int>? {
        guard places[likeliest].against < limit else { return nil }
        var (low, high) = (-1, likeliest)
        while high - low > 1 {
            let middle = (low + high) / 2
            if places[middle].against < limit { high = middle } else { low = middle }
        }
        let first = high
        (low, high) = (likeliest, places.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if places[middle].against < limit { low = middle } else { high = middle }
        }
        return first...low
    }

    func estimate(_ confidence: Double) -> DurationEstimate? {
        guard let value, let reach = reach(-log(1 - confidence)) else { return nil }
        return DurationEstimate(
            value: nanoseconds(value), lower: nanoseconds(places[reach.lowerBound].above),
            upper: reach.upperBound < places.count - 1 ? nanoseconds(places[reach.upperBound].upTo) : nil)
    }
}
