internal import Bytes
internal import TraceModel

/// The values of a block's columns, found by shape, column and row.
///
/// Codes are read at once; bytes outside the dictionary only when one is asked for.
final class BlockValues {
    private let layout: BlockLayout
    /// By place in the layout, as far as they were asked for.
    private var shapes: [BlockLayout.Shape?]
    /// Has this as a part of it.
    private unowned let block: BlockReader
    private let schema: SegmentSchema
    private let codeBytes: [UInt8]
    /// Places among the numbers of the block, ascending, and what stands there.
    let exceptionPlaces: [Int]
    private let exceptions: [UInt64]
    private var knownFixed: [UInt8]?
    private var knownText: (bytes: [UInt8], ends: [UInt32])?

    init(_ block: BlockReader, _ spine: BlockSpine) throws(SegmentError) {
        self.block = block
        schema = block.schema
        codeBytes = try block.section(.codes, padding: BitReader.paddingByteCount)
        let schema = schema
        let layout = codeBytes.withUnsafeBytes { BlockLayout(schema, rowCounts: spine.rowCounts, codes: BitReader($0)) }
        guard let layout else { throw block.corrupt("its codes end early") }
        self.layout = layout
        shapes = Array(repeating: nil, count: layout.shapeCount)
        (exceptionPlaces, exceptions) = try BlockValues.readExceptions(block)
    }

    private static func readExceptions(_ block: BlockReader) throws(SegmentError) -> ([Int], [UInt64]) {
        let content = try block.section(.exceptions)
        var places: [Int] = []
        var values: [UInt64] = []
        let outcome: ByteReaderError? = content.withUnsafeBytes { raw in
            do throws(ByteReaderError) {
                var reader = ByteReader(raw)
                var place = 0
                while !reader.isAtEnd {
                    place += try reader.readCount(max: 1 << 40)
                    places.append(place)
                    values.append(try reader.readVarint())
                }
                return nil
            } catch {
                return error
            }
        }
        if let outcome { throw block.corrupt("exceptions: \(outcome)") }
        return (places, values)
    }

    /// The columns of a shape that has rows in the block.
    func columns(ofShape number: Int) -> BlockLayout.Shape {
        let place = layout.place(ofShape: number)
        if let known = shapes[place] { return known }
        let shape = codeBytes.withUnsafeBytes { layout.columns(ofShape: number, BitReader($0)) }
        shapes[place] = shape
        return shape
    }

    private func exception(at place: Int) -> UInt64? {
        var low = 0
        var high = exceptionPlaces.count
        while low < high {
            let middle = (low + high) / 2
            if exceptionPlaces[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low < exceptions.count && exceptionPlaces[low] == place ? exceptions[low] : nil
    }

    @inline(__always)
    private func code(at bit: Int, width: Int) -> UInt64 {
        codeBytes.withUnsafeBytes { BitReader($0).code(at: bit, width: width) }
    }

    // MARK: Numbers

    /// A value of a number column: `place` is its row, or among the literals its place.
    func number(_ plan: StoredPlan, _ column: BlockLayout.Column, place: Int) throws(SegmentError) -> Int64 {
        switch plan.coding {
        case .constantNumber:
            return plan.number.base
        case .numberDictionary:
            let code = dictionaryCode(plan, column, row: place)
            guard code < plan.entryCount else { throw block.corrupt("number \(code) is not in its list") }
            return schema.numberLists[Int(plan.firstEntry) + code]
        default:
            let width = plan.number.width
            let first = plan.marksRepeats ? column.literalBit : column.bit
            let code = code(at: first + place * width, width: width)
            guard code == plan.number.escape else { return plan.number.value(code: code) }
            guard let exception = exception(at: column.firstNumber + place) else {
                throw block.corrupt("an exceptional number is missing")
            }
            return plan.number.value(exception: exception)
        }
    }

    /// The first `count` values of a number column, or of the literals of one with repeat marks.
    func numbers(_ plan: StoredPlan, _ column: BlockLayout.Column, count: Int) throws(SegmentError) -> [Int64] {
        if plan.coding == .constantNumber { return Array(repeating: plan.number.base, count: count) }
        guard plan.isNumber else {
            var numbers: [Int64] = []
            numbers.reserveCapacity(count)
            for place in 0..<count { numbers.append(try number(plan, column, place: place)) }
            return numbers
        }
        var escaped: [Int] = []
        let coding = plan.number
        let first = plan.marksRepeats ? column.literalBit : column.bit
        var numbers = codeBytes.withUnsafeBytes { raw in
            let reader = BitReader(raw)
            return [Int64](unsafeUninitializedCapacity: count) { buffer, filled in
                for place in 0..<count {
                    let code = reader.code(at: first &+ place &* coding.width, width: coding.width)
                    if code == coding.escape { escaped.append(place) }
                    buffer[place] = coding.value(code: code)
                }
                filled = count
            }
        }
        for place in escaped { numbers[place] = try number(plan, column, place: place) }
        return numbers
    }

    /// The first `count` values of a column with a list: numbers of the dictionary.
    func dictionaryNumbers(
        _ plan: StoredPlan, _ column: BlockLayout.Column, count: Int
    ) throws(SegmentError) -> [UInt32] {
        var isGood = true
        let entryCount = UInt64(plan.entryCount)
        let width = Int(plan.width)
        let numbers = codeBytes.withUnsafeBytes { raw in
            let reader = BitReader(raw)
            return schema.lists.withUnsafeBufferPointer { lists in
                [UInt32](unsafeUninitializedCapacity: count) { buffer, filled in
                    for row in 0..<count {
                        let code = reader.code(at: column.bit &+ row &* width, width: width)
                        if code >= entryCount {
                            isGood = false
                            buffer[row] = 0
                        } else {
                            buffer[row] = lists[Int(plan.firstEntry) &+ Int(code)]
                        }
                    }
                    filled = count
                }
            }
        }
        guard isGood else { throw block.corrupt("a code is not in its list") }
        return numbers
    }

    /// Whether a row repeats what its trace has had; only for columns with repeat marks.
    func isRepeat(_ column: BlockLayout.Column, row: Int) -> Bool { code(at: column.bit + row, width: 1) != 0 }

    /// The bits of a double.
    func double(_ plan: StoredPlan, _ column: BlockLayout.Column, row: Int) throws(SegmentError) -> UInt64 {
        guard plan.coding == .double else { return UInt64(bitPattern: try number(plan, column, place: row)) }
        let offset = column.fixed + row * 8
        let bytes = try fixed()
        guard offset + 8 <= bytes.count else { throw block.corrupt("its fixed-size values end early") }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    }

    func bool(_ column: BlockLayout.Column, row: Int) -> Bool { code(at: column.bit + row, width: 1) != 0 }

    // MARK: Strings

    /// The code of a row in a column kept as a list.
    @inline(__always)
    func dictionaryCode(_ plan: StoredPlan, _ column: BlockLayout.Column, row: Int) -> Int {
        Int(code(at: column.bit &+ row &* Int(plan.width), width: Int(plan.width)))
    }

    /// The number of the string that a row has in a column kept in the dictionary.
    func dictionaryNumber(
        _ plan: StoredPlan, _ column: BlockLayout.Column, row: Int
    ) throws(SegmentError) -> UInt32 {
        if plan.coding == .constant { return plan.operand }
        let code = dictionaryCode(plan, column, row: row)
        guard code < plan.entryCount else { throw block.corrupt("code \(code) is not in its list") }
        return schema.lists[Int(plan.firstEntry) + code]
    }

    /// The place of a row among the literals of its column; nil if the row repeats what its trace has had.
    func literalPlace(_ plan: StoredPlan, _ column: BlockLayout.Column, row: Int) -> Int? {
        guard plan.marksRepeats else { return row }
        return codeBytes.withUnsafeBytes { raw in
            let reader = BitReader(raw)
            guard reader.code(at: column.bit + row, width: 1) == 0 else { return nil }
            return row - reader.ones(from: column.bit, count: row)
        }
    }

    /// Writes the literal at a place of a column.
    func readLiteral(
        _ plan: StoredPlan, _ column: BlockLayout.Column, place: Int, into value: inout [UInt8]
    ) throws(SegmentError) {
        value.removeAll(keepingCapacity: true)
        try withLiteral(plan, column, place: place) { value.append(contentsOf: $0) }
    }

    /// Calls `body` with the literal at a place of a column.
    @inline(__always)
    func withLiteral<Value>(
        _ plan: StoredPlan, _ column: BlockLayout.Column, place: Int, _ body: (UnsafeRawBufferPointer) -> Value
    ) throws(SegmentError) -> Value {
        switch plan.coding {
        case .decimal:
            let number = try number(plan, column, place: place)
            guard number >= 0 else { throw block.corrupt("a negative number where text is made of one") }
            return LiteralText.withDecimal(number, body)
        case .text:
            let text = try text()
            let index = column.firstText + place
            let start = index == 0 ? 0 : Int(text.ends[index - 1])
            let end = Int(text.ends[index])
            return text.bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
        default:
            let count = plan.fixedByteCount
            let offset = column.fixed + place * count
            let bytes = try fixed()
            guard offset + count <= bytes.count else { throw block.corrupt("its fixed-size values end early") }
            return bytes.withUnsafeBytes { raw in
                let own = UnsafeRawBufferPointer(rebasing: raw[offset..<offset + count])
                return plan.coding == .uuid ? LiteralText.withUUID(own, body) : LiteralText.withHex(own, body)
            }
        }
    }

    private func fixed() throws(SegmentError) -> [UInt8] {
        if let knownFixed { return knownFixed }
        let bytes = try block.section(.fixed)
        knownFixed = bytes
        return bytes
    }

    /// The texts and the end of each: their lengths are numbers of their columns.
    private func text() throws(SegmentError) -> (bytes: [UInt8], ends: [UInt32]) {
        if let knownText { return knownText }
        let bytes = try block.section(.text)
        var ends: [UInt32] = []
        var end = 0
        for shape in layout.textShapes {
            for (index, column) in columns(ofShape: shape).columns.enumerated() {
                let plan = schema.plan(shape, index)
                guard plan.coding == .text else { continue }
                for length in try numbers(plan, column, count: column.literalCount) {
                    guard length >= 0, length <= bytes.count - end else { throw block.corrupt("its texts end early") }
                    end += Int(length)
                    ends.append(UInt32(end))
                }
            }
        }
        knownText = (bytes, ends)
        return (bytes, ends)
    }

    /// Reads what is only read when it is asked for.
    func readAll() throws(SegmentError) {
        _ = try fixed()
        _ = try text()
    }
}
