internal import Bytes
internal import TraceModel

/// The shapes of a segment and how the columns of each are kept, for readers. Layout: storage/segment-format.md,
/// "Schema".
///
/// A segment has thousands of shapes and tens of thousands of columns, but few different ways of keeping one: columns
/// refer to plans by number, and all of it is plain numbers in flat arrays.
struct SegmentSchema: Sendable {
    struct Shape: BitwiseCopyable {
        var serviceName: UInt32
        var operationName: UInt32
        var traits: SpanTraits
        /// The place of its first column in `columns`, and how many it has.
        var firstColumn: Int32
        var columnCount: Int32
        /// Numbers of plans; -1: its spans have no start, or no duration.
        var startPlan: Int32
        var durationPlan: Int32
        /// Bits among a block's codes, numbers, texts and fixed bytes that a row takes if no column marks repeats.
        var room = RowRoom()
        /// Some column marks repeats: where its values lie depends on the marks.
        var hasMarks = false

        var hasStart: Bool { startPlan >= 0 }
        var hasDuration: Bool { durationPlan >= 0 }
    }

    /// What a row takes in a block.
    struct RowRoom: BitwiseCopyable {
        var bitCount: Int32 = 0
        var numberCount: Int32 = 0
        var textCount: Int32 = 0
        var fixedByteCount: Int32 = 0
    }

    private(set) var shapes: [Shape] = []
    private(set) var plans: [StoredPlan] = []
    /// Columns of all shapes; keys are numbers of the segment's dictionary.
    private(set) var columns: [SpanColumn] = []
    private(set) var planNumbers: [UInt32] = []
    /// What the codes of plans with a list stand for.
    private(set) var lists: [UInt32] = []
    private(set) var numberLists: [Int64] = []

    /// Memory held, about.
    var byteCount: Int {
        shapes.count * MemoryLayout<Shape>.stride + plans.count * MemoryLayout<StoredPlan>.stride + columns.count * 8
            + lists.count * 4 + numberLists.count * 8
    }

    @inline(__always)
    func column(_ shape: Int, _ index: Int) -> SpanColumn { columns[Int(shapes[shape].firstColumn) &+ index] }

    @inline(__always)
    func plan(_ shape: Int, _ index: Int) -> StoredPlan {
        plans[Int(planNumbers[Int(shapes[shape].firstColumn) &+ index])]
    }

    /// Columns of a shape in order.
    func columns(ofShape shape: Int) -> ArraySlice<SpanColumn> {
        let first = Int(shapes[shape].firstColumn)
        return columns[first..<first + Int(shapes[shape].columnCount)]
    }

    /// The plan of the column itself, or of the one whose values it has.
    func resolvedPlan(_ shape: Int, _ index: Int) -> (index: Int, plan: StoredPlan) {
        let own = plan(shape, index)
        guard own.coding == .sameAs else { return (index, own) }
        return (Int(own.operand), plan(shape, Int(own.operand)))
    }

    func startPlan(_ shape: Int) -> StoredPlan? {
        shapes[shape].startPlan < 0 ? nil : plans[Int(shapes[shape].startPlan)]
    }

    func durationPlan(_ shape: Int) -> StoredPlan? {
        shapes[shape].durationPlan < 0 ? nil : plans[Int(shapes[shape].durationPlan)]
    }

    func list(_ plan: StoredPlan) -> ArraySlice<UInt32> {
        lists[Int(plan.firstEntry)..<Int(plan.firstEntry) + Int(plan.entryCount)]
    }

    func numberList(_ plan: StoredPlan) -> ArraySlice<Int64> {
        numberLists[Int(plan.firstEntry)..<Int(plan.firstEntry) + Int(plan.entryCount)]
    }

    // MARK: Decoding

    /// Decodes and checks: afterwards every number of a string is one of the dictionary's, every place is in range.
    init(decoding bytes: UnsafeRawBufferPointer, dictionaryCount: Int) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let limit = UInt64(dictionaryCount)
        for _ in 0..<(try reader.readCount(max: bytes.count)) { try readPlan(&reader, limit) }
        for _ in 0..<(try reader.readCount(max: bytes.count)) { try readShape(&reader, limit) }
        guard reader.isAtEnd else { throw Self.impossible(reader, "rest") }
    }

    private static func impossible(_ reader: ByteReader, _ what: String) -> ByteReaderError {
        ByteReaderError(offset: reader.offset, message: "impossible \(what)")
    }

    private static func readNumber(_ reader: inout ByteReader, _ limit: UInt64) throws(ByteReaderError) -> UInt32 {
        let number = try reader.readVarint()
        guard number < limit else { throw impossible(reader, "number of a string") }
        return UInt32(number)
    }

    private mutating func readShape(_ reader: inout ByteReader, _ limit: UInt64) throws(ByteReaderError) {
        let serviceName = try Self.readNumber(&reader, limit)
        let operationName = try Self.readNumber(&reader, limit)
        let traits = try reader.readVarint()
        guard traits <= UInt64(SpanTraits.mask) else { throw Self.impossible(reader, "traits") }
        let presence = try reader.readByte()
        guard presence < 4, columns.count < 1 << 30 else { throw Self.impossible(reader, "presence of times") }
        var shape = Shape(
            serviceName: serviceName, operationName: operationName, traits: SpanTraits(rawValue: UInt32(traits)),
            firstColumn: Int32(columns.count), columnCount: 0, startPlan: -1, durationPlan: -1)
        if presence & 1 != 0 { shape.startPlan = Int32(try readPlanNumber(&reader, .int)) }
        if presence & 2 != 0 { shape.durationPlan = Int32(try readPlanNumber(&reader, .int)) }
        let count = try reader.readCount(max: reader.remaining)
        for index in 0..<count {
            let high = UInt32(try reader.readByte())
            let key = try reader.readVarint()
            guard key <= UInt64(SpanColumn.keyMax) else { throw Self.impossible(reader, "key") }
            let column = SpanColumn(rawValue: high << 24 | UInt32(key))
            guard column.isValid, !column.hasKeyString || key < limit else { throw Self.impossible(reader, "column") }
            guard SpanColumn.mayFollow(column, index == 0 ? nil : columns.last) else {
                throw Self.impossible(reader, "part of no event")
            }
            let number = try readPlanNumber(&reader, column.type)
            let plan = plans[number]
            if plan.coding == .sameAs {
                guard plan.operand < index else { throw Self.impossible(reader, "column to copy") }
                let twin = Int(shape.firstColumn) + Int(plan.operand)
                guard plans[Int(planNumbers[twin])].coding != .sameAs, columns[twin].type.isReference else {
                    throw Self.impossible(reader, "column to copy")
                }
            }
            let needsStart = plan.reference != .none && !shape.hasStart
            let needsDuration = plan.reference == .spanEnd && !shape.hasDuration
            guard !needsStart, !needsDuration else { throw Self.impossible(reader, "time to count from") }
            columns.append(column)
            planNumbers.append(UInt32(number))
        }
        guard count == 0 || columns.last?.role != .event else { throw Self.impossible(reader, "event without a name") }
        shape.columnCount = Int32(count)
        addRoom(&shape)
        shapes.append(shape)
    }

    private mutating func addRoom(_ shape: inout Shape) {
        func add(_ plan: StoredPlan) {
            if plan.marksRepeats { shape.hasMarks = true }
            shape.room.bitCount += Int32(plan.fixedBitCount)
            if plan.isNumber { shape.room.numberCount += 1 }
            if plan.coding == .text { shape.room.textCount += 1 }
            shape.room.fixedByteCount += Int32(plan.fixedByteCount)
        }
        if shape.hasStart { add(plans[Int(shape.startPlan)]) }
        if shape.hasDuration { add(plans[Int(shape.durationPlan)]) }
        for number in planNumbers[Int(shape.firstColumn)...] { add(plans[Int(number)]) }
    }

    private func readPlanNumber(_ reader: inout ByteReader, _ type: ValueType) throws(ByteReaderError) -> Int {
        let number = try reader.readCount(max: plans.count - 1)
        let plan = plans[number]
        guard plan.coding.fits(type), plan.reference == .none || type == .int else {
            throw Self.impossible(reader, "coding of a column")
        }
        return number
    }

    private mutating func readPlan(_ reader: inout ByteReader, _ limit: UInt64) throws(ByteReaderError) {
        let first = try reader.readByte()
        guard let coding = ColumnCoding(rawValue: first & 15),
            let reference = ColumnPlan.TimeReference(rawValue: first >> 5)
        else { throw Self.impossible(reader, "coding") }
        var plan = StoredPlan(coding: coding)
        plan.marksRepeats = first & 0x10 != 0
        plan.reference = reference
        guard !plan.marksRepeats || coding.isLiteral else { throw Self.impossible(reader, "marks") }
        switch coding {
        case .constant:
            plan.operand = try Self.readNumber(&reader, limit)
        case .dictionary:
            plan.firstEntry = Int32(lists.count)
            var number: Int64 = 0
            for _ in 0..<(try reader.readCount(max: reader.remaining)) {
                number &+= try reader.readSignedVarint()
                guard number >= 0, number < Int64(limit) else { throw Self.impossible(reader, "number of a string") }
                lists.append(UInt32(number))
            }
            try setEntries(&plan, lists.count, reader)
        case .sameAs:
            plan.operand = UInt32(try reader.readCount(max: 1 << 24))
        case .number, .decimal, .text:
            plan.number.base = try reader.readSignedVarint()
            let unit = try reader.readVarint()
            plan.number.width = Int(try reader.readByte())
            guard [1, 1000, 1_000_000].contains(unit), plan.number.width <= NumberCoding.widthMax else {
                throw Self.impossible(reader, "number coding")
            }
            plan.number.unit = Int64(unit)
        case .constantNumber:
            plan.number.base = try reader.readSignedVarint()
        case .numberDictionary:
            plan.firstEntry = Int32(numberLists.count)
            for _ in 0..<(try reader.readCount(max: reader.remaining)) {
                numberLists.append(try reader.readSignedVarint())
            }
            try setEntries(&plan, numberLists.count, reader)
        case .hex:
            plan.operand = UInt32(try reader.readCount(max: 1024))
            guard plan.operand > 0, plan.operand % 2 == 0 else { throw Self.impossible(reader, "number of digits") }
        case .double, .bool, .uuid, .nothing:
            break
        }
        plans.append(plan)
    }

    private func setEntries(_ plan: inout StoredPlan, _ end: Int, _ reader: ByteReader) throws(ByteReaderError) {
        plan.entryCount = Int32(end) - plan.firstEntry
        guard plan.entryCount > 0 else { throw Self.impossible(reader, "empty list") }
        plan.width = ColumnPlan.width(ofListCount: Int(plan.entryCount))
    }
}

extension ColumnCoding {
    /// Whether values of the type can be kept so.
    func fits(_ type: ValueType) -> Bool {
        switch self {
        case .constant, .dictionary, .sameAs, .text: type.isReference
        case .uuid, .hex, .decimal: type == .string
        case .number: type == .int
        case .constantNumber, .numberDictionary: type == .int || type == .double
        case .double: type == .double
        case .bool: type == .bool
        case .nothing: type == .none
        }
    }
}
