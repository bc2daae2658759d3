internal import TraceModel

/// Some columns of a segment's shapes, to be read with nothing else of their spans.
///
/// A column whose values repeat those that its trace had under the same key needs the columns that have that key too.
struct ColumnSelection: Sendable {
    struct Pick: Sendable {
        /// The place among the shape's columns where the values are kept.
        var column: Int
        /// What the reader of the values knows the column by; nil: it is only read for those that repeat it.
        var slot: Int?
    }

    /// In the order of the columns; empty for shapes without any.
    private(set) var picks: [[Pick]]
    let isEmpty: Bool

    /// - Parameter slot: of a column of a shape; nil if it is not wanted.
    init(_ schema: SegmentSchema, slot: (_ shape: Int, _ index: Int) -> Int?) {
        picks = []
        picks.reserveCapacity(schema.shapes.count)
        var repeatKeys: Set<UInt32> = []
        var isEmpty = true
        for shape in schema.shapes.indices {
            var own: [Pick] = []
            for index in 0..<Int(schema.shapes[shape].columnCount) {
                guard let slot = slot(shape, index) else { continue }
                let (place, plan) = schema.resolvedPlan(shape, index)
                own.append(Pick(column: place, slot: slot))
                if plan.marksRepeats, let key = schema.column(shape, place).repeatKey { repeatKeys.insert(key) }
            }
            if !own.isEmpty { isEmpty = false }
            picks.append(own)
        }
        self.isEmpty = isEmpty
        for shape in schema.shapes.indices where !repeatKeys.isEmpty {
            let wanted = Set(picks[shape].map(\.column))
            for (index, column) in schema.columns(ofShape: shape).enumerated() where !wanted.contains(index) {
                guard schema.plan(shape, index).coding.isLiteral, let key = column.repeatKey, repeatKeys.contains(key)
                else { continue }
                picks[shape].append(Pick(column: index, slot: nil))
            }
        }
        sort()
    }

    private mutating func sort() {
        for shape in picks.indices where picks[shape].count > 1 { picks[shape].sort { $0.column < $1.column } }
    }
}

/// A value of a column that was selected.
enum SelectedValue {
    /// A string, or the bytes of something with a structure: a number of the segment's dictionary.
    case dictionary(UInt32)
    /// Bytes that are not in the dictionary; valid only while they are handed over.
    case literal(UnsafeRawBufferPointer)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case none
}

extension BlockReader {
    /// Calls `body` with the values of the selected columns of each span, in the order of the spans.
    func forEachValue(
        _ selection: ColumnSelection, _ body: (_ span: Int, _ slot: Int, SelectedValue) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        if selection.isEmpty { return }
        let traces = try traces()
        let spine = try spine()
        let values = try values()
        var repeats: [UInt32: [UInt8]] = [:]
        var scratch: [UInt8] = []
        for trace in 0..<traces.count {
            if !repeats.isEmpty { repeats.removeAll(keepingCapacity: true) }
            for span in traces.spans(trace) {
                let shape = Int(spine.shapes[span])
                let picks = selection.picks[shape]
                if picks.isEmpty { continue }
                let layout = values.columns(ofShape: shape)
                let row = Int(spine.rows[span])
                for pick in picks {
                    let plan = schema.plan(shape, pick.column)
                    let column = schema.column(shape, pick.column)
                    let place = layout.columns[pick.column]
                    guard plan.coding.isLiteral else {
                        guard let slot = pick.slot else { continue }
                        try body(span, slot, try value(column, plan, place, row, values))
                        continue
                    }
                    if let literal = values.literalPlace(plan, place, row: row) {
                        try values.readLiteral(plan, place, place: literal, into: &scratch)
                        if let key = column.repeatKey { repeats[key] = scratch }
                    } else if let key = column.repeatKey, let known = repeats[key] {
                        scratch = known
                    } else {
                        throw corrupt("a value repeats one that its trace has not got")
                    }
                    guard let slot = pick.slot else { continue }
                    var failure: SegmentError?
                    scratch.withUnsafeBytes { bytes in
                        do throws(SegmentError) { try body(span, slot, .literal(bytes)) } catch { failure = error }
                    }
                    if let failure { throw failure }
                }
            }
        }
    }

    private func value(
        _ column: SpanColumn, _ plan: StoredPlan, _ place: BlockLayout.Column, _ row: Int, _ values: BlockValues
    ) throws(SegmentError) -> SelectedValue {
        switch column.type {
        case .string, .bytes, .array, .map: .dictionary(try values.dictionaryNumber(plan, place, row: row))
        case .int: .int(try values.number(plan, place, place: row))
        case .double: .double(Double(bitPattern: try values.double(plan, place, row: row)))
        case .bool: .bool(values.bool(place, row: row))
        case .none: .none
        }
    }
}
