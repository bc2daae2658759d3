internal import Sampling
internal import TraceModel

/// What Jaeger's documents have no field for, and how it is told in them.
enum DocumentSpans {
    private static let peerService = Array("peer.service".utf8)

    /// Spans as they are written: what a sampler rejects of their like stands in the trace state, where OpenTelemetry's
    /// tools look for it.
    static func outgoing(_ batch: SpanBatch, _ builder: inout SpanBatchBuilder) -> SpanBatch {
        guard hasColumn(batch, { $0.field == .samplingThreshold }) else { return batch }
        builder.removeAll()
        for span in batch.spans {
            guard case .int(let threshold) = span.value(of: .samplingThreshold), threshold > 0, threshold < 1 << 56
            else {
                builder.append(span, removing: [], strings: [])
                continue
            }
            var old = UnsafeRawBufferPointer(start: nil, count: 0)
            if case .string(let text) = span.value(of: .traceState) { old = text }
            let state = TraceStateSampling.text(old, threshold: UInt64(threshold))
            let number = state.withUnsafeBytes { builder.intern($0) }
            builder.append(span, removing: [.traceState, .samplingThreshold], strings: [(.traceState, number)])
        }
        return builder.makeBatch()
    }

    /// Spans as they were before they were written, as far as that is told: the service on the other side is an
    /// attribute, the sampler's part stands in the trace state, and a server shares the ID of its client.
    static func incoming(_ batch: SpanBatch) -> SpanBatch {
        let isTold = hasColumn(batch) { column in
            column.field == .traceState
                || column.hasKeyString && batch.string(column.key).elementsEqual(peerService)
        }
        let shared = sharedRows(batch)
        guard isTold || !shared.isEmpty else { return batch }
        var builder = SpanBatchBuilder()
        for span in batch.spans {
            var strings: [(field: SpanField, string: UInt32)] = []
            if span.remoteServiceName == nil, let name = peerServiceName(span) {
                strings.append((.remoteServiceName, builder.intern(name)))
            }
            var threshold: UInt64?
            if case .string(let state) = span.value(of: .traceState) {
                threshold = TraceStateSampling(state).threshold.flatMap { $0 > 0 ? $0 : nil }
            }
            builder.append(
                span, removing: [], strings: strings, samplingThreshold: threshold,
                isShared: shared.contains(span.row) ? true : nil)
        }
        return builder.makeBatch()
    }

    /// Server spans that have the ID of a client span.
    private static func sharedRows(_ batch: SpanBatch) -> Set<Int> {
        struct Key: Hashable {
            let traceID: TraceID
            let spanID: SpanID
        }
        var clients: Set<Key> = []
        for span in batch.spans where span.traits.kind == .client {
            clients.insert(Key(traceID: span.traceID, spanID: span.spanID))
        }
        var rows: Set<Int> = []
        for span in batch.spans
        where span.traits.kind == .server && clients.contains(Key(traceID: span.traceID, spanID: span.spanID)) {
            rows.insert(span.row)
        }
        return rows
    }

    private static func peerServiceName(_ span: SpanView) -> UnsafeRawBufferPointer? {
        var name: UnsafeRawBufferPointer?
        span.forEachAttribute { key, value in
            if case .string(let text) = value, text.count > 0, key.elementsEqual(peerService) { name = text }
        }
        return name
    }

    private static func hasColumn(_ batch: SpanBatch, _ meets: (SpanColumn) -> Bool) -> Bool {
        (0..<batch.shapeCount).contains { number in
            let shape = batch.shape(number)
            return (0..<shape.columnCount).contains { meets(shape.column($0)) }
        }
    }
}
