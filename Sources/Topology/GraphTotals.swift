internal import TraceModel

/// What series counted, by their numbers.
protocol GraphTotals {
    func isSeen(_ number: Int) -> Bool
    func counts(_ number: Int) -> (calls: Int, errors: Int)
    /// Quantiles of one side's durations of several series, the caller's side being 0; nil without any.
    func durations(_ series: ArraySlice<Int32>, side: Int, _ merged: inout [Int]) -> TopologyGraph.Durations?
}

extension DenseTotals: GraphTotals {
    func isSeen(_ number: Int) -> Bool { isSeen[number] }

    func counts(_ number: Int) -> (calls: Int, errors: Int) { (callCounts[number], errorCounts[number]) }

    func durations(
        _ series: ArraySlice<Int32>, side: Int, _ merged: inout [Int]
    ) -> TopologyGraph.Durations? {
        guard let first = series.first else { return nil }
        if series.count == 1 { return isSeen[Int(first)] ? durations(2 * Int(first) + side) : nil }
        var (low, end) = (DurationPlaces.end, 1)
        merged.removeAll(keepingCapacity: true)
        merged.append(contentsOf: repeatElement(0, count: DurationPlaces.end))
        for number in series where isSeen[Int(number)] {
            let sketch = 2 * Int(number) + side
            let (start, count) = (bounds.starts[sketch], bounds.starts[sketch + 1] - bounds.starts[sketch])
            if count == 0 { continue }
            merged[0] += counts[start]
            if count == 1 { continue }
            let first = Int(bounds.lows[sketch])
            for index in 0..<count - 1 { merged[first + index] += counts[start + 1 + index] }
            low = min(low, first)
            end = max(end, first + count - 1)
        }
        return merged.withUnsafeBufferPointer { merged in
            let rest = UnsafeBufferPointer(rebasing: merged[min(low, end)..<end])
            return TopologyGraph.Durations(zeroCount: merged[0], rest, from: low)
        }
    }

    private func durations(_ sketch: Int) -> TopologyGraph.Durations? {
        let (start, end) = (bounds.starts[sketch], bounds.starts[sketch + 1])
        if start == end { return nil }
        let rest = UnsafeBufferPointer(rebasing: counts[start + 1..<end])
        return TopologyGraph.Durations(zeroCount: counts[start], rest, from: Int(bounds.lows[sketch]))
    }
}

/// Each series with totals of its own: little memory where there are many series with few calls each.
struct SeriesTotals: GraphTotals {
    /// By number.
    var totals: [CallTotals]

    func isSeen(_ number: Int) -> Bool { true }

    func counts(_ number: Int) -> (calls: Int, errors: Int) { (totals[number].callCount, totals[number].errorCount) }

    func durations(
        _ series: ArraySlice<Int32>, side: Int, _ merged: inout [Int]
    ) -> TopologyGraph.Durations? {
        var all = DurationSketch()
        for number in series {
            all.merge(side == 0 ? totals[Int(number)].clientDurations : totals[Int(number)].serverDurations)
        }
        let quantiles = all.quantiles([0.5, 0.95, 0.99])
        guard quantiles.count == 3 else { return nil }
        return TopologyGraph.Durations(p50: quantiles[0], p95: quantiles[1], p99: quantiles[2])
    }
}

extension TopologyGraph.Durations {
    /// - Parameters:
    ///   - zeroCount: those of place 0.
    ///   - counts: of the places from a first one on.
    /// - Returns: nil of none.
    init?(zeroCount: Int, _ counts: UnsafeBufferPointer<Int>, from first: Int) {
        var total = zeroCount
        for count in counts { total &+= count }
        guard total > 0 else { return nil }
        var place = -1
        var passed = zeroCount
        func duration(_ part: Double) -> Int64 {
            let rank = max(1, Int((part * Double(total)).rounded(.up)))
            while passed < rank, place + 1 < counts.count {
                place += 1
                passed &+= counts[place]
            }
            return DurationPlaces.durations[place < 0 ? 0 : first + place]
        }
        self.init(p50: duration(0.5), p95: duration(0.95), p99: duration(0.99))
    }
}
