internal import Bytes
internal import TraceModel

/// One block, of which each section is read when it is first needed.
///
/// Not for use by two threads at a time.
final class BlockReader {
    let dictionary: SegmentDictionary
    let entry: BlockDirectory.Entry
    private let source: any SegmentSource
    private let what: String
    private var known = Known()

    private struct Known {
        var traces: BlockTraces?
        var spine: BlockSpine?
        var values: BlockValues?
        var spanIDs: [UInt8]?
    }

    init(_ source: any SegmentSource, _ dictionary: SegmentDictionary, _ entry: BlockDirectory.Entry, number: Int) {
        self.source = source
        self.dictionary = dictionary
        self.entry = entry
        what = "block \(number)"
    }

    func section(_ section: BlockSection, padding: Int = 0) throws(SegmentError) -> [UInt8] {
        try source.section(entry.sections[section.rawValue], "\(section) of \(what)", padding: padding)
    }

    func corrupt(_ why: String) -> SegmentError { source.corrupt(what, why) }

    /// Traces in the order of the block.
    func traces() throws(SegmentError) -> BlockTraces {
        if let traces = known.traces { return traces }
        let traces = try source.decoded(try section(.traces), "traces of \(what)") { (raw) throws(ByteReaderError) in
            try BlockTraces(raw, entry)
        }
        known.traces = traces
        return traces
    }

    func spine() throws(SegmentError) -> BlockSpine {
        if let spine = known.spine { return spine }
        let traces = try traces()
        let shapeCount = dictionary.schema.shapes.count
        let spine = try source.decoded(try section(.spine), "spine of \(what)") { (raw) throws(ByteReaderError) in
            try BlockSpine(raw, entry, shapeCount: shapeCount, traces)
        }
        known.spine = spine
        return spine
    }

    var schema: SegmentSchema { dictionary.schema }

    func values() throws(SegmentError) -> BlockValues {
        if let values = known.values { return values }
        let values = try BlockValues(self, try spine())
        known.values = values
        return values
    }

    func spanIDs() throws(SegmentError) -> [UInt8] {
        if let spanIDs = known.spanIDs { return spanIDs }
        let spanIDs = try section(.spanIDs)
        known.spanIDs = spanIDs
        return spanIDs
    }
}

/// The traces of a block.
struct BlockTraces {
    private let ids: [UInt8]
    let count: Int
    /// First span of each trace in the block, and behind them the number of spans.
    let firstSpans: [Int]
    /// What the start of the first span of each trace is counted from.
    let baseStarts: [Int64]

    init(_ bytes: UnsafeRawBufferPointer, _ entry: BlockDirectory.Entry) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        count = entry.traceCount
        ids = Array(try reader.readBytes(count * 16))
        var firstSpans = [0]
        firstSpans.reserveCapacity(count + 1)
        var firstSpan = 0
        for _ in 0..<count {
            firstSpan += try reader.readCount(max: entry.spanCount)
            firstSpans.append(firstSpan)
        }
        guard firstSpan == entry.spanCount else {
            throw ByteReaderError(offset: reader.offset, message: "the spans of the traces do not add up")
        }
        var baseStarts: [Int64] = []
        baseStarts.reserveCapacity(count)
        var previous: Int64 = 0
        for _ in 0..<count {
            previous &+= try reader.readSignedVarint()
            baseStarts.append(previous)
        }
        self.firstSpans = firstSpans
        self.baseStarts = baseStarts
    }

    func traceID(_ index: Int) -> TraceID {
        precondition(index < count, "a trace of the block")
        return ids.withUnsafeBytes { raw in
            TraceID(
                high: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self),
                low: raw.loadUnaligned(fromByteOffset: (count + index) * 8, as: UInt64.self))
        }
    }

    func spans(_ index: Int) -> Range<Int> { firstSpans[index]..<firstSpans[index + 1] }

    /// The places of a trace in the block: at most one, but for parts of a very long one.
    func places(of traceID: TraceID) -> [Int] {
        ids.withUnsafeBytes { raw in
            (0..<count).filter { index in
                raw.loadUnaligned(fromByteOffset: (count &+ index) &* 8, as: UInt64.self) == traceID.low
                    && raw.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self) == traceID.high
            }
        }
    }
}

/// Shape and parent of each span of a block.
struct BlockSpine {
    let shapes: [UInt32]
    /// `ParentCode` of each span; spans can be no further apart than a block is long.
    let parents: [UInt32]
    /// IDs of parents that are elsewhere, in the order of the spans that have one.
    let strangers: [UInt64]
    /// For each span its row among those of its shape in the block.
    let rows: [UInt32]
    let rowCounts: [Int32]
    /// For each trace, how many of the spans before it have an ID of their own in the block, and how many a parent
    /// that is elsewhere.
    let firstIDs: [Int32]
    let firstStrangers: [Int32]

    init(
        _ bytes: UnsafeRawBufferPointer, _ entry: BlockDirectory.Entry, shapeCount: Int, _ traces: BlockTraces
    ) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let width = BlockEncoder.shapeByteCount(shapeCount: shapeCount)
        let shapeBytes = try reader.readBytes(entry.spanCount * width)
        shapes = try BlockSpine.shapes(shapeBytes, width: width, shapeCount: shapeCount)
        var rowCounts = [Int32](repeating: 0, count: shapeCount)
        var rows = [UInt32](repeating: 0, count: entry.spanCount)
        for (span, shape) in shapes.enumerated() {
            rows[span] = UInt32(truncatingIfNeeded: rowCounts[Int(shape)])
            rowCounts[Int(shape)] &+= 1
        }
        self.rows = rows
        self.rowCounts = rowCounts
        var parents = [UInt32](repeating: 0, count: entry.spanCount)
        var strangerCount = 0
        var idCount = 0
        var firstIDs: [Int32] = []
        var firstStrangers: [Int32] = []
        firstIDs.reserveCapacity(traces.count)
        firstStrangers.reserveCapacity(traces.count)
        for trace in 0..<traces.count {
            firstIDs.append(Int32(idCount))
            firstStrangers.append(Int32(strangerCount))
            let spans = traces.spans(trace)
            for span in spans {
                let parent = try reader.readCount(max: 4 * SegmentFormat.blockSpanCountMax)
                parents[span] = UInt32(truncatingIfNeeded: parent)
                if parent != ParentCode.rootWithTraceID { idCount += 1 }
                guard parent >= ParentCode.firstDistance else {
                    if parent == ParentCode.elsewhere { strangerCount += 1 }
                    continue
                }
                guard spans.contains(span - ParentCode.distance(UInt32(truncatingIfNeeded: parent))) else {
                    throw ByteReaderError(offset: reader.offset, message: "the parent of span \(span) is in no trace")
                }
            }
        }
        self.firstIDs = firstIDs
        self.firstStrangers = firstStrangers
        self.parents = parents
        var strangers: [UInt64] = []
        strangers.reserveCapacity(min(strangerCount, reader.remaining / 8))
        for _ in 0..<strangerCount { strangers.append(try reader.readUInt64()) }
        guard reader.isAtEnd else { throw ByteReaderError(offset: reader.offset, message: "bytes are left over") }
        self.strangers = strangers
    }

    private static func shapes(
        _ bytes: UnsafeRawBufferPointer, width: Int, shapeCount: Int
    ) throws(ByteReaderError) -> [UInt32] {
        var largest: UInt32 = 0
        let shapes = [UInt32](unsafeUninitializedCapacity: bytes.count / width) { buffer, count in
            count = bytes.count / width
            for span in 0..<count {
                var shape: UInt32 = 0
                for byte in 0..<width { shape |= UInt32(bytes[span &* width &+ byte]) << (8 * UInt32(byte)) }
                largest = max(largest, shape)
                buffer[span] = shape
            }
        }
        guard shapes.isEmpty || Int(largest) < shapeCount else {
            throw ByteReaderError(offset: 0, message: "shape \(largest) of \(shapeCount)")
        }
        return shapes
    }
}
