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
    private struct Kind: Hashable {
        var quota: Int
        var key: UInt64
    }

    private struct Cell: Hashable {
        var kind: Kind
        var unit: Int64
    }

    private var recent: [Cell: Double] = [:]
    private var older: [Cell: Double] = [:]
    /// Of a unit, by the rounds before.
    private var expected: [Kind: Double] = [:]
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
        var cell = Cell(kind: Kind(quota: quota.number, key: key), unit: time / quota.unit)
        let count = (recent[cell] ?? older[cell] ?? 0) + amount
        if isCounted { recent[cell] = count }
        if isGuarantee, count <= quota.amount { return 1 }
        cell.unit -= 1
        let before = recent[cell] ?? older[cell] ?? 0
        return min(1, quota.amount / max(count, before, expected[cell.kind] ?? 0))
    }

    private mutating func endRound(_ now: Int64) {
        var sums: [Kind: (count: Double, square: Double)] = [:]
        for (cell, count) in recent {
            var sum = sums[cell.kind] ?? (0, 0)
            sum.count += count
            sum.square += count * count
            sums[cell.kind] = sum
        }
        var next: [Kind: Double] = [:]
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
