public import TraceModel

/// Spans of one trace that stand together in one block of a segment.
public struct TracePart: Sendable {
    let block: Int
    /// Of the trace in the block.
    let place: Int
    public let spanCount: Int
}

extension SegmentReader {
    /// Numbers of the blocks that may have spans of a trace, ascending.
    public func blocks(ofTrace traceID: TraceID) throws(SegmentError) -> [Int] {
        try blocks(of: traceID.fingerprint, try traceTable(), "trace directory")
    }

    /// The parts of a trace in a block: at most one, but for a very long trace.
    /// - Parameter blocks: what was read of this segment's blocks for the same query.
    public func parts(
        ofTrace traceID: TraceID, inBlock block: Int, _ blocks: BlockMemory
    ) throws(SegmentError) -> [TracePart] {
        let traces = try blockReader(block, blocks).traces()
        return traces.places(of: traceID).map { place in
            TracePart(block: block, place: place, spanCount: traces.spans(place).count)
        }
    }

    /// Appends the spans of a part to `builder`.
    /// - Parameter isFirst: the builder has no spans of this segment yet.
    public func read(
        _ part: TracePart, isFirst: Bool, into builder: inout SpanBatchBuilder, _ blocks: BlockMemory
    ) throws(SegmentError) {
        if isFirst { blocks.memo.removeAll() }
        try blockReader(part.block, blocks).readTrace(part.place, into: &builder, blocks.memo)
    }

    /// Appends the spans of a part to `outline`, and checks that all of the part can be read.
    public func readOutline(
        _ part: TracePart, into outline: inout TraceOutline, _ blocks: BlockMemory
    ) throws(SegmentError) {
        let block = try blockReader(part.block, blocks)
        try block.values().readAll()
        try block.readOutline(part.place, into: &outline)
    }
}

/// Reads the spans of a part in their order, some at a time.
public struct TracePartReader {
    private let segment: SegmentReader
    private let part: TracePart
    private var cursor: BlockTraceCursor?
    /// Spans read so far.
    public private(set) var readCount = 0

    public init(_ part: TracePart, of segment: SegmentReader) {
        self.part = part
        self.segment = segment
    }

    /// Appends the next spans, at most so many, to a builder that has none.
    /// - Parameter blocks: of the segment; the block is read again if they do not have it any more.
    public mutating func read(
        _ count: Int, into builder: inout SpanBatchBuilder, _ blocks: BlockMemory
    ) throws(SegmentError) {
        let block = try segment.blockReader(part.block, blocks)
        blocks.memo.removeAll()
        var cursor: BlockTraceCursor
        if let known = self.cursor { cursor = known } else { cursor = try block.cursor(part.place) }
        cursor.enter(&builder)
        try block.read(count, at: &cursor, into: &builder, blocks.memo)
        cursor.leave(builder)
        self.cursor = cursor
        readCount += builder.spanCount
    }
}
