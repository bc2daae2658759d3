public import TraceModel

/// A trace that a scan found, or the part of it that stands in one block.
public struct ScanHit: Sendable {
    public var traceID: TraceID
    /// Start of its earliest span there; `SpanBatch.absentTime` if none has one.
    public var start: Int64
    /// Bit 0: there is a span of the service; bit n: clause n - 1 may be met.
    public var mask: UInt64

    public init(traceID: TraceID, start: Int64, mask: UInt64) {
        self.traceID = traceID
        self.start = start
        self.mask = mask
    }
}

extension BlockReader {
    /// Traces of the block with at least one span of the service; with `needsOneSpan` only those that may match.
    func scan(_ filter: SpanFilter, _ shapes: ShapeFilter) throws(SegmentError) -> [ScanHit] {
        let isRelevant = shapes.tests.indices.contains { entry.shapes[$0] && shapes.tests[$0] != nil }
        guard isRelevant else { return [] }
        let spine = try spine.get()
        var literalTraces: [Set<Int>?] = Array(repeating: nil, count: shapes.literalTests.count)
        var masks = [UInt64](repeating: 0, count: traces.count)
        var trace = 0
        for span in 0..<entry.spanCount {
            while span >= traces.firstSpans[trace + 1] { trace += 1 }
            let shape = Int(spine.shapes[span])
            guard let tests = shapes.tests[shape] else { continue }
            var mask: UInt64 = 1
            for (number, test) in tests.enumerated() {
                if try holds(test, shape, row: Int(spine.rows[span]), trace, shapes, &literalTraces) {
                    mask |= 1 << UInt64(number + 1)
                }
            }
            if !filter.needsOneSpan || mask == filter.completeMask { masks[trace] |= mask }
        }
        var hits: [ScanHit] = []
        for trace in 0..<traces.count where masks[trace] != 0 {
            hits.append(
                ScanHit(traceID: traces.traceID(trace), start: traces.baseStarts[trace], mask: masks[trace]))
        }
        return hits
    }

    private func holds(
        _ test: ShapeFilter.Test, _ shape: Int, row: Int, _ trace: Int, _ shapes: ShapeFilter,
        _ literalTraces: inout [Set<Int>?]
    ) throws(SegmentError) -> Bool {
        switch test {
        case .never: return false
        case .always: return true
        case .duration(let range):
            guard let plan = dictionary.schema.shapes[shape].plan.duration else { return false }
            let values = try values.get()
            return range.contains(try values.number(plan, values.layout.duration(shape), place: row))
        case .codes(let column, let accepted):
            let values = try values.get()
            let plan = dictionary.schema.shapes[shape].plan.columns[column]
            return accepted.contains(values.dictionaryCode(plan, values.layout.column(shape, column), row: row))
        case .literal(let number):
            if literalTraces[number] == nil { literalTraces[number] = try tracesWith(shapes.literalTests[number]) }
            return literalTraces[number]?.contains(trace) ?? false
        case .any(let tests):
            for test in tests where try holds(test, shape, row: row, trace, shapes, &literalTraces) { return true }
            return false
        }
    }

    /// Places of the traces that have the literal under its key.
    private func tracesWith(_ test: ShapeFilter.LiteralTest) throws(SegmentError) -> Set<Int> {
        if let hash = test.filterHash {
            let filter = try section(.filter)
            guard filter.withUnsafeBytes({ ValueFilter.mayContain(hash, $0) }) else { return [] }
        }
        let spine = try spine.get()
        let values = try values.get()
        var found: Set<Int> = []
        var columns: [Int: [Int]] = [:]
        for (shape, column) in test.columns { columns[shape, default: []].append(column) }
        var value: [UInt8] = []
        var trace = 0
        for span in 0..<entry.spanCount {
            while span >= traces.firstSpans[trace + 1] { trace += 1 }
            let shape = Int(spine.shapes[span])
            guard let own = columns[shape] else { continue }
            for index in own {
                let plan = dictionary.schema.shapes[shape].plan.columns[index]
                let column = values.layout.column(shape, index)
                guard let place = values.literalPlace(plan, column, row: Int(spine.rows[span])) else { continue }
                try values.readLiteral(plan, column, place: place, into: &value)
                if value == test.value { found.insert(trace) }
            }
        }
        return found
    }
}
