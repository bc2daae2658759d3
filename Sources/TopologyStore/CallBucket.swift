internal import Topology
internal import TraceModel

/// What the series counted in one bucket, in the form in which buckets are added up: flat, by ascending series ID.
///
/// The two sketches of an entry, the caller's and the callee's, stand one after the other in `words` as *runs*: the
/// place of the first bin, a header, and counts of bins next to each other, some of which may be 0. Header: bits 0-13
/// number of counts, bit 15 whether each takes four words (the lowest first) rather than one. Place 0 is the bin of no
/// duration, and such a run has one count; other bins stand at their number and `binOffset`.
final class CallBucket: Sendable {
    let ids: [UInt32]
    let callCounts: [Int]
    let errorCounts: [Int]
    /// Of each sketch: all its durations in nanoseconds.
    let sums: [Int64]
    /// Of each sketch: its end in `words`.
    let ends: [UInt32]
    /// Of each sketch: places of the first and the last bin beside place 0, in 16 bits each; `noBounds` without any.
    let bounds: [UInt32]
    let words: [UInt16]
    /// By ID, then trace ID.
    let examples: [Example]

    struct Example: Hashable, Sendable {
        var id: UInt32
        var traceID: TraceID
    }

    static let binOffset = 4001
    /// Places are lower.
    static let placeEnd = 8002
    static let noBounds: UInt32 = 0xffff_0000
    /// In the header of a run.
    static let isWide: UInt16 = 0x8000
    /// So many bins without a duration are held as counts of 0 rather than begin a new run.
    static let gapMax = 4
    /// Series have lower IDs.
    static let idEnd: UInt32 = 1 << 24
    /// Neither calls nor durations of one series in one bucket are more; sums of as many buckets as there are hold.
    static let countMax = 1 << 48

    init(_ parts: Parts) {
        ids = parts.ids
        callCounts = parts.callCounts
        errorCounts = parts.errorCounts
        sums = parts.sums
        ends = parts.ends
        bounds = parts.bounds
        words = parts.words
        examples = parts.examples
    }

    var count: Int { ids.count }

    /// Memory that the bucket takes, about.
    var byteCount: Int { 512 + ids.count * 52 + words.count * 2 + examples.count * 24 }

    /// Counts of the calls of all series together.
    var callCount: Int { callCounts.reduce(0, +) }

    /// A bucket being made, entry by entry.
    struct Parts {
        var ids: [UInt32] = []
        var callCounts: [Int] = []
        var errorCounts: [Int] = []
        var sums: [Int64] = []
        var ends: [UInt32] = []
        var bounds: [UInt32] = []
        var words: [UInt16] = []
        var examples: [Example] = []

        mutating func reserve(_ count: Int) {
            ids.reserveCapacity(count)
            callCounts.reserveCapacity(count)
            errorCounts.reserveCapacity(count)
            sums.reserveCapacity(2 * count)
            ends.reserveCapacity(2 * count)
            bounds.reserveCapacity(2 * count)
        }
    }
}

extension CallBucket {
    /// Makes a bucket of totals.
    /// - Parameter totals: ascending by ID, each once.
    convenience init(_ totals: [(id: UInt32, totals: CallTotals)]) {
        var parts = Parts()
        parts.reserve(totals.count)
        for (id, totals) in totals {
            parts.ids.append(id)
            parts.callCounts.append(totals.callCount)
            parts.errorCounts.append(totals.errorCount)
            parts.append(totals.clientDurations)
            parts.append(totals.serverDurations)
            for traceID in totals.examples { parts.examples.append(Example(id: id, traceID: traceID)) }
        }
        self.init(parts)
    }

    /// Calls `body` with each series and its totals, ascending by ID.
    func forEachTotals(_ body: (UInt32, CallTotals) -> Void) {
        var example = 0
        var room: [Int] = []
        for index in ids.indices {
            var totals = CallTotals()
            totals.callCount = callCounts[index]
            totals.errorCount = errorCounts[index]
            totals.clientDurations = sketch(2 * index, &room)
            totals.serverDurations = sketch(2 * index + 1, &room)
            while example < examples.count, examples[example].id == ids[index] {
                totals.addExample(examples[example].traceID)
                example += 1
            }
            body(ids[index], totals)
        }
    }

    private func sketch(_ index: Int, _ room: inout [Int]) -> DurationSketch {
        let first = index == 0 ? 0 : Int(ends[index - 1])
        let end = Int(ends[index])
        if first == end { return DurationSketch() }
        while room.count < end - first { room.append(0) }
        return words.withUnsafeBufferPointer { words in
            room.withUnsafeMutableBufferPointer { room in
                var run = CallBucketRun(words, first)
                var zeroCount = 0
                if run.place == 0 {
                    zeroCount = run.count(0)
                    run = run.end < end ? CallBucketRun(words, run.end) : run
                }
                var sketch = DurationSketch(zeroCount: zeroCount, sum: sums[index], binCount: end - first - 2)
                while run.place > 0 {
                    for place in 0..<run.count { room[place] = run.count(place) }
                    sketch.append(
                        from: Int32(run.place - Self.binOffset), UnsafeBufferPointer(rebasing: room[..<run.count]))
                    if run.end == end { break }
                    run = CallBucketRun(words, run.end)
                }
                return sketch
            }
        }
    }
}

extension CallBucket.Parts {
    /// Appends the sketch of the last series.
    fileprivate mutating func append(_ sketch: DurationSketch) {
        var runs = CallBucketRunMaker()
        sketch.forEachBin { number, count in
            runs.add(number.map { Int($0) + CallBucket.binOffset } ?? 0, count, to: &words)
        }
        sums.append(sketch.sum)
        ends.append(UInt32(words.count))
        bounds.append(runs.bounds)
    }
}

/// A run of a bucket's words.
struct CallBucketRun {
    private let counts: UnsafePointer<UInt16>
    let place: Int
    let count: Int
    let isWide: Bool
    /// The word behind it.
    let end: Int

    @inline(__always)
    init(_ words: UnsafeBufferPointer<UInt16>, _ start: Int) {
        place = Int(words[start])
        let header = words[start + 1]
        count = Int(header & 0x3fff)
        isWide = header & CallBucket.isWide != 0
        end = start + 2 + (isWide ? 4 * count : count)
        precondition(end <= words.count, "runs are whole")
        counts = UnsafePointer(words.baseAddress.unsafelyUnwrapped + start + 2)
    }

    /// A count of a run that is not wide.
    @inline(__always)
    func narrowCount(_ index: Int) -> Int { Int(counts[index]) }

    @inline(__always)
    func count(_ index: Int) -> Int {
        guard isWide else { return Int(counts[index]) }
        let first = counts + 4 * index
        return Int(first[0]) | Int(first[1]) << 16 | Int(first[2]) << 32 | Int(first[3]) << 48
    }
}

/// Puts the bins of one sketch, ascending, into runs.
private struct CallBucketRunMaker {
    /// The header of the run, of one that can go on.
    private var header = -1
    /// The place behind its last count.
    private var next = 0
    private(set) var bounds = CallBucket.noBounds

    mutating func add(_ place: Int, _ count: Int, to words: inout [UInt16]) {
        if place > 0 { bounds = min(bounds >> 16, UInt32(place)) << 16 | UInt32(place) }
        if count > Int(UInt16.max) {
            words.append(UInt16(place))
            words.append(CallBucket.isWide | 1)
            for shift in 0..<4 { words.append(UInt16(truncatingIfNeeded: count >> (16 * shift))) }
            header = -1
        } else if header >= 0, place - next <= CallBucket.gapMax {
            words[header] += UInt16(place - next + 1)
            for _ in next..<place { words.append(0) }
            words.append(UInt16(count))
        } else {
            words.append(UInt16(place))
            header = place == 0 ? -1 : words.count
            words.append(1)
            words.append(UInt16(count))
        }
        next = place + 1
    }
}
