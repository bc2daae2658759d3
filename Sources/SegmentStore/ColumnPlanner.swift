internal import Bytes
internal import TraceModel

/// Chooses how each column of an assembly is kept, and gives the strings that stay in the dictionary their numbers.
struct ColumnPlanner: ~Copyable {
    /// For a string of the assembly: its number in the segment's dictionary, or 0 if it is not in it (or empty).
    private(set) var dictionaryNumbers: [UInt32]
    /// Numbers of the assembly's strings that make the dictionary, in its order; the first is the empty string.
    private(set) var dictionary: [UInt32] = [0]

    /// For a string: the column that met it last, and its code there.
    private var columnsSeen: [UInt32]
    private var codes: [UInt32]
    private var column: UInt32 = 0

    init(_ assembly: borrowing SegmentAssembly) {
        dictionaryNumbers = Array(repeating: 0, count: assembly.strings.count)
        columnsSeen = Array(repeating: 0, count: assembly.strings.count)
        codes = Array(repeating: 0, count: assembly.strings.count)
    }

    /// Plans every shape. Keys and names get into the dictionary first: they are the most used.
    mutating func plan(_ assembly: borrowing SegmentAssembly) -> [ShapePlan] {
        for shape in assembly.shapes {
            _ = number(shape.serviceName)
            _ = number(shape.operationName)
            for column in shape.columns where column.hasKeyString { _ = number(column.key) }
        }
        let distinct = assembly.shapes.map { distinctValues($0, assembly) }
        let repeats = RepeatCounter.count(assembly, candidates: distinct)
        return assembly.shapes.indices.map { plan(assembly.shapes[$0], assembly, distinct[$0], repeats[$0]) }
    }

    /// The dictionary's number for a string of the assembly, which it enters if it has to.
    mutating func number(_ string: UInt32) -> UInt32 {
        if string == 0 || dictionaryNumbers[Int(string)] != 0 { return dictionaryNumbers[Int(string)] }
        let number = UInt32(dictionary.count)
        dictionary.append(string)
        dictionaryNumbers[Int(string)] = number
        return number
    }

    private mutating func plan(
        _ shape: SegmentAssembly.Shape, _ assembly: borrowing SegmentAssembly, _ distinct: [[UInt32]], _ repeats: [Int]
    ) -> ShapePlan {
        var plan = ShapePlan(columns: [])
        func numbers(_ first: Int) -> UnsafeBufferPointer<Int64> {
            UnsafeBufferPointer(start: assembly.numbers.start + first, count: shape.rowCount)
        }
        if shape.hasStart { plan.startDelta = numberPlan(numbers(shape.firstStartDelta)) }
        if shape.hasDuration { plan.duration = numberPlan(numbers(shape.firstDuration)) }
        for (index, column) in shape.columns.enumerated() {
            let first = shape.firstValues[index]
            switch column.type {
            case .none: plan.columns.append(ColumnPlan(coding: .nothing))
            case .bool: plan.columns.append(ColumnPlan(coding: .bool))
            case .int where column.role == .event: plan.columns.append(eventTimePlan(shape, first, assembly))
            case .int: plan.columns.append(numberPlan(numbers(first)))
            case .double: plan.columns.append(doublePlan(numbers(first)))
            case .string, .bytes, .array, .map:
                if let twin = twin(of: index, in: shape, plan.columns, assembly, distinct) {
                    var same = ColumnPlan(coding: .sameAs)
                    same.operand = UInt32(twin)
                    plan.columns.append(same)
                } else {
                    plan.columns.append(
                        referencePlan(column, distinct[index], shape.rowCount, repeats[index], assembly))
                }
            }
        }
        return plan
    }

    // MARK: Numbers

    private func numberPlan(_ values: UnsafeBufferPointer<Int64>) -> ColumnPlan {
        if let constant = constantPlan(values) { return constant }
        if let listed = numberListPlan(values) { return listed }
        var plan = ColumnPlan(coding: .number)
        plan.number = .best(for: values)
        return plan
    }

    private func constantPlan(_ values: UnsafeBufferPointer<Int64>) -> ColumnPlan? {
        guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
        var plan = ColumnPlan(coding: .constantNumber)
        plan.number.base = first
        return plan
    }

    /// A list pays where few numbers come often.
    private func numberListPlan(_ values: UnsafeBufferPointer<Int64>) -> ColumnPlan? {
        var distinct: [Int64: Int] = [:]
        for value in values {
            distinct[value, default: 0] += 1
            if distinct.count > min(64, values.count / 8) { return nil }
        }
        var plan = ColumnPlan(coding: .numberDictionary)
        plan.numberList = distinct.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        plan.width = ColumnPlan.width(ofListCount: plan.numberList.count)
        return plan
    }

    private func doublePlan(_ values: UnsafeBufferPointer<Int64>) -> ColumnPlan {
        constantPlan(values) ?? numberListPlan(values) ?? ColumnPlan(coding: .double)
    }

    /// Event times are counted from the span's start or end, whichever is nearer.
    private func eventTimePlan(
        _ shape: SegmentAssembly.Shape, _ first: Int, _ assembly: borrowing SegmentAssembly
    ) -> ColumnPlan {
        let fromStart = UnsafeBufferPointer(start: assembly.numbers.start + first, count: shape.rowCount)
        var best = numberPlan(fromStart)
        best.reference = shape.hasStart ? .spanStart : .none
        guard shape.hasStart && shape.hasDuration else { return best }
        let durations = UnsafeBufferPointer(start: assembly.numbers.start + shape.firstDuration, count: shape.rowCount)
        let fromEnd = zip(fromStart, durations).map { $0 &- $1 }
        var other = fromEnd.withUnsafeBufferPointer { numberPlan($0) }
        other.reference = .spanEnd
        if other.fixedBitCount < best.fixedBitCount { best = other }
        return best
    }

    // MARK: Strings

    private mutating func referencePlan(
        _ column: SpanColumn, _ distinct: [UInt32], _ rowCount: Int, _ repeatCount: Int,
        _ assembly: borrowing SegmentAssembly
    ) -> ColumnPlan {
        if distinct.count == 1 {
            var plan = ColumnPlan(coding: .constant)
            plan.operand = number(distinct[0])
            return plan
        }
        if let literal = literalPlan(column, distinct, rowCount, repeatCount, assembly) { return literal }
        var plan = ColumnPlan(coding: .dictionary)
        plan.list = distinct.map { number($0) }
        plan.width = ColumnPlan.width(ofListCount: distinct.count)
        return plan
    }

    /// For each column of the shape its values in the order of their first coming; none for numbers.
    private mutating func distinctValues(
        _ shape: SegmentAssembly.Shape, _ assembly: borrowing SegmentAssembly
    ) -> [[UInt32]] {
        var result: [[UInt32]] = []
        for (index, type) in shape.columns.lazy.map(\.type).enumerated() {
            var distinct: [UInt32] = []
            if type.isReference {
                column += 1
                let values = assembly.references.start + shape.firstValues[index]
                for row in 0..<shape.rowCount where columnsSeen[Int(values[row])] != column {
                    columnsSeen[Int(values[row])] = column
                    distinct.append(values[row])
                }
            }
            result.append(distinct)
        }
        return result
    }

    /// An earlier column with the same value in every row, if it is not constant (then it is as cheap without).
    private func twin(
        of index: Int, in shape: SegmentAssembly.Shape, _ plans: [ColumnPlan], _ assembly: borrowing SegmentAssembly,
        _ distinct: [[UInt32]]
    ) -> Int? {
        guard distinct[index].count > 1 else { return nil }
        for other in 0..<index where distinct[other].count == distinct[index].count {
            guard shape.columns[other].type.isReference, plans[other].coding != .sameAs,
                distinct[other] == distinct[index]
            else { continue }
            let own = assembly.references.start + shape.firstValues[index]
            let its = assembly.references.start + shape.firstValues[other]
            if sameBytes(own, its, shape.rowCount * MemoryLayout<UInt32>.stride) { return other }
        }
        return nil
    }

    /// A plan that keeps the values out of the dictionary; nil if the dictionary is cheaper.
    private func literalPlan(
        _ column: SpanColumn, _ distinct: [UInt32], _ rowCount: Int, _ repeatCount: Int,
        _ assembly: borrowing SegmentAssembly
    ) -> ColumnPlan? {
        guard RepeatCounter.isCandidate(distinctCount: distinct.count, rowCount: rowCount) else { return nil }
        var textByteCount = 0
        for value in distinct { textByteCount += assembly.strings.byteCount(Int(value)) }
        var plan = literalCoding(distinct, isText: column.type == .string, assembly)
        let literalCount = rowCount - repeatCount
        plan.marksRepeats = repeatCount * 8 > rowCount
        let stored = plan.marksRepeats ? literalCount : rowCount
        let averageByteCount = textByteCount / distinct.count
        // Text packs to about two fifths of its size, in the dictionary as well as outside.
        let literalBitCount =
            switch plan.coding {
            case .text: stored * (averageByteCount * 3 + 8)
            case .decimal: stored * (plan.number.width + 1)
            default: stored * plan.fixedByteCount * 8
            }
        let marks = plan.marksRepeats ? rowCount : 0
        let dictionaryBitCount =
            rowCount * Int(ColumnPlan.width(ofListCount: distinct.count)) + distinct.count * 20
            + textByteCount * (plan.coding == .text ? 3 : 5)
        guard literalBitCount + marks < dictionaryBitCount else { return nil }
        if plan.coding == .text {
            let lengths = distinct.map { Int64(assembly.strings.byteCount(Int($0))) }
            plan.number = lengths.withUnsafeBufferPointer { .best(for: $0) }
        }
        return plan
    }

    /// The form that holds for each of the values.
    private func literalCoding(
        _ distinct: [UInt32], isText: Bool, _ assembly: borrowing SegmentAssembly
    ) -> ColumnPlan {
        var plan = ColumnPlan(coding: .text)
        guard isText else { return plan }
        let first = assembly.strings[Int(distinct[0])]
        if first.count == LiteralText.uuidByteCount,
            distinct.allSatisfy({ LiteralText.isUUID(assembly.strings[Int($0)]) })
        {
            plan.coding = .uuid
            return plan
        }
        var numbers: [Int64] = []
        for value in distinct {
            guard let number = LiteralText.decimal(assembly.strings[Int(value)]) else { break }
            numbers.append(number)
        }
        if numbers.count == distinct.count {
            plan.coding = .decimal
            plan.number = numbers.withUnsafeBufferPointer { .best(for: $0) }
            return plan
        }
        let count = first.count
        if count % 2 == 0 && (4...128).contains(count),
            distinct.allSatisfy({ assembly.strings.byteCount(Int($0)) == count })
        {
            if distinct.allSatisfy({ LiteralText.isHex(assembly.strings[Int($0)]) }) {
                plan.coding = .hex
                plan.operand = UInt32(count)
            }
        }
        return plan
    }
}

/// Counts the rows of columns with many values that repeat what an earlier span of their trace has under the same key.
enum RepeatCounter {
    /// Whether a column has so many values that they may be better kept out of the dictionary.
    static func isCandidate(distinctCount: Int, rowCount: Int) -> Bool {
        distinctCount > 2 && distinctCount * 8 > rowCount
    }

    /// - Parameter candidates: the distinct values of each column of each shape.
    /// - Returns: for each column of each shape the number of rows.
    static func count(_ assembly: borrowing SegmentAssembly, candidates: [[[UInt32]]]) -> [[Int]] {
        var counts = assembly.shapes.map { Array(repeating: 0, count: $0.columns.count) }
        let watched: [[(column: Int, key: Int)]] = assembly.shapes.indices.map { number in
            let shape = assembly.shapes[number]
            return shape.columns.indices.compactMap { index in
                let distinctCount = candidates[number][index].count
                guard isCandidate(distinctCount: distinctCount, rowCount: shape.rowCount),
                    let key = assembly.repeatKey(shape.columns[index])
                else { return nil }
                return (index, key)
            }
        }
        guard watched.contains(where: { !$0.isEmpty }) else { return counts }
        var seen = RepeatMemory(keyCount: assembly.repeatKeyCount)
        var rows = Array(repeating: 0, count: assembly.shapes.count)
        for trace in assembly.traces {
            seen.beginTrace()
            for span in trace.firstSpan..<trace.firstSpan + trace.spanCount {
                let shape = Int(assembly.shapeOfSpan[span])
                let row = rows[shape]
                rows[shape] = row + 1
                for (index, key) in watched[shape] {
                    let value = assembly.references[assembly.shapes[shape].firstValues[index] + row]
                    if seen.repeats(key: key, value: value) { counts[shape][index] += 1 }
                }
            }
        }
        return counts
    }
}

/// The last value that a trace's spans had under each key.
struct RepeatMemory {
    private var traces: [UInt32]
    private var values: [UInt32]
    private var trace: UInt32 = 0

    init(keyCount: Int) {
        traces = Array(repeating: 0, count: keyCount)
        values = Array(repeating: 0, count: keyCount)
    }

    mutating func beginTrace() { trace += 1 }

    /// Whether the trace's last value under the key is this one; from now on it is.
    @inline(__always)
    mutating func repeats(key: Int, value: UInt32) -> Bool {
        if traces[key] == trace && values[key] == value { return true }
        traces[key] = trace
        values[key] = value
        return false
    }
}
