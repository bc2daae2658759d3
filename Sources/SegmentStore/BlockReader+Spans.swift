internal import TraceModel

/// How far the spans of one trace of a block have been read, in their order.
struct BlockTraceCursor {
    /// Of the trace in the block.
    let place: Int
    /// The next span of the block, and where the trace's end.
    fileprivate(set) var next: Int
    let end: Int
    fileprivate var previousStart: Int64
    fileprivate var nextStranger: Int
    fileprivate let ids: BlockTraceIDs
    /// What columns that mark repeats had last.
    fileprivate var repeats = TraceRepeats()

    /// Before the builder that the last spans went to is given up.
    mutating func leave(_ builder: borrowing SpanBatchBuilder) { repeats.save(from: builder) }

    /// Before the first spans go to a builder that has none of the trace yet.
    mutating func enter(_ builder: inout SpanBatchBuilder) { repeats.restore(to: &builder) }
}

/// The IDs of the spans of one trace of a block.
struct BlockTraceIDs {
    private let bytes: [UInt8]
    private let firstSpan: Int
    private let firstID: Int
    private let traceLow: UInt64
    /// Spans that have the trace's ID and none of their own, ascending; mostly one.
    private let spansWithTraceID: [Int]

    /// - Parameter bytes: as many IDs as the spine asks for.
    init(_ bytes: [UInt8], _ trace: Int, _ traces: BlockTraces, _ spine: BlockSpine) {
        self.bytes = bytes
        let spans = traces.spans(trace)
        firstSpan = spans.lowerBound
        firstID = Int(spine.firstIDs[trace])
        traceLow = traces.traceID(trace).low
        var found: [Int] = []
        for span in spans where spine.parents[span] == ParentCode.rootWithTraceID { found.append(span) }
        spansWithTraceID = found
    }

    /// Of a span of the trace, by its place in the block.
    func spanID(_ span: Int) -> UInt64 {
        var low = 0
        var high = spansWithTraceID.count
        while low < high {
            let middle = (low + high) / 2
            if spansWithTraceID[middle] < span { low = middle + 1 } else { high = middle }
        }
        if low < spansWithTraceID.count, spansWithTraceID[low] == span { return traceLow }
        let offset = (firstID + span - firstSpan - low) * 8
        return bytes.withUnsafeBytes { raw in
            precondition(offset >= 0 && offset + 8 <= raw.count, "as many IDs as spans")
            return raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
    }
}

extension BlockReader {
    /// A cursor before the first span of a trace of the block.
    func cursor(_ trace: Int) throws(SegmentError) -> BlockTraceCursor {
        let traces = try traces()
        let spine = try spine()
        let spans = traces.spans(trace)
        return BlockTraceCursor(
            place: trace, next: spans.lowerBound, end: spans.upperBound, previousStart: traces.baseStarts[trace],
            nextStranger: Int(spine.firstStrangers[trace]),
            ids: BlockTraceIDs(try spanIDs(), trace, traces, spine))
    }

    /// Appends the spans of one trace of the block to `builder`.
    func readTrace(
        _ trace: Int, into builder: inout SpanBatchBuilder, _ memo: StringMemo
    ) throws(SegmentError) {
        var cursor = try cursor(trace)
        try read(.max, at: &cursor, into: &builder, memo)
    }

    /// Appends the next spans of a trace to `builder`, at most so many.
    func read(
        _ count: Int, at cursor: inout BlockTraceCursor, into builder: inout SpanBatchBuilder, _ memo: StringMemo
    ) throws(SegmentError) {
        let spine = try spine()
        let values = try values()
        let traceID = try traces().traceID(cursor.place)
        let schema = dictionary.schema
        // Numbers that the values of string columns have in the builder: columns that are the same as an earlier one
        // take its.
        var references: [UInt32] = []
        for span in cursor.next..<cursor.next + min(cursor.end - cursor.next, count) {
            let number = Int(spine.shapes[span])
            let shape = schema.shapes[number]
            let layout = values.columns(ofShape: number)
            let row = Int(spine.rows[span])
            builder.beginSpan()
            builder.traceID = traceID
            builder.spanID = cursor.ids.spanID(span)
            builder.parentID = parentID(span, spine, &cursor)
            builder.traits = shape.traits
            builder.serviceName = memo.reference(shape.serviceName, dictionary, &builder)
            builder.operationName = memo.reference(shape.operationName, dictionary, &builder)
            if shape.hasStart {
                let delta = try values.number(schema.plans[Int(shape.startPlan)], layout.start, place: row)
                builder.start = cursor.previousStart &+ delta
                cursor.previousStart = builder.start
            }
            if shape.hasDuration {
                builder.duration = try values.number(
                    schema.plans[Int(shape.durationPlan)], layout.duration, place: row)
            }
            references.removeAll(keepingCapacity: true)
            for (index, place) in layout.columns.enumerated() {
                let column = schema.columns[Int(shape.firstColumn) &+ index]
                let plan = schema.plans[Int(schema.planNumbers[Int(shape.firstColumn) &+ index])]
                var own = column
                if column.hasKeyString {
                    let key = memo.reference(column.key, dictionary, &builder)
                    own = SpanColumn(column.role, key: key, type: column.type)
                }
                guard column.type.isReference else {
                    references.append(0)
                    try readWords(column, own, plan, place, row, values, into: &builder)
                    continue
                }
                let reference: UInt32
                switch plan.coding {
                case .sameAs: reference = references[Int(plan.operand)]
                case .constant, .dictionary:
                    let number = try values.dictionaryNumber(plan, place, row: row)
                    reference = memo.reference(number, dictionary, &builder)
                default:
                    reference = try readLiteral(column, plan, place, row, values, &cursor, into: &builder)
                }
                references.append(reference)
                builder.append(own, word: reference)
            }
            builder.endSpan()
            cursor.next = span + 1
        }
    }

    /// Passes over the next span of a trace; `builder` takes what later ones may repeat.
    func skip(
        at cursor: inout BlockTraceCursor, _ literals: LiteralColumns, into builder: inout SpanBatchBuilder
    ) throws(SegmentError) {
        let spine = try spine()
        let values = try values()
        let span = cursor.next
        let number = Int(spine.shapes[span])
        let shape = schema.shapes[number]
        let row = Int(spine.rows[span])
        if shape.hasStart {
            let place = values.columns(ofShape: number).start
            cursor.previousStart &+= try values.number(schema.plans[Int(shape.startPlan)], place, place: row)
        }
        if spine.parents[span] == ParentCode.elsewhere { cursor.nextStranger += 1 }
        for index in literals.ofShape(number) {
            let plan = schema.plan(number, index)
            let place = values.columns(ofShape: number).columns[index]
            guard let literal = values.literalPlace(plan, place, row: row),
                let key = schema.column(number, index).repeatKey
            else { continue }
            cursor.repeats.set(key, try values.withLiteral(plan, place, place: literal) { builder.intern($0) })
        }
        cursor.next = span + 1
    }

    /// Appends all spans of one trace of the block to `outline`.
    func readOutline(_ trace: Int, into outline: inout TraceOutline) throws(SegmentError) {
        let spine = try spine()
        let values = try values()
        let schema = dictionary.schema
        var cursor = try cursor(trace)
        // Of the shapes met so far.
        var groups: [UInt32: UInt32] = [:]
        var last: (shape: UInt32, group: UInt32)?
        for span in cursor.next..<cursor.end {
            let number = spine.shapes[span]
            let shape = schema.shapes[Int(number)]
            let layout = values.columns(ofShape: Int(number))
            let row = Int(spine.rows[span])
            var start = SpanBatch.absentTime
            var duration = SpanBatch.absentTime
            if shape.hasStart {
                let delta = try values.number(schema.plans[Int(shape.startPlan)], layout.start, place: row)
                start = cursor.previousStart &+ delta
                cursor.previousStart = start
            }
            if shape.hasDuration {
                duration = try values.number(schema.plans[Int(shape.durationPlan)], layout.duration, place: row)
            }
            let group: UInt32
            if let last, last.shape == number {
                group = last.group
            } else if let known = groups[number] {
                group = known
            } else {
                group = dictionary.withString(shape.serviceName) { service in
                    dictionary.withString(shape.operationName) { operation in
                        outline.group(shape.traits, serviceName: service, operationName: operation)
                    }
                }
                groups[number] = group
            }
            last = (number, group)
            outline.append(
                spanID: cursor.ids.spanID(span), parentID: parentID(span, spine, &cursor), start: start,
                duration: duration, group: group)
        }
    }

    private func parentID(_ span: Int, _ spine: BlockSpine, _ cursor: inout BlockTraceCursor) -> UInt64 {
        switch spine.parents[span] {
        case ParentCode.root, ParentCode.rootWithTraceID:
            return 0
        case ParentCode.elsewhere:
            cursor.nextStranger += 1
            return spine.strangers[cursor.nextStranger - 1]
        default:
            return cursor.ids.spanID(span - ParentCode.distance(spine.parents[span]))
        }
    }

    /// Appends a value that is no string.
    @inline(__always)
    private func readWords(
        _ column: SpanColumn, _ own: SpanColumn, _ plan: StoredPlan, _ place: BlockLayout.Column, _ row: Int,
        _ values: BlockValues, into builder: inout SpanBatchBuilder
    ) throws(SegmentError) {
        switch column.type {
        case .int:
            var value = try values.number(plan, place, place: row)
            if column.role == .event {
                if plan.reference != .none { value &+= builder.start }
                if plan.reference == .spanEnd { value &+= builder.duration }
            }
            builder.append(own, wide: UInt64(bitPattern: value))
        case .double: builder.append(own, wide: try values.double(plan, place, row: row))
        case .bool: builder.append(own, word: values.bool(place, row: row) ? 1 : 0)
        case .none: builder.append(own)
        case .string, .bytes, .array, .map: preconditionFailure("a value that is kept as a string")
        }
    }

    /// The number that a value outside the dictionary has in the builder.
    @inline(__always)
    private func readLiteral(
        _ column: SpanColumn, _ plan: StoredPlan, _ place: BlockLayout.Column, _ row: Int, _ values: BlockValues,
        _ cursor: inout BlockTraceCursor, into builder: inout SpanBatchBuilder
    ) throws(SegmentError) -> UInt32 {
        guard let literal = values.literalPlace(plan, place, row: row) else {
            guard let key = column.repeatKey, let known = cursor.repeats.reference(key) else {
                throw corrupt("a value repeats one that its trace has not got")
            }
            return known
        }
        let reference = try values.withLiteral(plan, place, place: literal) { builder.intern($0) }
        if let key = column.repeatKey { cursor.repeats.set(key, reference) }
        return reference
    }
}

extension SpanColumn {
    /// What repeats within a trace is told by key; nil for columns that never repeat so.
    var repeatKey: UInt32? {
        switch role {
        case .attribute: key
        case .field: key | 1 << 24
        case .event, .eventName, .eventAttributes: nil
        }
    }
}
