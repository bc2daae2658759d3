internal import Bytes
internal import TraceModel

/// The spans of many batches put in the order of a segment, with one dictionary, one list of shapes and one array for
/// each column of each shape.
///
/// Traces come by their start, the spans of a trace by theirs. Memory: some 60 bytes a span and 4 for each value.
struct SegmentAssembly: ~Copyable {
    struct Shape {
        var serviceName: UInt32
        var operationName: UInt32
        var traits: UInt32
        var hasStart: Bool
        var hasDuration: Bool
        var columns: [SpanColumn]  // keys are numbers of the segment's dictionary
        var rowCount = 0
        /// Where the values of each column start in `references` or `numbers`.
        var firstValues: [Int] = []
        var firstStartDelta = 0
        var firstDuration = 0
    }

    struct TraceEntry {
        var traceID: TraceID
        var start: Int64  // of the earliest span; absentTime if none has one
        var firstSpan: Int
        var spanCount: Int
    }

    var strings = SegmentStrings()
    var shapes: [Shape] = []
    var traces: [TraceEntry] = []

    // One element a span, in the order of the segment.
    var shapeOfSpan = ColumnBuffer<UInt32>()
    var spanIDs = ColumnBuffer<UInt64>()
    var parentIDs = ColumnBuffer<UInt64>()
    var starts = ColumnBuffer<Int64>()
    var durations = ColumnBuffer<Int64>()

    /// Values of reference and boolean columns, and of number columns, column by column. Event times are counted from
    /// the start of their span if it has one.
    var references = ColumnBuffer<UInt32>()
    var numbers = ColumnBuffer<Int64>()

    var spanCount: Int { shapeOfSpan.count }

    /// Keys of fields follow those of attributes, which are numbers of these many strings.
    private let keyStringCount: Int

    init(_ batches: [SpanBatch]) {
        var mapping = BatchMapping(batches, strings: &strings)
        keyStringCount = strings.count
        shapes = mapping.takeShapes()
        var order = TraceOrder(batches)
        order.sort()
        traces = order.takeTraces()
        shapeOfSpan = ColumnBuffer(capacity: order.spans.count)
        spanIDs = ColumnBuffer(capacity: order.spans.count)
        parentIDs = ColumnBuffer(capacity: order.spans.count)
        starts = ColumnBuffer(capacity: order.spans.count)
        durations = ColumnBuffer(capacity: order.spans.count)
        layOut()
        fill(batches, mapping, order)
    }

    /// What repeats within a trace is told by key: a number for the attributes with one key, or for a field.
    func repeatKey(_ column: SpanColumn) -> Int? {
        switch column.role {
        case .attribute: Int(column.key)
        case .field: keyStringCount + Int(column.key)
        case .event, .eventName, .eventAttributes: nil
        }
    }

    /// Numbers that `repeatKey` can give.
    var repeatKeyCount: Int { keyStringCount + SpanField.allCases.count + 1 }

    /// An assembly without spans, to be filled by somebody else.
    /// - Parameter strings: all that shapes name, at least.
    init(strings: consuming SegmentStrings, shapes: [Shape]) {
        keyStringCount = strings.count
        self.strings = strings
        self.shapes = shapes
    }

    /// Forgets the spans and their values; the rows of each shape are none.
    mutating func removeSpans() {
        traces.removeAll(keepingCapacity: true)
        shapeOfSpan.removeAll()
        spanIDs.removeAll()
        parentIDs.removeAll()
        starts.removeAll()
        durations.removeAll()
        references.removeAll()
        numbers.removeAll()
        for index in shapes.indices { shapes[index].rowCount = 0 }
    }

    /// Gives each column of each shape its place by the row counts, which begin anew, and the values their room.
    mutating func layOut() {
        var referenceCount = 0
        var numberCount = 0
        for index in shapes.indices {
            let rowCount = shapes[index].rowCount
            shapes[index].firstStartDelta = numberCount
            numberCount += rowCount
            shapes[index].firstDuration = numberCount
            numberCount += rowCount
            shapes[index].firstValues = shapes[index].columns.map { column in
                switch column.type.wordCount {
                case 0:
                    return 0
                case 1:
                    defer { referenceCount += rowCount }
                    return referenceCount
                default:
                    defer { numberCount += rowCount }
                    return numberCount
                }
            }
            shapes[index].rowCount = 0
        }
        references.append(repeating: 0, count: referenceCount)
        numbers.append(repeating: 0, count: numberCount)
    }

    /// How the values of one column are copied.
    struct ColumnTarget: BitwiseCopyable {
        enum Kind: UInt8 { case reference, flag, wide, eventTime, nothing }

        var first: Int
        var kind: Kind
    }

    /// A shape while spans are copied to its rows.
    struct ShapeTarget: BitwiseCopyable {
        var firstColumn: Int
        var columnCount: Int
        var firstStartDelta: Int
        var firstDuration: Int
        var hasDuration: Bool
        var rowCount = 0
    }

    /// Where the values of all shapes go, as flat as can be.
    struct Targets: ~Copyable {
        var shapes = ColumnBuffer<ShapeTarget>()
        var columns = ColumnBuffer<ColumnTarget>()
    }

    private func targets() -> Targets {
        var targets = Targets()
        for shape in shapes {
            targets.shapes.append(
                ShapeTarget(
                    firstColumn: targets.columns.count, columnCount: shape.columns.count,
                    firstStartDelta: shape.firstStartDelta, firstDuration: shape.firstDuration,
                    hasDuration: shape.hasDuration))
            for (column, first) in zip(shape.columns, shape.firstValues) {
                let kind: ColumnTarget.Kind =
                    switch column.type {
                    case .none: .nothing
                    case .bool: .flag
                    case .int where column.role == .event && shape.hasStart: .eventTime
                    case .int, .double: .wide
                    case .string, .bytes, .array, .map: .reference
                    }
                targets.columns.append(ColumnTarget(first: first, kind: kind))
            }
        }
        return targets
    }

    /// Copies every value to its place.
    private mutating func fill(_ batches: [SpanBatch], _ mapping: borrowing BatchMapping, _ order: borrowing TraceOrder)
    {
        let targets = targets()
        var sources = ColumnBuffer<SpanBatch.Pointers>(capacity: batches.count)
        for batch in batches { sources.append(batch.pointers) }
        let references = references.start
        let numbers = numbers.start
        for trace in traces {
            var previousStart = trace.start
            for place in trace.firstSpan..<trace.firstSpan + trace.spanCount {
                let span = order.spans[place]
                let source = sources[Int(span.batch)]
                let row = Int(span.row)
                let duration = source.durations[row]
                let map = mapping.shape(
                    ofBatch: Int(span.batch), Int(source.shapes[row]), startIsAbsent: span.hasNoStart,
                    durationIsAbsent: duration == SpanBatch.absentTime)
                let start = span.start
                shapeOfSpan.append(UInt32(map.shape))
                spanIDs.append(source.spanIDs[row])
                parentIDs.append(source.parentIDs[row])
                starts.append(start)
                durations.append(duration)
                let target = targets.shapes.start + map.shape
                let targetRow = target.pointee.rowCount
                target.pointee.rowCount = targetRow &+ 1
                if !span.hasNoStart {
                    numbers[target.pointee.firstStartDelta &+ targetRow] = start &- previousStart
                    previousStart = start
                }
                if target.pointee.hasDuration { numbers[target.pointee.firstDuration &+ targetRow] = duration }
                let words = source.valueWords + Int(source.firstWords[row])
                let stringNumbers = mapping.strings(ofBatch: Int(span.batch))
                let columns = targets.columns.start + target.pointee.firstColumn
                for index in 0..<target.pointee.columnCount {
                    let word = words + Int(map.wordOffsets[index])
                    let place = columns[index].first &+ targetRow
                    switch columns[index].kind {
                    case .reference: references[place] = stringNumbers[Int(word[0])]
                    case .flag: references[place] = word[0]
                    case .wide: numbers[place] = Int64(bitPattern: SpanBatch.wide(word))
                    case .eventTime: numbers[place] = Int64(bitPattern: SpanBatch.wide(word)) &- start
                    case .nothing: break
                    }
                }
            }
        }
        for index in shapes.indices { shapes[index].rowCount = targets.shapes[index].rowCount }
        withExtendedLifetime(batches) {}
    }

    /// Puts the code in the place of each value that is kept as a code into its column's list.
    /// - Parameter dictionary: for each number of the segment's dictionary the string of the assembly.
    mutating func replaceValuesByCodes(_ plans: [ShapePlan], dictionary: [UInt32]) {
        var codes = [UInt32](repeating: 0, count: strings.count)
        for (shape, plan) in zip(shapes, plans) {
            for (index, column) in plan.columns.enumerated() where column.coding == .dictionary {
                for (code, number) in column.list.enumerated() { codes[Int(dictionary[Int(number)])] = UInt32(code) }
                let values = references.start + shape.firstValues[index]
                for row in 0..<shape.rowCount { values[row] = codes[Int(values[row])] }
            }
        }
    }
}
