internal import Bytes
internal import TraceModel

/// The shapes of a segment and how the columns of each are kept. Layout: storage/segment-format.md, "Schema".
struct SegmentSchema {
    struct Shape {
        var serviceName: UInt32
        var operationName: UInt32
        var traits: SpanTraits
        /// Keys are numbers of the segment's dictionary.
        var columns: [SpanColumn]
        var plan: ShapePlan
    }

    var shapes: [Shape]

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(shapes.count)
        for shape in shapes {
            writer.writeVarint(UInt64(shape.serviceName))
            writer.writeVarint(UInt64(shape.operationName))
            writer.writeVarint(UInt64(shape.traits.rawValue))
            writer.write(UInt8((shape.plan.startDelta == nil ? 0 : 1) | (shape.plan.duration == nil ? 0 : 2)))
            if let plan = shape.plan.startDelta { Self.write(plan, to: &writer) }
            if let plan = shape.plan.duration { Self.write(plan, to: &writer) }
            writer.writeVarint(shape.columns.count)
            for (column, plan) in zip(shape.columns, shape.plan.columns) {
                writer.write(UInt8(truncatingIfNeeded: column.rawValue >> 24))
                writer.writeVarint(UInt64(column.key))
                Self.write(plan, to: &writer)
            }
        }
        return writer.bytes
    }

    private static func write(_ plan: ColumnPlan, to writer: inout ByteWriter) {
        writer.write(plan.coding.rawValue | (plan.marksRepeats ? 0x10 : 0) | plan.reference.rawValue << 5)
        switch plan.coding {
        case .constant:
            writer.writeVarint(UInt64(plan.operand))
        case .dictionary:
            writer.writeVarint(plan.list.count)
            var previous: Int64 = 0
            for number in plan.list {
                writer.writeSignedVarint(Int64(number) - previous)
                previous = Int64(number)
            }
        case .sameAs:
            writer.writeVarint(UInt64(plan.operand))
        case .number, .decimal, .text:
            writer.writeSignedVarint(plan.number.base)
            writer.writeVarint(UInt64(plan.number.unit))
            writer.write(UInt8(plan.number.width))
        case .constantNumber:
            writer.writeSignedVarint(plan.number.base)
        case .numberDictionary:
            writer.writeVarint(plan.numberList.count)
            for number in plan.numberList { writer.writeSignedVarint(number) }
        case .hex:
            writer.writeVarint(UInt64(plan.operand))
        case .double, .bool, .uuid, .nothing:
            break
        }
    }

    /// Decodes and checks: afterwards every number of a string is one of the dictionary's, every place is in range.
    init(decoding bytes: UnsafeRawBufferPointer, dictionaryCount: Int) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let limit = UInt64(dictionaryCount)
        shapes = []
        for _ in 0..<(try reader.readCount(max: bytes.count)) {
            let serviceName = try Self.readNumber(&reader, limit)
            let operationName = try Self.readNumber(&reader, limit)
            let traits = try reader.readVarint()
            guard traits <= UInt64(SpanTraits.mask) else { throw Self.impossible(reader, "traits") }
            let presence = try reader.readByte()
            guard presence < 4 else { throw Self.impossible(reader, "presence of times") }
            var plan = ShapePlan(columns: [])
            if presence & 1 != 0 { plan.startDelta = try Self.readPlan(&reader, limit, .int, before: 0) }
            if presence & 2 != 0 { plan.duration = try Self.readPlan(&reader, limit, .int, before: 0) }
            var columns: [SpanColumn] = []
            for index in 0..<(try reader.readCount(max: bytes.count)) {
                let high = UInt32(try reader.readByte())
                let key = try reader.readVarint()
                guard key <= UInt64(SpanColumn.keyMax) else { throw Self.impossible(reader, "key") }
                let column = SpanColumn(rawValue: high << 24 | UInt32(key))
                guard column.isValid, !column.hasKeyString || key < limit else {
                    throw Self.impossible(reader, "column")
                }
                if column.role == .eventAttributes, columns.last?.role != .event {
                    throw Self.impossible(reader, "attributes of no event")
                }
                columns.append(column)
                let columnPlan = try Self.readPlan(&reader, limit, column.type, before: index)
                if columnPlan.coding == .sameAs {
                    let twin = Int(columnPlan.operand)
                    guard plan.columns[twin].coding != .sameAs, columns[twin].type.isReference else {
                        throw Self.impossible(reader, "column to copy")
                    }
                }
                let needsStart = columnPlan.reference != .none && plan.startDelta == nil
                let needsDuration = columnPlan.reference == .spanEnd && plan.duration == nil
                guard !needsStart, !needsDuration else { throw Self.impossible(reader, "time to count from") }
                plan.columns.append(columnPlan)
            }
            shapes.append(
                Shape(
                    serviceName: serviceName, operationName: operationName,
                    traits: SpanTraits(rawValue: UInt32(traits)), columns: columns, plan: plan))
        }
        guard reader.isAtEnd else { throw Self.impossible(reader, "rest") }
    }

    init(shapes: [Shape]) { self.shapes = shapes }

    private static func impossible(_ reader: ByteReader, _ what: String) -> ByteReaderError {
        ByteReaderError(offset: reader.offset, message: "impossible \(what)")
    }

    private static func readNumber(_ reader: inout ByteReader, _ limit: UInt64) throws(ByteReaderError) -> UInt32 {
        let number = try reader.readVarint()
        guard number < limit else { throw impossible(reader, "number of a string") }
        return UInt32(number)
    }

    private static func readPlan(
        _ reader: inout ByteReader, _ limit: UInt64, _ type: ValueType, before index: Int
    ) throws(ByteReaderError) -> ColumnPlan {
        let first = try reader.readByte()
        guard let coding = ColumnCoding(rawValue: first & 15), coding.fits(type),
            let reference = ColumnPlan.TimeReference(rawValue: first >> 5)
        else { throw impossible(reader, "coding") }
        var plan = ColumnPlan(coding: coding)
        plan.marksRepeats = first & 0x10 != 0
        plan.reference = reference
        guard !plan.marksRepeats || coding.isLiteral, reference == .none || type == .int else {
            throw impossible(reader, "marks")
        }
        switch coding {
        case .constant:
            plan.operand = try readNumber(&reader, limit)
        case .dictionary:
            var number: Int64 = 0
            for _ in 0..<(try reader.readCount(max: reader.remaining)) {
                number &+= try reader.readSignedVarint()
                guard number >= 0, number < Int64(limit) else { throw impossible(reader, "number of a string") }
                plan.list.append(UInt32(number))
            }
            guard !plan.list.isEmpty else { throw impossible(reader, "empty list") }
            plan.width = ColumnPlan.width(ofListCount: plan.list.count)
        case .sameAs:
            guard index > 0 else { throw impossible(reader, "column to copy") }
            plan.operand = UInt32(try reader.readCount(max: index - 1))
        case .number, .decimal, .text:
            plan.number.base = try reader.readSignedVarint()
            let unit = try reader.readVarint()
            plan.number.width = Int(try reader.readByte())
            guard [1, 1000, 1_000_000].contains(unit), plan.number.width <= NumberCoding.widthMax else {
                throw impossible(reader, "number coding")
            }
            plan.number.unit = Int64(unit)
        case .constantNumber:
            plan.number.base = try reader.readSignedVarint()
        case .numberDictionary:
            for _ in 0..<(try reader.readCount(max: reader.remaining)) {
                plan.numberList.append(try reader.readSignedVarint())
            }
            guard !plan.numberList.isEmpty else { throw impossible(reader, "empty list") }
            plan.width = ColumnPlan.width(ofListCount: plan.numberList.count)
        case .hex:
            plan.operand = UInt32(try reader.readCount(max: 1024))
            guard plan.operand > 0, plan.operand % 2 == 0 else { throw impossible(reader, "number of digits") }
        case .double, .bool, .uuid, .nothing:
            break
        }
        return plan
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
