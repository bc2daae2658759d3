internal import Bytes
internal import TraceModel

/// The spans of some consecutive traces as the sections of a block. Layout: storage/segment-format.md, "Blocks".
struct BlockEncoder: ~Copyable {
    /// A trace, or the part of a long one, in one block.
    struct Fragment {
        var traceID: TraceID
        /// What the start of the first span is counted from.
        var baseStart: Int64
        var firstSpan: Int
        var spanCount: Int
    }

    private var codes = BitWriter()
    private var exceptions = ByteWriter()
    private var fixed: [UInt8] = []
    private var text: [UInt8] = []
    /// `ValueFingerprint`s of the attribute values that the block keeps outside the dictionary.
    private(set) var valueFingerprints: [UInt64] = []
    private var numberCount = 0
    private var lastException = 0
    /// For each value in the assembly's references, whether it repeats an earlier one of its trace.
    private var marks: [Bool] = []
    private var memory: RepeatMemory
    /// Columns of each shape that are kept as literals, in order.
    private let literals: [[LiteralColumn]]
    private let shapeByteCount: Int

    private struct LiteralColumn {
        var column: Int
        /// What repeats within a trace is told by; nil: it does not.
        var repeatKey: Int?
        /// What the value directory knows the column's values by, and those of columns that are the same as it.
        var name: ValueName?
        var otherNames: [ValueName] = []
    }

    private enum ValueName {
        case attribute(key: UInt64)
        case event

        init?(_ column: SpanColumn, _ assembly: borrowing SegmentAssembly) {
            switch column.role {
            case .attribute where column.type == .string:
                self = .attribute(key: ValueFingerprint.key(assembly.strings[Int(column.key)]))
            case .eventName: self = .event
            case .attribute, .field, .event, .eventAttributes: return nil
            }
        }

        func fingerprint(_ value: UnsafeRawBufferPointer) -> UInt64 {
            switch self {
            case .attribute(let key): ValueFingerprint.value(value, key: key)
            case .event: ValueFingerprint.presence(value)
            }
        }
    }

    init(_ assembly: borrowing SegmentAssembly, _ plans: [ShapePlan]) {
        memory = RepeatMemory(keyCount: assembly.repeatKeyCount)
        var literals: [[LiteralColumn]] = []
        for (number, plan) in plans.enumerated() {
            let columns = assembly.shapes[number].columns
            var own: [LiteralColumn] = []
            for (index, column) in plan.columns.enumerated() {
                if column.coding.isLiteral {
                    own.append(
                        LiteralColumn(
                            column: index, repeatKey: assembly.repeatKey(columns[index]),
                            name: ValueName(columns[index], assembly)))
                } else if column.coding == .sameAs, let twin = own.firstIndex(where: { $0.column == column.operand }),
                    let name = ValueName(columns[index], assembly)
                {
                    own[twin].otherNames.append(name)
                }
            }
            literals.append(own)
        }
        self.literals = literals
        shapeByteCount = BlockEncoder.shapeByteCount(shapeCount: plans.count)
    }

    static func shapeByteCount(shapeCount: Int) -> Int { shapeCount <= 1 << 8 ? 1 : shapeCount <= 1 << 16 ? 2 : 4 }

    /// - Parameters:
    ///   - firstRows: for each shape its first row in this block.
    ///   - rowCounts: and how many there are.
    /// - Returns: the sections in the order of `BlockSection`, unpacked.
    mutating func encode(
        _ assembly: borrowing SegmentAssembly, _ plans: [ShapePlan], _ fragments: ArraySlice<Fragment>,
        firstRows: [Int], rowCounts: [Int]
    ) -> [[UInt8]] {
        codes.removeAll()
        exceptions.removeAll()
        fixed.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        valueFingerprints.removeAll(keepingCapacity: true)
        numberCount = 0
        lastException = 0
        let traces = encodeTraces(fragments)
        let (spine, spanIDs) = encodeSpine(assembly, fragments)
        markRepeats(assembly, fragments, firstRows)
        for number in plans.indices where rowCounts[number] > 0 {
            let rows = firstRows[number]..<firstRows[number] + rowCounts[number]
            encodeShape(assembly, assembly.shapes[number], plans[number], literals[number], rows)
        }
        return [
            traces, spine, spanIDs, codes.makeBytes(), exceptions.bytes, fixed, text,
        ]
    }

    private func encodeTraces(_ fragments: ArraySlice<Fragment>) -> [UInt8] {
        var writer = ByteWriter(capacity: fragments.count * 20)
        for fragment in fragments { writer.write(fragment.traceID.high) }
        for fragment in fragments { writer.write(fragment.traceID.low) }
        for fragment in fragments { writer.writeVarint(fragment.spanCount) }
        var previous: Int64 = 0
        for fragment in fragments {
            // Absent is a start too, the smallest one; the difference wraps around and back.
            writer.writeSignedVarint(fragment.baseStart &- previous)
            previous = fragment.baseStart
        }
        return writer.bytes
    }

    private func encodeSpine(
        _ assembly: borrowing SegmentAssembly, _ fragments: ArraySlice<Fragment>
    ) -> (spine: [UInt8], spanIDs: [UInt8]) {
        var shapes = ByteWriter()
        var parents = ByteWriter()
        var strangers = ByteWriter()
        var spanIDs = ByteWriter()
        for fragment in fragments {
            let end = fragment.firstSpan + fragment.spanCount
            var places = SpanPlaces(assembly.spanIDs, fragment.firstSpan..<end)
            for span in fragment.firstSpan..<end {
                let shape = assembly.shapeOfSpan[span]
                for byte in 0..<shapeByteCount { shapes.write(UInt8(truncatingIfNeeded: shape >> (8 * UInt32(byte)))) }
                let parent = assembly.parentIDs[span]
                let spanID = assembly.spanIDs[span]
                if parent == 0 && spanID == fragment.traceID.low {
                    parents.writeVarint(UInt64(ParentCode.rootWithTraceID))
                    continue
                }
                spanIDs.write(spanID)
                if parent == 0 {
                    parents.writeVarint(UInt64(ParentCode.root))
                } else if let place = places.nearest(parent, to: span) {
                    parents.writeVarint(UInt64(ParentCode.firstDistance) + Varint.zigzag(Int64(span - place)))
                } else {
                    parents.writeVarint(UInt64(ParentCode.elsewhere))
                    strangers.write(parent)
                }
            }
        }
        shapes.write(parents.bytes)
        shapes.write(strangers.bytes)
        return (shapes.bytes, spanIDs.bytes)
    }

    /// Walks the block in the order of its spans and marks the literals that their trace has had already.
    private mutating func markRepeats(
        _ assembly: borrowing SegmentAssembly, _ fragments: ArraySlice<Fragment>, _ firstRows: [Int]
    ) {
        guard literals.contains(where: { !$0.isEmpty }) else { return }
        if marks.count < assembly.references.count {
            marks = Array(repeating: false, count: assembly.references.count)
        }
        var rows = firstRows
        for fragment in fragments {
            memory.beginTrace()
            for span in fragment.firstSpan..<fragment.firstSpan + fragment.spanCount {
                let shape = Int(assembly.shapeOfSpan[span])
                let row = rows[shape]
                rows[shape] = row + 1
                for literal in literals[shape] {
                    guard let key = literal.repeatKey else { continue }
                    let place = assembly.shapes[shape].firstValues[literal.column] + row
                    marks[place] = memory.repeats(key: key, value: assembly.references[place])
                }
            }
        }
    }

    private mutating func encodeShape(
        _ assembly: borrowing SegmentAssembly, _ shape: SegmentAssembly.Shape, _ plan: ShapePlan,
        _ literals: [LiteralColumn], _ rows: Range<Int>
    ) {
        var nextLiteral = 0
        if let startDelta = plan.startDelta { encodeNumbers(assembly, startDelta, shape.firstStartDelta, rows) }
        if let duration = plan.duration { encodeNumbers(assembly, duration, shape.firstDuration, rows) }
        for (index, column) in plan.columns.enumerated() {
            let first = shape.firstValues[index]
            switch column.coding {
            case .constant, .constantNumber, .sameAs, .nothing:
                break
            case .dictionary, .bool:
                let width = column.fixedBitCount
                for row in rows { codes.append(UInt64(assembly.references[first + row]), width: width) }
            case .number where column.reference == .spanEnd, .numberDictionary where column.reference == .spanEnd:
                encodeNumbers(assembly, column, first, rows, minus: shape.firstDuration)
            case .number, .numberDictionary:
                encodeNumbers(assembly, column, first, rows)
            case .double:
                for row in rows {
                    withUnsafeBytes(of: assembly.numbers[first + row].littleEndian) { fixed.append(contentsOf: $0) }
                }
            case .uuid, .hex, .decimal, .text:
                encodeLiterals(assembly, literals[nextLiteral], column, first, rows)
                nextLiteral += 1
            }
        }
    }

    private mutating func encodeNumbers(
        _ assembly: borrowing SegmentAssembly, _ plan: ColumnPlan, _ first: Int, _ rows: Range<Int>,
        minus other: Int? = nil
    ) {
        switch plan.coding {
        case .constantNumber:
            break
        case .numberDictionary:
            var places: [Int64: UInt64] = [:]
            for (place, value) in plan.numberList.enumerated() { places[value] = UInt64(place) }
            for row in rows {
                let value = assembly.numbers[first + row] &- (other.map { assembly.numbers[$0 + row] } ?? 0)
                guard let code = places[value] else { preconditionFailure("the list was made from these values") }
                codes.append(code, width: Int(plan.width))
            }
        default:
            for row in rows {
                let value = assembly.numbers[first + row] &- (other.map { assembly.numbers[$0 + row] } ?? 0)
                append(value, plan.number)
            }
        }
    }

    @inline(__always)
    private mutating func append(_ value: Int64, _ coding: NumberCoding) {
        if let code = coding.code(value) {
            codes.append(code, width: coding.width)
        } else {
            codes.append(coding.escape, width: coding.width)
            exceptions.writeVarint(numberCount - lastException)
            exceptions.writeVarint(coding.exception(value))
            lastException = numberCount
        }
        numberCount += 1
    }

    private mutating func encodeLiterals(
        _ assembly: borrowing SegmentAssembly, _ literal: LiteralColumn, _ plan: ColumnPlan, _ first: Int,
        _ rows: Range<Int>
    ) {
        if plan.marksRepeats {
            for row in rows { codes.append(marks[first + row] ? 1 : 0, width: 1) }
        }
        for name in literal.otherNames {
            // A value that repeats one under the literal's key may be the first under this one.
            for row in rows {
                valueFingerprints.append(name.fingerprint(assembly.strings[Int(assembly.references[first + row])]))
            }
        }
        for row in rows where !(plan.marksRepeats && marks[first + row]) {
            let value = assembly.strings[Int(assembly.references[first + row])]
            if let name = literal.name { valueFingerprints.append(name.fingerprint(value)) }
            switch plan.coding {
            case .decimal:
                guard let number = LiteralText.decimal(value) else {
                    preconditionFailure("every value of the column prints from a number")
                }
                append(number, plan.number)
            case .text:
                append(Int64(value.count), plan.number)
                text.append(contentsOf: value)
            default:
                LiteralText.appendPacked(value, to: &fixed)
            }
        }
    }
}

/// Where the spans with given IDs stand in a trace.
private struct SpanPlaces: ~Copyable {
    private let ids: UnsafePointer<UInt64>
    private let range: Range<Int>
    /// Only for long traces: the places of each ID, in order.
    private var table: [UInt64: [Int]] = [:]

    init(_ spanIDs: borrowing ColumnBuffer<UInt64>, _ range: Range<Int>) {
        ids = UnsafePointer(spanIDs.start)
        self.range = range
        if range.count > 128 {
            for place in range { table[ids[place], default: []].append(place) }
        }
    }

    /// The place of a span with this ID: the nearest before `span`, else the first after it.
    mutating func nearest(_ spanID: UInt64, to span: Int) -> Int? {
        if range.count > 128 {
            guard let places = table[spanID] else { return nil }
            return places.last { $0 < span } ?? places.first
        }
        var place = span - 1
        while place >= range.lowerBound {
            if ids[place] == spanID { return place }
            place -= 1
        }
        return (span..<range.upperBound).first { ids[$0] == spanID }
    }
}
