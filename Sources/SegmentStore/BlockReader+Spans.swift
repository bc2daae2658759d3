internal import TraceModel

extension BlockReader {
    /// Appends the spans of one trace of the block to `builder`.
    func readTrace(_ index: Int, into builder: inout SpanBatchBuilder) throws(SegmentError) {
        let traces = try traces()
        let spine = try spine()
        let values = try values()
        let spanIDs = try spanIDs(ofTrace: index, traces, spine)
        let traceID = traces.traceID(index)
        let spans = traces.spans(index)
        var previousStart = traces.baseStarts[index]
        var stranger = Int(spine.firstStrangers[index])
        var repeats: [UInt32: [UInt8]] = [:]
        var scratch: [UInt8] = []
        for span in spans {
            let number = Int(spine.shapes[span])
            let shape = schema.shapes[number]
            let layout = values.columns(ofShape: number)
            let row = Int(spine.rows[span])
            builder.beginSpan()
            builder.traceID = traceID
            builder.spanID = spanIDs[span - spans.lowerBound]
            builder.traits = shape.traits
            builder.serviceName = intern(shape.serviceName, &builder)
            builder.operationName = intern(shape.operationName, &builder)
            switch spine.parents[span] {
            case ParentCode.root, ParentCode.rootWithTraceID:
                builder.parentID = 0
            case ParentCode.elsewhere:
                builder.parentID = spine.strangers[stranger]
                stranger += 1
            default:
                let distance = ParentCode.distance(spine.parents[span])
                builder.parentID = spanIDs[span - distance - spans.lowerBound]
            }
            if let plan = schema.startPlan(number) {
                let delta = try values.number(plan, layout.start, place: row)
                builder.start = previousStart &+ delta
                previousStart = builder.start
            }
            if let plan = schema.durationPlan(number) {
                builder.duration = try values.number(plan, layout.duration, place: row)
            }
            try readColumns(number, layout, row, values, &repeats, &scratch, into: &builder)
            builder.endSpan()
        }
    }

    /// The IDs of the spans of one trace.
    private func spanIDs(
        ofTrace index: Int, _ traces: BlockTraces, _ spine: BlockSpine
    ) throws(SegmentError) -> [UInt64] {
        let spans = traces.spans(index)
        let content = try spanIDs()
        var place = Int(spine.firstIDs[index])
        var spanIDs: [UInt64] = []
        spanIDs.reserveCapacity(spans.count)
        let traceLow = traces.traceID(index).low
        for span in spans {
            if spine.parents[span] == ParentCode.rootWithTraceID {
                spanIDs.append(traceLow)
                continue
            }
            guard (place + 1) * 8 <= content.count else { throw corrupt("its span IDs end early") }
            spanIDs.append(content.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self) })
            place += 1
        }
        return spanIDs
    }

    private func readColumns(
        _ number: Int, _ layout: BlockLayout.Shape, _ row: Int, _ values: BlockValues,
        _ repeats: inout [UInt32: [UInt8]], _ scratch: inout [UInt8], into builder: inout SpanBatchBuilder
    ) throws(SegmentError) {
        var event: (name: UInt32?, time: Int64)?
        // Numbers that the values of string columns have in the builder: columns that are the same as an earlier one
        // take its.
        var references = [UInt32](repeating: 0, count: layout.columns.count)
        for index in layout.columns.indices {
            let column = schema.column(number, index)
            let plan = schema.plan(number, index)
            let place = layout.columns[index]
            if let pending = event, let name = pending.name, column.role != .eventAttributes {
                builder.addEvent(name: name, time: pending.time)
                event = nil
            }
            switch column.type {
            case .string, .bytes, .array, .map:
                let reference: UInt32
                switch plan.coding {
                case .sameAs:
                    reference = references[Int(plan.operand)]
                case .constant, .dictionary:
                    reference = intern(try values.dictionaryNumber(plan, place, row: row), &builder)
                default:
                    let key = column.repeatKey
                    if let literal = values.literalPlace(plan, place, row: row) {
                        try values.readLiteral(plan, place, place: literal, into: &scratch)
                        if let key { repeats[key] = scratch }
                    } else if let key, let known = repeats[key] {
                        scratch = known
                    } else {
                        throw corrupt("a value repeats one that its trace has not got")
                    }
                    reference = scratch.withUnsafeBytes { builder.intern($0) }
                }
                references[index] = reference
                if column.role == .eventName {
                    event?.name = reference
                } else if let pending = event, let name = pending.name {
                    builder.addEvent(name: name, time: pending.time, attributes: reference)
                    event = nil
                } else if column.role == .field, let field = column.field {
                    builder.setField(field, reference: reference)
                } else {
                    let key = intern(column.key, &builder)
                    builder.addAttribute(key: key, type: column.type, reference: reference)
                }
            case .int where column.role == .event:
                let distance = try values.number(plan, place, place: row)
                let time =
                    switch plan.reference {
                    case .none: distance
                    case .spanStart: distance &+ builder.start
                    case .spanEnd: distance &+ builder.duration &+ builder.start
                    }
                event = (nil, time)
            case .int:
                let value = try values.number(plan, place, place: row)
                if column.role == .field, let field = column.field {
                    builder.setField(field, int: value)
                } else {
                    builder.addAttribute(key: intern(column.key, &builder), int: value)
                }
            case .double:
                let bits = try values.double(plan, place, row: row)
                builder.addAttribute(key: intern(column.key, &builder), double: Double(bitPattern: bits))
            case .bool:
                builder.addAttribute(key: intern(column.key, &builder), bool: values.bool(place, row: row))
            case .none:
                builder.addAttributeWithoutValue(key: intern(column.key, &builder))
            }
        }
        if let pending = event, let name = pending.name { builder.addEvent(name: name, time: pending.time) }
    }

    private func intern(_ number: UInt32, _ builder: inout SpanBatchBuilder) -> UInt32 {
        dictionary.withString(number) { builder.intern($0) }
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
