internal import Bytes
internal import TraceModel

/// The strings and shapes of a segment, unpacked: what is needed to read any of its spans.
final class SegmentDictionary: Sendable {
    let schema: SegmentSchema
    private let bytes: [UInt8]
    private let ends: [UInt32]
    /// Strings by the low bits of their hash, to find one by its bytes: number + 1, or 0.
    private let slots: [UInt32]

    init(_ source: some SegmentSource, _ footer: [SectionReference]) throws(SegmentError) {
        bytes = try source.section(footer[FooterSection.strings.rawValue], "dictionary")
        let lengths = try source.section(footer[FooterSection.stringLengths.rawValue], "dictionary's lengths")
        let schemaBytes = try source.section(footer[FooterSection.schema.rawValue], "schema")
        let byteCount = bytes.count
        let ends = try source.decoded(lengths, "dictionary's lengths") { (raw) throws(ByteReaderError) in
            try SegmentDictionary.ends(raw, byteCount: byteCount)
        }
        self.ends = ends
        schema = try source.decoded(schemaBytes, "schema") { (raw) throws(ByteReaderError) in
            try SegmentSchema(decoding: raw, dictionaryCount: ends.count)
        }
        var slotCount = 16
        while slotCount < ends.count * 2 { slotCount *= 2 }
        var slots = [UInt32](repeating: 0, count: slotCount)
        var start = 0
        for (number, end) in ends.enumerated() {
            let hash = bytes.withUnsafeBytes { ByteHash.hash(UnsafeRawBufferPointer(rebasing: $0[start..<Int(end)])) }
            var slot = Int(truncatingIfNeeded: hash) & (slotCount - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32(number) + 1
            start = Int(end)
        }
        self.slots = slots
    }

    private static func ends(_ lengths: UnsafeRawBufferPointer, byteCount: Int) throws(ByteReaderError) -> [UInt32] {
        var reader = ByteReader(lengths)
        var ends: [UInt32] = [0]
        var end = 0
        while !reader.isAtEnd {
            end += try reader.readCount(max: byteCount - end)
            ends.append(UInt32(end))
        }
        guard end == byteCount else {
            throw ByteReaderError(offset: reader.offset, message: "lengths add up to \(end), not \(byteCount)")
        }
        return ends
    }

    var count: Int { ends.count }

    /// Memory held, about.
    var byteCount: Int { bytes.count + (ends.count + slots.count) * 4 + schema.byteCount }

    /// Calls `body` with the bytes of a string.
    @inline(__always)
    func withString<Result>(_ number: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = number == 0 ? 0 : Int(ends[Int(number) - 1])
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<Int(ends[Int(number)])])) }
    }

    /// The number of the string with these bytes; nil if no span has it, or only outside the dictionary.
    func number(of wanted: [UInt8]) -> UInt32? {
        wanted.withUnsafeBytes { wanted in
            var slot = Int(truncatingIfNeeded: ByteHash.hash(wanted)) & (slots.count - 1)
            while slots[slot] != 0 {
                let number = slots[slot] - 1
                if withString(number, { $0.elementsEqual(wanted) }) { return number }
                slot = (slot + 1) & (slots.count - 1)
            }
            return nil
        }
    }
}
