internal import TraceModel

/// Where in a block's sections the values of each column begin.
///
/// Nothing of this is in the file: it follows from the schema, the number of rows of each shape and the repeat marks.
/// Only where each shape begins is found out beforehand; a query looks at few of them.
struct BlockLayout {
    struct Column: BitwiseCopyable {
        /// First bit of the codes, or of the repeat marks.
        var bit = 0
        /// First bit of the codes of the literals, for columns with marks.
        var literalBit = 0
        var literalCount = 0
        /// Place of the first number among all numbers of the block.
        var firstNumber = 0
        /// First byte in the fixed section.
        var fixed = 0
        /// Place of the first text among all texts of the block.
        var firstText = 0
    }

    /// The columns of one shape.
    struct Shape {
        var start = Column()
        var duration = Column()
        var columns: [Column] = []
    }

    private let schema: SegmentSchema
    private let rowCounts: [Int32]
    /// Where each shape with rows begins, and for each shape its place in that list.
    private var firsts: [Column] = []
    private var places: [Int32]
    /// Shapes with rows of which some column is text.
    private(set) var textShapes: [Int] = []

    /// - Returns: nil if the codes end before the last column does.
    init?(_ schema: SegmentSchema, rowCounts: [Int32], codes: BitReader) {
        self.schema = schema
        self.rowCounts = rowCounts
        places = Array(repeating: -1, count: rowCounts.count)
        var next = Column()
        for (shape, rowCount) in rowCounts.enumerated() where rowCount > 0 {
            places[shape] = Int32(firsts.count)
            firsts.append(next)
            let facts = schema.shapes[shape]
            if facts.room.textCount > 0 { textShapes.append(shape) }
            if facts.hasMarks {
                guard walk(shape, from: &next, codes, { _, _ in }) else { return nil }
            } else {
                let rows = Int(rowCount)
                next.bit += rows * Int(facts.room.bitCount)
                next.firstNumber += rows * Int(facts.room.numberCount)
                next.firstText += rows * Int(facts.room.textCount)
                next.fixed += rows * Int(facts.room.fixedByteCount)
                guard next.bit <= codes.bitCount else { return nil }
            }
        }
    }

    /// Shapes that have rows.
    var shapeCount: Int { firsts.count }

    /// The place of a shape among those that have rows.
    @inline(__always)
    func place(ofShape number: Int) -> Int {
        precondition(places[number] >= 0, "the block has rows of the shape")
        return Int(places[number])
    }

    /// The columns of a shape that has rows in the block.
    func columns(ofShape number: Int, _ codes: BitReader) -> Shape {
        var shape = Shape()
        shape.columns.reserveCapacity(Int(schema.shapes[number].columnCount))
        var next = firsts[place(ofShape: number)]
        let isWhole = walk(number, from: &next, codes) { slot, column in
            switch slot {
            case 0: shape.start = column
            case 1: shape.duration = column
            default: shape.columns.append(column)
            }
        }
        precondition(isWhole, "the layout was checked when it was made")
        return shape
    }

    /// Calls `body` with each column of a shape and its slot: 0 the start's distance, 1 the duration, from 2 on the
    /// shape's own; `next` is where it begins and afterwards where the next shape does.
    /// - Returns: false if the codes end before.
    private func walk(_ number: Int, from next: inout Column, _ codes: BitReader, _ body: (Int, Column) -> Void) -> Bool
    {
        let shape = schema.shapes[number]
        if shape.hasStart, !place(schema.plans[Int(shape.startPlan)], number, 0, &next, codes, body) { return false }
        if shape.hasDuration, !place(schema.plans[Int(shape.durationPlan)], number, 1, &next, codes, body) {
            return false
        }
        for index in 0..<Int(shape.columnCount)
        where !place(schema.plan(number, index), number, index + 2, &next, codes, body) {
            return false
        }
        return true
    }

    @inline(__always)
    private func place(
        _ plan: StoredPlan, _ shape: Int, _ slot: Int, _ next: inout Column, _ codes: BitReader,
        _ body: (Int, Column) -> Void
    ) -> Bool {
        let rowCount = Int(rowCounts[shape])
        var column = next
        column.literalCount = rowCount
        next.bit += rowCount * plan.fixedBitCount
        guard next.bit <= codes.bitCount else { return false }
        column.literalBit = column.bit
        if plan.marksRepeats {
            column.literalCount = rowCount - codes.ones(from: column.bit, count: rowCount)
            column.literalBit = next.bit
            next.bit += column.literalCount * plan.literalBitCount
            guard next.bit <= codes.bitCount else { return false }
        }
        if plan.isNumber { next.firstNumber += column.literalCount }
        if plan.coding == .text { next.firstText += column.literalCount }
        next.fixed += column.literalCount * plan.fixedByteCount
        body(slot, column)
        return true
    }
}
