extension CallBucket {
    /// What all the buckets counted together.
    ///
    /// - Parameter targets: under which ID each is counted, by series ID; 0: not at all. Several may have the same, and
    ///   `withoutDurations` may be added. Nil: every series under its own.
    static func sum(_ buckets: [CallBucket], targets: [UInt32]? = nil) -> CallBucket {
        if buckets.count == 1, targets == nil { return buckets[0] }
        var sum = CallBucketSum(buckets, targets)
        return sum.result()
    }

    /// Added to the ID under which a series is counted: its durations are not wanted.
    static let withoutDurations: UInt32 = 1 << 31
}

/// Adds up buckets, some series at a time, so that the counts at hand are few however many series there are.
private struct CallBucketSum {
    private let buckets: [CallBucket]
    /// Of each bucket, by entry: the ID under which it is counted, as `CallBucket.sum` takes it.
    private let targets: [[UInt32]]
    /// Of each bucket: the entries that are counted, ascending by that ID.
    private let orders: [[UInt32]]
    private let mapping: [UInt32]?
    /// Targets are lower.
    private let idEnd: Int
    // By target.
    private var isSeen: [Bool]
    private var callCounts: [Int]
    private var errorCounts: [Int]
    // By twice the target, plus one for the callee's sketch.
    private var sums: [Int64]
    private var lows: [UInt16]
    private var highs: [UInt16]
    private var bases: [Int32]
    /// Of each bucket: the next entry.
    private var cursors: [Int]
    /// Of each sketch of the series at hand: the count of place 0, then of the places between its bounds.
    private var counts: [Int]
    /// The runs of the series at hand: for each count at most three words, or six of those that take four.
    private var words: [UInt16]
    private var parts = CallBucket.Parts()

    /// Counts at hand, unless one series has more: what fits in a processor's second cache.
    private static let countsMax = 32 << 10
    init(_ buckets: [CallBucket], _ mapping: [UInt32]?) {
        self.buckets = buckets
        self.mapping = mapping
        if let mapping {
            let end = Int(mapping.reduce(0) { max($0, $1 & ~CallBucket.withoutDurations) }) + 1
            idEnd = end
            let mapped = buckets.map { bucket in
                bucket.ids.map { $0 < mapping.count ? mapping[Int($0)] : 0 }
            }
            targets = mapped
            orders = mapped.map { Self.order($0, end) }
        } else {
            targets = []
            orders = []
            idEnd = Int(buckets.reduce(0) { max($0, $1.ids.last ?? 0) }) + 1
        }
        isSeen = [Bool](repeating: false, count: idEnd)
        callCounts = [Int](repeating: 0, count: idEnd)
        errorCounts = [Int](repeating: 0, count: idEnd)
        sums = [Int64](repeating: 0, count: 2 * idEnd)
        lows = [UInt16](repeating: 0xffff, count: 2 * idEnd)
        highs = [UInt16](repeating: 0, count: 2 * idEnd)
        bases = [Int32](repeating: 0, count: 2 * idEnd)
        cursors = [Int](repeating: 0, count: buckets.count)
        counts = [Int](repeating: 0, count: Self.countsMax)
        words = [UInt16](repeating: 0, count: 6 * Self.countsMax)
    }

    /// The places of all but 0, ascending by what stands there.
    private static func order(_ targets: [UInt32], _ end: Int) -> [UInt32] {
        var places = [UInt32](repeating: 0, count: end + 1)
        for target in targets { places[Int(target & ~CallBucket.withoutDurations) + 1] += 1 }
        let skipped = places[1]
        places[1] = 0
        for target in 1...end { places[target] += places[target - 1] }
        var order = [UInt32](repeating: 0, count: targets.count - Int(skipped))
        for (entry, target) in targets.enumerated() where target != 0 {
            let id = Int(target & ~CallBucket.withoutDurations)
            order[Int(places[id])] = UInt32(entry)
            places[id] += 1
        }
        return order
    }

    private func target(_ index: Int, _ entry: Int) -> UInt32 {
        mapping == nil ? buckets[index].ids[entry] : targets[index][entry]
    }

    mutating func result() -> CallBucket {
        for index in buckets.indices { addTotals(index) }
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
    private mutating func addTotals(_ number: Int) {
        let bucket = buckets[number]
        for index in bucket.ids.indices {
            let target = target(number, index)
            if target == 0 { continue }
            let id = Int(target & ~CallBucket.withoutDurations)
            isSeen[id] = true
            callCounts[id] += bucket.callCounts[index]
            errorCounts[id] += bucket.errorCounts[index]
            if target & CallBucket.withoutDurations != 0 { continue }
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
            words = [UInt16](repeating: 0, count: 6 * total)
        }
        counts.withUnsafeMutableBufferPointer { $0[..<total].update(repeating: 0) }
        return id
    }

    private func width(_ sketch: Int) -> Int { highs[sketch] == 0 ? 1 : 2 + Int(highs[sketch]) - Int(lows[sketch]) }

    private mutating func addCounts(_ index: Int, before end: Int) {
        let bucket = buckets[index]
        let order = mapping == nil ? nil : orders[index]
        let targets = mapping == nil ? bucket.ids : targets[index]
        let (bases, lows) = (bases, lows)
        let count = order?.count ?? bucket.count
        var cursor = cursors[index]
        defer { cursors[index] = cursor }
        counts.withUnsafeMutableBufferPointer { counts in
            bucket.words.withUnsafeBufferPointer { words in
                while cursor < count {
                    let entry = order.map { Int($0[cursor]) } ?? cursor
                    let id = Int(targets[entry] & ~CallBucket.withoutDurations)
                    if id >= end { break }
                    cursor += 1
                    if targets[entry] & CallBucket.withoutDurations != 0 { continue }
                    var first = entry == 0 ? 0 : Int(bucket.ends[2 * entry - 1])
                    for side in 0...1 {
                        let last = Int(bucket.ends[2 * entry + side])
                        let base = Int(bases[2 * id + side])
                        Self.add(words, first, last, to: counts, base, Int(lows[2 * id + side]))
                        first = last
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func add(
        _ words: UnsafeBufferPointer<UInt16>, _ first: Int, _ end: Int, to counts: UnsafeMutableBufferPointer<Int>,
        _ base: Int, _ low: Int
    ) {
        guard let target = counts.baseAddress else { return }
        var word = first
        while word < end {
            let run = CallBucketRun(words, word)
            let to = target + (run.place == 0 ? base : base + 1 + run.place - low)
            if run.isWide {
                for index in 0..<run.count { to[index] &+= run.count(index) }
            } else {
                for index in 0..<run.count { to[index] &+= run.narrowCount(index) }
            }
            word = run.end
        }
    }

    /// Puts the series at hand into the result.
    private mutating func emit(_ series: Range<Int>) {
        let before = parts.words.count
        var used = 0
        var room: [UInt16] = []
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
        _ words: UnsafeMutableBufferPointer<UInt16>, _ used: inout Int
    ) {
        if counts[base] > 0 { writeRun(counts, base, base + 1, place: 0, words, &used) }
        let end = base + width
        var first = base + 1
        var binCount = 0
        for index in first..<end { binCount += counts[index] > 0 ? 1 : 0 }
        if binCount * 4 >= width {
            // Not worth the search for gaps.
            writeRun(counts, first, end, place: low, words, &used)
            return
        }
        while first < end {
            if counts[first] == 0 {
                first += 1
                continue
            }
            // Behind the last count that is not 0.
            var last = first + 1
            var next = last
            while next < end, next - last <= CallBucket.gapMax {
                if counts[next] > 0 { last = next + 1 }
                next += 1
            }
            writeRun(counts, first, last, place: low + first - base - 1, words, &used)
            first = next
        }
    }

    private static func writeRun(
        _ counts: UnsafeBufferPointer<Int>, _ first: Int, _ end: Int, place: Int,
        _ words: UnsafeMutableBufferPointer<UInt16>, _ used: inout Int
    ) {
        var all = 0
        for index in first..<end { all |= counts[index] }
        let isWide = all > Int(UInt16.max)
        words[used] = UInt16(place)
        words[used + 1] = (isWide ? CallBucket.isWide : 0) | UInt16(end - first)
        used += 2
        for index in first..<end {
            words[used] = UInt16(truncatingIfNeeded: counts[index])
            used += 1
            if isWide {
                for shift in 1..<4 {
                    words[used] = UInt16(truncatingIfNeeded: counts[index] >> (16 * shift))
                    used += 1
                }
            }
        }
    }

    private mutating func addExamples() {
        var examples: Set<CallBucket.Example> = []
        for bucket in buckets {
            for var example in bucket.examples {
                if let mapping {
                    let target = example.id < mapping.count ? mapping[Int(example.id)] : 0
                    example.id = target & ~CallBucket.withoutDurations
                }
                if example.id > 0 { examples.insert(example) }
            }
        }
        let sorted = examples.sorted { ($0.id, $0.traceID) < ($1.id, $1.traceID) }
        for (place, example) in sorted.enumerated() {
            let isOver =
                place >= CallBucket.exampleCountMax
                && sorted[place - CallBucket.exampleCountMax].id == example.id
            if !isOver { parts.examples.append(example) }
        }
    }
}
