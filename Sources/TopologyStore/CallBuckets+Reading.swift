package import Catalog
package import Topology

/// A length of time for which there is one decoded bucket: that of a level, or one derived from several of a level, so
/// that a sum takes fewer.
struct BucketSpan {
    /// Seconds.
    var length: Int64
    var level: TopologyChange.Level

    /// The longest first; each is a multiple of the next.
    static let all = [
        BucketSpan(length: 8 * 86_400, level: .day), BucketSpan(length: 86_400, level: .day),
        BucketSpan(length: 6 * 3_600, level: .hour), BucketSpan(length: 3_600, level: .hour),
        BucketSpan(length: 600, level: .tenMinutes), BucketSpan(length: 60, level: .minute),
    ]

    init(length: Int64, level: TopologyChange.Level) {
        self.length = length
        self.level = level
    }

    /// That of a level.
    init(_ level: TopologyChange.Level) { self.init(length: level.rawValue, level: level) }

    var isDerived: Bool { length != level.rawValue }
    var nanoseconds: Int64 { length * 1_000_000_000 }

    func key(_ start: Int64, _ view: SeriesView.Kind? = nil) -> CallBucketCache.Key {
        CallBucketCache.Key(length: length, start: start, view: view)
    }
}

extension CallBuckets {
    /// What was counted in some time.
    package struct Sum {
        package var series: [CallSeries: CallTotals]
        /// The time that the counts are of: nanoseconds since 1970.
        package var window: Range<Int64>
    }

    /// What each series counted in a window.
    ///
    /// - Parameters:
    ///   - window: nanoseconds since 1970; widened to the shortest buckets that are still kept at its ends, and cut
    ///     where all were removed.
    ///   - isIncluded: which series are wanted; nil: all.
    package func sum(
        window: Range<Int64>, isIncluded: ((CallSeries) -> Bool)? = nil
    ) throws(CatalogError) -> Sum {
        let widened = widened(window)
        let sum = try self.sum(widened, isIncluded.map { table.targets($0) }) { span, start throws(CatalogError) in
            try bucket(span, start)
        }
        return Sum(series: table.totals(sum), window: widened)
    }

    private func sum(
        _ window: Range<Int64>, _ targets: [UInt32]?,
        _ bucket: (BucketSpan, Int64) throws(CatalogError) -> CallBucket?
    ) throws(CatalogError) -> CallBucket {
        var buckets: [CallBucket] = []
        var byteCount = 0
        for (span, start) in pieces(of: window) {
            guard let bucket = try bucket(span, start) else { continue }
            buckets.append(bucket)
            byteCount += bucket.byteCount
            if byteCount > Self.byteCountAtOnce {
                buckets = [CallBucket.sum(buckets, targets: targets)]
                byteCount = buckets[0].byteCount
            }
        }
        return CallBucket.sum(buckets, targets: targets)
    }

    /// What each series counted in each bucket of a level that starts within the window and in which anything was
    /// counted, ascending. Buckets that were removed are left out: `keptFrom(level)` says before when.
    package func steps(
        window: Range<Int64>, level: TopologyChange.Level, isIncluded: ((CallSeries) -> Bool)? = nil
    ) throws(CatalogError) -> [Sum] {
        let targets = isIncluded.map { table.targets($0) }
        var steps: [Sum] = []
        let first = max(window.lowerBound, keptFrom[level] ?? Int64.min)
        guard first < window.upperBound else { return [] }
        for start in starts[level.index].within(first..<window.upperBound) {
            guard let bucket = try load(level, start) else { continue }
            let series = table.totals(CallBucket.sum([bucket], targets: targets))
            steps.append(Sum(series: series, window: start..<start + level.nanoseconds))
        }
        return steps
    }

    /// From when on buckets of a level are whole, in nanoseconds since 1970; nil: always.
    package func keptFrom(_ level: TopologyChange.Level) -> Int64? { keptFrom[level] }

    /// Decoded buckets that are added up at once.
    private static let byteCountAtOnce = 32 << 20

    /// The window as sums have it.
    package func widened(_ window: Range<Int64>) -> Range<Int64> {
        var lower = TopologyChange.Level.minute.start(of: window.lowerBound)
        if let level = finestLevel(at: lower) {
            lower = level.start(of: lower)
        } else {
            lower = keptFrom[.day] ?? lower
        }
        if window.isEmpty { return lower..<lower }
        let upper = finestLevel(at: window.upperBound - 1)
            .map { TimeSteps.end(of: window.upperBound, $0.nanoseconds) }
        return lower..<max(lower, upper ?? lower)
    }

    /// The level with the shortest buckets that a time still has.
    private func finestLevel(at time: Int64) -> TopologyChange.Level? {
        TopologyChange.Level.allCases.first { level in keptFrom[level].map { level.start(of: time) >= $0 } ?? true }
    }

    /// The window as buckets, few of them, without those in which nothing was counted. Ascending.
    func pieces(of window: Range<Int64>) -> [(span: BucketSpan, start: Int64)] {
        guard let extent else { return [] }
        var pieces: [(span: BucketSpan, start: Int64)] = []
        var start = max(window.lowerBound, extent.lowerBound)
        // What covers all that was counted may as well cover the rest of the day.
        let isOpen = window.upperBound >= latest ?? Int64.max
        let end = isOpen ? extent.upperBound : min(window.upperBound, extent.upperBound)
        while start < end {
            let span = BucketSpan.all.first { isPiece($0, start, end) }
            guard let span else {
                // Only of a window that is not whole buckets.
                start += TopologyChange.Level.minute.nanoseconds
                continue
            }
            let length = span.nanoseconds
            if !starts[span.level.index].within(start..<start + length).isEmpty { pieces.append((span, start)) }
            start += length
        }
        return pieces
    }

    /// The end of the last bucket: what a longer level has, the shorter ones have of late.
    private var latest: Int64? {
        for level in TopologyChange.Level.allCases {
            if let last = starts[level.index].last { return last + level.nanoseconds }
        }
        return nil
    }

    private func isPiece(_ span: BucketSpan, _ start: Int64, _ end: Int64) -> Bool {
        guard start % span.nanoseconds == 0, start + span.nanoseconds <= end, start >= keptFrom[span.level] ?? start
        else { return false }
        // What is derived from the bucket that is being counted in would soon have to be derived again.
        guard span.isDerived, let last = starts[span.level.index].last else { return !span.isDerived }
        return last >= start + span.nanoseconds
    }

    private func bucket(_ span: BucketSpan, _ start: Int64) throws(CatalogError) -> CallBucket? {
        guard span.isDerived else { return try load(span.level, start) }
        if let bucket = cache.bucket(span.key(start)) { return bucket }
        var buckets: [CallBucket] = []
        for start in starts[span.level.index].within(start..<start + span.nanoseconds) {
            // Not kept: what is derived of them takes their place.
            if let bucket = cache.bucket(CallBucketCache.Key(length: span.level.rawValue, start: start)) {
                buckets.append(bucket)
            } else if let bucket = try read(span.level, start) {
                buckets.append(bucket)
            }
        }
        let bucket = CallBucket.sum(buckets)
        cache.put(bucket, span.key(start))
        return bucket
    }
}

extension SeriesTable {
    /// By ID, as `CallBucket.sum` takes them.
    fileprivate func targets(_ isIncluded: (CallSeries) -> Bool) -> [UInt32] {
        series.indices.map { id in series[id].map(isIncluded) ?? false ? UInt32(id) : 0 }
    }

    fileprivate func totals(_ bucket: CallBucket) -> [CallSeries: CallTotals] {
        var result = [CallSeries: CallTotals](minimumCapacity: bucket.count)
        bucket.forEachTotals { id, totals in
            guard id < series.count, let series = series[Int(id)] else { return }
            result[series, default: CallTotals()].merge(totals)
        }
        return result
    }
}
