internal import Topology

/// What the series of a view counted in one bucket, in little memory, and quick to add up.
///
/// Bytes, for each series, ascending: varints of the distance to its number from the one before, its calls and its
/// errors; then its two sketches, the caller's first. A sketch: varint number of runs; each has in two bytes the place
/// of its first bin in `DurationPlaces` and, in the two highest bits, the logarithm of the bytes that a count takes;
/// one byte, its number of counts less one; and the counts, of bins next to each other. All numbers begin with their
/// lowest byte.
final class SeenBucket: Sendable {
    private let bytes: [UInt8]

    /// Counts of 0 within a run, rather than a new run.
    private static let gapMax = 3
    private static let runCountMax = 256
    private static let widthShift: UInt16 = 14
    /// Bytes behind the last, so that also a bucket without series has memory.
    private static let slack = 8

    /// Memory that the bucket takes, about.
    var byteCount: Int { 128 + bytes.count }

    /// - Parameter totals: those of series with numbers below a count.
    init(_ totals: DenseTotals, seriesCount: Int) {
        var writer = SeenBucketWriter()
        writer.write(totals, seriesCount: seriesCount)
        bytes = writer.bytes + [UInt8](repeating: 0, count: Self.slack)
    }

    /// Adds all counts; the bounds have all places.
    func add(to totals: DenseTotals) {
        let (isSeen, callCounts, errorCounts) = (totals.isSeen, totals.callCounts, totals.errorCounts)
        guard let counts = totals.counts.baseAddress else { return }
        let bounds = totals.bounds
        bytes.withUnsafeBufferPointer { bytes in
            bounds.starts.withUnsafeBufferPointer { starts in
                bounds.lows.withUnsafeBufferPointer { lows in
                    var reader = SeenBucketReader(bytes, end: bytes.count - Self.slack)
                    var number = 0
                    while !reader.isAtEnd {
                        number += reader.readVarint()
                        if !isSeen[number] { totals.clear(number) }
                        callCounts[number] += reader.readVarint()
                        errorCounts[number] += reader.readVarint()
                        for sketch in 2 * number...2 * number + 1 {
                            // Where place 0 of bins other than that of no duration would be.
                            reader.addSketch(counts + starts[sketch], Int(lows[sketch]) - 1)
                        }
                    }
                }
            }
        }
    }

    /// A cursor over the bytes of a bucket, which are as `SeenBucketWriter` wrote them.
    private struct SeenBucketReader {
        private let base: UnsafePointer<UInt8>
        private var place = 0
        private let end: Int

        init(_ bytes: UnsafeBufferPointer<UInt8>, end: Int) {
            precondition(bytes.count > end, "there are bytes behind the last")
            base = bytes.baseAddress.unsafelyUnwrapped
            self.end = end
        }

        var isAtEnd: Bool { place >= end }

        @inline(__always)
        mutating func readVarint() -> Int {
            var byte = base[place]
            place += 1
            if byte < 0x80 { return Int(byte) }
            var value = Int(byte & 0x7f)
            var shift = 7
            while true {
                byte = base[place]
                place += 1
                value |= Int(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
        }

        /// - Parameters:
        ///   - target: the count of place 0.
        ///   - before: the place before that of the next count.
        @inline(__always)
        mutating func addSketch(_ target: UnsafeMutablePointer<Int>, _ before: Int) {
            for _ in 0..<readVarint() {
                let header = UInt16(base[place]) | UInt16(base[place + 1]) << 8
                let first = Int(header & (1 << SeenBucket.widthShift - 1))
                let count = Int(base[place + 2]) + 1
                place += 3
                let to = first == 0 ? target : target + (first - before)
                let from = UnsafeRawPointer(base + place)
                switch header >> SeenBucket.widthShift {
                case 0: Self.add(from, to, count, UInt8.self)
                case 1: Self.add(from, to, count, UInt16.self)
                case 2: Self.add(from, to, count, UInt32.self)
                default: Self.add(from, to, count, UInt64.self)
                }
                place += count << Int(header >> SeenBucket.widthShift)
            }
        }

        @inline(__always)
        private static func add<Count: FixedWidthInteger & BitwiseCopyable>(
            _ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Int>, _ count: Int, _ type: Count.Type
        ) {
            for index in 0..<count {
                let counted = from.loadUnaligned(fromByteOffset: index * MemoryLayout<Count>.size, as: Count.self)
                to[index] &+= Int(truncatingIfNeeded: Count(littleEndian: counted))
            }
        }
    }

    private struct SeenBucketWriter {
        private(set) var bytes: [UInt8] = []

        mutating func write(_ totals: DenseTotals, seriesCount: Int) {
            var last = 0
            for number in 0..<seriesCount where totals.isSeen[number] {
                writeVarint(number - last)
                writeVarint(totals.callCounts[number])
                writeVarint(totals.errorCounts[number])
                last = number
                for sketch in 2 * number...2 * number + 1 { writeSketch(totals, sketch) }
            }
        }

        private mutating func writeVarint(_ value: Int) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }

        private mutating func writeSketch(_ totals: DenseTotals, _ sketch: Int) {
            let (start, end) = (totals.bounds.starts[sketch], totals.bounds.starts[sketch + 1])
            var runs: [(place: Int, counts: Range<Int>)] = []
            if start < end, totals.counts[start] != 0 { runs.append((0, start..<start + 1)) }
            var next = start + 1
            while next < end {
                if totals.counts[next] == 0 {
                    next += 1
                    continue
                }
                let first = next
                var last = next
                while next < end, next - last <= SeenBucket.gapMax, next - first < SeenBucket.runCountMax {
                    if totals.counts[next] != 0 { last = next }
                    next += 1
                }
                next = last + 1
                runs.append((Int(totals.bounds.lows[sketch]) + first - start - 1, first..<last + 1))
            }
            writeVarint(runs.count)
            for run in runs { writeRun(totals, run.place, run.counts) }
        }

        private mutating func writeRun(_ totals: DenseTotals, _ place: Int, _ counts: Range<Int>) {
            var all = 0
            for index in counts { all |= totals.counts[index] }
            let width: UInt16 = all <= 0xff ? 0 : all <= 0xffff ? 1 : all <= 0xffff_ffff ? 2 : 3
            let header = width << SeenBucket.widthShift | UInt16(place)
            bytes.append(UInt8(truncatingIfNeeded: header))
            bytes.append(UInt8(truncatingIfNeeded: header >> 8))
            bytes.append(UInt8(counts.count - 1))
            for index in counts {
                for byte in 0..<(1 << width) {
                    bytes.append(UInt8(truncatingIfNeeded: totals.counts[index] >> (8 * byte)))
                }
            }
        }
    }
}

extension CallBucket {
    /// Takes the durations of what a view sees into its bounds.
    func widen(_ bounds: inout DurationBounds, _ targets: [UInt32]) {
        for index in ids.indices {
            guard let number = Self.number(targets, ids[index]), number.hasDurations else { continue }
            for side in 0...1 where ends[2 * index + side] > (2 * index + side == 0 ? 0 : ends[2 * index + side - 1]) {
                let places = self.bounds[2 * index + side]
                bounds.take(
                    2 * number.number + side, low: UInt16(truncatingIfNeeded: places >> 16),
                    high: UInt16(truncatingIfNeeded: places))
            }
        }
    }

    /// Adds all that a view sees; its bounds have all places.
    func add(to totals: DenseTotals, _ targets: [UInt32]) {
        let (isSeen, callCounts, errorCounts, counts) = (
            totals.isSeen, totals.callCounts, totals.errorCounts, totals.counts
        )
        let bounds = totals.bounds
        words.withUnsafeBufferPointer { words in
            for index in ids.indices {
                guard let (number, hasDurations) = Self.number(targets, ids[index]) else { continue }
                if !isSeen[number] { totals.clear(number) }
                callCounts[number] += self.callCounts[index]
                errorCounts[number] += self.errorCounts[index]
                if !hasDurations { continue }
                var word = index == 0 ? 0 : Int(ends[2 * index - 1])
                for side in 0...1 {
                    let start = bounds.starts[2 * number + side]
                    let before = Int(bounds.lows[2 * number + side]) - 1
                    while word < Int(ends[2 * index + side]) {
                        let run = CallBucketRun(words, word)
                        let first = run.place == 0 ? start : start + run.place - before
                        for index in 0..<run.count { counts[first + index] &+= run.count(index) }
                        word = run.end
                    }
                }
            }
        }
    }

    private static func number(_ targets: [UInt32], _ id: UInt32) -> (number: Int, hasDurations: Bool)? {
        let target = id < targets.count ? targets[Int(id)] : 0
        return target == 0 ? nil : (Int(target & ~withoutDurations), target & withoutDurations == 0)
    }
}
