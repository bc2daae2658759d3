internal import Glibc

/// Whether two shares differ, exactly, however small the counts: the probability of a table like the one seen, or one
/// further from equal shares, among all tables with the same sums.
///
/// Fisher: "The logic of inductive inference", 1935. The mid-p variant counts the table itself half; it keeps its level
/// in all but odd cases and finds more: Lydersen, Fagerland, Laake: "Recommended tests for association in 2x2 tables",
/// 2009. For one look; for many see `ShareSequence`. Weighted counts are rounded.
public struct FisherTest: Sendable {
    private let table: HypergeometricDistribution
    private let seen: Double

    public init(base: Share, candidate: Share) {
        let (seen, other) = (candidate.count.rounded(), base.count.rounded())
        let drawn = max(seen, candidate.total.rounded())
        let rest = max(other, base.total.rounded())
        self.seen = seen
        table = HypergeometricDistribution(marked: seen + other, unmarked: drawn + rest - seen - other, drawn: drawn)
    }

    /// Of the candidate's share being as stated; "different" counts all tables that are not likelier than the one seen.
    public func p(_ alternative: Alternative) -> Double {
        switch alternative {
        case .greater: table.atLeast(seen)
        case .less: table.atMost(seen)
        case .different: different()
        }
    }

    public func midP(_ alternative: Alternative) -> Double {
        max(0, p(alternative) - table.probability(seen) / 2)
    }

    private func different() -> Double {
        let mode = table.mode
        if seen == mode { return 1 }
        // Of equal probabilities those count that differ by rounding alone.
        let limit = table.logProbability(seen) + 1e-7
        if seen > mode {
            let end = Self.last(from: table.least - 1, to: mode) { table.logProbability($0) <= limit }
            return min(1, table.atLeast(seen) + (end >= table.least ? table.atMost(end) : 0))
        }
        let end = -Self.last(from: -table.most - 1, to: -mode) { table.logProbability(-$0) <= limit }
        return min(1, table.atMost(seen) + (end <= table.most ? table.atLeast(end) : 0))
    }

    /// The last whole number that holds, of those that hold up to somewhere; `low` if the next does not.
    private static func last(from low: Double, to high: Double, where holds: (Double) -> Bool) -> Double {
        var (low, high) = (low, high)
        while high - low > 1 {
            let middle = ((low + high) / 2).rounded(.down)
            if holds(middle) { low = middle } else { high = middle }
        }
        return low
    }
}
