import Foundation

enum Quantile {
    /// The nearest rank of a sorted list; 0 of an empty one.
    static func of(_ sorted: [Double], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(max(Int((Double(sorted.count) * share).rounded(.up)) - 1, 0), sorted.count - 1)]
    }
}

/// Durations counted in classes a fiftieth apart, so that any number of them takes the same memory.
struct LatencyHistogram {
    /// Classes from a microsecond to about a minute.
    private static let classCount = 920
    private static let first = 1e-6
    private static let step = 1.02
    private var counts = [Int](repeating: 0, count: classCount)
    private var total = 0

    mutating func add(_ seconds: Double) {
        let position = seconds > Self.first ? Int(log(seconds / Self.first) / log(Self.step)) : 0
        counts[min(position, Self.classCount - 1)] += 1
        total += 1
    }

    mutating func merge(_ other: LatencyHistogram) {
        for position in counts.indices { counts[position] += other.counts[position] }
        total += other.total
    }

    /// Seconds, up to two percent too many; 0 when nothing was counted.
    func quantile(_ share: Double) -> Double {
        let rank = max(Int((Double(total) * share).rounded(.up)), 1)
        var seen = 0
        for position in counts.indices {
            seen += counts[position]
            if seen >= rank { return Self.first * pow(Self.step, Double(position + 1)) }
        }
        return 0
    }
}
