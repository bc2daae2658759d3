/// How long to wait before the next attempt: up to twice as long after each failure, and by chance anything between,
/// so that many clients do not come back together.
struct RetrySchedule {
    private let shortest: Double
    private let longest: Double

    /// Durations of at least a nanosecond.
    init(_ options: BulkOptions) {
        shortest = max(1, Self.nanoseconds(options.backoffMin))
        longest = max(shortest, Self.nanoseconds(options.backoffMax))
    }

    /// Nanoseconds; at least what the cluster asked for.
    ///
    /// - Parameters:
    ///   - failureCount: in a row, at least 1.
    ///   - chance: 0..<1.
    func delay(failureCount: Int, chance: Double, retryAfter: Duration? = nil) -> UInt64 {
        precondition(failureCount > 0, "there is a failure to wait after")
        var ceiling = shortest
        for _ in 0..<min(failureCount, 64) where ceiling < longest { ceiling *= 2 }
        let delay = shortest + chance * (min(ceiling, longest) - shortest)
        return UInt64(max(delay, retryAfter.map(Self.nanoseconds) ?? 0))
    }

    private static func nanoseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
    }
}
