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

    /// The IDs that spans have of their own, 8 bytes each.
    func spanIDs() throws(SegmentError) -> [UInt8] {
        if let spanIDs = known.spanIDs { return spanIDs }
        let spanIDs = try section(.spanIDs)
        guard spanIDs.count == (try spine()).idCount * 8 else {
            throw corrupt("it has not as many span IDs as spans")
        }
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
        var numbers = SmallVarints(bytes, from: reader.offset)
        var firstSpans: [Int] = []
        firstSpans.reserveCapacity(count + 1)
        var firstSpan = 0
        firstSpans.append(0)
        for _ in 0..<count {
            firstSpan += try numbers.next(max: SegmentFormat.blockSpanCountMax)
            firstSpans.append(firstSpan)
        }
        guard firstSpan == entry.spanCount else {
            throw ByteReaderError(offset: numbers.offset, message: "the spans of the traces do not add up")
        }
        reader = ByteReader(bytes, from: numbers.offset)
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
        var places: [Int] = []
        ids.withUnsafeBytes { raw in
            for index in 0..<count
            where raw.loadUnaligned(fromByteOffset: (count &+ index) &* 8, as: UInt64.self) == traceID.low {
                if raw.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self) == traceID.high {
                    places.append(index)
                }
            }
        }
        return places
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
    /// Spans of the block with an ID of their own in it.
    let idCount: Int

    init(
        _ bytes: UnsafeRawBufferPointer, _ entry: BlockDirectory.Entry, shapeCount: Int, _ traces: BlockTraces
    ) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let width = BlockEncoder.shapeByteCount(shapeCount: shapeCount)
        let shapeBytes = try reader.readBytes(entry.spanCount * width)
        shapes = try BlockSpine.shapes(shapeBytes, width: width, shapeCount: shapeCount)
        (rows, rowCounts) = BlockSpine.rows(shapes, shapeCount: shapeCount)
        var parents = Parents(SmallVarints(bytes, from: reader.offset))
        self.parents = try parents.read(traces, spanCount: entry.spanCount)
        firstIDs = parents.firstIDs
        firstStrangers = parents.firstStrangers
        idCount = parents.idCount
        reader = ByteReader(bytes, from: parents.numbers.offset)
        var strangers: [UInt64] = []
        strangers.reserveCapacity(min(parents.strangerCount, reader.remaining / 8))
        for _ in 0..<parents.strangerCount { strangers.append(try reader.readUInt64()) }
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
                let shape: UInt32 =
                    switch width {
                    case 1: UInt32(bytes[span])
                    case 2: UInt32(bytes.loadUnaligned(fromByteOffset: span &* 2, as: UInt16.self))
                    default: bytes.loadUnaligned(fromByteOffset: span &* 4, as: UInt32.self)
                    }
                largest = max(largest, shape)
                buffer[span] = shape
            }
        }
        guard shapes.isEmpty || Int(largest) < shapeCount else {
            throw ByteReaderError(offset: 0, message: "shape \(largest) of \(shapeCount)")
        }
        return shapes
    }

    /// The shapes are all below the count.
    private static func rows(_ shapes: [UInt32], shapeCount: Int) -> (rows: [UInt32], rowCounts: [Int32]) {
        var rowCounts = [Int32](repeating: 0, count: shapeCount)
        let rows = rowCounts.withUnsafeMutableBufferPointer { rowCounts in
            [UInt32](unsafeUninitializedCapacity: shapes.count) { rows, count in
                for (span, shape) in shapes.enumerated() {
                    rows[span] = UInt32(bitPattern: rowCounts[Int(shape)])
                    rowCounts[Int(shape)] &+= 1
                }
                count = shapes.count
            }
        }
        return (rows, rowCounts)
    }

    /// The codes of the parents while they are read.
    private struct Parents {
        var numbers: SmallVarints
        var firstIDs: [Int32] = []
        var firstStrangers: [Int32] = []
        var idCount = 0
        var strangerCount = 0

        init(_ numbers: SmallVarints) { self.numbers = numbers }

        mutating func read(_ traces: BlockTraces, spanCount: Int) throws(ByteReaderError) -> [UInt32] {
            firstIDs.reserveCapacity(traces.count)
            firstStrangers.reserveCapacity(traces.count)
            var failure: ByteReaderError?
            let codes = [UInt32](unsafeUninitializedCapacity: spanCount) { codes, count in
                for trace in 0..<traces.count {
                    firstIDs.append(Int32(truncatingIfNeeded: idCount))
                    firstStrangers.append(Int32(truncatingIfNeeded: strangerCount))
                    do throws(ByteReaderError) {
                        try read(traces.spans(trace), into: codes)
                    } catch {
                        failure = error
                        return
                    }
                }
                count = spanCount
            }
            if let failure { throw failure }
            return codes
        }

        /// Of one trace, whose spans have room in `codes`.
        @inline(__always)
        private mutating func read(
            _ spans: Range<Int>, into codes: UnsafeMutableBufferPointer<UInt32>
        ) throws(ByteReaderError) {
            for span in spans {
                let code = UInt32(
                    truncatingIfNeeded: try numbers.next(max: 4 * SegmentFormat.blockSpanCountMax))
                codes[span] = code
                if code != ParentCode.rootWithTraceID { idCount &+= 1 }
                if code == ParentCode.elsewhere { strangerCount &+= 1 }
                guard code < ParentCode.firstDistance || spans.contains(span &- ParentCode.distance(code)) else {
                    throw ByteReaderError(offset: numbers.offset, message: "the parent of span \(span) is in no trace")
                }
            }
        }
    }
}

/// Numbers one after the other, most of which take a single byte.
private struct SmallVarints {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, from offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// - Parameter max: at least 127.
    @inline(__always)
    mutating func next(max: Int) throws(ByteReaderError) -> Int {
        if offset < bytes.count, bytes[offset] < 0x80 {
            offset &+= 1
            return Int(bytes[offset &- 1])
        }
        return try nextLong(max: max)
    }

    @inline(never)
    private mutating func nextLong(max: Int) throws(ByteReaderError) -> Int {
        var reader = ByteReader(bytes, from: offset)
        let number = try reader.readCount(max: max)
        offset = reader.offset
        return number
    }
}
