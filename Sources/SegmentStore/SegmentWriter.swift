internal import Bytes
internal import Compression
public import TraceModel

/// How segments are written.
public struct SegmentOptions: Sendable {
    /// Spans that a block holds at most; a trace that would not fit goes to the next one.
    public var blockSpanCount = 8192
    /// Effort of LZ4 HC, 3 to 12.
    public var compressionLevel = 9

    public init() {}
}

/// What the catalog is told about a segment.
public struct SegmentStatistics: Sendable, Equatable {
    public var spanCount = 0
    public var traceCount = 0
    public var errorCount = 0
    public var blockCount = 0
    public var byteCount = 0
    /// Nanoseconds since 1970; nil if no span has a start.
    public var earliestStart: Int64?
    /// Start of the trace that starts last.
    public var latestStart: Int64?
    public var latestEnd: Int64?

    public init() {}
}

/// A segment ready to be written to its file.
public struct EncodedSegment: Sendable {
    public let bytes: [UInt8]
    public let statistics: SegmentStatistics
    public let names: SegmentNames
}

/// Makes segments of batches. Layout: storage/segment-format.md.
public enum SegmentWriter {
    /// The version of the format that is written.
    public static var formatVersion: UInt16 { SegmentFormat.version }

    /// The spans of `batches` as one segment.
    /// - Parameters:
    ///   - batches: at least one span in all.
    ///   - createdAt: nanoseconds since 1970.
    public static func encode(_ batches: [SpanBatch], createdAt: Int64, options: SegmentOptions) -> EncodedSegment {
        var assembly = SegmentAssembly(batches)
        precondition(assembly.spanCount > 0, "a segment has spans")
        var planner = ColumnPlanner(assembly)
        let plans = planner.plan(assembly)
        let names = assembly.names()
        assembly.replaceValuesByCodes(plans, dictionary: planner.dictionary)
        var file = SegmentFile(createdAt: createdAt, options: options)
        let blocks = writeBlocks(assembly, plans, to: &file)
        let schema = SegmentSchema(
            shapes: zip(assembly.shapes, plans).map { shape, plan in
                SegmentSchema.Shape(
                    serviceName: planner.dictionaryNumbers[Int(shape.serviceName)],
                    operationName: planner.dictionaryNumbers[Int(shape.operationName)],
                    traits: SpanTraits(rawValue: shape.traits),
                    columns: shape.columns.map { column in
                        guard column.hasKeyString else { return column }
                        return SpanColumn(
                            column.role, key: planner.dictionaryNumbers[Int(column.key)], type: column.type)
                    },
                    plan: plan)
            })
        var text: [UInt8] = []
        var lengths = ByteWriter()
        for string in planner.dictionary.dropFirst() {
            let bytes = assembly.strings[Int(string)]
            text.append(contentsOf: bytes)
            lengths.writeVarint(bytes.count)
        }
        file.writeTraceDirectory(blocks.entries, blockCount: blocks.directory.blocks.count)
        file.writeFooter(.strings, text)
        file.writeFooter(.stringLengths, lengths.bytes)
        file.writeFooter(.schema, schema.encoded())
        file.writeFooter(.blocks, blocks.directory.encoded())
        file.writePageTable()
        file.writeFooter(.names, names.encoded())
        file.finish()
        var statistics = blocks.statistics
        statistics.byteCount = file.bytes.count
        statistics.traceCount = assembly.traces.count
        statistics.errorCount = assembly.errorCount
        return EncodedSegment(bytes: file.bytes, statistics: statistics, names: names)
    }

    private struct Blocks {
        var directory: BlockDirectory
        var entries: [TraceDirectory.Entry] = []
        var statistics = SegmentStatistics()
    }

    private static func writeBlocks(
        _ assembly: borrowing SegmentAssembly, _ plans: [ShapePlan], to file: inout SegmentFile
    ) -> Blocks {
        var blocks = Blocks(directory: BlockDirectory(shapeCount: plans.count))
        var encoder = BlockEncoder(assembly, plans)
        var firstRows = Array(repeating: 0, count: plans.count)
        let fragments = fragments(of: assembly, spanCountMax: file.options.blockSpanCount)
        var next = 0
        while next < fragments.count {
            var end = next
            var spanCount = 0
            while end < fragments.count, spanCount + fragments[end].spanCount <= file.options.blockSpanCount {
                spanCount += fragments[end].spanCount
                end += 1
            }
            var rowCounts = Array(repeating: 0, count: plans.count)
            var entry = BlockDirectory.Entry(spanCount: spanCount, traceCount: end - next)
            for span in fragments[next].firstSpan..<fragments[next].firstSpan + spanCount {
                rowCounts[Int(assembly.shapeOfSpan[span])] += 1
                entry.include(start: assembly.starts[span], duration: assembly.durations[span])
            }
            for fragment in fragments[next..<end] {
                entry.include(traceStart: assembly.starts[fragment.firstSpan])
                blocks.entries.append(
                    .init(fingerprint: fragment.traceID.fingerprint, block: blocks.directory.blocks.count))
            }
            entry.shapes = rowCounts.map { $0 > 0 }
            let sections = encoder.encode(
                assembly, plans, fragments[next..<end], firstRows: firstRows, rowCounts: rowCounts)
            for section in BlockSection.allCases {
                entry.sections.append(file.write(sections[section.rawValue]))
            }
            for shape in plans.indices { firstRows[shape] += rowCounts[shape] }
            blocks.directory.blocks.append(entry)
            blocks.statistics.include(entry)
            next = end
        }
        return blocks
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

extension SegmentStatistics {
    fileprivate mutating func include(_ block: BlockDirectory.Entry) {
        blockCount += 1
        spanCount += block.spanCount
        if let start = block.earliestStart { earliestStart = min(earliestStart ?? start, start) }
        if let start = block.latestStart { latestStart = max(latestStart ?? start, start) }
        if let end = block.latestEnd { latestEnd = max(latestEnd ?? end, end) }
    }
}
