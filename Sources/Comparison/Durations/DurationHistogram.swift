internal import Glibc

/// Two distributions of durations in the same columns, for a picture: each is so many times as long as the one before.
public struct DurationHistogram: Sendable, Equatable {
    /// Between the columns, in nanoseconds, ascending: one more than there are columns.
    public let bounds: [Double]
    /// By column, parts of all durations of a version.
    public let (base, candidate): ([Double], [Double])

    /// Nil if neither has a duration above 0.
    init?(base: DurationDistribution, candidate: DurationDistribution, columnCountMax: Int) {
        func number(_ bin: DurationDistribution.Bin) -> Int { Int((log2(bin.upTo / 1e6) * Self.perDoubling).rounded()) }
        let ends = [base, candidate].flatMap { distribution in
            let bins = distribution.bins
            return [bins.first { $0.upTo > 0 }, bins.last { $0.upTo > 0 }].compactMap { $0.map(number) }
        }
        guard let first = ends.min(), let last = ends.max() else { return nil }
        let width = (last - first) / max(1, columnCountMax) + 1
        let count = (last - first) / width + 1
        func columns(_ distribution: DurationDistribution) -> [Double] {
            var parts = [Double](repeating: 0, count: count)
            for bin in distribution.bins {
                parts[bin.upTo > 0 ? (number(bin) - first) / width : 0] += bin.count / distribution.total
            }
            return parts
        }
        bounds = (0...count).map { exp2(Double(first - 1 + $0 * width) / Self.perDoubling) * 1e6 }
        (self.base, self.candidate) = (columns(base), columns(candidate))
    }

    private static let perDoubling = 35.0
}

extension OperationComparison {
    /// The durations of both versions; nil if there are none.
    public func histogram(columnCountMax: Int = 48) -> DurationHistogram? {
        DurationHistogram(base: base, candidate: candidate, columnCountMax: columnCountMax)
    }
}
