/// What the traces that a sampler kept say of all that were offered: their number, and how sure that is.
///
/// Each kept trace stands for as many as the inverse of its probability. Traces are kept independently of each other.
/// Source: Horvitz, Thompson: "A Generalization of Sampling Without Replacement from a Finite Universe", 1952.
public struct SampleEstimate: Hashable, Sendable {
    /// Traces that were kept.
    public private(set) var sampleCount = 0
    /// About how many were offered.
    public private(set) var value = 0.0
    private var variance = 0.0

    public init() {}

    /// - Parameter probability: of being kept; above 0, at most 1.
    public mutating func add(probability: Double) {
        precondition(probability > 0 && probability <= 1, "what was kept could be kept")
        sampleCount += 1
        value += 1 / probability
        variance += (1 - probability) / (probability * probability)
    }

    /// Whether anything was left out.
    public var isExact: Bool { variance == 0 }

    /// Where the true number lies in 95 of 100 cases; never below what is known to be there.
    public var interval: ClosedRange<Double> {
        let width = 1.96 * variance.squareRoot()
        return max(Double(sampleCount), value - width)...(value + width)
    }
}
