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
            var service: UInt32?
            if let name = filter.serviceName {
                guard let number = name.withUnsafeBytes({ batch.number(of: $0) }) else { continue }
                service = number
            }
            let isWanted = (0..<batch.shapeCount).map { service == nil || batch.shape($0).serviceName == service }
            for row in 0..<batch.spanCount where isWanted[Int(batch.shapeColumn[row])] {
                let start = batch.startColumn[row]
                guard start != SpanBatch.absentTime, start <= window.lateEnd else { continue }
                let span = SpanView(batch: batch, row: row)
                let mask = mask(of: span, filter)
                if filter.needsOneSpan && mask != filter.completeMask { continue }
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

    private static func mask(of span: SpanView, _ filter: SpanFilter) -> UInt64 {
        var mask: UInt64 = 1
        for (number, clause) in filter.clauses.enumerated() where SpanMatcher.meets(clause, span) {
            mask |= 1 << UInt64(number + 1)
        }
        return mask
    }
}
