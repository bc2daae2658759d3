internal import Topology
package import TraceModel

/// Tells which spans of a trace are at or below a proxy's copy of a request.
package struct MirroredSpans {
    private let spans: [SpanView]
    private var rows: [UInt64: [Int]] = [:]

    /// Of more spans with one ID only the first ones are looked at: a sender may give all the same.
    private static let sharingCountMax = 64

    package init(_ trace: Trace) {
        spans = trace.spans
        for (row, span) in spans.enumerated() { rows[span.spanID.value, default: []].append(row) }
    }

    package func contains(_ spanID: SpanID) -> Bool {
        // Parents may go in a circle.
        var seen: Set<UInt64> = []
        var next: [UInt64] = [spanID.value]
        while let id = next.popLast() {
            guard seen.insert(id).inserted else { continue }
            for row in (rows[id] ?? []).prefix(Self.sharingCountMax) {
                if CallAttributes.isMirror(spans[row]) { return true }
                if let parent = spans[row].parentID { next.append(parent.value) }
            }
        }
        return false
    }
}
