internal import TraceModel

/// How one column of one shape is kept in all blocks of a segment, as chosen from its values.
struct ColumnPlan {
    var coding: ColumnCoding
    /// A bit a row says that the value is the one that an earlier span of the trace has under the same key.
    var marksRepeats = false
    /// For event times: counted from the end of the span instead of its start.
    var reference = TimeReference.none
    /// Of codes into `list` or `numberList`.
    var width: UInt8 = 0
    /// For `constant` the number of the dictionary, for `sameAs` the earlier column, for `hex` the number of digits.
    var operand: UInt32 = 0
    /// For `number`, `decimal` and the lengths of `text`; for `constantNumber` its base is the number.
    var number = NumberCoding(base: 0, unit: 1, width: 0)
    /// The numbers of the dictionary that codes stand for.
    var list: [UInt32] = []
    /// Likewise for numbers.
    var numberList: [Int64] = []

    enum TimeReference: UInt8 {
        case none = 0
        case spanStart = 1
        case spanEnd = 2
    }

    /// Bits that a row takes among the block's codes, apart from those that only rows without a repeat take.
    var fixedBitCount: Int { coding.fixedBitCount(listWidth: width, number: number, marksRepeats: marksRepeats) }

    /// Bytes that a literal takes in the block's fixed section.
    var fixedByteCount: Int { coding.fixedByteCount(operand: operand) }

    /// Bits of a code into a list of `count` entries.
    static func width(ofListCount count: Int) -> UInt8 {
        count <= 1 ? 0 : UInt8(Int.bitWidth - (count - 1).leadingZeroBitCount)
    }
}

/// How a shape's rows are kept.
struct ShapePlan {
    var startDelta: ColumnPlan?  // nil: spans without start
    var duration: ColumnPlan?
    var columns: [ColumnPlan]
}
