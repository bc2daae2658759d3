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
    /// The numbers of the dictionary that codes stand for. Plans are many: those without a list hold no memory for it.
    var list: [UInt32] = []
    /// Likewise for numbers.
    var numberList: [Int64] = []

    enum TimeReference: UInt8 {
        case none = 0
        case spanStart = 1
        case spanEnd = 2
    }

    /// Rows take bits or numbers among a block's codes, or bytes.
    var takesRoom: Bool {
        switch coding {
        case .constant, .constantNumber, .sameAs, .nothing: false
        case .dictionary, .numberDictionary: width > 0
        case .number, .double, .bool, .uuid, .hex, .decimal, .text: true
        }
    }

    /// Bits that a row takes among the block's codes, apart from those that only rows without a repeat take.
    var fixedBitCount: Int {
        switch coding {
        case .constant, .constantNumber, .sameAs, .double, .nothing: 0
        case .dictionary, .numberDictionary: Int(width)
        case .bool: 1
        case .number: number.width
        case .uuid, .hex: marksRepeats ? 1 : 0
        case .decimal, .text: marksRepeats ? 1 : number.width
        }
    }

    /// Bits that a row without repeat mark takes in addition, where marks are kept.
    var literalBitCount: Int {
        guard marksRepeats else { return 0 }
        switch coding {
        case .decimal, .text: return number.width
        default: return 0
        }
    }

    /// Bytes that a literal takes in the block's fixed section.
    var fixedByteCount: Int {
        switch coding {
        case .uuid: 16
        case .hex: Int(operand) / 2
        case .double: 8
        default: 0
        }
    }

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
