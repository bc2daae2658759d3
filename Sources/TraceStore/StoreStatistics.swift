internal import Journal
internal import SegmentStore
internal import Synchronization

/// How much a store holds, and what it did since it was opened.
public struct StoreStatistics: Sendable {
    /// Spans that are in memory and in the journal, not yet in a segment.
    public var liveSpanCount = 0
    public var liveByteCount = 0
    /// Seconds since the oldest of them came; 0 without any.
    public var liveAge: Double = 0
    public var segmentCount = 0
    public var segmentSpanCount = 0
    public var segmentTraceCount = 0
    public var segmentByteCount = 0
    /// Bytes of the journal's records since it was opened, and what waits.
    public var journalByteCount = 0
    public var journalQueuedByteCount = 0
    /// Nanoseconds since 1970 at which the oldest stored span starts; nil without any.
    public var earliestStart: Int64?
    public var expiredSpanCount = 0
    /// Merges of segments.
    public var compactionCount = 0
}

extension TraceStore {
    public func statistics() -> StoreStatistics {
        let live = state.live
        let segments = state.snapshot().segments
        let written = journal.statistics
        var statistics = StoreStatistics()
        statistics.liveSpanCount = live.spanCount
        statistics.liveByteCount = live.byteCount
        statistics.liveAge = live.oldest.map { StoreState.now() - $0 } ?? 0
        statistics.segmentCount = segments.count
        statistics.segmentSpanCount = segments.reduce(0) { $0 + $1.statistics.spanCount }
        statistics.segmentTraceCount = segments.reduce(0) { $0 + $1.statistics.traceCount }
        statistics.segmentByteCount = segments.reduce(0) { $0 + $1.statistics.byteCount }
        statistics.journalByteCount = written.appendedByteCount
        statistics.journalQueuedByteCount = written.queuedByteCount
        statistics.earliestStart = segments.compactMap(\.statistics.earliestStart).min()
        statistics.expiredSpanCount = expiredSpanCount.load(ordering: .relaxed)
        statistics.compactionCount = compactionCount.load(ordering: .relaxed)
        return statistics
    }
}
