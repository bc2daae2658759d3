internal import Bytes
public import TraceModel

/// Makes one segment of several: traces of which each has a part come together, dictionaries and directories become
/// one. Layout: storage/segment-format.md.
///
/// Blocks are read, put together and written one after the other; memory is that of some blocks, the dictionaries, and
/// 40 bytes a trace.
public struct SegmentMerger {
    private let inputs: [SegmentReader]
    private let options: SegmentOptions
    private let dropped: Set<TraceID>

    /// - Parameters:
    ///   - inputs: at least one, not changed in any way.
    ///   - dropped: traces that are left out.
    public init(_ inputs: [SegmentReader], options: SegmentOptions, dropping dropped: Set<TraceID> = []) {
        self.inputs = inputs
        self.options = options
        self.dropped = dropped
    }

    /// Writes the merged segment to `file`, which is then to be finished.
    /// - Parameters:
    ///   - createdAt: nanoseconds since 1970.
    ///   - blockWritten: called after each block; whether to go on.
    /// - Returns: nil if it was told to stop, or no trace is left.
    public func merge(
        to file: UnfinishedSegment, createdAt: Int64, origin: SegmentOrigin, blockWritten: () -> Bool
    ) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames)? {
        try merge(output: file, createdAt: createdAt, origin: origin, blockWritten: blockWritten)
    }

    package func encode(createdAt: Int64) throws(SegmentError) -> EncodedSegment? {
        let output = SegmentBytes()
        let merged = try merge(output: output, createdAt: createdAt, origin: SegmentOrigin()) { true }
        guard let merged else { return nil }
        return EncodedSegment(bytes: output.bytes, statistics: merged.statistics, names: merged.names)
    }

    private func merge(
        output: any SegmentOutput, createdAt: Int64, origin: SegmentOrigin, blockWritten: () -> Bool
    ) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames)? {
        var parts = try MergeParts(inputs, dropping: dropped, blockSpanCount: options.blockSpanCount)
        guard parts.count > 0 else { return nil }
        let source = MergeSource(inputs)
        var usage: DictionaryUsage?
        if !dropped.isEmpty {
            // What only dropped traces have must not stay in the dictionary.
            usage = try DictionaryUsage(&parts, source, spanCountMax: options.blockSpanCount)
        }
        let schema = try MergedSchema(source, usage: usage)
        var assembly = SegmentAssembly(strings: schema.makeStrings(), shapes: schema.shapes)
        let dictionaryCount = assembly.strings.count
        var builder = try SegmentBuilder(
            output, assembly, schema.plans, createdAt: createdAt, origin: origin, options: options)
        parts.rewind()
        while let block = parts.next(spanCountMax: options.blockSpanCount) {
            var filler = try BlockFiller(block, source, schema)
            filler.fill(&assembly)
            builder.addNames(assembly, dictionaryCount: dictionaryCount)
            schema.replaceValuesByCodes(&assembly)
            try builder.addBlocks(assembly)
            assembly.removeSpans()
            assembly.strings.truncate(to: dictionaryCount)
            guard blockWritten() else { return nil }
        }
        return try builder.finish(assembly, dictionary: (0..<UInt32(dictionaryCount)).map { $0 }) { $0 }
    }
}

/// The segments of a merge, and the blocks of them that were unpacked last.
final class MergeSource {
    let readers: [SegmentReader]
    private var blocks: [(input: Int, number: Int, block: DecodedBlock)] = []

    init(_ readers: [SegmentReader]) { self.readers = readers }

    /// Segments lie side by side in time, or one over the other: one block of each is enough, and of those at the
    /// seams one more.
    private var countMax: Int { readers.count + 2 }

    func block(_ number: Int, ofInput input: Int) throws(SegmentError) -> DecodedBlock {
        if let place = blocks.firstIndex(where: { $0.input == input && $0.number == number }) {
            let known = blocks.remove(at: place)
            blocks.append(known)
            return known.block
        }
        let block = try DecodedBlock(try readers[input].openBlock(number))
        if blocks.count >= countMax { blocks.removeFirst() }
        blocks.append((input, number, block))
        return block
    }
}
