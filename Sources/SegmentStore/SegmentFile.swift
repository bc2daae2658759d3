internal import Bytes
internal import Compression

/// A segment's file as it comes to be: header, blocks, directories, footer, trailer.
struct SegmentFile {
    let options: SegmentOptions
    private let output: any SegmentOutput
    private(set) var byteCount = 0

    private var footer: [SectionReference?] = Array(repeating: nil, count: FooterSection.count)
    private var packed: [UInt8] = []

    init(_ output: any SegmentOutput, createdAt: Int64, options: SegmentOptions) throws(SegmentError) {
        self.output = output
        self.options = options
        var header = ByteWriter(capacity: SegmentFormat.headerByteCount)
        header.write(SegmentFormat.magic)
        header.write(SegmentFormat.version)
        header.write(UInt16(0))  // features that a reader must know: none yet
        header.write(UInt64(bitPattern: createdAt))
        header.write(UInt64(0))
        header.write(CRC32C.checksum(header.bytes))
        try append(header.bytes)
    }

    private mutating func append(_ bytes: [UInt8]) throws(SegmentError) {
        let output = output
        let failure: SegmentError? = bytes.withUnsafeBytes { raw in
            do throws(SegmentError) {
                try output.append(raw)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        byteCount += bytes.count
    }

    /// Appends a section, packed if that makes it smaller.
    mutating func write(_ section: [UInt8]) throws(SegmentError) -> SectionReference {
        let room = LZ4.packedByteCountMax(section.count)
        if packed.count < room { packed = [UInt8](repeating: 0, count: room) }
        let level = LZ4.Level.high(Int32(options.compressionLevel))
        let packedCount =
            section.count < SegmentFormat.packedByteCountMin
            ? section.count
            : section.withUnsafeBytes { raw in packed.withUnsafeMutableBytes { LZ4.pack(raw, into: $0, level: level) } }
        // Bytes that pack to nearly their size are cheaper to read as they are.
        let stored = packedCount < section.count - section.count / 64 ? Array(packed[..<packedCount]) : section
        let reference = SectionReference(
            offset: UInt64(byteCount), storedByteCount: UInt32(stored.count), byteCount: UInt32(section.count),
            checksum: CRC32C.checksum(stored))
        try append(stored)
        return reference
    }

    mutating func writeFooter(_ section: FooterSection, _ content: [UInt8]) throws(SegmentError) {
        footer[section.rawValue] = try write(content)
    }

    /// Appends the pages of a directory.
    /// - Parameters:
    ///   - entries: sorted, each once.
    ///   - blockCount: numbers that the entries may name.
    mutating func writePages(
        _ entries: [UInt64], blockCount: Int
    ) throws(SegmentError) -> FingerprintDirectory.PageTable {
        var table = FingerprintDirectory.table(entryCount: entries.count, blockCount: blockCount)
        table.offset = UInt64(byteCount)
        try FingerprintDirectory.forEachPage(entries, table) { (page, count) throws(SegmentError) in
            table.append(entryCount: count, byteCount: page.count, checksum: CRC32C.checksum(page))
            try append(page)
        }
        return table
    }

    /// Appends the trailer: where the footer's sections lie.
    mutating func finish() throws(SegmentError) {
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
        trailer.write(UInt64(byteCount + SegmentFormat.trailerByteCount))
        trailer.write(UInt64(0))
        trailer.write(UInt32(FooterSection.count))
        trailer.write(UInt32(SegmentFormat.version))
        trailer.write(CRC32C.checksum(trailer.bytes))
        trailer.write(SegmentFormat.magic)
        try append(trailer.bytes)
    }
}
