internal import TraceModel

/// The columns of a segment's shapes that take room in its blocks, in the order in which they lie there, with what is
/// needed to find their places: plain numbers only, because they are walked for every block that is read.
struct StoredColumns: Sendable {
    struct Column {
        /// Bits that a row takes, and in addition those that it takes if it is no repeat.
        var fixedBitCount: Int32
        var literalBitCount: Int32
        /// Bytes of a literal in the fixed section.
        var fixedByteCount: Int32
        var marksRepeats: Bool
        /// Literals are numbers among the numbers of the block, and texts among its texts.
        var isNumber: Bool
        var isText: Bool
        var shape: Int32
        /// Within the shape: 0 the start's distance, 1 the duration, from 2 on the shape's own columns.
        var index: Int32
    }

    private(set) var columns: [Column] = []
    /// For each shape the place of its first stored column, and behind them the number of all.
    private(set) var firstColumns: [Int] = []
    /// For each column of each shape its place among the shape's stored ones; -1 if it takes no room.
    private var places: [Int32] = []
    private var firstPlaces: [Int] = []

    init(_ schema: SegmentSchema) {
        for (number, shape) in schema.shapes.enumerated() {
            firstColumns.append(columns.count)
            firstPlaces.append(places.count)
            add(shape.plan.startDelta, number, 0)
            add(shape.plan.duration, number, 1)
            for (index, plan) in shape.plan.columns.enumerated() { add(plan, number, index + 2) }
        }
        firstColumns.append(columns.count)
    }

    /// Memory held, about.
    var byteCount: Int {
        columns.count * MemoryLayout<Column>.stride + places.count * 4 + (firstColumns.count + firstPlaces.count) * 8
    }

    /// The place of a column among the stored ones of its shape; nil if it takes no room.
    @inline(__always)
    func place(_ shape: Int, _ index: Int) -> Int? {
        let place = places[firstPlaces[shape] + index]
        return place < 0 ? nil : Int(place)
    }

    private mutating func add(_ plan: ColumnPlan?, _ shape: Int, _ index: Int) {
        guard let plan, plan.takesRoom else {
            places.append(-1)
            return
        }
        places.append(Int32(columns.count - firstColumns[shape]))
        columns.append(
            Column(
                fixedBitCount: Int32(plan.fixedBitCount), literalBitCount: Int32(plan.literalBitCount),
                fixedByteCount: Int32(plan.fixedByteCount), marksRepeats: plan.marksRepeats,
                isNumber: plan.coding == .number || plan.coding == .decimal || plan.coding == .text,
                isText: plan.coding == .text, shape: Int32(shape), index: Int32(index)))
    }
}
