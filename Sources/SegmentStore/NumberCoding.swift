internal import Bytes

/// How a column of numbers is kept: `base + code * unit`, where a code of `width` ones stands for an exception.
///
/// Any number can be kept by any coding: what does not fit is an exception.
struct NumberCoding: Equatable, BitwiseCopyable {
    var base: Int64
    var unit: Int64
    var width: Int

    /// Widest code: one read at any bit gets it whole.
    static let widthMax = 56

    var escape: UInt64 { (1 << UInt64(width)) - 1 }

    /// The code of a number; nil if it is an exception.
    @inline(__always)
    func code(_ value: Int64) -> UInt64? {
        if value < base { return nil }
        let difference = UInt64(bitPattern: value &- base)
        var code = difference
        if unit != 1 {
            code = difference / UInt64(unit)
            if code &* UInt64(unit) != difference { return nil }
        }
        return code < escape ? code : nil
    }

    /// An exception is kept as its distance from the base, zigzag, whatever the unit.
    @inline(__always)
    func exception(_ value: Int64) -> UInt64 { Varint.zigzag(value &- base) }

    @inline(__always)
    func value(code: UInt64) -> Int64 { base &+ Int64(bitPattern: code) &* unit }

    @inline(__always)
    func value(exception: UInt64) -> Int64 { base &+ Varint.unzigzag(exception) }

    /// The coding that keeps `values` in the fewest bytes, by a sample of them.
    static func best(for values: UnsafeBufferPointer<Int64>) -> NumberCoding {
        guard let first = values.first else { return NumberCoding(base: 0, unit: 1, width: 0) }
        let unit = commonUnit(values, from: first)
        let step = max(1, values.count / 4096)
        var sample: [Int64] = []
        sample.reserveCapacity(values.count / step + 1)
        for index in stride(from: 0, to: values.count, by: step) { sample.append(values[index]) }
        sample.sort()
        var best = NumberCoding(base: first, unit: unit, width: 0)
        var bestCost = Int.max
        var lastBase: Int64?
        for candidate in [0, sample.count / 256, sample.count / 64] where sample[candidate] != lastBase {
            let base = sample[candidate]
            lastBase = base
            for width in 0...min(widthMax, 44) {
                let coding = NumberCoding(base: base, unit: unit, width: width)
                // Above the last code everything is an exception of some 2 bytes for the place and the number itself.
                let span = coding.escape.multipliedReportingOverflow(by: UInt64(unit))
                let end = base.addingReportingOverflow(Int64(clamping: span.overflow ? .max : span.partialValue))
                let within = span.overflow || end.overflow ? sample.count : lowerBound(sample, end.partialValue)
                let exceptions = sample.count - max(0, within - candidate)
                let cost = sample.count * width + exceptions * (12 + exceptionBitCount(coding, sample))
                if cost < bestCost {
                    bestCost = cost
                    best = coding
                }
                if exceptions == 0 || (candidate > 0 && within == sample.count) { break }
            }
        }
        return best
    }

    private static func exceptionBitCount(_ coding: NumberCoding, _ sorted: [Int64]) -> Int {
        Varint.byteCount(coding.exception(sorted[sorted.count - 1])) * 8
    }

    /// The largest of 1,000,000, 1,000 and 1 that divides all distances from `first`: senders count in ms, us or ns.
    private static func commonUnit(_ values: UnsafeBufferPointer<Int64>, from first: Int64) -> Int64 {
        var unit: Int64 = 1_000_000
        for value in values {
            let distance = value.subtractingReportingOverflow(first)
            if distance.overflow { return 1 }
            while distance.partialValue % unit != 0 { unit /= 1000 }
            if unit == 1 { return 1 }
        }
        // The bases tried are values themselves, so that distances between any two of them have to be in range as well.
        guard let low = values.min(), let high = values.max(), !high.subtractingReportingOverflow(low).overflow
        else { return 1 }
        return unit
    }

    /// Elements of `sorted` that are smaller than `value`.
    private static func lowerBound(_ sorted: [Int64], _ value: Int64) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
