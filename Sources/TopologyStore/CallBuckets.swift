package import Catalog
package import Topology

/// The settled calls: what each series counted, in buckets of a minute, ten minutes, an hour and a day.
///
/// A time is counted at all four levels; retention removes the short buckets first. For one thread at a time: whoever
/// has it holds a lock around each call. Calls that throw changed nothing.
///
/// A change has two halves, with the catalog's transaction between them: `prepare`, then `commit` or `discard`. Until
/// then no other change may be prepared; sums may be asked for, and do not have it yet.
package final class CallBuckets {
    let catalog: Catalog
    let options: TopologyOptions
    var table: SeriesTable
    var cache: CallBucketCache
    var views: [SeriesView.Kind: SeriesView] = [:]
    /// For sums of views.
    var totals = DenseTotals()
    /// Of each level, by `Level.index`: when its buckets start, ascending.
    var starts: [[Int64]] = []
    /// Of each level: from when on its buckets are whole; nil if none was removed.
    var keptFrom: [TopologyChange.Level: Int64]
    var isChangeUnderway = false
    /// Of the change underway: the buckets as they were. The catalog may have it already.
    var unchanged: [CallBucketCache.Key: CallBucket] = [:]
    private var findings: [String] = []
    private var damaged: Set<CallBucketCache.Key> = []
    var foldedCallCount = 0
    var expiredCallCount = 0

    private static let findingCountMax = 20

    /// - Parameter names: the names of the stored series are entered here; the same ones are to be given to `prepare`.
    package init(
        catalog: Catalog, options: TopologyOptions, names: inout CallNames
    ) throws(CatalogError) {
        self.catalog = catalog
        self.options = options
        table = SeriesTable(limit: options.seriesCountMax, names: &names)
        cache = CallBucketCache(byteCountMax: options.cacheByteCountMax)
        keptFrom = try catalog.topologyKeptFrom()
        for series in try catalog.topologySeries() {
            if let finding = table.load(series, &names) { report(finding) }
        }
        table.finishLoading()
        for level in TopologyChange.Level.allCases { starts.append(try catalog.topologyBucketStarts(level)) }
    }

    // MARK: Figures

    package struct Statistics: Sendable, Equatable {
        package var seriesCount = 0
        /// Calls that were counted in a series that stands for several, because there were too many.
        package var foldedCallCount = 0
        /// Calls that came when all buckets of their time had been removed.
        package var expiredCallCount = 0
        /// Rows that could not be read, each counted once.
        package var damagedBucketCount = 0
        package var bucketCount = 0
        package var cachedByteCount = 0
    }

    package var statistics: Statistics {
        Statistics(
            seriesCount: table.count, foldedCallCount: foldedCallCount, expiredCallCount: expiredCallCount,
            damagedBucketCount: damaged.count, bucketCount: starts.reduce(0) { $0 + $1.count },
            cachedByteCount: cache.byteCount)
    }

    /// What was found damaged and passed over since this was asked last, for the log; each row once.
    package func takeFindings() -> [String] {
        defer { findings = [] }
        return findings
    }

    func report(_ finding: String) {
        if findings.count < Self.findingCountMax { findings.append(finding) }
    }

    /// The time of all buckets, whole days; nil without any. Nanoseconds since 1970.
    package var extent: Range<Int64>? {
        var extent: Range<Int64>?
        for level in TopologyChange.Level.allCases {
            guard let first = starts[level.index].first, let last = starts[level.index].last else { continue }
            let day = TopologyChange.Level.day
            let own = day.start(of: first)..<day.start(of: last) + day.nanoseconds
            extent = extent.map { min($0.lowerBound, own.lowerBound)..<max($0.upperBound, own.upperBound) } ?? own
        }
        return extent
    }

    // MARK: Buckets

    /// The bucket as the catalog has it; nil if it has none.
    func load(_ level: TopologyChange.Level, _ start: Int64) throws(CatalogError) -> CallBucket? {
        guard starts[level.index].has(start) else { return nil }
        let key = CallBucketCache.Key(length: level.rawValue, start: start)
        if let bucket = cache.bucket(key) { return bucket }
        guard let bucket = try read(level, start) else { return nil }
        cache.put(bucket, key)
        return bucket
    }

    /// The bucket from the catalog. In the place of a damaged one, what the shorter ones of its time have.
    func read(_ level: TopologyChange.Level, _ start: Int64) throws(CatalogError) -> CallBucket? {
        if let bucket = unchanged[CallBucketCache.Key(length: level.rawValue, start: start)] { return bucket }
        guard let content = try catalog.topologyBucket(level, start: start) else { return nil }
        do {
            return try CallBucket(decoding: content)
        } catch {
            if damaged.insert(CallBucketCache.Key(length: level.rawValue, start: start)).inserted {
                report(
                    "topology: the bucket of \(level.rawValue) s at \(start) ns since 1970 is damaged and passed over: "
                        + "\(error)")
            }
        }
        guard level.index > 0 else { return nil }
        let shorter = TopologyChange.Level.allCases[level.index - 1]
        var buckets: [CallBucket] = []
        for start in starts[shorter.index].within(start..<start + level.nanoseconds) {
            if let bucket = try read(shorter, start) { buckets.append(bucket) }
        }
        return buckets.isEmpty ? nil : CallBucket.sum(buckets)
    }
}

extension TopologyChange.Level {
    /// Place among all levels, the shortest first.
    var index: Int {
        switch self {
        case .minute: 0
        case .tenMinutes: 1
        case .hour: 2
        case .day: 3
        }
    }

    var nanoseconds: Int64 { rawValue * 1_000_000_000 }

    /// The start of the bucket that a time falls into. Both nanoseconds since 1970.
    func start(of time: Int64) -> Int64 { TimeSteps.start(of: time, nanoseconds) }
}

enum TimeSteps {
    /// Times beyond count as this, some 146 years from 1970.
    static let timeMax = Int64(1) << 62

    /// The latest multiple of a length that is not after a time.
    static func start(of time: Int64, _ length: Int64) -> Int64 {
        let time = min(max(time, -timeMax), timeMax)
        let rest = time % length
        return rest < 0 ? time - rest - length : time - rest
    }

    /// The earliest multiple of a length that is not before a time.
    static func end(of time: Int64, _ length: Int64) -> Int64 {
        let start = start(of: time, length)
        return start < min(time, timeMax) ? start + length : start
    }
}

/// Starts of buckets, ascending.
extension [Int64] {
    /// The first place with a start that is not before a time.
    func place(of time: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func has(_ start: Int64) -> Bool {
        let place = place(of: start)
        return place < count && self[place] == start
    }

    func within(_ window: Range<Int64>) -> ArraySlice<Int64> {
        let first = place(of: window.lowerBound)
        return self[first..<Swift.max(first, place(of: window.upperBound))]
    }

    mutating func enter(_ start: Int64) {
        let place = place(of: start)
        if place == count || self[place] != start { insert(start, at: place) }
    }
}

extension CallBuckets {
    /// Why a bucket's content cannot be read; nil if it can.
    package static func problem(of content: [UInt8]) -> String? {
        do {
            _ = try CallBucket(decoding: content)
            return nil
        } catch {
            return error.description
        }
    }
}
