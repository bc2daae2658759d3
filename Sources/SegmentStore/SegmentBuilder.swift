internal import Bytes
internal import TraceModel

/// Writes a segment: blocks of one assembly or of several in turn, then what is needed to find and read them.
struct SegmentBuilder: ~Copyable {
    private var file: SegmentFile
    private let plans: [ShapePlan]
    private let origin: SegmentOrigin
    private var encoder: BlockEncoder
    private var directory: BlockDirectory
    private var traceEntries: [UInt64] = []
    private var valueEntries: [UInt64] = []
    private var statistics = SegmentStatistics()
    private var names: NamesCollector

    /// - Parameter assembly: has the shapes that the plans are for, and the strings that they name.
    init(
        _ output: any SegmentOutput, _ assembly: borrowing SegmentAssembly, _ plans: [ShapePlan], createdAt: Int64,
        origin: SegmentOrigin, options: SegmentOptions
    ) throws(SegmentError) {
        self.origin = origin
        file = try SegmentFile(output, createdAt: createdAt, options: options)
        self.plans = plans
        encoder = BlockEncoder(assembly, plans)
        directory = BlockDirectory(shapeCount: plans.count)
        names = NamesCollector(shapeCount: plans.count)
    }

    /// What is left of a segment to the largest number of blocks.
    var hasRoomForBlocks: Bool { directory.blocks.count < FingerprintDirectory.blockCountMax - 2 }

    /// Takes in the names of an assembly, whose references are still numbers of strings.
    mutating func addNames(_ assembly: borrowing SegmentAssembly, dictionaryCount: Int) {
        names.add(assembly, dictionaryCount: dictionaryCount)
    }

    /// Writes all traces of an assembly whose references are codes where their columns have a list.
    mutating func addBlocks(_ assembly: borrowing SegmentAssembly) throws(SegmentError) {
        var firstRows = Array(repeating: 0, count: plans.count)
        let spanCountMax = file.options.blockSpanCount
        let fragments = Self.fragments(of: assembly, spanCountMax: spanCountMax)
        var next = 0
        while next < fragments.count {
            var end = next
            var spanCount = 0
            while end < fragments.count, spanCount + fragments[end].spanCount <= spanCountMax {
                spanCount += fragments[end].spanCount
                end += 1
            }
            try addBlock(assembly, fragments[next..<end], spanCount: spanCount, &firstRows)
            next = end
        }
        statistics.traceCount += assembly.traces.count
    }

    private mutating func addBlock(
        _ assembly: borrowing SegmentAssembly, _ fragments: ArraySlice<BlockEncoder.Fragment>, spanCount: Int,
        _ firstRows: inout [Int]
    ) throws(SegmentError) {
        guard hasRoomForBlocks else { throw SegmentError(.unreadable, "a segment has at most 65,534 blocks") }
        let number = directory.blocks.count
        var rowCounts = Array(repeating: 0, count: plans.count)
        var entry = BlockDirectory.Entry(spanCount: spanCount, traceCount: fragments.count)
        let firstSpan = fragments.first?.firstSpan ?? 0
        for span in firstSpan..<firstSpan + spanCount {
            rowCounts[Int(assembly.shapeOfSpan[span])] += 1
            entry.include(start: assembly.starts[span], duration: assembly.durations[span])
        }
        for fragment in fragments {
            entry.include(traceStart: assembly.starts[fragment.firstSpan])
            let spans = fragment.firstSpan..<fragment.firstSpan + fragment.spanCount
            if !spans.contains(where: { assembly.parentIDs[$0] == 0 }) { entry.rootlessTraceCount += 1 }
            traceEntries.append(FingerprintDirectory.entry(fragment.traceID.fingerprint, block: number))
        }
        entry.shapes = [UInt8](repeating: 0, count: (plans.count + 7) / 8)
        for shape in rowCounts.indices where rowCounts[shape] > 0 { entry.shapes[shape / 8] |= 1 << UInt8(shape % 8) }
        let sections = encoder.encode(assembly, plans, fragments, firstRows: firstRows, rowCounts: rowCounts)
        for section in BlockSection.allCases { entry.sections.append(try file.write(sections[section.rawValue])) }
        for shape in plans.indices { firstRows[shape] += rowCounts[shape] }
        directory.blocks.append(entry)
        statistics.include(entry)
        var values = encoder.valueFingerprints.map { FingerprintDirectory.entry($0, block: number) }
        values.sortAndRemoveDuplicates()
        valueEntries.append(contentsOf: values)
    }

    /// Writes all that stands behind the blocks.
    /// - Parameters:
    ///   - dictionary: for each number of the segment's dictionary the string of the assembly; the first is empty.
    ///   - dictionaryNumber: the way back, for the strings that shapes and plans name.
    consuming func finish(
        _ assembly: borrowing SegmentAssembly, dictionary: [UInt32], dictionaryNumber: (UInt32) -> UInt32
    ) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames) {
        let blockCount = directory.blocks.count
        traceEntries.sortAndRemoveDuplicates()
        let traces = try file.writePages(traceEntries, blockCount: blockCount)
        var values = ValueDirectory()
        values.hasAttributesElsewhere = assembly.shapes.contains { $0.columns.contains(where: \.holdsAttributes) }
        addSegmentValues(assembly, dictionary: dictionary)
        valueEntries.sortAndRemoveDuplicates()
        values.pages = try file.writePages(valueEntries, blockCount: blockCount + 1)
        var text: [UInt8] = []
        var lengths = ByteWriter()
        for string in dictionary.dropFirst() {
            let bytes = assembly.strings[Int(string)]
            text.append(contentsOf: bytes)
            lengths.writeVarint(bytes.count)
        }
        var schema = SchemaEncoder()
        for (shape, plan) in zip(assembly.shapes, plans) {
            schema.add(shape, plan, dictionaryNumber: dictionaryNumber)
        }
        let segmentNames = SegmentBuilder.makeNames(names, assembly)
        try file.writeFooter(.strings, text)
        try file.writeFooter(.stringLengths, lengths.bytes)
        try file.writeFooter(.schema, schema.encoded())
        try file.writeFooter(.blocks, directory.encoded())
        try file.writeFooter(.tracePages, traces.encoded())
        try file.writeFooter(.valuePages, values.encoded())
        try file.writeFooter(.names, segmentNames.encoded())
        try file.writeFooter(.origin, origin.encoded(traceCount: statistics.traceCount))
        try file.finish()
        statistics.byteCount = file.byteCount
        statistics.errorCount = names.errorCount(assembly.shapes)
        return (statistics, segmentNames)
    }

    private static func makeNames(_ names: NamesCollector, _ assembly: borrowing SegmentAssembly) -> SegmentNames {
        var texts: [UInt32: String] = [:]
        for shape in assembly.shapes {
            for number in [shape.serviceName, shape.operationName] + shape.columns.filter(\.hasKeyString).map(\.key) {
                if texts[number] == nil {
                    texts[number] = String(decoding: assembly.strings[Int(number)], as: UTF8.self)
                }
            }
        }
        for number in names.remoteServices where texts[number] == nil {
            texts[number] = String(decoding: assembly.strings[Int(number)], as: UTF8.self)
        }
        return names.names(assembly.shapes) { texts[$0] ?? "" }
    }

    /// Enters keys, and the values that are in the dictionary.
    private mutating func addSegmentValues(_ assembly: borrowing SegmentAssembly, dictionary: [UInt32]) {
        let place = directory.blocks.count
        func add(_ fingerprint: UInt64) {
            valueEntries.append(FingerprintDirectory.entry(fingerprint, block: place))
        }
        var knownKeys: Set<UInt32> = []
        var knownEvents: Set<UInt32> = []
        // Many shapes keep a key's values in the same way.
        var knownConstants: Set<UInt64> = []
        for (shape, plan) in zip(assembly.shapes, plans) {
            for (index, column) in shape.columns.enumerated() where column.hasKeyString || column.role == .eventName {
                var own = plan.columns[index]
                if own.coding == .sameAs { own = plan.columns[Int(own.operand)] }
                let numbers = own.coding == .constant ? [own.operand] : own.coding == .dictionary ? own.list : []
                if column.role == .eventName {
                    for number in numbers where knownEvents.insert(number).inserted {
                        add(ValueFingerprint.presence(assembly.strings[Int(dictionary[Int(number)])]))
                    }
                    continue
                }
                let key = assembly.strings[Int(column.key)]
                if knownKeys.insert(column.key).inserted { add(ValueFingerprint.presence(key)) }
                guard column.type == .string else {
                    add(ValueFingerprint.otherType(key))
                    continue
                }
                let keyHash = ValueFingerprint.key(key)
                for number in numbers
                where knownConstants.insert(UInt64(column.key) << 32 | UInt64(number)).inserted {
                    add(ValueFingerprint.value(assembly.strings[Int(dictionary[Int(number)])], key: keyHash))
                }
            }
        }
    }

    /// The traces, the long ones cut into parts that fit a block.
    private static func fragments(
        of assembly: borrowing SegmentAssembly, spanCountMax: Int
    ) -> [BlockEncoder.Fragment] {
        var fragments: [BlockEncoder.Fragment] = []
        fragments.reserveCapacity(assembly.traces.count)
        for trace in assembly.traces {
            var first = trace.firstSpan
            let end = first + trace.spanCount
            var baseStart = trace.start
            while first < end {
                let count = min(spanCountMax, end - first)
                fragments.append(
                    .init(traceID: trace.traceID, baseStart: baseStart, firstSpan: first, spanCount: count))
                first += count
                // Spans without a start come first in a trace, so that the base moves on only where there are starts.
                if assembly.starts[first - 1] != SpanBatch.absentTime { baseStart = assembly.starts[first - 1] }
            }
        }
        return fragments
    }
}

extension [UInt64] {
    fileprivate mutating func sortAndRemoveDuplicates() {
        sort()
        var kept = 0
        for index in indices where kept == 0 || self[index] != self[kept - 1] {
            self[kept] = self[index]
            kept += 1
        }
        removeLast(count - kept)
    }
}

extension SegmentStatistics {
    mutating func include(_ block: BlockDirectory.Entry) {
        blockCount += 1
        spanCount += block.spanCount
        if let start = block.earliestStart { earliestStart = min(earliestStart ?? start, start) }
        if let start = block.latestStart { latestStart = max(latestStart ?? start, start) }
        if let end = block.latestEnd { latestEnd = max(latestEnd ?? end, end) }
    }
}
