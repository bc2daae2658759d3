public import TraceModel

/// What the spans above a span tell, as far as they stand in the same block.
public enum SpanAncestry: UInt8, Sendable {
    /// None of them meets the second spanset.
    case clear
    /// One does.
    case marked
    /// Some stand elsewhere.
    case unknown
}

extension SegmentReader {
    /// A search for spans rather than traces, block by block.
    public struct SpanScan: Sendable {
        /// Blocks that may have such spans, the latest first.
        public var blocks: [(number: Int, latestStart: Int64)] { scan.blocks }
        fileprivate let scan: Scan
        fileprivate let literals: LiteralColumns
        fileprivate let seeksAncestors: Bool
    }

    /// - Parameter filter: spans that may meet its first spanset are sought; a second one is sought above them.
    /// - Returns: nil if no span of the segment can match.
    public func spanScan(
        _ filter: SpanFilter, within window: ClosedRange<Int64>
    ) throws(SegmentError) -> SpanScan? {
        guard let scan = try scan(filter, window: Window(window, lateEnd: window.upperBound)) else { return nil }
        guard scan.shapes.tests.contains(where: { $0.map { !$0[0].isNever } ?? false }) else { return nil }
        return SpanScan(
            scan: scan, literals: LiteralColumns(try dictionary().schema, scan.shapes),
            seeksAncestors: filter.spansets.count > 1)
    }

    /// The spans of a block that may match, none of them read yet.
    /// - Parameter blocks: what was read of this segment's blocks for the same query.
    public func spans(in block: Int, of scan: SpanScan, _ blocks: BlockMemory) throws(SegmentError) -> BlockSpans {
        try BlockSpans(
            try blockReader(block, blocks), scan.scan.shapes, mayHave: scan.scan.mayHaveLiterals(block), scan.literals,
            seeksAncestors: scan.seeksAncestors, end: scan.scan.window.starts.upperBound)
    }
}

/// Columns with values outside of the dictionary that spans sought may repeat, by shape.
struct LiteralColumns: Sendable {
    let columns: [[Int]]

    init(_ schema: SegmentSchema, _ shapes: ShapeFilter) {
        var keys: Set<UInt32> = []
        for (shape, tests) in shapes.tests.enumerated() where tests.map({ !$0[0].isNever }) ?? false {
            for (index, column) in schema.columns(ofShape: shape).enumerated()
            where schema.plan(shape, index).marksRepeats {
                if let key = column.repeatKey { keys.insert(key) }
            }
        }
        guard !keys.isEmpty else {
            columns = []
            return
        }
        columns = schema.shapes.indices.map { shape in
            schema.columns(ofShape: shape).enumerated().compactMap { index, column in
                guard schema.plan(shape, index).coding.isLiteral, let key = column.repeatKey, keys.contains(key) else {
                    return nil
                }
                return index
            }
        }
    }

    func ofShape(_ shape: Int) -> [Int] { columns.isEmpty ? [] : columns[shape] }
}

/// Single spans of a block, those of the latest traces first.
///
/// For one thread at a time.
public struct BlockSpans {
    private let block: BlockReader
    private let shapes: ShapeFilter
    private let literals: LiteralColumns
    private let seeksAncestors: Bool
    private var literalTraces: [Set<Int>?]
    /// Spans that may match, by their traces; those of a trace in its order.
    private var matches: [Match] = []
    private var next = 0

    private struct Match {
        var trace: Int
        var span: Int
    }

    init(
        _ block: BlockReader, _ shapes: ShapeFilter, mayHave: [Bool], _ literals: LiteralColumns, seeksAncestors: Bool,
        end: Int64
    ) throws(SegmentError) {
        self.block = block
        self.shapes = shapes
        self.literals = literals
        self.seeksAncestors = seeksAncestors
        literalTraces = mayHave.map { $0 ? nil : [] }
        let traces = try block.traces()
        let spine = try block.spine()
        let isSought = shapes.tests.map { $0.map { !$0[0].isNever } ?? false }
        let starts = traces.baseStarts
        for trace in (0..<traces.count).sorted(by: { (starts[$0], $0) > (starts[$1], $1) }) {
            // No span starts before the first of its trace.
            if starts[trace] != SpanBatch.absentTime, starts[trace] > end { continue }
            for span in traces.spans(trace) where isSought[Int(spine.shapes[span])] {
                if try holds(0, span, trace, spine) { matches.append(Match(trace: trace, span: span)) }
            }
        }
    }

    public var isAtEnd: Bool { next == matches.count }

    /// Appends the next spans, at most so many, to `builder`, which has none.
    /// - Returns: for each of them what the spans above it tell; `clear` where nobody asks.
    public mutating func read(
        _ count: Int, into builder: inout SpanBatchBuilder, _ blocks: BlockMemory
    ) throws(SegmentError) -> [SpanAncestry] {
        blocks.memo.removeAll()
        let traces = try block.traces()
        let spine = try block.spine()
        var found: [SpanAncestry] = []
        var cursor: BlockTraceCursor?
        for match in matches[next..<min(matches.count, next + count)] {
            var own: BlockTraceCursor
            if let cursor, cursor.place == match.trace { own = cursor } else { own = try block.cursor(match.trace) }
            while own.next < match.span { try block.skip(at: &own, literals, into: &builder) }
            try block.read(1, at: &own, into: &builder, blocks.memo)
            cursor = own
            found.append(
                seeksAncestors ? try ancestry(of: match.span, match.trace, traces.spans(match.trace), spine) : .clear)
        }
        next += found.count
        return found
    }

    /// Whether a span may meet a spanset.
    private mutating func holds(
        _ spanset: Int, _ span: Int, _ trace: Int, _ spine: BlockSpine
    ) throws(SegmentError) -> Bool {
        let shape = Int(spine.shapes[span])
        guard let test = shapes.tests[shape]?[spanset] else { return false }
        return try block.holds(test, shape, row: Int(spine.rows[span]), trace, shapes, &literalTraces)
    }

    private mutating func ancestry(
        of span: Int, _ trace: Int, _ spans: Range<Int>, _ spine: BlockSpine
    ) throws(SegmentError) -> SpanAncestry {
        var current = span
        // Parents may go in a circle.
        for _ in spans {
            // The client's half of a span with the same ID is above the server's too.
            if block.schema.shapes[Int(spine.shapes[current])].traits.isShared { return .unknown }
            switch spine.parents[current] {
            case ParentCode.root, ParentCode.rootWithTraceID: return .clear
            case ParentCode.elsewhere: return .unknown
            case let code: current -= ParentCode.distance(code)
            }
            if try holds(1, current, trace, spine) { return .marked }
        }
        return .clear
    }
}
