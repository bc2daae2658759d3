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

    /// Appends the spans of a block that may match to `builder`, which has none of this segment.
    /// - Returns: for each of them what the spans above it tell; `clear` where nobody asks.
    public func readSpans(
        in block: Int, of scan: SpanScan, into builder: inout SpanBatchBuilder, _ blocks: BlockMemory
    ) throws(SegmentError) -> [SpanAncestry] {
        blocks.memo.removeAll()
        let reader = try blockReader(block, blocks)
        var search = BlockSpanSearch(
            reader, scan.scan.shapes, mayHave: scan.scan.mayHaveLiterals(block), scan.literals,
            seeksAncestors: scan.seeksAncestors)
        try search.run(into: &builder, blocks.memo)
        return search.found
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

/// Finds and reads single spans of a block.
private struct BlockSpanSearch {
    private let block: BlockReader
    private let shapes: ShapeFilter
    private let literals: LiteralColumns
    private let seeksAncestors: Bool
    private var literalTraces: [Set<Int>?]
    private(set) var found: [SpanAncestry] = []

    init(
        _ block: BlockReader, _ shapes: ShapeFilter, mayHave: [Bool], _ literals: LiteralColumns, seeksAncestors: Bool
    ) {
        self.block = block
        self.shapes = shapes
        self.literals = literals
        self.seeksAncestors = seeksAncestors
        literalTraces = mayHave.map { $0 ? nil : [] }
    }

    mutating func run(into builder: inout SpanBatchBuilder, _ memo: StringMemo) throws(SegmentError) {
        let traces = try block.traces()
        let spine = try block.spine()
        var matching: [Int] = []
        for trace in 0..<traces.count {
            matching.removeAll(keepingCapacity: true)
            for span in traces.spans(trace) where try holds(0, span, trace, spine) { matching.append(span) }
            guard !matching.isEmpty else { continue }
            var cursor = try block.cursor(trace)
            for span in matching {
                while cursor.next < span { try block.skip(at: &cursor, literals, into: &builder) }
                try block.read(1, at: &cursor, into: &builder, memo)
                found.append(seeksAncestors ? try ancestry(of: span, trace, traces.spans(trace), spine) : .clear)
            }
        }
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
