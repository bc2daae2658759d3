internal import Bytes
internal import TraceModel

/// The blocks of a segment: what is in each, so that most need not be read, and where its sections lie.
struct BlockDirectory {
    struct Entry {
        var spanCount: Int
        var traceCount: Int
        /// Traces of which the block has no root: they began elsewhere, or their root never came.
        var rootlessTraceCount = 0
        /// Of all spans, nanoseconds since 1970; nil if none has a start.
        var earliestStart: Int64?
        var latestStart: Int64?
        var latestEnd: Int64?
        /// Start of the trace that starts last; nil if none has one.
        var latestTraceStart: Int64?
        /// A bit for each shape of the segment: the block has spans of it.
        var shapes: [UInt8] = []
        var sections: [SectionReference] = []

        init(spanCount: Int, traceCount: Int) {
            self.spanCount = spanCount
            self.traceCount = traceCount
        }

        @inline(__always)
        func hasShape(_ shape: Int) -> Bool { shapes[shape >> 3] & 1 << UInt8(shape & 7) != 0 }

        mutating func include(start: Int64, duration: Int64) {
            guard start != SpanBatch.absentTime else { return }
            earliestStart = min(earliestStart ?? start, start)
            latestStart = max(latestStart ?? start, start)
            let end = start.addingReportingOverflow(max(duration, 0))
            latestEnd = max(latestEnd ?? start, end.overflow ? .max : end.partialValue)
        }

        mutating func include(traceStart: Int64) {
            guard traceStart != SpanBatch.absentTime else { return }
            latestTraceStart = max(latestTraceStart ?? traceStart, traceStart)
        }
    }

    /// Shapes that the segment's schema has.
    var shapeCount: Int
    var blocks: [Entry] = []

    init(shapeCount: Int) { self.shapeCount = shapeCount }

    /// Memory held, about.
    var byteCount: Int { blocks.reduce(0) { $0 + 150 + $1.sections.count * 24 + $1.shapes.count } }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(shapeCount)
        writer.writeVarint(blocks.count)
        var previous: Int64 = 0
        for block in blocks {
            writer.writeVarint(block.spanCount)
            writer.writeVarint(block.traceCount)
            writer.writeVarint(block.rootlessTraceCount)
            let times = [block.earliestStart, block.latestStart, block.latestEnd, block.latestTraceStart]
            for time in times {
                writer.write(UInt8(time == nil ? 0 : 1))
                guard let time else { continue }
                writer.writeSignedVarint(time &- previous)
                previous = time
            }
            writer.write(block.shapes)
            writer.writeVarint(block.sections[0].offset)
            for section in block.sections {
                writer.writeVarint(UInt64(section.storedByteCount))
                writer.writeVarint(UInt64(section.byteCount))
                writer.write(section.checksum)
            }
        }
        return writer.bytes
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        let shapeCount = try reader.readCount(max: SegmentFormat.shapeCountMax)
        self.shapeCount = shapeCount
        var previous: Int64 = 0
        for _ in 0..<(try reader.readCount(max: bytes.count)) {
            var block = Entry(
                spanCount: try reader.readCount(max: SegmentFormat.blockSpanCountMax),
                traceCount: try reader.readCount(max: SegmentFormat.blockSpanCountMax))
            guard block.traceCount >= 1, block.traceCount <= block.spanCount else {
                throw ByteReaderError(offset: reader.offset, message: "impossible number of traces")
            }
            block.rootlessTraceCount = try reader.readCount(max: block.traceCount)
            var times: [Int64?] = []
            for _ in 0..<4 {
                if try reader.readByte() == 0 {
                    times.append(nil)
                } else {
                    previous &+= try reader.readSignedVarint()
                    times.append(previous)
                }
            }
            (block.earliestStart, block.latestStart) = (times[0], times[1])
            (block.latestEnd, block.latestTraceStart) = (times[2], times[3])
            block.shapes = Array(try reader.readBytes((shapeCount + 7) / 8))
            var offset = try reader.readVarint()
            guard offset < 1 << 60 else { throw ByteReaderError(offset: reader.offset, message: "impossible offset") }
            for _ in BlockSection.allCases {
                let stored = UInt32(try reader.readCount(max: SegmentFormat.sectionByteCountMax))
                let byteCount = UInt32(try reader.readCount(max: SegmentFormat.sectionByteCountMax))
                block.sections.append(
                    SectionReference(
                        offset: offset, storedByteCount: stored, byteCount: byteCount,
                        checksum: try reader.readUInt32()))
                offset += UInt64(stored)
            }
            blocks.append(block)
        }
    }
}

extension BlockDirectory.Entry {
    /// Whether a trace that starts within the window may have spans in the block.
    func isWithin(_ window: SegmentReader.Window) -> Bool {
        guard let earliestStart, let latestStart, latestStart >= window.starts.lowerBound else { return false }
        return earliestStart <= window.starts.upperBound
            || (rootlessTraceCount > 0 && earliestStart <= window.lateEnd)
    }
}
