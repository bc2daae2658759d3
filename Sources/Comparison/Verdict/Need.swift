internal import Glibc

/// What is missing to decide on a measure, as data and in words.
public struct Need: Sendable {
    /// Nil: all operations together.
    public let operation: String?
    public let measure: Measure
    /// So many more of the candidate, the base getting its share as it did. Rounded up to two digits that count.
    public let requests: Int
    /// Like "about 400 more requests of v2 for a 1 % change in errors".
    public let words: String

    /// More are not told of: nobody waits for them.
    private static let requestsMax = 100_000_000.0

    /// Of each deciding measure that is open, the smallest need first.
    static func all(
        _ row: OperationComparison, familyCount: Int, candidate: String, _ thresholds: VerdictThresholds
    ) -> [Need] {
        let count = familyCount * (1 + thresholds.quantiles.count)
        let plan = SamplePlan(
            level: thresholds.level, count: count, power: thresholds.power,
            basePerCandidate: row.candidateRequests > 0 && row.baseRequests > 0
                ? Double(row.baseRequests) / Double(row.candidateRequests) : 1)
        func need(_ measure: Measure, _ total: Double?, has: Double, change: Double) -> Need? {
            guard let total, total <= requestsMax else { return nil }
            // Of weighted requests so many more come as said by what they are worth.
            let worth = has > 0 && row.candidateRequests > 0 ? Double(row.candidateRequests) / has : 1
            let more = NumberWords.rounded(max(1, nearest((total - has) * max(1, worth))))
            return Need(
                operation: row.operation, measure: measure, requests: more,
                words: "about \(more) more request\(more == 1 ? "" : "s") of \(candidate) for a "
                    + "\(NumberWords.percent(change)) % change in " + measure.words)
        }
        var needs: [Need?] = []
        if row.errors.outcome == .tooLittleData {
            let total = plan.requests(base: row.errors.base, candidate: row.errors.candidate, thresholds.errorShare)
            needs.append(need(.errors, total, has: row.errors.candidate.total, change: thresholds.errorShare))
        }
        for quantile in row.quantiles
        where quantile.outcome == .tooLittleData && thresholds.decidingQuantiles.contains(quantile.part) {
            let within = plan.partWithin(
                row.base, row.candidate, from: Double(quantile.base.value),
                to: max(
                    Double(quantile.base.value) * (1 + thresholds.durationPart),
                    Double(quantile.base.value) + Double(thresholds.durationDifference)))
            let total = plan.requests(quantile: quantile.part, within)
            needs.append(
                need(
                    .duration(quantile: quantile.part), total, has: row.candidate.total,
                    change: thresholds.durationPart))
        }
        return needs.compactMap { $0 }.sorted { $0.requests < $1.requests }
    }

    private static func nearest(_ value: Double) -> Int { Int(exactly: value.rounded(.up)) ?? .max / 2 }
}

/// How many requests decide, with a given power: found by asking the sequential procedures themselves what they would
/// say of counts as far off the expected ones as the power allows for.
struct SamplePlan {
    /// Of a false alarm in all, and how many measures share it.
    let level: Double
    let count: Int
    let power: Double
    /// Requests of the base for each of the candidate.
    let basePerCandidate: Double

    /// How many of the candidate there have to be in all, to call a share "worse" that is greater by `difference`, and
    /// one "same" that is not greater; nil if no number is enough.
    func requests(base: Share, candidate: Share, _ difference: Double) -> Double? {
        // Half a failure more than was seen: none seen is not none there.
        let known = Share(count: base.count + candidate.count, total: base.total + candidate.total)
        let share = min(1 - difference, (known.count + 0.5) / (known.total + 1))
        let limit = log(Double(count) / level)
        return first { requests in
            let ofBase = requests * basePerCandidate
            func spread(_ a: Double, _ b: Double) -> Double {
                (a * (1 - a) / ofBase + b * (1 - b) / requests).squareRoot() * reach
            }
            func sequence(_ other: Double) -> ShareSequence {
                ShareSequence(
                    base: Share(count: share * ofBase, total: ofBase),
                    candidate: Share(count: min(1, max(0, other)) * requests, total: requests))
            }
            let seen = share + difference - spread(share, share + difference)
            guard seen > share, sequence(seen).logEvidence(.greater) >= limit else { return false }
            return sequence(share + spread(share, share)).rulesOut(difference: difference, confidence: 1 - level)
        }
    }

    /// How many of the candidate there have to be in all, to tell apart quantiles between which a part of all lies.
    ///
    /// Here the evidence is that of the normal distribution to which the binomial one comes near.
    func requests(quantile part: Double, _ between: Double) -> Double? {
        guard between > 0 else { return nil }
        let strength = max(25, 1.25 / min(part, 1 - part))
        let limit = log(Double(count) / level)
        return first { requests in
            let ofBase = requests * basePerCandidate
            let both = requests * ofBase / (requests + ofBase)
            let seen = between - reach * (part * (1 - part) / both).squareRoot()
            let price = (log1p(requests / strength) + log1p(ofBase / strength)) / 2
            return seen > 0 && both * seen * seen / (2 * part * (1 - part)) - price >= limit
        }
    }

    /// The part of all durations, of both versions, between two in nanoseconds, as if each bin were filled evenly.
    func partWithin(_ a: DurationDistribution, _ b: DurationDistribution, from: Double, to: Double) -> Double {
        func count(_ durations: DurationDistribution) -> Double {
            durations.bins.reduce(0) { sum, bin in
                let covered = min(bin.upTo, to) - max(bin.above, from)
                return covered > 0 ? sum + bin.count * covered / (bin.upTo - bin.above) : sum
            }
        }
        let total = a.total + b.total
        return total > 0 ? (count(a) + count(b)) / total : 0
    }

    private var reach: Double { Distributions.normalQuantile(power) }

    /// Within 1 %, the first number that is enough.
    private func first(where isEnough: (Double) -> Bool) -> Double? {
        var high = 8.0
        while !isEnough(high) {
            high *= 2
            if high > 1e10 { return nil }
        }
        var low = high / 2
        while high / low > 1.01 {
            let middle = (low * high).squareRoot()
            if isEnough(middle) { high = middle } else { low = middle }
        }
        return high.rounded(.up)
    }
}
