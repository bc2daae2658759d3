internal import SegmentStore
internal import TraceModel

/// Searches the batches of a generation as a segment is searched: finds every trace that can match, and some that do
/// not.
enum LiveSearch {
    static func hits(
        in live: GenerationSnapshot, _ filter: SpanFilter, _ window: SegmentReader.Window
    ) -> [ScanHit] {
        var hits: [TraceID: ScanHit] = [:]
        for batch in live.batches {
            guard batch.earliestStart <= window.lateEnd, batch.latestEnd >= window.starts.lowerBound else { continue }
            let shapes = (0..<batch.shapeCount).map { ShapeConditions(filter, batch.shape($0), batch) }
            guard shapes.contains(where: \.mayBeMet) else { continue }
            for row in 0..<batch.spanCount where shapes[Int(batch.shapeColumn[row])].mayBeMet {
                let start = batch.startColumn[row]
                guard start != SpanBatch.absentTime, start <= window.lateEnd else { continue }
                let span = SpanView(batch: batch, row: row)
                let mask = shapes[Int(batch.shapeColumn[row])].mask(of: span)
                if mask == 0 { continue }
                let known = hits[span.traceID]
                hits[span.traceID] = ScanHit(
                    traceID: span.traceID, start: max(known?.start ?? start, start), mask: (known?.mask ?? 0) | mask)
            }
        }
        return hits.values.map { hit in
            guard hit.start > window.starts.upperBound else { return hit }
            // Whether its root is with it is not looked for here: the traces that have begun by then are few.
            return ScanHit(traceID: hit.traceID, start: window.starts.upperBound, mask: hit.mask, isLate: true)
        }
    }

    /// What is left to test of the spans of one shape, for each spanset.
    private struct ShapeConditions {
        private var metMask: UInt64 = 0
        private var rest: [(bit: UInt64, condition: SpanFilter.Condition)] = []

        init(_ filter: SpanFilter, _ shape: SpanShape, _ batch: SpanBatch) {
            for (number, spanset) in filter.spansets.enumerated() {
                let reduced = spanset.reduced(
                    serviceName: batch.string(shape.serviceName), operationName: batch.string(shape.operationName),
                    traits: shape.traits)
                switch reduced {
                case .never: continue
                case .always: metMask |= 1 << UInt64(number)
                case .some(let condition): rest.append((1 << UInt64(number), condition))
                }
            }
        }

        var mayBeMet: Bool { metMask != 0 || !rest.isEmpty }

        func mask(of span: SpanView) -> UInt64 {
            var mask = metMask
            for (bit, condition) in rest where SpanMatcher.meets(condition, span) { mask |= bit }
            return mask
        }
    }
}
