/// How one column is kept, as a schema tells readers: like `ColumnPlan`, with its list elsewhere.
struct StoredPlan: BitwiseCopyable, Sendable {
    var coding: ColumnCoding
    var marksRepeats = false
    var reference = ColumnPlan.TimeReference.none
    /// Of codes into the list.
    var width: UInt8 = 0
    var operand: UInt32 = 0
    /// The list's entries in `lists` or `numberLists` of the schema.
    var firstEntry: Int32 = 0
    var entryCount: Int32 = 0
    var number = NumberCoding(base: 0, unit: 1, width: 0)

    init(coding: ColumnCoding) { self.coding = coding }

    var fixedBitCount: Int { coding.fixedBitCount(listWidth: width, number: number, marksRepeats: marksRepeats) }

    /// Bits that a row without repeat mark takes in addition, where marks are kept.
    var literalBitCount: Int { marksRepeats && (coding == .decimal || coding == .text) ? number.width : 0 }

    var fixedByteCount: Int { coding.fixedByteCount(operand: operand) }

    /// Rows, or literals, have places among the numbers of a block.
    var isNumber: Bool { coding == .number || coding == .decimal || coding == .text }
}

extension ColumnCoding {
    /// Bits that a row takes among the block's codes, apart from those that only rows without a repeat take.
    @inline(__always)
    func fixedBitCount(listWidth: UInt8, number: NumberCoding, marksRepeats: Bool) -> Int {
        switch self {
        case .constant, .constantNumber, .sameAs, .double, .nothing: 0
        case .dictionary, .numberDictionary: Int(listWidth)
        case .bool: 1
        case .number: number.width
        case .uuid, .hex: marksRepeats ? 1 : 0
        case .decimal, .text: marksRepeats ? 1 : number.width
        }
    }

    /// Bytes that a literal takes in the block's fixed section.
    @inline(__always)
    func fixedByteCount(operand: UInt32) -> Int {
        switch self {
        case .uuid: 16
        case .hex: Int(operand) / 2
        case .double: 8
        default: 0
        }
    }
}
