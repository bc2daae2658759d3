/// The part of all traces that is kept, told as OpenTelemetry tells it: a trace is kept if its randomness, 56 bits, is
/// not below the threshold. Whatever keeps less keeps a part of what keeps more, on every collector.
///
/// Source: OpenTelemetry, "TraceState: Probability Sampling", 2024.
public struct SamplingThreshold: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// 0 to 2^56: all to none.
    public let rejected: UInt64

    public static let all = SamplingThreshold(rejected: 0)
    public static let none = SamplingThreshold(rejected: 1 << 56)

    /// - Parameter rejected: more than 2^56 is taken as that.
    public init(rejected: UInt64) { self.rejected = min(rejected, 1 << 56) }

    /// - Parameter probability: 0 to 1; beyond is taken as the bound.
    public init(probability: Double) {
        rejected = probability >= 1 ? 0 : probability > 0 ? UInt64(((1 - probability) * 0x1p56).rounded()) : 1 << 56
    }

    public var probability: Double { 1 - Double(rejected) * 0x1p-56 }

    /// The inverse of the probability: how many traces one that was kept stands for. Infinite if none is kept.
    public var weight: Double { 1 / probability }

    /// - Parameter randomness: 56 bits.
    @inline(__always)
    public func keeps(_ randomness: UInt64) -> Bool { randomness >= rejected }

    /// The randomness of a trace that brings none of its own: the low 56 bits of its ID.
    @inline(__always)
    public static func randomness(ofTraceIDLow low: UInt64) -> UInt64 { low & 0x00ff_ffff_ffff_ffff }

    /// The one that keeps less comes last.
    public static func < (a: SamplingThreshold, b: SamplingThreshold) -> Bool { a.rejected < b.rejected }
}
