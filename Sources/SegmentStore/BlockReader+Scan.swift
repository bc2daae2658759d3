public import TraceModel

/// A trace that a scan found, or the part of it that stands in one block.
public struct ScanHit: Sendable {
    public var traceID: TraceID
    /// Start of its earliest span there; `SpanBatch.absentTime` if none has one.
    public var start: Int64
    /// A bit for each spanset of the filter: some span may meet it.
    public var mask: UInt64
    /// All of it lies behind the window, and no root is with it: only if the root is within does it count.
    public var isLate: Bool

    public init(traceID: TraceID, start: Int64, mask: UInt64, isLate: Bool = false) {
        self.traceID = traceID
        self.start = start
        self.mask = mask
        self.isLate = isLate
    }
}

extension BlockReader {
    /// Traces of the block of which some span may meet the condition of a spanset.
    /// - Parameter mayHave: for each literal test whether the value directory names this block.
    func scan(
        _ shapes: ShapeFilter, mayHave: [Bool], _ window: SegmentReader.Window
    ) throws(SegmentError) -> [ScanHit] {
        var literalTraces: [Set<Int>?] = mayHave.map { $0 ? nil : [] }
        let traces = try traces()
        let spine = try spine()
        var masks = [UInt64](repeating: 0, count: traces.count)
        var trace = 0
        for span in 0..<entry.spanCount {
            while span >= traces.firstSpans[trace + 1] { trace += 1 }
            let shape = Int(spine.shapes[span])
            guard let tests = shapes.tests[shape] else { continue }
            for (number, test) in tests.enumerated() where masks[trace] & 1 << UInt64(number) == 0 {
                if try holds(test, shape, row: Int(spine.rows[span]), trace, shapes, &literalTraces) {
                    masks[trace] |= 1 << UInt64(number)
                }
            }
        }
        var hits: [ScanHit] = []
        for trace in 0..<traces.count where masks[trace] != 0 {
            let start = traces.baseStarts[trace]
            let isLate = start > window.starts.upperBound
            if isLate {
                guard start <= window.lateEnd,
                    !traces.spans(trace).contains(where: { spine.parents[$0] <= ParentCode.rootWithTraceID })
                else { continue }
            }
            hits.append(
                ScanHit(
                    traceID: traces.traceID(trace), start: min(start, window.starts.upperBound), mask: masks[trace],
                    isLate: isLate))
        }
        return hits
    }

    func holds(
        _ test: ShapeFilter.Test, _ shape: Int, row: Int, _ trace: Int, _ shapes: ShapeFilter,
        _ literalTraces: inout [Set<Int>?]
    ) throws(SegmentError) -> Bool {
        switch test {
        case .never: return false
        case .always: return true
        case .duration(let range):
            guard let plan = schema.durationPlan(shape) else { return false }
            let values = try values()
            return range.contains(try values.number(plan, values.columns(ofShape: shape).duration, place: row))
        case .codes(let column, let accepted):
            let values = try values()
            let place = values.columns(ofShape: shape).columns[column]
            let code = values.dictionaryCode(schema.plan(shape, column), place, row: row)
            return code < accepted.count && accepted[code]
        case .value(let column, let type, let meets):
            let values = try values()
            let plan = schema.plan(shape, column)
            let place = values.columns(ofShape: shape).columns[column]
            switch type {
            case .int: return meets(.int(try values.number(plan, place, place: row)))
            case .double: return meets(.double(Double(bitPattern: try values.double(plan, place, row: row))))
            case .bool: return meets(.bool(values.bool(place, row: row)))
            default: return true
            }
        case .literal(let number):
            if literalTraces[number] == nil { literalTraces[number] = try tracesWith(shapes.literalTests[number]) }
            return literalTraces[number]?.contains(trace) ?? false
        case .all(let tests):
            for test in tests where try !holds(test, shape, row: row, trace, shapes, &literalTraces) { return false }
            return true
        case .any(let tests):
            for test in tests where try holds(test, shape, row: row, trace, shapes, &literalTraces) { return true }
            return false
        }
    }

    /// Places of the traces that have the literal under its key.
    private func tracesWith(_ test: ShapeFilter.LiteralTest) throws(SegmentError) -> Set<Int> {
        let traces = try traces()
        let spine = try spine()
        let values = try values()
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
                let plan = schema.plan(shape, index)
                let column = values.columns(ofShape: shape).columns[index]
                guard let place = values.literalPlace(plan, column, row: Int(spine.rows[span])) else { continue }
                try values.readLiteral(plan, column, place: place, into: &value)
                if test.meets(value) { found.insert(trace) }
            }
        }
        return found
    }
}
