internal import Bytes
internal import TraceModel

/// Dictionary, shapes and plans of the segment that several become, made from theirs without a look at most spans.
struct MergedSchema {
    /// What a shape of an input is in the new segment.
    struct ShapeMap {
        var shape: Int32 = -1
        /// For each column of the new shape the input's column.
        var columns: [Int32] = []
    }

    private(set) var shapes: [SegmentAssembly.Shape] = []
    private(set) var plans: [ShapePlan] = []
    /// For each input and each of its shapes; shapes that are not used have none.
    private(set) var maps: [[ShapeMap]] = []
    /// For each input the new numbers of its strings.
    private(set) var stringNumbers: [[UInt32]] = []
    private let bytes: ByteArena
    private var stringPlaces: [UnsafeRawBufferPointer] = []

    /// - Parameter usage: what is used of the inputs, and the numbers that occur; nil: all, and some are looked at.
    init(_ source: MergeSource, usage: DictionaryUsage?) throws(SegmentError) {
        var dictionaries: [SegmentDictionary] = []
        for reader in source.readers { dictionaries.append(try reader.dictionary()) }
        bytes = ByteArena()
        var strings = SegmentStrings()
        for (input, dictionary) in dictionaries.enumerated() {
            var numbers = [UInt32](repeating: 0, count: dictionary.count)
            for number in 1..<max(dictionary.count, 1) where usage?.strings[input][number] != false {
                numbers[number] = dictionary.withString(UInt32(number)) { strings.intern($0, keepingIn: bytes) }
            }
            stringNumbers.append(numbers)
        }
        var members: [[ColumnPlanMerger.Member]] = []
        addShapes(dictionaries, usage, &members)
        var samples = usage?.samples ?? NumberSamples()
        var lists: [LiteralCensus.Place: Set<UInt32>] = [:]
        if usage == nil {
            for (input, reader) in source.readers.enumerated() {
                let block = try source.block(try reader.blockCount() / 2, ofInput: input)
                for trace in 0..<block.traces.count {
                    samples.add(block, trace, maps[input], dictionaries[input].schema)
                }
            }
            let census = try LiteralCensus(source, self, dictionaries)
            for (place, values) in census.lists {
                lists[place] = Set(values.map { strings.intern(census.string($0), keepingIn: bytes) })
            }
        }
        for number in 0..<strings.count { stringPlaces.append(strings[number]) }
        let places = stringPlaces
        let merger = ColumnPlanMerger(
            dictionaries: dictionaries, stringNumbers: stringNumbers, lists: lists, isPrivate: usage != nil
        ) { places[Int($0)] }
        for (number, shape) in shapes.enumerated() {
            plans.append(merger.plan(number, shape, members[number], samples.values(ofShape: number)))
        }
    }

    /// The dictionary, with a number for each string.
    func makeStrings() -> SegmentStrings {
        var strings = SegmentStrings()
        for place in stringPlaces.dropFirst() { _ = strings.intern(place) }
        return strings
    }

    private mutating func addShapes(
        _ dictionaries: [SegmentDictionary], _ usage: DictionaryUsage?, _ members: inout [[ColumnPlanMerger.Member]]
    ) {
        var numbers: [[UInt32]: Int32] = [:]
        for (input, dictionary) in dictionaries.enumerated() {
            var own: [ShapeMap] = []
            for number in dictionary.schema.shapes.indices {
                guard usage?.shapes[input][number] != false else {
                    own.append(ShapeMap())
                    continue
                }
                let (words, order) = words(of: number, dictionary.schema, stringNumbers[input])
                var map = ShapeMap(shape: numbers[words] ?? Int32(shapes.count), columns: order)
                if map.shape == shapes.count {
                    numbers[words] = map.shape
                    shapes.append(
                        SegmentAssembly.Shape(
                            serviceName: words[0], operationName: words[1], traits: words[2],
                            hasStart: words[3] & 1 != 0, hasDuration: words[3] & 2 != 0,
                            columns: words[4...].map { SpanColumn(rawValue: $0) }))
                    members.append([])
                }
                members[Int(map.shape)].append(.init(input: input, shape: number, columns: order))
                map.columns = order
                own.append(map)
            }
            maps.append(own)
        }
    }

    /// A shape in the new segment's numbers, and the order in which its columns stand there: attributes by the new
    /// numbers of their keys, unless their order means something.
    private func words(
        of number: Int, _ schema: SegmentSchema, _ strings: [UInt32]
    ) -> (words: [UInt32], order: [Int32]) {
        let shape = schema.shapes[number]
        let columns = schema.columns(ofShape: number).map { column in
            column.hasKeyString
                ? SpanColumn(column.role, key: strings[Int(column.key)], type: column.type) : column
        }
        var order = (0..<Int32(columns.count)).map { $0 }
        if !shape.traits.hasOrderedAttributes, let first = columns.firstIndex(where: { $0.role == .attribute }) {
            // Attributes stand behind all other columns; those with the same key keep their order.
            order[first...].sort { a, b in (columns[Int(a)].key, a) < (columns[Int(b)].key, b) }
        }
        let presence: UInt32 = (shape.hasStart ? 1 : 0) | (shape.hasDuration ? 2 : 0)
        let head = [
            strings[Int(shape.serviceName)], strings[Int(shape.operationName)], shape.traits.rawValue, presence,
        ]
        return (head + order.map { columns[Int($0)].rawValue }, order)
    }

    /// Puts the code in the place of each value that is kept as a code into its column's list, which is sorted.
    func replaceValuesByCodes(_ assembly: inout SegmentAssembly) {
        for (number, plan) in plans.enumerated() where assembly.shapes[number].rowCount > 0 {
            let rowCount = assembly.shapes[number].rowCount
            for (index, column) in plan.columns.enumerated() where column.coding == .dictionary {
                let values = assembly.references.start + assembly.shapes[number].firstValues[index]
                column.list.withUnsafeBufferPointer { list in
                    for row in 0..<rowCount { values[row] = UInt32(list.place(of: values[row])) }
                }
            }
        }
    }
}

extension UnsafeBufferPointer<UInt32> {
    /// The place of a value that is there; sorted.
    @inline(__always)
    fileprivate func place(of value: UInt32) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) / 2
            if self[middle] < value { low = middle &+ 1 } else { high = middle }
        }
        precondition(low < count && self[low] == value, "the list was made from all values of the inputs")
        return low
    }
}

/// Bytes that stay where they are.
final class ByteArena {
    private var chunks: [UnsafeMutableRawBufferPointer] = []
    private var used = 0

    private static let chunkByteCount = 1 << 18

    deinit { for chunk in chunks { chunk.deallocate() } }

    func keep(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if chunks.isEmpty || used + bytes.count > chunks[chunks.count - 1].count {
            chunks.append(.allocate(byteCount: max(Self.chunkByteCount, bytes.count), alignment: 1))
            used = 0
        }
        let place = UnsafeMutableRawBufferPointer(rebasing: chunks[chunks.count - 1][used..<used + bytes.count])
        place.copyMemory(from: bytes)
        used += bytes.count
        return UnsafeRawBufferPointer(place)
    }
}

extension SegmentStrings {
    /// The number of a string, whose bytes are copied if it is new.
    mutating func intern(_ bytes: UnsafeRawBufferPointer, keepingIn arena: ByteArena) -> UInt32 {
        find(bytes) ?? intern(arena.keep(bytes))
    }
}
