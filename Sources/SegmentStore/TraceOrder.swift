internal import Bytes
internal import TraceModel

/// The order in which the spans of many batches stand in a segment: traces by their start, spans of a trace by theirs.
struct TraceOrder: ~Copyable {
    struct Span: BitwiseCopyable {
        var start: Int64
        var batch: UInt32
        var row: UInt32
        var trace: UInt32

        var hasNoStart: Bool { start == SpanBatch.absentTime }
    }

    private(set) var spans = ColumnBuffer<Span>()
    private var traces: [SegmentAssembly.TraceEntry] = []

    init(_ batches: [SpanBatch]) {
        var table = TraceTable(capacity: batches.reduce(0) { $0 + $1.spanCount } / 4)
        var arrived = ColumnBuffer<Span>(capacity: batches.reduce(0) { $0 + $1.spanCount })
        for (number, batch) in batches.enumerated() {
            for row in 0..<batch.spanCount {
                let traceID = TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row])
                let start = batch.startColumn[row]
                let trace = table.number(of: traceID, in: &traces)
                traces.withUnsafeMutableBufferPointer { traces in
                    traces[trace].spanCount &+= 1
                    if start != SpanBatch.absentTime {
                        let known = traces[trace].start
                        traces[trace].start = known == SpanBatch.absentTime ? start : min(known, start)
                    }
                }
                arrived.append(
                    Span(start: start, batch: UInt32(number), row: UInt32(row), trace: UInt32(trace)))
            }
        }
        spans = arrived
    }

    mutating func takeTraces() -> [SegmentAssembly.TraceEntry] {
        defer { traces = [] }
        return traces
    }

    mutating func sort() {
        let byStart = traces.indices.sorted { a, b in
            (traces[a].start, traces[a].traceID) < (traces[b].start, traces[b].traceID)
        }
        var places = [Int](repeating: 0, count: traces.count)
        var sortedTraces: [SegmentAssembly.TraceEntry] = []
        sortedTraces.reserveCapacity(traces.count)
        var next = 0
        for old in byStart {
            var trace = traces[old]
            trace.firstSpan = next
            places[old] = next
            next += trace.spanCount
            sortedTraces.append(trace)
        }
        traces = sortedTraces
        var ordered = ColumnBuffer<Span>(capacity: spans.count)
        if let filler = spans.elements.first { ordered.append(repeating: filler, count: spans.count) }
        for index in 0..<spans.count {
            let span = spans.start[index]
            let place = places[Int(span.trace)]
            places[Int(span.trace)] = place + 1
            ordered.start[place] = span
        }
        spans = ordered
        for trace in traces { sortSpans(trace) }
    }

    /// By start; spans that start together, or nowhere, keep the order of their arrival.
    private mutating func sortSpans(_ trace: SegmentAssembly.TraceEntry) {
        let own = UnsafeMutableBufferPointer(start: spans.start + trace.firstSpan, count: trace.spanCount)
        if own.count > 64 {
            let sorted = own.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            for (place, item) in sorted.enumerated() { own[place] = item.element }
            return
        }
        for index in 1..<max(1, own.count) {
            let span = own[index]
            var place = index
            while place > 0 && own[place - 1].start > span.start {
                own[place] = own[place - 1]
                place -= 1
            }
            own[place] = span
        }
    }
}

/// Numbers of traces by ID.
private struct TraceTable: ~Copyable {
    private var slots = ColumnBuffer<UInt32>()  // number + 1, or 0

    init(capacity: Int) {
        var slotCount = 1024
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots.append(repeating: 0, count: slotCount)
    }

    @inline(__always)
    mutating func number(of traceID: TraceID, in traces: inout [SegmentAssembly.TraceEntry]) -> Int {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: traceID.fingerprint) & mask
        while slots.start[slot] != 0 {
            let number = Int(slots.start[slot] &- 1)
            if traces[number].traceID == traceID { return number }
            slot = (slot &+ 1) & mask
        }
        traces.append(.init(traceID: traceID, start: SpanBatch.absentTime, firstSpan: 0, spanCount: 0))
        slots.start[slot] = UInt32(traces.count)
        if traces.count * 2 > slots.count { grow(traces) }
        return traces.count - 1
    }

    private mutating func grow(_ traces: [SegmentAssembly.TraceEntry]) {
        let slotCount = slots.count * 2
        slots.removeAll()
        slots.append(repeating: 0, count: slotCount)
        for (number, trace) in traces.enumerated() {
            var slot = Int(truncatingIfNeeded: trace.traceID.fingerprint) & (slotCount - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32(number) + 1
        }
    }
}
