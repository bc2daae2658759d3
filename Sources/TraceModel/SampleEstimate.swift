/// What the traces that a sampler kept say of all that were offered: their number, and how sure that is.
///
/// Each kept trace stands for as many as the inverse of its probability. Traces are kept independently of each other.
/// Sources: Horvitz, Thompson: "A Generalization of Sampling Without Replacement from a Finite Universe", 1952; for the
/// interval Wilson: "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
public struct SampleEstimate: Hashable, Sendable {
    /// Traces that were kept.
    public private(set) var sampleCount = 0
    /// About how many were offered.
    public private(set) var value = 0.0
    /// Of the traces kept, those that were kept for certain.
    private var certainCount = 0
    private var variance = 0.0

    /// Of the standard normal distribution: 95 of 100 lie within.
    private static let deviation = 1.959964

    public init() {}

    /// - Parameter probability: of being kept; above 0, at most 1.
    public mutating func add(probability: Double) {
        precondition(probability > 0 && probability <= 1, "what was kept could be kept")
        sampleCount += 1
        value += 1 / probability
        if probability == 1 { certainCount += 1 }
        variance += (1 - probability) / (probability * probability)
    }

    /// Whether nothing that is known of was left out.
    public var isExact: Bool { variance == 0 }

    /// Where the true number lies in about 95 of 100 cases: those numbers of which such a sample would not be unusual.
    public var interval: ClosedRange<Double> {
        if isExact { return value...value }
        let count = Double(sampleCount - certainCount)
        let probability = count / (value - Double(certainCount))
        let rest = 1 - probability
        // Traces of different probabilities scatter more than those of one.
        let scatter = max(1, variance / (count * rest / (probability * probability)))
        let square = Self.deviation * Self.deviation * rest * scatter
        let middle = 2 * count + square
        let width = max(0, middle * middle - 4 * count * count).squareRoot()
        let least = max(count, (middle - width) / (2 * probability))
        return (Double(certainCount) + least)...(Double(certainCount) + (middle + width) / (2 * probability))
    }
}
