internal import Topology
internal import TraceModel

/// Durations by their size, cumulated as Prometheus wants them.
struct DurationBuckets: Sendable, Equatable {
    /// Milliseconds, ascending: powers of two, up to which a sketch counts exactly.
    static let bounds: [Int64] = (1...14).map { 1 << $0 }

    private static let nanosecondBounds = bounds.map { $0 * 1_000_000 }

    /// Of each bound.
    private(set) var counts = [Int](repeating: 0, count: bounds.count)
    /// Of any size.
    private(set) var count = 0
    /// Whole, so that the order of adding does not matter: a sum that falls by a rounding would count as a restart.
    private(set) var sumNanoseconds: Int64 = 0

    mutating func add(_ sketch: DurationSketch) {
        guard !sketch.isEmpty else { return }
        for (place, counted) in sketch.counts(upTo: Self.nanosecondBounds).enumerated() { counts[place] += counted }
        count += sketch.count
        sumNanoseconds = sumNanoseconds.addingClamped(sketch.sum)
    }

    mutating func add(_ other: DurationBuckets) {
        for place in counts.indices { counts[place] += other.counts[place] }
        count += other.count
        sumNanoseconds = sumNanoseconds.addingClamped(other.sumNanoseconds)
    }
}

/// What is told of one series.
struct SeriesCounts: Sendable, Equatable {
    private(set) var callCount = 0
    private(set) var errorCount = 0
    private(set) var client = DurationBuckets()
    private(set) var server = DurationBuckets()

    mutating func add(_ totals: CallTotals) {
        callCount += totals.callCount
        errorCount += totals.errorCount
        client.add(totals.clientDurations)
        server.add(totals.serverDurations)
    }

    mutating func add(_ other: SeriesCounts) {
        callCount += other.callCount
        errorCount += other.errorCount
        client.add(other.client)
        server.add(other.server)
    }
}

/// The series of one family that are told one by one, and the sums of the others.
///
/// Which they are never changes once the table is full: were one of the others to be told by itself from then on, the
/// sum that it was part of would fall.
struct SeriesTable<Key: SeriesKey>: Sendable {
    struct Row: Sendable {
        var labels: String
        var counts: SeriesCounts
    }

    private let countMax: Int
    private var told: [Key: Row] = [:]
    private var folded: [Key: Row] = [:]
    /// In the order in which they stand in the answer.
    private var order: [Key] = []
    /// Series that are part of a sum.
    private(set) var foldedCount = 0

    init(countMax: Int) { self.countMax = max(0, countMax) }

    var rowCount: Int { told.count + folded.count }
    var rows: some Sequence<Row> { order.lazy.compactMap { told[$0] ?? folded[$0] } }

    /// - Parameter counts: of all series, from the start of the process.
    mutating func update(_ counts: [Key: SeriesCounts]) {
        if told.count < countMax {
            let new = counts.filter { told[$0.key] == nil && $0.key != $0.key.folded }
            // By key where the counts are the same, so that which are told does not depend on the hash.
            let largest = new.map { (key: $0.key, count: $0.value.callCount) }
                .sorted { a, b in a.count == b.count ? a.key < b.key : a.count > b.count }
            for (key, _) in largest.prefix(countMax - told.count) {
                told[key] = Row(labels: key.labels, counts: SeriesCounts())
                order.append(key)
            }
        }
        var sums: [Key: SeriesCounts] = [:]
        foldedCount = 0
        for (key, count) in counts {
            if told[key] != nil {
                told[key]?.counts = count
            } else {
                foldedCount += 1
                sums[key.folded, default: SeriesCounts()].add(count)
            }
        }
        for (key, sum) in sums {
            if folded[key] == nil { order.append(key) }
            folded[key] = Row(labels: folded[key]?.labels ?? key.labels, counts: sum)
        }
    }
}
