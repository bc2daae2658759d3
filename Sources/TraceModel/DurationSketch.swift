public import Bytes
internal import Glibc

/// Durations, counted by their size: quantiles of any number of them with a relative error of at most 1 %.
///
/// Sketches of disjoint sets merge exactly, in any order. Bin i holds the durations up to 2^(i / 35) ms and more than
/// 2^((i - 1) / 35) ms: powers of two of a millisecond are bounds, so that counts up to one are exact. After Masson,
/// Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", 2019.
public struct DurationSketch: Hashable, Sendable {
    /// Ascending; those of most sketches are few.
    private var bins: [Bin] = []
    public private(set) var count = 0
    /// Of all durations, in nanoseconds.
    public private(set) var sum: Int64 = 0

    private struct Bin: Hashable {
        var number: Int32
        var count: Int
    }

    private static let binsPerDoubling = 35.0
    /// From the bound of one bin to that of the next.
    private static let binRatio = exp2(1 / binsPerDoubling)
    private static let unit = 1e6
    /// Of durations of 0 and less.
    private static let zeroNumber = Int32.min
    private static let binCountMax = 4096

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// - Parameter duration: nanoseconds.
    public mutating func add(_ duration: Int64, times: Int = 1) {
        count += times
        sum = Self.adding(sum, duration.multipliedReportingOverflow(by: Int64(times)))
        let number = Self.number(of: duration)
        let place = place(of: number)
        if place < bins.count, bins[place].number == number {
            bins[place].count += times
        } else {
            bins.insert(Bin(number: number, count: times), at: place)
        }
    }

    public mutating func merge(_ other: DurationSketch) {
        if other.isEmpty { return }
        count += other.count
        sum = Self.adding(sum, (other.sum, false))
        if bins.isEmpty {
            bins = other.bins
            return
        }
        var merged: [Bin] = []
        merged.reserveCapacity(bins.count + other.bins.count)
        var (own, theirs) = (0, 0)
        while own < bins.count, theirs < other.bins.count {
            let (a, b) = (bins[own], other.bins[theirs])
            if a.number == b.number {
                merged.append(Bin(number: a.number, count: a.count + b.count))
                own += 1
                theirs += 1
            } else if a.number < b.number {
                merged.append(a)
                own += 1
            } else {
                merged.append(b)
                theirs += 1
            }
        }
        merged.append(contentsOf: bins[own...])
        merged.append(contentsOf: other.bins[theirs...])
        bins = merged
    }

    /// The duration, in nanoseconds, that the given part of all does not exceed (nearest rank); nil of none.
    /// - Parameter part: 0 to 1.
    public func quantile(_ part: Double) -> Int64? { quantiles([part]).first }

    /// The durations that the given parts of all do not exceed, as `quantile` tells of one, in one pass; empty of none.
    /// - Parameter parts: 0 to 1, ascending.
    public func quantiles(_ parts: [Double]) -> [Int64] {
        guard count > 0 else { return [] }
        return bins.withUnsafeBufferPointer { bins in
            var place = 0
            var passed = bins[0].count
            return parts.map { part in
                let rank = max(1, Int((part * Double(count)).rounded(.up)))
                while passed < rank, place + 1 < bins.count {
                    place += 1
                    passed += bins[place].count
                }
                return Self.middle(of: bins[place].number)
            }
        }
    }

    /// How many are not longer: exact for 0 and for powers of two of a millisecond, otherwise within 2 % of the bound.
    /// - Parameter duration: nanoseconds.
    public func count(upTo duration: Int64) -> Int {
        let last = Self.number(of: duration)
        return bins.prefix { $0.number <= last }.reduce(0) { $0 + $1.count }
    }

    /// How many are not longer than each of some durations, as `count(upTo:)` tells of one, in one pass.
    /// - Parameter durations: nanoseconds, ascending.
    public func counts(upTo durations: [Int64]) -> [Int] {
        var counts: [Int] = []
        counts.reserveCapacity(durations.count)
        var (place, passed) = (0, 0)
        for duration in durations {
            let last = Self.number(of: duration)
            while place < bins.count, bins[place].number <= last {
                passed += bins[place].count
                place += 1
            }
            counts.append(passed)
        }
        return counts
    }

    // MARK: Bins

    /// The number of the bin that a duration falls into; nil: that of 0 and less.
    @inline(__always)
    package static func bin(of duration: Int64) -> Int32? { duration > 0 ? number(of: duration) : nil }

    /// Of the durations of 0 and less so many, and nothing else yet; `sum` is of all.
    package init(zeroCount: Int, sum: Int64, binCount: Int) {
        bins.reserveCapacity(binCount)
        if zeroCount > 0 { bins.append(Bin(number: Self.zeroNumber, count: zeroCount)) }
        count = zeroCount
        self.sum = sum
    }

    /// Adds bins with numbers one after the other, all above those that are there; counts of 0 make none.
    package mutating func append(from first: Int32, _ counts: UnsafeBufferPointer<Int>) {
        var number = first
        for counted in counts {
            if counted > 0 {
                bins.append(Bin(number: number, count: counted))
                count += counted
            }
            number += 1
        }
    }

    /// Calls `body` with the number of each bin, ascending, and its count. Nil: the durations of 0 and less.
    package func forEachBin(_ body: (_ number: Int32?, _ count: Int) -> Void) {
        for bin in bins { body(bin.number == Self.zeroNumber ? nil : bin.number, bin.count) }
    }

    /// What the durations of a bin exceed, and what none does, in nanoseconds. Nil: the durations of 0 and less.
    package static func bounds(ofBin number: Int32?) -> (above: Double, upTo: Double) {
        guard let number else { return (0, 0) }
        return (exp2(Double(number - 1) / binsPerDoubling) * unit, exp2(Double(number) / binsPerDoubling) * unit)
    }

    // MARK: Bytes

    /// Varint number of bins; for each the signed distance from the one before (from 0) and a varint count; then, of
    /// any, the signed sum. The bin of 0 has the number -10,000.
    public func encode(into writer: inout ByteWriter) {
        writer.writeVarint(bins.count)
        var before: Int64 = 0
        for bin in bins {
            let number = bin.number == Self.zeroNumber ? Self.storedZero : Int64(bin.number)
            writer.writeSignedVarint(number - before)
            writer.writeVarint(bin.count)
            before = number
        }
        if !bins.isEmpty { writer.writeSignedVarint(sum) }
    }

    public init(from reader: inout ByteReader) throws(ByteReaderError) {
        let binCount = try reader.readCount(max: Self.binCountMax)
        bins.reserveCapacity(binCount)
        var before: Int64 = 0
        for _ in 0..<binCount {
            let start = reader.offset
            let (number, overflows) = before.addingReportingOverflow(try reader.readSignedVarint())
            let binned = try reader.readVarint()
            let isInOrder = bins.last.map { Int64($0.number) < number || $0.number == Self.zeroNumber } ?? true
            guard !overflows, isInOrder, number == Self.storedZero && bins.isEmpty || abs(number) <= Self.numberMax,
                let added = Int(exactly: binned), added > 0
            else { throw ByteReaderError(offset: start, message: "a bin of durations that cannot be") }
            bins.append(Bin(number: number == Self.storedZero ? Self.zeroNumber : Int32(number), count: added))
            let (total, isTooMany) = count.addingReportingOverflow(added)
            guard !isTooMany else { throw ByteReaderError(offset: start, message: "more durations than there can be") }
            count = total
            before = number
        }
        if binCount > 0 { sum = try reader.readSignedVarint() }
    }

    /// Stands for the bin of 0: below all others.
    private static let storedZero: Int64 = -10_000
    /// 2^(4,000 / 35) ms is more than any duration, and less than a nanosecond if negative.
    private static let numberMax: Int64 = 4_000

    // MARK: Bounds of bins

    /// The duration that stands for those of a bin, in nanoseconds. Nil: the durations of 0 and less.
    package static func duration(ofBin number: Int32?) -> Int64 { middle(of: number ?? zeroNumber) }

    private static func number(of duration: Int64) -> Int32 {
        guard duration > 0 else { return zeroNumber }
        return Int32((log2(Double(duration) / unit) * binsPerDoubling).rounded(.up))
    }

    /// The value whose distance from both bounds is, for its size, the same.
    private static func middle(of number: Int32) -> Int64 {
        if number == zeroNumber { return 0 }
        let bound = exp2(Double(number) / binsPerDoubling) * unit
        return Int64(exactly: (2 * bound / (binRatio + 1)).rounded()) ?? Int64.max
    }

    private func place(of number: Int32) -> Int {
        var low = 0
        var high = bins.count
        while low < high {
            let middle = (low + high) / 2
            if bins[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func adding(_ sum: Int64, _ other: (partialValue: Int64, overflow: Bool)) -> Int64 {
        let (total, overflows) = sum.addingReportingOverflow(other.partialValue)
        return overflows || other.overflow ? Int64.max : total
    }
}
