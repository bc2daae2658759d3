internal import SegmentStore
internal import Synchronization

/// Keeps what segments hold in memory for the next query within bounds.
final class SegmentCache: Sendable {
    private let byteCountMax: Int
    private let queries = Atomic<Int>(0)

    /// Looking at every segment costs more than a query that finds nothing, so it is done for one query in so many.
    private static let interval = 16

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// To be called after each query: releases the segments that were used longest ago, if all take too much.
    func queryEnded(_ segments: [StoredSegment]) {
        guard queries.add(1, ordering: .relaxed).newValue % Self.interval == 0 else { return }
        var total = segments.reduce(0) { $0 + $1.reader.keptByteCount }
        guard total > byteCountMax else { return }
        // Down to three quarters, or the next query would have to look again.
        for segment in segments.sorted(by: { $0.reader.lastUse < $1.reader.lastUse })
        where total > byteCountMax / 4 * 3 {
            let before = segment.reader.keptByteCount
            segment.reader.releaseMostMemory()
            total -= before - segment.reader.keptByteCount
        }
    }
}
