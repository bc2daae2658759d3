internal import TraceModel

/// Where in a block's sections the values of each column of each shape begin.
///
/// Nothing of this is stored: it follows from the schema, the number of rows of each shape and the repeat marks.
struct BlockLayout {
    struct Column {
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

    /// For each shape the place of its first column (the start delta, then the duration, then the shape's own).
    private(set) var firstColumns: [Int] = []
    private(set) var columns: [Column] = []
    private(set) var textColumns: [(shape: Int, column: Int)] = []
    private var bit = 0
    private var numberCount = 0
    private var fixedByteCount = 0
    private var textCount = 0

    /// - Returns: nil if the codes end before the last column does.
    init?(_ schema: SegmentSchema, rowCounts: [Int], codes: BitReader) {
        for (shape, rowCount) in rowCounts.enumerated() {
            firstColumns.append(columns.count)
            guard rowCount > 0 else { continue }
            let plan = schema.shapes[shape].plan
            guard add(plan.startDelta, rowCount, codes), add(plan.duration, rowCount, codes) else { return nil }
            for (index, column) in plan.columns.enumerated() {
                if column.coding == .text { textColumns.append((shape, index)) }
                guard add(column, rowCount, codes) else { return nil }
            }
        }
    }

    @inline(__always)
    func startDelta(_ shape: Int) -> Column { columns[firstColumns[shape]] }

    @inline(__always)
    func duration(_ shape: Int) -> Column { columns[firstColumns[shape] + 1] }

    @inline(__always)
    func column(_ shape: Int, _ index: Int) -> Column { columns[firstColumns[shape] + 2 + index] }

    private mutating func add(_ plan: ColumnPlan?, _ rowCount: Int, _ codes: BitReader) -> Bool {
        var column = Column()
        guard let plan else {
            columns.append(column)
            return true
        }
        column.bit = bit
        column.firstNumber = numberCount
        column.fixed = fixedByteCount
        column.firstText = textCount
        column.literalCount = rowCount
        bit += rowCount * plan.fixedBitCount
        guard bit <= codes.bitCount else { return false }
        if plan.marksRepeats {
            column.literalCount = rowCount - codes.ones(from: column.bit, count: rowCount)
            column.literalBit = bit
            bit += column.literalCount * plan.literalBitCount
            guard bit <= codes.bitCount else { return false }
        } else {
            column.literalBit = column.bit
        }
        switch plan.coding {
        case .number, .decimal: numberCount += column.literalCount
        case .text:
            numberCount += column.literalCount
            textCount += column.literalCount
        default: break
        }
        fixedByteCount += column.literalCount * plan.fixedByteCount
        columns.append(column)
        return true
    }
}
