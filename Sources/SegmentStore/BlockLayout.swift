internal import TraceModel

/// Where in a block's sections the values of each stored column begin.
///
/// Nothing of this is in the file: it follows from the schema, the number of rows of each shape and the repeat marks.
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

    private let stored: StoredColumns
    private var columns: [Column] = []
    /// For each shape the place of its first column; shapes without rows have none.
    private var firstColumns: [Int]
    /// Stored columns of texts: shape, and index within it.
    private(set) var textColumns: [(shape: Int, column: Int)] = []

    /// - Returns: nil if the codes end before the last column does.
    init?(_ stored: StoredColumns, rowCounts: [Int], codes: BitReader) {
        self.stored = stored
        firstColumns = Array(repeating: 0, count: rowCounts.count)
        columns.reserveCapacity(stored.columns.count)
        var next = Column()
        for (shape, rowCount) in rowCounts.enumerated() where rowCount > 0 {
            firstColumns[shape] = columns.count
            for place in stored.firstColumns[shape]..<stored.firstColumns[shape + 1] {
                let facts = stored.columns[place]
                var column = next
                column.literalCount = rowCount
                next.bit += rowCount * Int(facts.fixedBitCount)
                guard next.bit <= codes.bitCount else { return nil }
                column.literalBit = column.bit
                if facts.marksRepeats {
                    column.literalCount = rowCount - codes.ones(from: column.bit, count: rowCount)
                    column.literalBit = next.bit
                    next.bit += column.literalCount * Int(facts.literalBitCount)
                    guard next.bit <= codes.bitCount else { return nil }
                }
                if facts.isNumber { next.firstNumber += column.literalCount }
                if facts.isText {
                    next.firstText += column.literalCount
                    textColumns.append((shape, Int(facts.index) - 2))
                }
                next.fixed += column.literalCount * Int(facts.fixedByteCount)
                columns.append(column)
            }
        }
    }

    @inline(__always)
    func startDelta(_ shape: Int) -> Column { place(shape, 0) }

    @inline(__always)
    func duration(_ shape: Int) -> Column { place(shape, 1) }

    @inline(__always)
    func column(_ shape: Int, _ index: Int) -> Column { place(shape, index + 2) }

    /// Columns that take no room lie anywhere.
    private func place(_ shape: Int, _ index: Int) -> Column {
        stored.place(shape, index).map { columns[firstColumns[shape] + $0] } ?? Column()
    }
}
