internal import Bytes
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
    private var knownTraces: FingerprintSet?

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
        if let knownTraces { return knownTraces.contains(traceID.fingerprint) }
        var traces = FingerprintSet()
        let earlier = end.subtractingReportingOverflow(Self.margin).overflow ? Int64.min : end - Self.margin
        for segment in reachingSegments(earlier) {
            let own = try? segment.reader.traces(begunBy: end, reachingBeyond: earlier)
            for traceID in own ?? [] { traces.insert(traceID.fingerprint) }
        }
        for batch in snapshot.generations.lazy.flatMap(\.batches) where batch.earliestStart <= end {
            for row in 0..<batch.spanCount where batch.startColumn[row] <= end {
                let traceID = TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row])
                traces.insert(traceID.fingerprint)
            }
        }
        knownTraces = traces
        return traces.contains(traceID.fingerprint)
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

/// Fingerprints of traces. Two traces may have one, which costs a look at a trace in vain.
private struct FingerprintSet {
    /// Open addressing; 0: free. A fingerprint of 0 is kept as 1.
    private var slots = [UInt64](repeating: 0, count: 1024)
    private var count = 0
    /// Nobody outside can know which IDs fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)

    mutating func insert(_ fingerprint: UInt64) {
        let value = max(fingerprint, 1)
        let slot = slot(of: value)
        guard slots[slot] == 0 else { return }
        slots[slot] = value
        count += 1
        if count * 2 > slots.count { grow() }
    }

    func contains(_ fingerprint: UInt64) -> Bool { slots[slot(of: max(fingerprint, 1))] != 0 }

    private func slot(of value: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: ByteHash.fold(value ^ seed, 0x9e37_79b9_7f4a_7c15)) & mask
        while slots[slot] != 0, slots[slot] != value { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: old.count * 4)
        for value in old where value != 0 { slots[slot(of: value)] = value }
    }
}
