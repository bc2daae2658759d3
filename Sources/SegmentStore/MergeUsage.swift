internal import TraceModel

/// Some of the numbers that the columns of each new shape have: what codings are chosen by.
struct NumberSamples {
    /// By shape: 0 the start's distance, 1 the duration, from 2 on the columns of numbers; as many of each.
    private var values: [Int: [[Int64]]] = [:]

    private static let countMax = 2048

    func values(ofShape shape: Int) -> [[Int64]] { values[shape] ?? [] }

    /// Takes in the spans of a trace of a block.
    mutating func add(_ block: DecodedBlock, _ trace: Int, _ maps: [MergedSchema.ShapeMap], _ schema: SegmentSchema) {
        var previous = block.traces.baseStarts[trace]
        for span in block.traces.spans(trace) {
            let number = Int(block.spine.shapes[span])
            let map = maps[number]
            let start = block.starts[span]
            let delta = start &- previous
            if start != SpanBatch.absentTime { previous = start }
            var own = values.removeValue(forKey: Int(map.shape)) ?? Array(repeating: [], count: map.columns.count + 2)
            defer { values[Int(map.shape)] = own }
            guard own[0].count < Self.countMax, own[1].count < Self.countMax else { continue }
            if start != SpanBatch.absentTime { own[0].append(delta) }
            if block.durations[span] != SpanBatch.absentTime { own[1].append(block.durations[span]) }
            let columns = block.shapes[Int(block.shapePlaces[number])]
            for (index, column) in map.columns.enumerated() {
                switch columns[Int(column)] {
                case .number(let value): own[index + 2].append(value)
                case .numbers(let values): own[index + 2].append(values[Int(block.spine.rows[span])])
                default: break
                }
            }
        }
    }
}

/// What spans that stay use of the dictionaries and shapes of the inputs, and the numbers that they have.
struct DictionaryUsage {
    private(set) var strings: [[Bool]] = []
    private(set) var shapes: [[Bool]] = []
    private(set) var samples = NumberSamples()

    init(_ parts: inout MergeParts, _ source: MergeSource, spanCountMax: Int) throws(SegmentError) {
        var dictionaries: [SegmentDictionary] = []
        for reader in source.readers {
            let dictionary = try reader.dictionary()
            dictionaries.append(dictionary)
            strings.append(Array(repeating: false, count: dictionary.count))
            shapes.append(Array(repeating: false, count: dictionary.schema.shapes.count))
        }
        parts.rewind()
        while let some = parts.next(spanCountMax: spanCountMax) {
            for part in some {
                let input = Int(part.input)
                let block = try source.block(Int(part.block), ofInput: input)
                for span in block.traces.spans(Int(part.place)) { mark(span, block, input, dictionaries[input].schema) }
            }
        }
    }

    private mutating func mark(_ span: Int, _ block: DecodedBlock, _ input: Int, _ schema: SegmentSchema) {
        let number = Int(block.spine.shapes[span])
        let columns = block.shapes[Int(block.shapePlaces[number])]
        let row = Int(block.spine.rows[span])
        if !shapes[input][number] {
            shapes[input][number] = true
            strings[input][Int(schema.shapes[number].serviceName)] = true
            strings[input][Int(schema.shapes[number].operationName)] = true
            for column in schema.columns(ofShape: number) where column.hasKeyString {
                strings[input][Int(column.key)] = true
            }
        }
        for (index, column) in columns.enumerated() where schema.column(number, index).type.isReference {
            switch column {
            case .reference(let value): strings[input][Int(value)] = true
            case .references(let values):
                if values[row] < block.dictionaryCount { strings[input][Int(values[row])] = true }
            default: break
            }
        }
    }
}
