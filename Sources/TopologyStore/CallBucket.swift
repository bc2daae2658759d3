internal import Bytes
internal import Topology
internal import TraceModel

/// What the series counted in one bucket, in the form in which buckets are added up: flat, by ascending series ID.
///
/// The two sketches of an entry, the caller's and the callee's, stand one after the other in `words` as *runs*: a
/// header and counts of bins next to each other, some of which may be 0. Header: bits 0-13 number of counts, bit 15
/// whether each takes two words (the lower first), bits 16-31 place of the first bin. Place 0 is the bin of no
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
    let words: [UInt32]
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
    var byteCount: Int { 512 + ids.count * 52 + words.count * 4 + examples.count * 24 }

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
        var words: [UInt32] = []
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
        var writer = ByteWriter()
        for (id, totals) in totals {
            parts.ids.append(id)
            parts.callCounts.append(totals.callCount)
            parts.errorCounts.append(totals.errorCount)
            for sketch in [totals.clientDurations, totals.serverDurations] {
                writer.removeAll()
                sketch.encode(into: &writer)
                do {
                    try writer.bytes.withUnsafeBytes { bytes in
                        var reader = CallBucketReader(bytes)
                        try reader.readSketch(into: &parts)
                    }
                } catch {
                    preconditionFailure("a sketch that was just encoded can be decoded: \(error)")
                }
            }
            for traceID in totals.examples { parts.examples.append(Example(id: id, traceID: traceID)) }
        }
        self.init(parts)
    }

    /// Calls `body` with each series and its totals, ascending by ID.
    func forEachTotals(_ body: (UInt32, CallTotals) -> Void) {
        var example = 0
        var writer = CallBucketWriter()
        for index in ids.indices {
            var totals = CallTotals()
            totals.callCount = callCounts[index]
            totals.errorCount = errorCounts[index]
            totals.clientDurations = sketch(2 * index, &writer)
            totals.serverDurations = sketch(2 * index + 1, &writer)
            while example < examples.count, examples[example].id == ids[index] {
                totals.addExample(examples[example].traceID)
                example += 1
            }
            body(ids[index], totals)
        }
    }

    private func sketch(_ index: Int, _ writer: inout CallBucketWriter) -> DurationSketch {
        if ends[index] == (index == 0 ? 0 : ends[index - 1]) { return DurationSketch() }
        writer.removeAll()
        writer.write(self, sketch: index)
        return writer.withBytes { bytes in
            var reader = ByteReader(bytes)
            guard let sketch = try? DurationSketch(from: &reader) else {
                preconditionFailure("a sketch of a bucket can be decoded")
            }
            return sketch
        }
    }
}
