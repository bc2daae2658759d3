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

/// A segment in memory.
package struct EncodedSegment {
    package let bytes: [UInt8]
    package let statistics: SegmentStatistics
    package let names: SegmentNames
}

/// Makes segments of batches. Layout: storage/segment-format.md.
public enum SegmentWriter {
    /// The version of the format that is written.
    public static var formatVersion: UInt16 { SegmentFormat.version }

    /// Writes the spans of `batches` as one segment to `file`, which is then to be finished.
    /// - Parameters:
    ///   - batches: at least one span in all.
    ///   - createdAt: nanoseconds since 1970.
    public static func write(
        _ batches: [SpanBatch], to file: UnfinishedSegment, createdAt: Int64, origin: SegmentOrigin,
        options: SegmentOptions
    ) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames) {
        try write(batches, output: file, createdAt: createdAt, origin: origin, options: options)
    }

    package static func encode(
        _ batches: [SpanBatch], createdAt: Int64, origin: SegmentOrigin = SegmentOrigin(), options: SegmentOptions
    ) throws(SegmentError) -> EncodedSegment {
        let output = SegmentBytes()
        let written = try write(batches, output: output, createdAt: createdAt, origin: origin, options: options)
        return EncodedSegment(bytes: output.bytes, statistics: written.statistics, names: written.names)
    }

    private static func write(
        _ batches: [SpanBatch], output: any SegmentOutput, createdAt: Int64, origin: SegmentOrigin,
        options: SegmentOptions
    ) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames) {
        var assembly = SegmentAssembly(batches)
        precondition(assembly.spanCount > 0, "a segment has spans")
        var planner = ColumnPlanner(assembly)
        let plans = planner.plan(assembly)
        var builder = try SegmentBuilder(
            output, assembly, plans, createdAt: createdAt, origin: origin, options: options)
        builder.addNames(assembly, dictionaryCount: .max)
        assembly.replaceValuesByCodes(plans, dictionary: planner.dictionary)
        try builder.addBlocks(assembly)
        let numbers = planner.dictionaryNumbers
        return try builder.finish(assembly, dictionary: planner.dictionary) { numbers[Int($0)] }
    }
}
