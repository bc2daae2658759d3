internal import Bytes
internal import Compression

/// The bytes of a segment's file as they come to be: header, blocks, trace directory, footer, trailer.
struct SegmentFile {
    private(set) var bytes: [UInt8] = []
    let options: SegmentOptions

    private var footer: [SectionReference?] = Array(repeating: nil, count: FooterSection.count)
    private var pages = TraceDirectory.PageTable()
    private var packed: [UInt8] = []

    init(createdAt: Int64, options: SegmentOptions) {
        self.options = options
        var header = ByteWriter(capacity: SegmentFormat.headerByteCount)
        header.write(SegmentFormat.magic)
        header.write(SegmentFormat.version)
        header.write(UInt16(0))  // features that a reader must know: none yet
        header.write(UInt64(bitPattern: createdAt))
        header.write(UInt64(0))
        header.write(CRC32C.checksum(header.bytes))
        bytes = header.bytes
    }

    /// Appends a section, packed if that makes it smaller.
    mutating func write(_ section: [UInt8]) -> SectionReference {
        section.withUnsafeBytes { raw in
            let room = LZ4.packedByteCountMax(raw.count)
            if packed.count < room { packed = [UInt8](repeating: 0, count: room) }
            let packedCount = packed.withUnsafeMutableBytes { target in
                raw.count < SegmentFormat.packedByteCountMin
                    ? raw.count : LZ4.pack(raw, into: target, level: .high(Int32(options.compressionLevel)))
            }
            var reference = SectionReference(offset: UInt64(bytes.count), byteCount: UInt32(raw.count))
            packed.withUnsafeBytes { target in
                // Bytes that pack to nearly their size are cheaper to read as they are.
                let stored =
                    packedCount < raw.count - raw.count / 64
                    ? UnsafeRawBufferPointer(rebasing: target[..<packedCount]) : raw
                reference.storedByteCount = UInt32(stored.count)
                reference.checksum = CRC32C.checksum(stored)
                bytes.append(contentsOf: stored)
            }
            return reference
        }
    }

    mutating func writeFooter(_ section: FooterSection, _ content: [UInt8]) {
        footer[section.rawValue] = write(content)
    }

    mutating func writeTraceDirectory(_ entries: [TraceDirectory.Entry], blockCount: Int) {
        let made = TraceDirectory.makePages(entries, blockCount: blockCount)
        pages.blockBitCount = made.bitCount
        pages.entryCounts = made.entryCounts
        for page in made.pages {
            let reference = SectionReference(
                offset: UInt64(bytes.count), storedByteCount: UInt32(page.count), byteCount: UInt32(page.count),
                checksum: CRC32C.checksum(page))
            pages.pages.append(reference)
            bytes.append(contentsOf: page)
        }
    }

    mutating func writePageTable() { writeFooter(.tracePages, pages.encoded()) }

    /// Appends the trailer: where the footer's sections lie.
    mutating func finish() {
        var trailer = ByteWriter(capacity: SegmentFormat.trailerByteCount)
        for section in FooterSection.allCases {
            guard let reference = footer[section.rawValue] else {
                preconditionFailure("every section of the footer is written before the trailer")
            }
            trailer.write(reference.offset)
            trailer.write(reference.storedByteCount)
            trailer.write(reference.byteCount)
            trailer.write(reference.checksum)
        }
        trailer.write(UInt64(bytes.count + SegmentFormat.trailerByteCount))
        trailer.write(UInt64(0))
        trailer.write(UInt32(FooterSection.count))
        trailer.write(UInt32(SegmentFormat.version))
        trailer.write(CRC32C.checksum(trailer.bytes))
        trailer.write(SegmentFormat.magic)
        bytes.append(contentsOf: trailer.bytes)
    }
}

extension TraceDirectory.PageTable {
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(blockBitCount)
        writer.writeVarint(pages.count)
        writer.writeVarint(pages.first?.offset ?? 0)
        for (page, entryCount) in zip(pages, entryCounts) {
            writer.writeVarint(entryCount)
            writer.write(page.checksum)
        }
        return writer.bytes
    }

    /// The pages lie one behind the other, and an entry's size follows from the block numbers' width.
    init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        blockBitCount = try reader.readCount(max: 32)
        let count = try reader.readCount(max: bytes.count)
        var offset = try reader.readVarint()
        guard count > 0, offset < 1 << 60 else {
            throw ByteReaderError(offset: reader.offset, message: "impossible page table")
        }
        let width = SegmentFormat.fingerprintBitCount + blockBitCount
        for _ in 0..<count {
            let entryCount = try reader.readCount(max: SegmentFormat.spanCountMax)
            let byteCount = UInt32((entryCount * width + 7) / 8)
            pages.append(
                SectionReference(
                    offset: offset, storedByteCount: byteCount, byteCount: byteCount,
                    checksum: try reader.readUInt32()))
            entryCounts.append(entryCount)
            offset += UInt64(byteCount)
        }
    }
}
