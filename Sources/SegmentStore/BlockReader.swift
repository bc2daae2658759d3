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

    /// Traces in the order of the block.
    let traces: BlockTraces
    private(set) lazy var spine: Result<BlockSpine, SegmentError> = readSpine()
    private(set) lazy var values: Result<BlockValues, SegmentError> = readValues()
    private(set) lazy var spanIDSection: Result<[UInt8], SegmentError> = readSpanIDs()

    init(
        _ source: any SegmentSource, _ dictionary: SegmentDictionary, _ entry: BlockDirectory.Entry, number: Int
    ) throws(SegmentError) {
        self.source = source
        self.dictionary = dictionary
        self.entry = entry
        what = "block \(number)"
        let content = try source.section(entry.sections[BlockSection.traces.rawValue], "traces of \(what)")
        traces = try source.decoded(content, "traces of \(what)") { (raw) throws(ByteReaderError) in
            try BlockTraces(raw, entry)
        }
    }

    func section(_ section: BlockSection, padding: Int = 0) throws(SegmentError) -> [UInt8] {
        try source.section(entry.sections[section.rawValue], "\(section) of \(what)", padding: padding)
    }

    func corrupt(_ why: String) -> SegmentError { source.corrupt(what, why) }

    private func readSpanIDs() -> Result<[UInt8], SegmentError> {
        do throws(SegmentError) { return .success(try section(.spanIDs)) } catch { return .failure(error) }
    }

    private func readSpine() -> Result<BlockSpine, SegmentError> {
        do throws(SegmentError) {
            let content = try section(.spine)
            let shapeCount = dictionary.schema.shapes.count
            return .success(
                try source.decoded(content, "spine of \(what)") { (raw) throws(ByteReaderError) in
                    try BlockSpine(raw, entry, shapeCount: shapeCount, traces)
                })
        } catch {
            return .failure(error)
        }
    }

    private func readValues() -> Result<BlockValues, SegmentError> {
        do throws(SegmentError) {
            let spine = try spine.get()
            return .success(try BlockValues(self, spine))
        } catch {
            return .failure(error)
        }
    }
}

/// The traces of a block.
struct BlockTraces {
    private(set) var highs: [UInt64] = []
    private(set) var lows: [UInt64] = []
    /// First span of each trace in the block, and behind them the number of spans.
    private(set) var firstSpans: [Int] = [0]
    /// What the start of the first span of each trace is counted from.
    private(set) var baseStarts: [Int64] = []

    init(_ bytes: UnsafeRawBufferPointer, _ entry: BlockDirectory.Entry) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let count = entry.traceCount
        guard reader.remaining >= count * 16 else {
            throw ByteReaderError(offset: 0, message: "\(count) trace IDs expected")
        }
        highs.reserveCapacity(count)
        lows.reserveCapacity(count)
        for _ in 0..<count { highs.append(try reader.readUInt64()) }
        for _ in 0..<count { lows.append(try reader.readUInt64()) }
        for _ in 0..<count {
            firstSpans.append(firstSpans[firstSpans.count - 1] + (try reader.readCount(max: entry.spanCount)))
        }
        guard firstSpans[count] == entry.spanCount else {
            throw ByteReaderError(offset: reader.offset, message: "the spans of the traces do not add up")
        }
        var previous: Int64 = 0
        for _ in 0..<count {
            previous &+= try reader.readSignedVarint()
            baseStarts.append(previous)
        }
    }

    var count: Int { highs.count }

    func traceID(_ index: Int) -> TraceID { TraceID(high: highs[index], low: lows[index]) }

    func spans(_ index: Int) -> Range<Int> { firstSpans[index]..<firstSpans[index + 1] }

    /// The places of a trace in the block: at most one, but for parts of a very long one.
    func places(of traceID: TraceID) -> [Int] {
        lows.indices.filter { lows[$0] == traceID.low && highs[$0] == traceID.high }
    }
}

/// Shape and parent of each span of a block.
struct BlockSpine {
    let shapes: [UInt32]
    /// `ParentCode` of each span.
    let parents: [UInt64]
    /// IDs of parents that are elsewhere, in the order of the spans that have one.
    let strangers: [UInt64]
    /// For each span its row among those of its shape in the block.
    let rows: [UInt32]
    let rowCounts: [Int]

    init(
        _ bytes: UnsafeRawBufferPointer, _ entry: BlockDirectory.Entry, shapeCount: Int, _ traces: BlockTraces
    ) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let width = BlockEncoder.shapeByteCount(shapeCount: shapeCount)
        let shapeBytes = try reader.readBytes(entry.spanCount * width)
        var shapes: [UInt32] = []
        var rows: [UInt32] = []
        var rowCounts = [Int](repeating: 0, count: shapeCount)
        shapes.reserveCapacity(entry.spanCount)
        rows.reserveCapacity(entry.spanCount)
        for span in 0..<entry.spanCount {
            var shape: UInt32 = 0
            for byte in 0..<width { shape |= UInt32(shapeBytes[span &* width &+ byte]) << (8 * UInt32(byte)) }
            guard shape < shapeCount else {
                throw ByteReaderError(offset: span, message: "shape \(shape) of \(shapeCount)")
            }
            shapes.append(shape)
            rows.append(UInt32(rowCounts[Int(shape)]))
            rowCounts[Int(shape)] &+= 1
        }
        var parents: [UInt64] = []
        parents.reserveCapacity(entry.spanCount)
        var strangerCount = 0
        for trace in 0..<traces.count {
            let spans = traces.spans(trace)
            for span in spans {
                let parent = try reader.readVarint()
                parents.append(parent)
                if parent == ParentCode.elsewhere { strangerCount += 1 }
                guard parent >= ParentCode.firstDistance else { continue }
                let distance = Varint.unzigzag(parent - ParentCode.firstDistance)
                let place = Int64(span).subtractingReportingOverflow(distance)
                guard !place.overflow, spans.contains(Int(place.partialValue)) else {
                    throw ByteReaderError(offset: reader.offset, message: "the parent of span \(span) is in no trace")
                }
            }
        }
        var strangers: [UInt64] = []
        for _ in 0..<strangerCount { strangers.append(try reader.readUInt64()) }
        guard reader.isAtEnd else { throw ByteReaderError(offset: reader.offset, message: "bytes are left over") }
        self.shapes = shapes
        self.parents = parents
        self.strangers = strangers
        self.rows = rows
        self.rowCounts = rowCounts
    }
}
