internal import Bytes

/// How many traces were seen of each kind in each unit of time, and so with which probability one is kept where a
/// number of them is wanted in each unit.
///
/// Time is the time of the traces, not the one at which they are decided: those of many minutes may be decided at
/// once, and in any order. The probability for a trace is the number wanted over the number there are: as many as have
/// been seen of its unit so far with itself, or as there were in the unit before or in units lately, whichever is
/// most. It depends on other traces alone, never on the trace's own randomness; therefore the weights, the inverses
/// of the probabilities, add up to the number of traces in the mean, without bias. Where nothing is known of earlier
/// units, some 1 + ln(traces / wanted) times the wanted number are kept.
///
/// Bounded: the kinds and units that were not seen in two rounds are forgotten, and begin anew.
struct TraceQuotas {
    /// What is known of one unit of one kind.
    private struct Cell {
        var kind: UInt64
        var seen: Double
        /// How many there are at least, as far as was known when the first came.
        var least: Double
    }

    /// By hashes of kind and unit. Nobody outside can know which have the same.
    private var recent: [UInt64: Cell] = [:]
    private var older: [UInt64: Cell] = [:]
    /// Of a unit, by the rounds before; by kind.
    private var expected: [UInt64: Double] = [:]
    private let seed = UInt64.random(in: .min ... .max)
    private var roundStart = Int64.min

    private static let cellCountMax = 1 << 15
    private static let roundLength: Int64 = 60_000_000_000

    /// - Parameter now: nanoseconds of a clock that goes on.
    mutating func advance(to now: Int64) {
        let (passed, isLong) = now.subtractingReportingOverflow(roundStart)
        if isLong || passed >= Self.roundLength || recent.count >= Self.cellCountMax { endRound(now) }
    }

    /// - Parameters:
    ///   - key: what is counted apart.
    ///   - time: of the trace, in nanoseconds.
    ///   - amount: how much of the quota the trace would take.
    ///   - isCounted: false where something else has left the trace out already.
    ///   - isGuarantee: the first ones of each unit are kept for sure, until the wanted number is there.
    mutating func probability(
        _ quota: TailPolicy.Quota, key: UInt64, time: Int64, amount: Double = 1, isCounted: Bool, isGuarantee: Bool
    ) -> Double {
        let kind = ByteHash.fold(key ^ seed, UInt64(truncatingIfNeeded: quota.number) &+ Self.odd)
        let unit = time / quota.unit
        let place = recent.index(forKey: Self.hash(kind, unit)) ?? begin(kind, unit)
        let seen = recent.values[place].seen + amount
        if isCounted { recent.values[place].seen = seen }
        if isGuarantee, seen <= quota.amount { return 1 }
        return min(1, quota.amount / max(seen, recent.values[place].least))
    }

    private static let odd: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func hash(_ kind: UInt64, _ unit: Int64) -> UInt64 {
        ByteHash.fold(kind ^ odd, UInt64(bitPattern: unit) &* 0xd6e8_feb8_6659_fd93 ^ kind)
    }

    private mutating func begin(_ kind: UInt64, _ unit: Int64) -> Dictionary<UInt64, Cell>.Index {
        let hash = Self.hash(kind, unit)
        let before = Self.hash(kind, unit &- 1)
        let least = max(recent[before]?.seen ?? older[before]?.seen ?? 0, expected[kind] ?? 0)
        recent[hash] = older[hash] ?? Cell(kind: kind, seen: 0, least: least)
        guard let place = recent.index(forKey: hash) else { preconditionFailure("what was set is there") }
        return place
    }

    private mutating func endRound(_ now: Int64) {
        var sums: [UInt64: (count: Double, square: Double)] = [:]
        for cell in recent.values where cell.seen > 0 {
            var sum = sums[cell.kind] ?? (0, 0)
            sum.count += cell.seen
            sum.square += cell.seen * cell.seen
            sums[cell.kind] = sum
        }
        var next: [UInt64: Double] = [:]
        // Units of which only a part was seen say less than whole ones: so each counts as much as it holds.
        for (kind, sum) in sums {
            let found = sum.square / sum.count
            next[kind] = max(found, (found + (expected[kind] ?? found)) / 2)
        }
        for (kind, before) in expected where before >= 2 && next[kind] == nil && next.count < Self.cellCountMax {
            next[kind] = before / 2
        }
        expected = next
        swap(&recent, &older)
        recent.removeAll(keepingCapacity: true)
        roundStart = now
    }
}
