internal import Bytes

/// Counts what whole traces tell of calls, into series by the minute.
///
/// The order of records never matters, and equal ones count once. A call counts in the minute in which its callee's
/// span starts, or the caller's if only that tells of it; operations and propagation in that of the span; links and
/// traces without company in that of the trace: of its root, else of its earliest span. A span without a start counts
/// in the minute of its trace. Traces in which no span has a start are left out: nobody could ask for them.
public struct CallCounter: Sendable {
    private var traces = TraceCount()
    private var sorted: [CallRecord] = []
    private var bucketEnds: [UInt32] = []
    /// Nobody outside can know which traces fall into the same bucket.
    private let seed = UInt64.random(in: .min ... .max)

    private static let smallCount = 24

    public init() {}

    /// What was counted, by the start of the minute, in nanoseconds since 1970.
    public var buckets: [Int64: [CallSeries: CallTotals]] {
        var buckets: [Int64: [CallSeries: CallTotals]] = [:]
        for (key, tally) in zip(traces.sums.keys, traces.sums.tallies) {
            buckets[key.minute, default: [:]][key.series] = tally.totals
        }
        return buckets
    }

    /// Counts whole traces, and puts the records into another order: traces together.
    public mutating func add(_ records: inout [CallRecord], _ names: CallNames) {
        names.sites.withUnsafeBufferPointer { sites in
            let order = CallOrder(names: names, sites: sites)
            guard records.count > Self.smallCount, !Self.isOneTrace(records) else {
                records.withUnsafeMutableBufferPointer { count($0, order) }
                return
            }
            scatter(records)
            swap(&records, &sorted)
            records.withUnsafeMutableBufferPointer { records in
                var start = 0
                for end in bucketEnds where Int(end) > start {
                    let bucket = UnsafeMutableBufferPointer(rebasing: records[start..<Int(end)])
                    count(bucket, order)
                    start = Int(end)
                }
            }
            sorted.removeAll()
            bucketEnds.removeAll(keepingCapacity: true)
        }
    }

    private static func isOneTrace(_ records: [CallRecord]) -> Bool {
        records.allSatisfy { $0.traceIDLow == records[0].traceIDLow }
    }

    /// Puts the records of each trace near each other: into one of about as many buckets as there are traces.
    private mutating func scatter(_ records: [CallRecord]) {
        var bucketCount = 16
        while bucketCount * 8 < records.count { bucketCount *= 2 }
        let seed = seed
        func bucket(_ record: CallRecord) -> Int {
            let hash = ByteHash.fold(record.traceIDLow ^ seed, ByteHash.seed)
            return Int(truncatingIfNeeded: hash) & (bucketCount - 1)
        }
        bucketEnds.append(contentsOf: repeatElement(0, count: bucketCount))
        for record in records { bucketEnds[bucket(record)] += 1 }
        // First each bucket's start; filling it moves that to its end.
        var start: UInt32 = 0
        for index in bucketEnds.indices {
            let count = bucketEnds[index]
            bucketEnds[index] = start
            start += count
        }
        sorted = Array(unsafeUninitializedCapacity: records.count) { buffer, initializedCount in
            for record in records {
                let bucket = bucket(record)
                buffer.initializeElement(at: Int(bucketEnds[bucket]), to: record)
                bucketEnds[bucket] += 1
            }
            initializedCount = records.count
        }
    }

    /// - Parameter records: of whole traces.
    private mutating func count(_ records: UnsafeMutableBufferPointer<CallRecord>, _ order: CallOrder) {
        CallOrder.sortByStart(records)
        var first = 0
        while first < records.count {
            var end = first + 1
            while end < records.count, records[end].traceIDLow == records[first].traceIDLow { end += 1 }
            traces.add(UnsafeMutableBufferPointer(rebasing: records[first..<end]), order)
            first = end
        }
    }
}
