internal import Logging
internal import SegmentStore
package import TraceModel

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

    /// Where the spans of a trace are.
    struct Parts {
        /// Parts in segments, in the order of the segments, and the place of its segment for each.
        var stored: [(segment: Int, part: TracePart)] = []
        var live: [(batches: [SpanBatch], spans: [LiveSpan])] = []
        var damage: SegmentError?

        var spanCount: Int {
            stored.reduce(0) { $0 + $1.part.spanCount } + live.reduce(0) { $0 + $1.spans.count }
        }
    }

    /// A damaged part is left out, with a line in the log, unless nothing else of the trace is found.
    func trace(_ traceID: TraceID) throws(StoreError) -> Trace? { try whole(traceID, parts(traceID)) }

    func parts(_ traceID: TraceID) -> Parts {
        var parts = Parts()
        for (place, segment) in snapshot.segments.enumerated() {
            let reader = segment.reader
            let memory = blocks[place]
            for block in attempt(traceID, &parts, { () throws(SegmentError) in try reader.blocks(ofTrace: traceID) })
                ?? []
            {
                let found = attempt(traceID, &parts) { () throws(SegmentError) in
                    try reader.parts(ofTrace: traceID, inBlock: block, memory)
                }
                for part in found ?? [] { parts.stored.append((place, part)) }
            }
        }
        for live in snapshot.generations where !live.batches.isEmpty {
            let spans = live.generation.withIndex(of: live.batches) { $0.spans(of: traceID) }
            // The index may know of batches that came later.
            let known = spans.filter { $0.batch < live.batches.count }
            if !known.isEmpty { parts.live.append((live.batches, known)) }
        }
        return parts
    }

    /// The trace that these are the parts of.
    func whole(_ traceID: TraceID, _ found: Parts) throws(StoreError) -> Trace? {
        var parts = found
        builder.removeAll()
        for (index, (segment, part)) in parts.stored.enumerated() {
            let reader = snapshot.segments[segment].reader
            let isFirst = index == 0 || parts.stored[index - 1].segment != segment
            do throws(SegmentError) {
                try reader.read(part, isFirst: isFirst, into: &builder, blocks[segment])
            } catch {
                note(error, traceID, &parts)
            }
        }
        var spans: [SpanView] = builder.spanCount == 0 ? [] : Array(builder.makeBatch().spans)
        for (batches, own) in parts.live {
            for span in own { spans.append(SpanView(batch: batches[Int(span.batch)], row: Int(span.row))) }
        }
        guard !spans.isEmpty else {
            if let damage = parts.damage { throw StoreError(.corrupt, damage.message) }
            return nil
        }
        return Trace(traceID: traceID, spans: Trace.distinct(spans))
    }

    private func attempt<Value>(
        _ traceID: TraceID, _ parts: inout Parts, _ body: () throws(SegmentError) -> Value
    ) -> Value? {
        do throws(SegmentError) {
            return try body()
        } catch {
            note(error, traceID, &parts)
            return nil
        }
    }

    func note(_ error: SegmentError, _ traceID: TraceID, _ parts: inout Parts) {
        parts.damage = error
        logger.error("part of a trace cannot be read", metadata: ["trace": "\(traceID)", "reason": "\(error)"])
    }
}

extension Trace {
    /// Spans by start, and of those that are equal in everything one.
    package static func distinct(_ spans: [SpanView]) -> [SpanView] {
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
