internal import Bytes
internal import TraceModel

/// The traces of the segments of a merge in the order of the new one: by their start, all parts of one together.
struct MergeParts: ~Copyable {
    /// A trace, or what one block has of it.
    struct Part: BitwiseCopyable {
        /// Of the whole trace.
        var start: Int64
        var high: UInt64
        var low: UInt64
        var input: UInt16
        var block: UInt16
        var place: UInt32
        var spanCount: UInt32

        func isOfSameTrace(as other: Part) -> Bool { low == other.low && high == other.high }
    }

    private var parts = ColumnBuffer<Part>()
    private var position = 0

    init(_ inputs: [SegmentReader], dropping dropped: Set<TraceID>, blockSpanCount: Int) throws(SegmentError) {
        for (input, reader) in inputs.enumerated() {
            for block in 0..<(try reader.blockCount()) {
                let traces = try reader.openBlock(block).traces()
                for place in 0..<traces.count {
                    let traceID = traces.traceID(place)
                    if !dropped.isEmpty && dropped.contains(traceID) { continue }
                    parts.append(
                        Part(
                            start: traces.baseStarts[place], high: traceID.high, low: traceID.low,
                            input: UInt16(input), block: UInt16(block), place: UInt32(place),
                            spanCount: UInt32(traces.spans(place).count)))
                }
            }
        }
        order(blockSpanCount: blockSpanCount)
    }

    var count: Int { parts.count }

    /// Begins again with the first trace.
    mutating func rewind() { position = 0 }

    /// The next traces, as many as a block takes.
    mutating func next(spanCountMax: Int) -> [Part]? {
        guard position < parts.count else { return nil }
        var taken: [Part] = []
        var spanCount = 0
        while position < parts.count {
            var end = position
            var own = 0
            while end < parts.count, parts[end].isOfSameTrace(as: parts[position]),
                parts[end].start == parts[position].start, own + Int(parts[end].spanCount) <= spanCountMax
            {
                own += Int(parts[end].spanCount)
                end += 1
            }
            // A part that is larger than blocks are now becomes several again when it is written.
            if end == position {
                own = Int(parts[end].spanCount)
                end += 1
            }
            if !taken.isEmpty && spanCount + own > spanCountMax { break }
            for index in position..<end { taken.append(parts[index]) }
            spanCount += own
            position = end
        }
        return taken
    }

    private mutating func order(blockSpanCount: Int) {
        var all = UnsafeMutableBufferPointer(start: parts.start, count: parts.count)
        all.sort { a, b in
            (a.high, a.low, a.input, a.block, a.place) < (b.high, b.low, b.input, b.block, b.place)
        }
        var first = 0
        while first < all.count {
            var end = first
            var spanCount = 0
            var start = SpanBatch.absentTime
            while end < all.count, all[end].isOfSameTrace(as: all[first]) {
                spanCount += Int(all[end].spanCount)
                if all[end].start != SpanBatch.absentTime {
                    start = start == SpanBatch.absentTime ? all[end].start : min(start, all[end].start)
                }
                end += 1
            }
            // A trace too long for a block stays in parts.
            if spanCount <= blockSpanCount {
                for index in first..<end { all[index].start = start }
            }
            first = end
        }
        all.sort { a, b in
            (a.start, a.high, a.low, UInt32(a.input) << 16 | UInt32(a.block), a.place)
                < (b.start, b.high, b.low, UInt32(b.input) << 16 | UInt32(b.block), b.place)
        }
    }
}
