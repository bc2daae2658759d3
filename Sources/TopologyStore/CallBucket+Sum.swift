extension CallBucket {
    /// What all the buckets counted together.
    /// - Parameter isIncluded: by series ID; nil: every series.
    static func sum(_ buckets: [CallBucket], isIncluded: [Bool]? = nil) -> CallBucket {
        if buckets.count == 1, isIncluded == nil { return buckets[0] }
        var sum = CallBucketSum(buckets, isIncluded)
        return sum.result()
    }
}

/// Adds up buckets, some series at a time, so that the counts at hand are few however many series there are.
private struct CallBucketSum {
    private let buckets: [CallBucket]
    private let isIncluded: [Bool]?
    /// Series have lower IDs.
    private let idEnd: Int
    // By series ID.
    private var isSeen: [Bool]
    private var callCounts: [Int]
    private var errorCounts: [Int]
    // By twice the ID, plus one for the callee's sketch.
    private var sums: [Int64]
    private var lows: [UInt16]
    private var highs: [UInt16]
    private var bases: [Int32]
    /// Of each bucket: the next entry.
    private var cursors: [Int]
    /// Of each sketch of the series at hand: the count of place 0, then of the places between its bounds.
    private var counts: [Int]
    /// The runs of the series at hand: for each count at most a header and two words.
    private var words: [UInt32]
    private var parts = CallBucket.Parts()

    /// Counts at hand, unless one series has more: what fits in a processor's second cache.
    private static let countsMax = 32 << 10
    /// So many counts of 0 are kept within a run.
    private static let gapMax = 3

    init(_ buckets: [CallBucket], _ isIncluded: [Bool]?) {
        self.buckets = buckets
        self.isIncluded = isIncluded
        idEnd = Int(buckets.reduce(0) { max($0, $1.ids.last ?? 0) }) + 1
        isSeen = [Bool](repeating: false, count: idEnd)
        callCounts = [Int](repeating: 0, count: idEnd)
        errorCounts = [Int](repeating: 0, count: idEnd)
        sums = [Int64](repeating: 0, count: 2 * idEnd)
        lows = [UInt16](repeating: 0xffff, count: 2 * idEnd)
        highs = [UInt16](repeating: 0, count: 2 * idEnd)
        bases = [Int32](repeating: 0, count: 2 * idEnd)
        cursors = [Int](repeating: 0, count: buckets.count)
        counts = [Int](repeating: 0, count: Self.countsMax)
        words = [UInt32](repeating: 0, count: 3 * Self.countsMax)
    }

    mutating func result() -> CallBucket {
        for bucket in buckets { addTotals(bucket) }
        parts.reserve(isSeen.reduce(0) { $0 + ($1 ? 1 : 0) })
        var first = 0
        while first < idEnd {
            let end = placeSketches(from: first)
            for index in buckets.indices { addCounts(index, before: end) }
            emit(first..<end)
            first = end
        }
        addExamples()
        return CallBucket(parts)
    }

    /// Adds up what each entry has once, and the bounds of its sketches.
    private mutating func addTotals(_ bucket: CallBucket) {
        for index in bucket.ids.indices {
            let id = Int(bucket.ids[index])
            if let isIncluded, id >= isIncluded.count || !isIncluded[id] { continue }
            isSeen[id] = true
            callCounts[id] += bucket.callCounts[index]
            errorCounts[id] += bucket.errorCounts[index]
            for side in 0...1 {
                let (from, to) = (2 * index + side, 2 * id + side)
                let (sum, overflows) = sums[to].addingReportingOverflow(bucket.sums[from])
                sums[to] = overflows ? Int64.max : sum
                lows[to] = min(lows[to], UInt16(truncatingIfNeeded: bucket.bounds[from] >> 16))
                highs[to] = max(highs[to], UInt16(truncatingIfNeeded: bucket.bounds[from]))
            }
        }
    }

    /// Gives room to the sketches of as many series as there is room for, all counts 0.
    /// - Returns: the ID behind the last of them.
    private mutating func placeSketches(from first: Int) -> Int {
        var id = first
        var total = 0
        while id < idEnd {
            if isSeen[id] {
                let widths = width(2 * id) + width(2 * id + 1)
                if total > 0, total + widths > Self.countsMax { break }
                bases[2 * id] = Int32(total)
                bases[2 * id + 1] = Int32(total + width(2 * id))
                total += widths
            }
            id += 1
        }
        if total > counts.count {
            counts = [Int](repeating: 0, count: total)
            words = [UInt32](repeating: 0, count: 3 * total)
        }
        counts.withUnsafeMutableBufferPointer { $0[..<total].update(repeating: 0) }
        return id
    }

    private func width(_ sketch: Int) -> Int { highs[sketch] == 0 ? 1 : 2 + Int(highs[sketch]) - Int(lows[sketch]) }

    private mutating func addCounts(_ index: Int, before end: Int) {
        let bucket = buckets[index]
        var cursor = cursors[index]
        defer { cursors[index] = cursor }
        counts.withUnsafeMutableBufferPointer { counts in
            bucket.words.withUnsafeBufferPointer { words in
                while cursor < bucket.ids.count, bucket.ids[cursor] < end {
                    let id = Int(bucket.ids[cursor])
                    if isSeen[id] {
                        var first = cursor == 0 ? 0 : Int(bucket.ends[2 * cursor - 1])
                        for side in 0...1 {
                            let last = Int(bucket.ends[2 * cursor + side])
                            let base = Int(bases[2 * id + side])
                            Self.add(words, first, last, to: counts, base, Int(lows[2 * id + side]))
                            first = last
                        }
                    }
                    cursor += 1
                }
            }
        }
    }

    @inline(__always)
    private static func add(
        _ words: UnsafeBufferPointer<UInt32>, _ first: Int, _ end: Int, to counts: UnsafeMutableBufferPointer<Int>,
        _ base: Int, _ low: Int
    ) {
        guard let source = words.baseAddress, let target = counts.baseAddress else { return }
        var word = first
        while word < end {
            let header = words[word]
            let place = Int(header >> 16)
            let count = Int(header & 0x3fff)
            word += 1
            let to = target + (place == 0 ? base : base + 1 + place - low)
            if header & 0x8000 == 0 {
                let from = source + word
                for index in 0..<count { to[index] &+= Int(from[index]) }
                word += count
            } else {
                for index in 0..<count {
                    to[index] &+= Int(words[word + 2 * index]) | Int(words[word + 2 * index + 1]) << 32
                }
                word += 2 * count
            }
        }
    }

    /// Puts the series at hand into the result.
    private mutating func emit(_ series: Range<Int>) {
        let before = parts.words.count
        var used = 0
        var room: [UInt32] = []
        swap(&room, &words)
        counts.withUnsafeBufferPointer { counts in
            room.withUnsafeMutableBufferPointer { words in
                for id in series where isSeen[id] {
                    parts.ids.append(UInt32(id))
                    parts.callCounts.append(callCounts[id])
                    parts.errorCounts.append(errorCounts[id])
                    for sketch in 2 * id...2 * id + 1 {
                        let width = width(sketch)
                        Self.writeRuns(counts, Int(bases[sketch]), width, Int(lows[sketch]), words, &used)
                        parts.sums.append(sums[sketch])
                        parts.ends.append(UInt32(before + used))
                        parts.bounds.append(
                            width == 1 ? CallBucket.noBounds : UInt32(lows[sketch]) << 16 | UInt32(highs[sketch]))
                    }
                }
            }
        }
        parts.words.append(contentsOf: room[..<used])
        swap(&room, &words)
    }

    private static func writeRuns(
        _ counts: UnsafeBufferPointer<Int>, _ base: Int, _ width: Int, _ low: Int,
        _ words: UnsafeMutableBufferPointer<UInt32>, _ used: inout Int
    ) {
        if counts[base] > 0 { writeRun(counts, base, base + 1, place: 0, words, &used) }
        let end = base + width
        var first = base + 1
        while first < end {
            if counts[first] == 0 {
                first += 1
                continue
            }
            // Behind the last count that is not 0.
            var last = first + 1
            var next = last
            while next < end, next - last <= gapMax {
                if counts[next] > 0 { last = next + 1 }
                next += 1
            }
            writeRun(counts, first, last, place: low + first - base - 1, words, &used)
            first = next
        }
    }

    private static func writeRun(
        _ counts: UnsafeBufferPointer<Int>, _ first: Int, _ end: Int, place: Int,
        _ words: UnsafeMutableBufferPointer<UInt32>, _ used: inout Int
    ) {
        var all = 0
        for index in first..<end { all |= counts[index] }
        let isWide = all > Int(UInt32.max)
        words[used] = UInt32(place) << 16 | (isWide ? 0x8000 : 0) | UInt32(end - first)
        used += 1
        for index in first..<end {
            words[used] = UInt32(truncatingIfNeeded: counts[index])
            used += 1
            if isWide {
                words[used] = UInt32(truncatingIfNeeded: counts[index] >> 32)
                used += 1
            }
        }
    }

    private mutating func addExamples() {
        var examples: Set<CallBucket.Example> = []
        for bucket in buckets { examples.formUnion(bucket.examples) }
        let sorted = examples.filter { isSeen[Int($0.id)] }.sorted { ($0.id, $0.traceID) < ($1.id, $1.traceID) }
        for (place, example) in sorted.enumerated() {
            let isOver =
                place >= CallBucket.exampleCountMax
                && sorted[place - CallBucket.exampleCountMax].id == example.id
            if !isOver { parts.examples.append(example) }
        }
    }
}
