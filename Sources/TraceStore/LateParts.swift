internal import SegmentStore
internal import TraceModel

/// Finds the traces that begin within a search's window and go on behind it.
///
/// Where the window tests the root of a trace, the spans that meet the clauses may come after its end, and may be
/// stored apart from the root. They are sought as far behind the end as spans that began before it last, and somewhat
/// further.
final class LateParts {
    private let snapshot: StoreSnapshot
    private let end: Int64
    private var knownTraces: Set<TraceID>?

    /// Nanoseconds within which a trace goes on without any of its spans lasting.
    private static let margin: Int64 = 5_000_000_000
    private static let lateMax: Int64 = 3_600_000_000_000

    init(_ snapshot: StoreSnapshot, end: Int64) {
        self.snapshot = snapshot
        self.end = end
    }

    /// How far behind the window's end parts of its traces may begin.
    func lateEnd() throws(StoreError) -> Int64 {
        var latest = end.addingReportingOverflow(Self.margin).overflow ? Int64.max : end + Self.margin
        for segment in reachingSegments(end) {
            let own = try StoreError.wrapSegment { () throws(SegmentError) in
                try segment.reader.latestEnd(ofBlocksBegunBy: end)
            }
            latest = max(latest, own ?? latest)
        }
        for batch in snapshot.generations.lazy.flatMap(\.batches) where batch.earliestStart <= end {
            latest = max(latest, batch.latestEnd)
        }
        return min(latest, end.addingReportingOverflow(Self.lateMax).overflow ? .max : end + Self.lateMax)
    }

    /// Whether a part of the trace begins within the window or before it. What cannot be read has none.
    func hasBegun(_ traceID: TraceID) -> Bool {
        if let knownTraces { return knownTraces.contains(traceID) }
        var traces: Set<TraceID> = []
        let earlier = end.subtractingReportingOverflow(Self.margin).overflow ? Int64.min : end - Self.margin
        for segment in reachingSegments(earlier) {
            let own = try? segment.reader.traces(begunBy: end, reachingBeyond: earlier)
            traces.formUnion(own ?? [])
        }
        for batch in snapshot.generations.lazy.flatMap(\.batches) where batch.earliestStart <= end {
            for row in 0..<batch.spanCount where batch.startColumn[row] <= end {
                traces.insert(TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row]))
            }
        }
        knownTraces = traces
        return traces.contains(traceID)
    }

    /// Segments that begin before the end and have spans that last beyond a time.
    private func reachingSegments(_ earlier: Int64) -> [StoredSegment] {
        snapshot.segments.filter { segment in
            guard let earliest = segment.statistics.earliestStart, let latest = segment.statistics.latestEnd else {
                return false
            }
            return earliest <= end && latest > earlier
        }
    }
}
