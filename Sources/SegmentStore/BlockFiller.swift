internal import Bytes
internal import TraceModel

/// Fills an assembly with the traces of one new block of a merge.
///
/// Values are copied column by column: for each shape of each old block, from the rows that are wanted to those that
/// they become.
struct BlockFiller {
    private let schema: MergedSchema
    private let parts: [MergeParts.Part]
    /// The old blocks, and for each part its own.
    private var blocks: [(input: Int, block: DecodedBlock)] = []
    private var blockOfPart: [Int] = []

    /// A row of an old block, and the row of the new shape that it becomes.
    private struct RowPair {
        var from: UInt32
        var to: UInt32
    }

    init(_ parts: [MergeParts.Part], _ source: MergeSource, _ schema: MergedSchema) throws(SegmentError) {
        self.schema = schema
        self.parts = parts
        var numbers: [UInt32: Int] = [:]
        for part in parts {
            let key = UInt32(part.input) << 16 | UInt32(part.block)
            if let known = numbers[key] {
                blockOfPart.append(known)
                continue
            }
            numbers[key] = blocks.count
            blockOfPart.append(blocks.count)
            blocks.append((Int(part.input), try source.block(Int(part.block), ofInput: Int(part.input))))
        }
    }

    mutating func fill(_ assembly: inout SegmentAssembly) {
        for (part, place) in zip(parts, blockOfPart) {
            let (input, block) = blocks[place]
            for span in block.traces.spans(Int(part.place)) {
                assembly.shapes[Int(schema.maps[input][Int(block.spine.shapes[span])].shape)].rowCount += 1
            }
        }
        assembly.layOut()
        var pairs = blocks.map { Array(repeating: [RowPair](), count: $0.block.shapes.count) }
        var first = 0
        while first < parts.count {
            var end = first + 1
            while end < parts.count, parts[end].isOfSameTrace(as: parts[first]) { end += 1 }
            addTrace(first..<end, to: &assembly, &pairs)
            first = end
        }
        for place in blocks.indices { copyColumns(place, pairs[place], to: &assembly) }
    }

    private func addTrace(
        _ range: Range<Int>, to assembly: inout SegmentAssembly, _ pairs: inout [[[RowPair]]]
    ) {
        var spans: [(block: Int, span: Int, start: Int64)] = []
        for index in range {
            let block = blocks[blockOfPart[index]].block
            for span in block.traces.spans(Int(parts[index].place)) {
                spans.append((blockOfPart[index], span, block.starts[span]))
            }
        }
        // Spans of one part are in order; those that start together, or nowhere, keep theirs.
        if range.count > 1 {
            spans = spans.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
                .map(\.element)
        }
        let traceID = TraceID(high: parts[range.lowerBound].high, low: parts[range.lowerBound].low)
        let start = spans.lazy.map(\.start).first { $0 != SpanBatch.absentTime } ?? SpanBatch.absentTime
        assembly.traces.append(
            .init(traceID: traceID, start: start, firstSpan: assembly.spanCount, spanCount: spans.count))
        var previousStart = start
        for (place, span, start) in spans {
            let (input, block) = blocks[place]
            let oldShape = Int(block.spine.shapes[span])
            let shape = Int(schema.maps[input][oldShape].shape)
            let row = assembly.shapes[shape].rowCount
            assembly.shapes[shape].rowCount = row + 1
            pairs[place][Int(block.shapePlaces[oldShape])].append(
                RowPair(from: block.spine.rows[span], to: UInt32(row)))
            assembly.shapeOfSpan.append(UInt32(shape))
            assembly.spanIDs.append(block.spanIDs[span])
            assembly.parentIDs.append(block.parentIDs[span])
            assembly.starts.append(start)
            assembly.durations.append(block.durations[span])
            if start != SpanBatch.absentTime {
                assembly.numbers[assembly.shapes[shape].firstStartDelta + row] = start &- previousStart
                previousStart = start
            }
            if assembly.shapes[shape].hasDuration {
                assembly.numbers[assembly.shapes[shape].firstDuration + row] = block.durations[span]
            }
        }
    }

    private func copyColumns(_ place: Int, _ pairs: [[RowPair]], to assembly: inout SegmentAssembly) {
        let (input, block) = blocks[place]
        // The new numbers of the block's own strings, found out when they are needed.
        var literals = [UInt32](repeating: 0, count: block.literalCount)
        for (oldShape, shapePlace) in block.shapePlaces.enumerated() where shapePlace >= 0 {
            let rows = pairs[Int(shapePlace)]
            guard !rows.isEmpty else { continue }
            let map = schema.maps[input][oldShape]
            let old = block.shapes[Int(shapePlace)]
            for (index, oldIndex) in map.columns.enumerated() {
                let first = assembly.shapes[Int(map.shape)].firstValues[index]
                let type = assembly.shapes[Int(map.shape)].columns[index].type
                var column = old[Int(oldIndex)]
                if case .sameAs(let twin) = column { column = old[twin] }
                switch column {
                case .nothing, .sameAs:
                    break
                case .reference(let value):
                    let new = schema.stringNumbers[input][Int(value)]
                    for row in rows { assembly.references.start[first &+ Int(row.to)] = new }
                case .references(let values) where type == .bool:
                    for row in rows { assembly.references.start[first &+ Int(row.to)] = values[Int(row.from)] }
                case .references(let values):
                    copy(values, rows, to: &assembly, first, input, block, &literals)
                case .number(let value):
                    for row in rows { assembly.numbers.start[first &+ Int(row.to)] = value }
                case .numbers(let values):
                    for row in rows { assembly.numbers.start[first &+ Int(row.to)] = values[Int(row.from)] }
                }
            }
        }
    }

    private func copy(
        _ values: [UInt32], _ rows: [RowPair], to assembly: inout SegmentAssembly, _ first: Int, _ input: Int,
        _ block: DecodedBlock, _ literals: inout [UInt32]
    ) {
        let dictionaryCount = block.dictionaryCount
        schema.stringNumbers[input].withUnsafeBufferPointer { numbers in
            for row in rows {
                let value = Int(values[Int(row.from)])
                var new: UInt32
                if value < dictionaryCount {
                    new = numbers[value]
                } else {
                    new = literals[value &- dictionaryCount]
                    if new == 0 {
                        new = assembly.strings.intern(block.literal(value &- dictionaryCount))
                        literals[value &- dictionaryCount] = new
                    }
                }
                assembly.references.start[first &+ Int(row.to)] = new
            }
        }
    }
}
