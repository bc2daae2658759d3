internal import TraceModel

/// Durations being counted one by one: the bins of a `DurationSketch` as an array.
struct DurationBins: Sendable {
    /// Of the bins from `first` on.
    private var counts: [UInt32] = []
    private var first: Int32 = 0
    private var count = 0
    private var zeroCount = 0
    private var sum: Int64 = 0
    /// Those too far from the others.
    private var rest = DurationSketch()

    /// Room for so many bins is always worth it, and for so many more with each duration.
    private static let binCountMin = 64
    private static let binsPerDuration = 8

    @inline(__always)
    mutating func add(_ duration: Int64) {
        guard let bin = DurationSketch.bin(of: duration) else {
            zeroCount += 1
            return addToSum(duration)
        }
        let place = Int(bin) - Int(first)
        if place >= 0, place < counts.count || makeRoom(for: bin) {
            counts[Int(bin) - Int(first)] += 1
        } else if place < 0, makeRoom(for: bin) {
            counts[Int(bin) - Int(first)] += 1
        } else {
            return rest.add(duration)
        }
        count += 1
        addToSum(duration)
    }

    @inline(__always)
    private mutating func addToSum(_ duration: Int64) {
        let (total, overflows) = sum.addingReportingOverflow(duration)
        sum = overflows ? .max : total
    }

    @inline(never)
    private mutating func makeRoom(for bin: Int32) -> Bool {
        if counts.isEmpty {
            first = bin
            counts = [0]
            return true
        }
        let (low, end) = (min(first, bin), max(first + Int32(counts.count), bin + 1))
        let room = Self.binCountMin + Self.binsPerDuration * count
        guard Int(end - low) <= room else { return false }
        if low < first { counts.insert(contentsOf: repeatElement(0, count: Int(first - low)), at: 0) }
        first = low
        counts.append(contentsOf: repeatElement(0, count: Int(end - low) - counts.count))
        return true
    }

    /// What was counted.
    var sketch: DurationSketch {
        var sketch = DurationSketch(zeroCount: zeroCount, sum: sum, binCount: counts.count + 1)
        withUnsafeTemporaryAllocation(of: Int.self, capacity: counts.count) { wide in
            for place in counts.indices { wide[place] = Int(counts[place]) }
            sketch.append(from: first, UnsafeBufferPointer(wide))
        }
        sketch.merge(rest)
        return sketch
    }
}
