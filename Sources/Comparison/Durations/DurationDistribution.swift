internal import Glibc
public import TraceModel

/// Durations as their counts in bins, ready for statistics.
///
/// Whatever is asked costs by bins, of which there are 35 to a doubling, and never by requests. A bin is 2 % wide:
/// figures are of its middle, intervals reach to its bounds.
public struct DurationDistribution: Sendable {
    /// By duration, ascending; not one is empty.
    let bins: [Bin]
    /// How many there are; of weighted ones, how many unweighted ones say as much.
    public let total: Double

    struct Bin {
        var above, upTo: Double
        var count: Double
        /// This bin's and those before.
        var cumulative: Double

        /// The value whose distance from both bounds is, for its size, the same.
        var middle: Double { upTo > 0 ? 2 * above * upTo / (above + upTo) : 0 }
    }

    /// - Parameter effectiveTotal: of weighted durations, how many unweighted ones say as much (`WeightSum`).
    public init(_ sketch: DurationSketch, effectiveTotal: Double? = nil) {
        self.init([(sketch, 1)], effectiveTotal: effectiveTotal ?? Double(sketch.count))
    }

    /// Some sketches together, each with a weight.
    init(_ sketches: [(sketch: DurationSketch, weight: Double)], effectiveTotal: Double) {
        var counts: [(number: Int32?, count: Double)] = []
        for (sketch, weight) in sketches where weight > 0 {
            sketch.forEachBin { counts.append(($0, Double($1) * weight)) }
        }
        if sketches.count > 1 { counts.sort { ($0.number ?? .min) < ($1.number ?? .min) } }
        let sum = counts.reduce(0) { $0 + $1.count }
        let scale = sum > 0 ? effectiveTotal / sum : 0
        var bins: [Bin] = []
        bins.reserveCapacity(counts.count)
        var last: Int32?
        for (number, count) in counts {
            let scaled = count * scale
            if let end = bins.indices.last, last == number {
                bins[end].count += scaled
                bins[end].cumulative += scaled
            } else {
                let bounds = DurationSketch.bounds(ofBin: number)
                let before = bins.last?.cumulative ?? 0
                bins.append(Bin(above: bounds.above, upTo: bounds.upTo, count: scaled, cumulative: before + scaled))
            }
            last = number
        }
        self.bins = bins
        total = bins.last?.cumulative ?? 0
    }

    public var isEmpty: Bool { bins.isEmpty }

    /// Index of the bin with the given rank, 1 for the shortest; of broken ranks the next whole one's.
    func bin(ofRank rank: Double) -> Int {
        var (low, high) = (0, bins.count - 1)
        // Sums of broken counts may miss a whole rank by rounding.
        let wanted = rank - total * 1e-12
        while low < high {
            let middle = (low + high) / 2
            if bins[middle].cumulative < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How many take longer than a limit, in nanoseconds; a limit that is no power of two of a millisecond is moved by
    /// up to 2 %.
    public func slower(than limit: Int64) -> Share {
        let slower = bins.reduce(0) { $0 + ($1.middle > Double(limit) ? $1.count : 0) }
        return Share(count: min(slower, total), total: total)
    }

    // MARK: Quantiles

    /// The duration that the given part of all does not exceed (nearest rank), and where the true one lies; or nil.
    ///
    /// The interval is between two of the durations, chosen by the binomial distribution of how many are shorter than
    /// the true one, and covers at least as often as said, whatever the distribution: Thompson: "On confidence ranges
    /// for the median and other expectation distributions", 1936; Hahn, Meeker: "Statistical Intervals", 1991, 5.2.
    /// - Parameter part: 0 to 1, exclusive.
    public func quantile(_ part: Double, confidence: Double = 0.95) -> DurationEstimate? {
        guard !bins.isEmpty else { return nil }
        let ranks = Self.ranks(part, of: total, confidence: confidence)
        return DurationEstimate(
            value: nanoseconds(bins[bin(ofRank: max(1, (part * total).rounded(.up)))].middle),
            lower: ranks.lower.map { nanoseconds(bins[bin(ofRank: $0)].above) } ?? 0,
            upper: ranks.upper.map { nanoseconds(bins[bin(ofRank: $0)].upTo) })
    }

    /// The ranks of the durations between which a quantile lies; nil where none is low or high enough.
    package static func ranks(_ part: Double, of total: Double, confidence: Double) -> (lower: Double?, upper: Double?)
    {
        let tail = (1 - confidence) / 2
        // The most that are shorter than the quantile with no more than the tail's probability.
        let fewest = Distributions.binomialQuantile(tail, of: total, part)
        let lower = Distributions.binomialUpTo(fewest, of: total, part) <= tail ? fewest + 1 : fewest
        let upper = Distributions.binomialQuantile(1 - tail, of: total, part) + 1
        return (lower >= 1 ? lower : nil, upper <= total ? upper : nil)
    }

    /// The difference of a quantile of this from that of another, with its interval; nil of none.
    ///
    /// The two intervals are put together as those of independent estimates: Zou, Donner: "Construction of confidence
    /// limits about effect measures: a general approach", 2008. For one look; for many see `QuantileSequence`.
    public func difference(
        from base: DurationDistribution, at part: Double, confidence: Double = 0.95
    ) -> DurationEstimate? {
        guard let own = quantile(part, confidence: confidence), let other = base.quantile(part, confidence: confidence)
        else { return nil }
        let difference = Double(own.value) - Double(other.value)
        func reach(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
        let lower = other.upper.map { upper in
            difference - reach(Double(own.value) - Double(own.lower), Double(upper) - Double(other.value))
        }
        let upper = own.upper.map { upper in
            difference + reach(Double(upper) - Double(own.value), Double(other.value) - Double(other.lower))
        }
        return DurationEstimate(
            value: nanoseconds(difference), lower: lower.map(nanoseconds) ?? .min, upper: upper.map(nanoseconds))
    }
}

/// A duration, or a difference of two, and where the true one lies; nanoseconds.
public struct DurationEstimate: Hashable, Sendable {
    public let value: Int64
    /// The smallest there can be where nothing bounds it.
    public let lower: Int64
    /// Nil where too few durations bound it.
    public let upper: Int64?

    package init(value: Int64, lower: Int64, upper: Int64?) {
        (self.value, self.lower, self.upper) = (value, lower, upper)
    }
}

/// Rounded; what is too long for the type is cut.
func nanoseconds(_ value: Double) -> Int64 {
    Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
}
