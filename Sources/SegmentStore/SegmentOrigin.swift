internal import Bytes

/// Where a segment's spans come from: what a catalog needs in order to be made again from segments alone.
public struct SegmentOrigin: Sendable, Equatable {
    /// The first part of the journal that has spans not in this segment or one made before it; 0: not known.
    public var firstJournalPart: UInt64
    /// IDs of segments whose spans are all in this one: their files are left over if they are still there.
    public var replacedIDs: [Int64]

    public init(firstJournalPart: UInt64 = 0, replacedIDs: [Int64] = []) {
        self.firstJournalPart = firstJournalPart
        self.replacedIDs = replacedIDs
    }

    func encoded(traceCount: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(traceCount)
        writer.writeVarint(firstJournalPart)
        writer.writeVarint(replacedIDs.count)
        for id in replacedIDs { writer.writeSignedVarint(id) }
        return writer.bytes
    }

    static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ByteReaderError) -> (origin: SegmentOrigin, traceCount: Int) {
        var reader = ByteReader(bytes)
        let traceCount = try reader.readCount(max: SegmentFormat.spanCountMax)
        var origin = SegmentOrigin(firstJournalPart: try reader.readVarint())
        for _ in 0..<(try reader.readCount(max: bytes.count)) {
            origin.replacedIDs.append(try reader.readSignedVarint())
        }
        return (origin, traceCount)
    }
}
