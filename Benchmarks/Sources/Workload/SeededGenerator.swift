/// SplitMix64: a small random generator whose sequence is the same on every platform.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// The generator of item `index` of a series: items can be made in any order, each at the same small cost.
    public init(seed: UInt64, index: Int) {
        state = Self.mix(seed &+ Self.mix(UInt64(truncatingIfNeeded: index) &+ 0x632B_E59B_D9B4_E019))
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A number in `0..<bound`; the bias of the multiplication is below one in four billion for the small bounds used
    /// here.
    @inline(__always)
    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(truncatingIfNeeded: bound)) >> 32)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SeededGenerator {
    /// Quantiles of a log-normal distribution with median 1 and sigma 0.5 at 0/64, 1/64 ... 64/64, times 1024. Integers
    /// rather than `exp`, so that no platform's mathematics library can change the workload; the last is a long tail.
    private static let quantiles: [Int64] = [
        272, 349, 403, 443, 476, 504, 530, 554, 576, 597, 618, 638, 657, 676, 695, 713, 731, 749, 767, 784,
        802, 820, 837, 855, 873, 891, 909, 928, 947, 965, 985, 1004, 1024, 1044, 1065, 1086, 1108, 1130,
        1153, 1177, 1201, 1226, 1252, 1279, 1307, 1337, 1368, 1400, 1435, 1471, 1510, 1551, 1596, 1644,
        1697, 1755, 1820, 1894, 1979, 2081, 2205, 2367, 2599, 3006, 6500,
    ]

    /// A duration drawn from a log-normal distribution with the given median, in the median's unit; at most 6.4
    /// medians.
    @inline(__always)
    mutating func duration(median: Int64) -> Int64 {
        let bits = next()
        let cell = Int(truncatingIfNeeded: bits >> 58)
        let fraction = Int64(truncatingIfNeeded: (bits >> 40) & 0xFFFF)
        return Self.quantiles.withUnsafeBufferPointer { table in
            let low = table[cell]
            let factor = low &+ ((table[cell &+ 1] &- low) &* fraction) >> 16
            return (median &* factor) >> 10
        }
    }

    /// The same elements in a random order; the standard library's own shuffling may change between releases.
    mutating func shuffle<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(last, below(last + 1)) }
        return result
    }

    /// A random UUID's two halves, in the version and variant bits that Envoy sets on a sampled request.
    mutating func requestID() -> (high: UInt64, low: UInt64) {
        let high = (next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x9000
        let low = (next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return (high, low)
    }
}
