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

    /// A duration, and the bin that it falls into.
    struct Bin: Sendable, BitwiseCopyable {
        let duration: Int64
        /// Of durations of 0 and less `none`.
        let number: Int32

        static let none = Int32.min

        @inline(__always)
        init(_ duration: Int64) {
            self.duration = duration
            number = DurationSketch.bin(of: duration) ?? Self.none
        }
    }

    /// What has no duration adds nothing.
    @inline(__always)
    mutating func add(_ bin: Bin) {
        guard bin.number != Bin.none else {
            guard bin.duration != SpanBatch.absentTime else { return }
            zeroCount += 1
            return addToSum(bin.duration)
        }
        guard counts.indices.contains(Int(bin.number) - Int(first)) || makeRoom(for: bin.number) else {
            return rest.add(bin.duration)
        }
        counts[Int(bin.number) - Int(first)] += 1
        count += 1
        addToSum(bin.duration)
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
