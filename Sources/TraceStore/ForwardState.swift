internal import Catalog
internal import SegmentStore

/// Which segments each destination lacks: the catalog's rows as they are, and what is being handed on now. Guarded by
/// the lock of `StoreState`.
struct ForwardState: Sendable {
    /// IDs of the destinations that the options name, by name. The catalog may know others.
    let ids: [String: Int64]
    /// Of these, those for which retention waits.
    private let holding: Set<Int64>
    /// Spans done, by destination, of each segment that some destination lacks.
    private var pending: [Int64: [Int64: Int]] = [:]
    /// Segments that are being handed on, each as often as destinations are at it.
    private var inProgress: [Int64: Set<Int64>] = [:]
    /// Spans that were removed before a destination had them.
    private(set) var unsentSpanCounts: [Int64: Int] = [:]

    init(_ options: [StoreDestination], known: [ForwardDestination], pending rows: [PendingForward]) {
        let ids = Dictionary(known.map { ($0.name, $0.id) }) { first, _ in first }
        self.ids = ids.filter { name, _ in options.contains { $0.name == name } }
        holding = Set(options.filter(\.holdsRetention).compactMap { ids[$0.name] })
        for row in rows { pending[row.segmentID, default: [:]][row.destinationID] = row.doneSpanCount }
    }

    /// What decides whether a segment is merged with others.
    func condition(of segmentID: Int64) -> ForwardCondition {
        let own = pending[segmentID] ?? [:]
        return ForwardCondition(
            lackedBy: own.isEmpty ? [] : Set(own.keys),
            isBegun: own.values.contains { $0 > 0 } || !(inProgress[segmentID] ?? []).isEmpty,
            isHeld: isHeld(segmentID))
    }

    /// Whether a destination lacks the segment for which retention waits.
    func isHeld(_ segmentID: Int64) -> Bool {
        guard !holding.isEmpty, let own = pending[segmentID] else { return false }
        return own.keys.contains { holding.contains($0) }
    }

    mutating func enter(_ segments: [StoredSegment]) {
        for segment in segments where !segment.lackedBy.isEmpty {
            pending[segment.id] = Dictionary(uniqueKeysWithValues: segment.lackedBy.map { ($0, 0) })
        }
    }

    mutating func leave(_ segmentIDs: [Int64]) {
        for id in segmentIDs {
            pending[id] = nil
            inProgress[id] = nil
        }
    }

    /// Counts what destinations that the options name will not get of segments that are removed.
    mutating func countUnsent(_ segments: [StoredSegment]) -> Int {
        var sum = 0
        for segment in segments {
            for (destination, done) in pending[segment.id] ?? [:] where ids.values.contains(destination) {
                let count = segment.statistics.spanCount - done
                unsentSpanCounts[destination, default: 0] += count
                sum += count
            }
        }
        return sum
    }

    // MARK: Handing on

    func lag(_ destination: Int64, _ segments: [StoredSegment]) -> ForwardLag {
        var lag = ForwardLag()
        for segment in segments {
            guard let done = pending[segment.id]?[destination] else { continue }
            lag.segmentCount += 1
            lag.spanCount += segment.statistics.spanCount - done
            lag.oldestCreatedAt = min(lag.oldestCreatedAt ?? .max, segment.reader.createdAt)
        }
        lag.unsentSpanCount = unsentSpanCounts[destination] ?? 0
        return lag
    }

    /// The oldest of the segments that the destination lacks and is not at; it is at it from now on.
    mutating func begin(_ destination: Int64, _ segments: some Sequence<StoredSegment>) -> PendingSegment? {
        var oldest: PendingSegment?
        for segment in segments {
            guard let done = pending[segment.id]?[destination],
                !(inProgress[segment.id]?.contains(destination) ?? false)
            else { continue }
            if let oldest, (oldest.createdAt, oldest.id) <= (segment.reader.createdAt, segment.id) { continue }
            oldest = PendingSegment(destinationID: destination, segment: segment, doneSpanCount: done)
        }
        if let oldest { inProgress[oldest.id, default: []].insert(destination) }
        return oldest
    }

    /// The destination is no longer at the segment.
    mutating func end(_ destination: Int64, _ segmentID: Int64) {
        inProgress[segmentID]?.remove(destination)
        if inProgress[segmentID]?.isEmpty == true { inProgress[segmentID] = nil }
    }

    /// - Parameter doneSpanCount: nil: all.
    mutating func mark(_ destination: Int64, _ segmentID: Int64, doneSpanCount: Int?) {
        guard pending[segmentID]?[destination] != nil else { return }
        pending[segmentID]?[destination] = doneSpanCount
        if pending[segmentID]?.isEmpty == true { pending[segmentID] = nil }
    }

    mutating func forget(_ destination: Int64) {
        for id in Array(pending.keys) { mark(destination, id, doneSpanCount: nil) }
        for id in Array(inProgress.keys) { end(destination, id) }
    }
}

/// How a segment stands with the destinations.
struct ForwardCondition: Sendable, Equatable {
    /// Those that lack it.
    var lackedBy: Set<Int64> = []
    /// One of them has part of it, or may.
    var isBegun = false
    /// Retention waits for one of them.
    var isHeld = false
}
