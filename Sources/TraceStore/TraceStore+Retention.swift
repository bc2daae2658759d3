internal import Catalog
internal import Logging
internal import SegmentStore
internal import Synchronization
internal import Threads
internal import TopologyStore

extension TraceStore {
    /// Removes whole segments: those that were stored too long ago, and the oldest as long as all take too much. Those
    /// that are held for a destination stay.
    func expire() {
        let now = SystemClock.nanosecondsSince1970()
        let policy = RetentionPolicy(
            age: [options.retentionAge, samplingRules.ageMax].compactMap(\.self).min(),
            byteCount: options.retentionByteCount)
        let gone: [StoredSegment]
        let unsentSpanCount: Int
        do throws(StoreError) {
            (gone, unsentSpanCount) = try state.remove { segments, held in
                policy.expired(
                    segments.map { ($0.reader.createdAt, $0.statistics.byteCount, held.contains($0.id)) }, now: now
                ).map { segments[$0] }
            } commit: { (gone) throws(StoreError) in
                // The catalog first: a file that it no longer names is removed at the next start at the latest.
                try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.remove(segmentIDs: gone.map(\.id)) }
            }
        } catch {
            logger.error("expired segments could not be removed", metadata: ["reason": "\(error)"])
            return
        }
        remover.remove(gone.map(\.id))
        do throws(CatalogError) {
            try topology.expire(now: now)
        } catch {
            logger.error("old figures of the topology could not be removed", metadata: ["reason": "\(error)"])
        }
        guard !gone.isEmpty else { return }
        expiredSpanCount.add(gone.reduce(0) { $0 + $1.statistics.spanCount }, ordering: .relaxed)
        if unsentSpanCount > 0 {
            logger.warning(
                "removed expired spans that were not handed on", metadata: ["spans": "\(unsentSpanCount)"])
        }
        logger.info(
            "removed expired segments",
            metadata: [
                "segments": "\(gone.count)", "spans": "\(gone.reduce(0) { $0 + $1.statistics.spanCount })",
                "bytes": "\(gone.reduce(0) { $0 + $1.statistics.byteCount })",
            ])
    }
}

/// How much is kept. Age counts from when a segment was stored: spans may be dated anywhere.
struct RetentionPolicy {
    /// Seconds.
    var age: Double?
    var byteCount: Int?

    /// Places of the segments to remove, ascending.
    /// - Parameters:
    ///   - segments: times in nanoseconds since 1970. Those that are held stay, and count for the size.
    func expired(_ segments: [(createdAt: Int64, byteCount: Int, isHeld: Bool)], now: Int64) -> [Int] {
        var expired: Set<Int> = []
        if let age {
            let limit = now - Int64(age * 1e9)
            for place in segments.indices where segments[place].createdAt < limit && !segments[place].isHeld {
                expired.insert(place)
            }
        }
        if let byteCount {
            var total = segments.indices.filter { !expired.contains($0) }.reduce(0) { $0 + segments[$1].byteCount }
            for place in segments.indices.sorted(by: { segments[$0].createdAt < segments[$1].createdAt })
            where total > byteCount && !segments[place].isHeld {
                if expired.insert(place).inserted { total -= segments[place].byteCount }
            }
        }
        return expired.sorted()
    }
}
