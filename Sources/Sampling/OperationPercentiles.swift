internal import TraceModel

/// What is slow for an operation, by the durations that it had lately: those of the last 10 to 20 minutes.
///
/// An operation of which fewer than 100 are known is measured by its whole service. Of a service with fewer than 100
/// everything counts as slow: until it is known what is usual, nothing is left out.
struct OperationPercentiles {
    private struct Entry {
        var recent = DurationSketch()
        var older = DurationSketch()
        /// The percentile, in nanoseconds, and for how many more durations it may be used.
        var bound: Int64?
        var useCount = 0

        var count: Int { recent.count + older.count }
    }

    private let part: Double
    private var entries: [UInt64: Entry] = [:]
    private var roundStart = Int64.min

    static let knownCount = 100
    private static let entryCountMax = 8192
    private static let roundLength: Int64 = 600_000_000_000

    /// - Parameter part: 0 to 1.
    init(part: Double) { self.part = part }

    /// - Parameter now: nanoseconds of a clock that goes on.
    mutating func advance(to now: Int64) {
        let (passed, isLong) = now.subtractingReportingOverflow(roundStart)
        guard isLong || passed >= Self.roundLength else { return }
        roundStart = now
        for (key, entry) in entries {
            entries[key] = entry.recent.isEmpty ? nil : Entry(older: entry.recent, bound: entry.bound)
        }
    }

    /// Whether a duration is longer than the percentile, by more than the sketch is wrong; takes note of it.
    /// - Parameters:
    ///   - operation: a hash of service and operation; `service`: one of the service alone.
    ///   - duration: nanoseconds.
    mutating func isSlow(operation: UInt64, service: UInt64, duration: Int64) -> Bool {
        let bound = bound(operation) ?? bound(service)
        add(duration, operation)
        add(duration, service)
        guard let bound else { return true }
        let least = bound.addingReportingOverflow(bound / 50)
        return duration > (least.overflow ? .max : least.partialValue)
    }

    private mutating func bound(_ key: UInt64) -> Int64? {
        guard let entry = entries[key], entry.count >= Self.knownCount else { return nil }
        if entry.useCount > 0 {
            entries[key]?.useCount -= 1
            return entry.bound
        }
        var all = entry.recent
        all.merge(entry.older)
        let bound = all.quantile(part)
        entries[key]?.bound = bound
        entries[key]?.useCount = max(16, entry.count / 16)
        return bound
    }

    private mutating func add(_ duration: Int64, _ key: UInt64) {
        if entries[key] == nil, entries.count >= Self.entryCountMax { return }
        entries[key, default: Entry()].recent.add(duration)
    }
}
