internal import Logging
internal import SegmentStore
internal import TraceModel

/// Puts traces together from everything that holds parts of them.
///
/// For one thread at a time.
final class TraceReader {
    let snapshot: StoreSnapshot
    let logger: Logger
    /// What this query read of each segment's blocks.
    let blocks: [BlockMemory]
    private var builder = SpanBatchBuilder()

    init(_ snapshot: StoreSnapshot, _ logger: Logger) {
        self.snapshot = snapshot
        self.logger = logger
        blocks = snapshot.segments.map { _ in BlockMemory() }
    }

    /// A damaged part is left out, with a line in the log, unless nothing else of the trace is found.
    func trace(_ traceID: TraceID) throws(StoreError) -> Trace? {
        builder.removeAll()
        var damage: SegmentError?
        for (place, segment) in snapshot.segments.enumerated() {
            do throws(SegmentError) {
                _ = try segment.reader.readTrace(traceID, into: &builder, blocks[place])
            } catch {
                damage = error
                logger.error("part of a trace cannot be read", metadata: ["trace": "\(traceID)", "reason": "\(error)"])
            }
        }
        var spans: [SpanView] = builder.spanCount == 0 ? [] : Array(builder.makeBatch().spans)
        for live in snapshot.generations where !live.batches.isEmpty {
            let places = live.generation.withIndex(of: live.batches) { $0.spans(of: traceID) }
            for place in places where place.batch < live.batches.count {
                spans.append(SpanView(batch: live.batches[place.batch], row: place.row))
            }
        }
        guard !spans.isEmpty else {
            if let damage { throw StoreError(.corrupt, damage.message) }
            return nil
        }
        return Trace(traceID: traceID, spans: Self.distinct(spans))
    }

    /// By start, and of spans that are equal in everything one.
    private static func distinct(_ spans: [SpanView]) -> [SpanView] {
        let starts = spans.map { $0.start ?? .min }
        var ordered = spans
        if !zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }) {
            ordered = spans.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }.map { spans[$0] }
        }
        let ids = ordered.map(\.spanID.value).sorted()
        guard zip(ids, ids.dropFirst()).contains(where: { $0 == $1 }) else { return ordered }
        var kept: [SpanView] = []
        var byID: [UInt64: [SpanView]] = [:]
        for span in ordered {
            let isKnown = byID[span.spanID.value]?.contains { $0.hasEqualContent(to: span) } ?? false
            if isKnown { continue }
            byID[span.spanID.value, default: []].append(span)
            kept.append(span)
        }
        return kept
    }
}
