internal import Bytes
internal import TraceModel

/// Finds the keys whose values some inputs keep as literals although they are few: in each input alone they were many
/// for its rows, in all together the same ones come again and again.
///
/// All columns with a key become lists, or none: a literal is cheap where the trace has had it under the same key, and
/// that is only so among literals.
struct LiteralCensus {
    /// A column of a shape of the new segment.
    struct Place: Hashable {
        var shape: Int
        var column: Int
    }

    /// All values that occur outside the dictionaries in the columns that are to become lists.
    private(set) var lists: [Place: Set<UInt32>] = [:]
    /// What their numbers stand for.
    private var strings: [UnsafeRawBufferPointer] = []
    private let arena = ByteArena()

    private let source: MergeSource
    private let schema: MergedSchema
    private let dictionaries: [SegmentDictionary]

    /// What was counted of a key.
    private struct Count {
        var rowCount = 0
        /// Of those that are literals, repeats included, and of these the ones that repeat none of their trace.
        var literalRowCount = 0
        var storedCount = 0
        var values: Set<UInt32> = []
        var plan: StoredPlan?
    }

    func string(_ number: UInt32) -> UnsafeRawBufferPointer { strings[Int(number)] }

    init(
        _ source: MergeSource, _ schema: MergedSchema, _ dictionaries: [SegmentDictionary]
    ) throws(SegmentError) {
        self.source = source
        self.schema = schema
        self.dictionaries = dictionaries
        var table = SegmentStrings()
        var sample: [UInt32: Count] = [:]
        var ignored: [Place: Set<UInt32>] = [:]
        for (input, reader) in source.readers.enumerated() {
            let block = try source.block(try reader.blockCount() / 2, ofInput: input)
            count(block, input, into: &sample, &ignored, &table) { _ in true }
        }
        // Where values come again in all, some come again in a few blocks.
        let hopeful = Set(sample.filter { $0.value.values.count * 10 < $0.value.storedCount * 9 }.keys)
        guard !hopeful.isEmpty else { return }
        var all: [UInt32: Count] = [:]
        var values: [Place: Set<UInt32>] = [:]
        for input in source.readers.indices {
            try countAll(input, hopeful, into: &all, &values, &table)
        }
        addListedValues(to: &all, &table)
        let chosen = Set(all.filter { Self.isListCheaper($0.value, table) }.keys)
        lists = values.filter { chosen.contains(schema.shapes[$0.key.shape].columns[$0.key.column].censusKey) }
        for number in 0..<table.count { strings.append(table[number]) }
    }

    private func countAll(
        _ input: Int, _ hopeful: Set<UInt32>, into counts: inout [UInt32: Count], _ values: inout [Place: Set<UInt32>],
        _ table: inout SegmentStrings
    ) throws(SegmentError) {
        let old = dictionaries[input].schema
        for number in 0..<(try source.readers[input].blockCount()) {
            let block = try source.readers[input].openBlock(number)
            var isNeeded = false
            for (shape, rowCount) in try block.spine().rowCounts.enumerated() where rowCount > 0 {
                for (index, column) in old.columns(ofShape: shape).enumerated() where column.type.isReference {
                    let key = schema.censusKey(column, input)
                    guard hopeful.contains(key) else { continue }
                    counts[key, default: Count()].rowCount += Int(rowCount)
                    if old.resolvedPlan(shape, index).plan.coding.isLiteral { isNeeded = true }
                }
            }
            guard isNeeded else { continue }
            let decoded = try source.block(number, ofInput: input)
            count(decoded, input, into: &counts, &values, &table) { hopeful.contains($0) }
        }
    }

    /// Takes in the values that stand in the inputs' lists, for the keys that were counted.
    private func addListedValues(to counts: inout [UInt32: Count], _ table: inout SegmentStrings) {
        for (input, dictionary) in dictionaries.enumerated() {
            let old = dictionary.schema
            for shape in old.shapes.indices {
                for (index, column) in old.columns(ofShape: shape).enumerated() where column.type.isReference {
                    let key = schema.censusKey(column, input)
                    guard counts[key] != nil else { continue }
                    let plan = old.resolvedPlan(shape, index).plan
                    guard plan.coding == .constant || plan.coding == .dictionary else { continue }
                    for number in plan.coding == .constant ? [plan.operand] : old.list(plan) {
                        let value = dictionary.withString(number) { table.intern($0, keepingIn: arena) }
                        counts[key]?.values.insert(value)
                    }
                }
            }
        }
    }

    /// `ColumnPlanner` weighs the two in the same way.
    private static func isListCheaper(_ count: Count, _ table: borrowing SegmentStrings) -> Bool {
        guard let plan = count.plan, !count.values.isEmpty, count.literalRowCount > 0 else { return false }
        var textByteCount = 0
        for value in count.values { textByteCount += table.byteCount(Int(value)) }
        let stored = count.rowCount * count.storedCount / count.literalRowCount
        let literalBitCount =
            switch plan.coding {
            case .text: stored * (textByteCount / count.values.count * 3 + 8)
            case .decimal: stored * (plan.number.width + 1)
            default: stored * plan.fixedByteCount * 8
            }
        let marks = stored < count.rowCount ? count.rowCount : 0
        let dictionaryBitCount =
            count.rowCount * Int(ColumnPlan.width(ofListCount: count.values.count)) + count.values.count * 20
            + textByteCount * (plan.coding == .text ? 3 : 5)
        return dictionaryBitCount < literalBitCount + marks
    }

    /// Counts the literals of a block.
    private func count(
        _ block: DecodedBlock, _ input: Int, into counts: inout [UInt32: Count], _ found: inout [Place: Set<UInt32>],
        _ table: inout SegmentStrings, where isWanted: (UInt32) -> Bool
    ) {
        let old = dictionaries[input].schema
        var numbers = [UInt32](repeating: 0, count: block.literalCount)
        for (oldShape, shapePlace) in block.shapePlaces.enumerated() where shapePlace >= 0 {
            let map = schema.maps[input][oldShape]
            for (column, oldColumn) in map.columns.enumerated() {
                let key = schema.shapes[Int(map.shape)].columns[column].censusKey
                let (index, plan) = old.resolvedPlan(oldShape, Int(oldColumn))
                guard plan.coding.isLiteral, isWanted(key),
                    case .references(let values) = block.shapes[Int(shapePlace)][index]
                else { continue }
                var own = counts.removeValue(forKey: key) ?? Count()
                let place = Place(shape: Int(map.shape), column: column)
                var ownValues = found.removeValue(forKey: place) ?? []
                own.literalRowCount += values.count
                if own.plan == nil || plan.coding == .text { own.plan = plan }
                for value in values {
                    let literal = Int(value) - block.dictionaryCount
                    if numbers[literal] == 0 {
                        numbers[literal] = table.intern(block.literal(literal), keepingIn: arena)
                        own.storedCount += 1
                        own.values.insert(numbers[literal])
                    }
                    ownValues.insert(numbers[literal])
                }
                counts[key] = own
                found[place] = ownValues
            }
        }
    }
}

extension SpanColumn {
    /// What values are counted under: the key of attributes, the field, or the names of events.
    fileprivate var censusKey: UInt32 { key | UInt32(role.rawValue) << 28 }
}

extension MergedSchema {
    /// The key that a column of an input is counted under.
    fileprivate func censusKey(_ column: SpanColumn, _ input: Int) -> UInt32 {
        guard column.hasKeyString else { return column.censusKey }
        return SpanColumn(column.role, key: stringNumbers[input][Int(column.key)], type: column.type).censusKey
    }
}
