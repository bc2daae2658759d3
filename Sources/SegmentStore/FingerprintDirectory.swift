internal import Bytes

/// A look-up from fingerprints to the blocks that may have what they stand for: pages of entries, sorted, each page
/// with a checksum, so that asking costs one small read.
///
/// The high half of a fingerprint chooses the page (evenly); the next 16 bits are kept, with the block's number. One
/// question in some hundred is answered with a block that has not got what was asked for.
enum FingerprintDirectory {
    /// Blocks that an entry can name: their number takes the low 16 bits of it.
    static let blockCountMax = 1 << 16

    /// Where each page lies in the file, and how its entries are packed.
    struct PageTable: Equatable {
        /// Place of the first page in the file; the others lie behind it.
        var offset: UInt64 = 0
        var blockBitCount = 0
        /// For each page: entries, CRC-32C of its bytes, and where it starts behind `offset`.
        var entryCounts: [UInt32] = []
        var checksums: [UInt32] = []
        var starts: [UInt32] = []

        var pageCount: Int { entryCounts.count }
        var entryWidth: Int { SegmentFormat.fingerprintBitCount + blockBitCount }

        /// Memory held, about.
        var byteCount: Int { pageCount * 12 }

        func reference(_ page: Int) -> SectionReference {
            let byteCount = UInt32((Int(entryCounts[page]) * entryWidth + 7) / 8)
            return SectionReference(
                offset: offset + UInt64(starts[page]), storedByteCount: byteCount, byteCount: byteCount,
                checksum: checksums[page])
        }

        mutating func append(entryCount: Int, checksum: UInt32) {
            let previousByteCount = pageCount == 0 ? 0 : (Int(entryCounts[pageCount - 1]) * entryWidth + 7) / 8
            starts.append((starts.last ?? 0) + UInt32(previousByteCount))
            entryCounts.append(UInt32(entryCount))
            checksums.append(checksum)
        }
    }

    /// An entry as it is collected: 48 bits of the fingerprint, then the block. Sorted, they come page by page.
    @inline(__always)
    static func entry(_ fingerprint: UInt64, block: Int) -> UInt64 {
        fingerprint & ~0xffff | UInt64(truncatingIfNeeded: block) & 0xffff
    }

    static func pageCount(entryCount: Int) -> Int {
        max(1, entryCount / SegmentFormat.directoryPageEntryCount)
    }

    static func page(of fingerprint: UInt64, pageCount: Int) -> Int {
        Int(((fingerprint >> 32) * UInt64(pageCount)) >> 32)
    }

    private static func kept(_ fingerprint: UInt64) -> UInt64 {
        fingerprint >> (32 - UInt64(SegmentFormat.fingerprintBitCount))
            & ((1 << UInt64(SegmentFormat.fingerprintBitCount)) - 1)
    }

    /// Calls `body` with the packed bytes of each page in order.
    /// - Parameters:
    ///   - entries: sorted, each once.
    ///   - blockCount: numbers that may follow a fingerprint.
    static func forEachPage(
        _ entries: [UInt64], blockCount: Int, _ body: ([UInt8], Int) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        let bitCount = Int(ColumnPlan.width(ofListCount: blockCount))
        let width = SegmentFormat.fingerprintBitCount + bitCount
        let pageCount = pageCount(entryCount: entries.count)
        var next = 0
        var codes: [UInt64] = []
        for number in 0..<pageCount {
            codes.removeAll(keepingCapacity: true)
            while next < entries.count, page(of: entries[next], pageCount: pageCount) == number {
                codes.append(kept(entries[next]) << UInt64(bitCount) | entries[next] & 0xffff)
                next += 1
            }
            // Within a page the bits that chose it count no more.
            codes.sort()
            var writer = BitWriter()
            for code in codes { writer.append(code, width: width) }
            try body(writer.makeBytes(), codes.count)
        }
    }

    /// Numbers of the blocks that may hold what the fingerprint stands for, ascending.
    /// - Parameter page: the packed entries, with padding for `BitReader`.
    static func blocks(
        of fingerprint: UInt64, in page: UnsafeRawBufferPointer, entryCount: Int, blockBitCount: Int
    ) -> [Int] {
        let reader = BitReader(page)
        let width = SegmentFormat.fingerprintBitCount + blockBitCount
        guard entryCount * width <= reader.bitCount else { return [] }
        let wanted = kept(fingerprint) << UInt64(blockBitCount)
        var low = 0
        var high = entryCount
        while low < high {
            let middle = (low + high) / 2
            if reader.code(at: middle * width, width: width) < wanted { low = middle + 1 } else { high = middle }
        }
        var blocks: [Int] = []
        while low < entryCount {
            let code = reader.code(at: low * width, width: width)
            guard code >> UInt64(blockBitCount) == wanted >> UInt64(blockBitCount) else { break }
            let block = Int(code & ((1 << UInt64(blockBitCount)) - 1))
            if blocks.last != block { blocks.append(block) }
            low += 1
        }
        return blocks
    }
}

extension FingerprintDirectory.PageTable {
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(blockBitCount)
        writer.writeVarint(pageCount)
        writer.writeVarint(offset)
        for page in 0..<pageCount {
            writer.writeVarint(UInt64(entryCounts[page]))
            writer.write(checksums[page])
        }
        return writer.bytes
    }

    /// The pages lie one behind the other, and an entry's size follows from the block numbers' width.
    init(decoding reader: inout ByteReader) throws(ByteReaderError) {
        blockBitCount = try reader.readCount(max: 16)
        let count = try reader.readCount(max: reader.remaining)
        offset = try reader.readVarint()
        guard count > 0, offset < 1 << 60 else {
            throw ByteReaderError(offset: reader.offset, message: "impossible page table")
        }
        var total = 0
        for _ in 0..<count {
            let entryCount = try reader.readCount(max: SegmentFormat.spanCountMax)
            total += (entryCount * entryWidth + 7) / 8
            guard total < 1 << 32 else {
                throw ByteReaderError(offset: reader.offset, message: "impossible size of pages")
            }
            append(entryCount: entryCount, checksum: try reader.readUInt32())
        }
    }
}
