internal import Bytes
internal import TraceModel

/// Writes a schema: each plan once, then the shapes.
struct SchemaEncoder {
    private var planNumbers: [[UInt8]: UInt32] = [:]
    private var plans = ByteWriter()
    private var shapes = ByteWriter()
    private var shapeCount = 0

    /// - Parameters:
    ///   - dictionaryNumber: the segment's number of a string that a shape names.
    mutating func add(_ shape: SegmentAssembly.Shape, _ plan: ShapePlan, dictionaryNumber: (UInt32) -> UInt32) {
        shapeCount += 1
        shapes.writeVarint(UInt64(dictionaryNumber(shape.serviceName)))
        shapes.writeVarint(UInt64(dictionaryNumber(shape.operationName)))
        shapes.writeVarint(UInt64(shape.traits))
        shapes.write(UInt8((plan.startDelta == nil ? 0 : 1) | (plan.duration == nil ? 0 : 2)))
        if let start = plan.startDelta { shapes.writeVarint(UInt64(number(start))) }
        if let duration = plan.duration { shapes.writeVarint(UInt64(number(duration))) }
        shapes.writeVarint(shape.columns.count)
        for (column, plan) in zip(shape.columns, plan.columns) {
            shapes.write(UInt8(truncatingIfNeeded: column.rawValue >> 24))
            shapes.writeVarint(UInt64(column.hasKeyString ? dictionaryNumber(column.key) : column.key))
            shapes.writeVarint(UInt64(number(plan)))
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: plans.count + shapes.count + 16)
        writer.writeVarint(planNumbers.count)
        writer.write(plans.bytes)
        writer.writeVarint(shapeCount)
        writer.write(shapes.bytes)
        return writer.bytes
    }

    private mutating func number(_ plan: ColumnPlan) -> UInt32 {
        let bytes = Self.encoded(plan)
        if let known = planNumbers[bytes] { return known }
        let number = UInt32(planNumbers.count)
        planNumbers[bytes] = number
        plans.write(bytes)
        return number
    }

    private static func encoded(_ plan: ColumnPlan) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.write(plan.coding.rawValue | (plan.marksRepeats ? 0x10 : 0) | plan.reference.rawValue << 5)
        switch plan.coding {
        case .constant, .sameAs, .hex:
            writer.writeVarint(UInt64(plan.operand))
        case .dictionary:
            writer.writeVarint(plan.list.count)
            var previous: Int64 = 0
            for number in plan.list {
                writer.writeSignedVarint(Int64(number) - previous)
                previous = Int64(number)
            }
        case .number, .decimal, .text:
            writer.writeSignedVarint(plan.number.base)
            writer.writeVarint(UInt64(plan.number.unit))
            writer.write(UInt8(plan.number.width))
        case .constantNumber:
            writer.writeSignedVarint(plan.number.base)
        case .numberDictionary:
            writer.writeVarint(plan.numberList.count)
            for number in plan.numberList { writer.writeSignedVarint(number) }
        case .double, .bool, .uuid, .nothing:
            break
        }
        return writer.bytes
    }
}
