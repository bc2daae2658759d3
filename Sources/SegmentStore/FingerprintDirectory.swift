internal import Bytes

/// A look-up from fingerprints to the blocks that may have what they stand for: pages of entries, sorted, each page
/// with a checksum, so that asking costs one small read.
///
/// The high half of a fingerprint chooses the page (evenly); the next 16 bits are kept as the distance from those of
/// the entry before (Golomb-Rice), with the block's number. One question in some hundred is answered with a block
/// that has not got what was asked for.
enum FingerprintDirectory {
    /// Blocks that an entry can name: their number takes the low 16 bits of it.
    static let blockCountMax = 1 << 16

    /// Where each page lies in the file, and how its entries are packed.
    struct PageTable: Equatable {
        /// Place of the first page in the file; the others lie behind it.
        var offset: UInt64 = 0
        /// Bits of a block's number, and of the low part of a distance between two fingerprints.
        var blockBitCount = 0
        var gapBitCount = 0
        /// For each page: entries, CRC-32C of its bytes, and where it ends behind `offset`.
        var entryCounts: [UInt32] = []
        var checksums: [UInt32] = []
        var ends: [UInt32] = []

        var pageCount: Int { entryCounts.count }

        /// Memory held, about.
        var byteCount: Int { pageCount * 12 }

        func reference(_ page: Int) -> SectionReference {
            let start = page == 0 ? 0 : ends[page - 1]
            return SectionReference(
                offset: offset + UInt64(start), storedByteCount: ends[page] - start, byteCount: ends[page] - start,
                checksum: checksums[page])
        }

        mutating func append(entryCount: Int, byteCount: Int, checksum: UInt32) {
            ends.append((ends.last ?? 0) + UInt32(byteCount))
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

    /// The table for so many entries, without pages yet.
    /// - Parameter blockCount: numbers that may follow a fingerprint.
    static func table(entryCount: Int, blockCount: Int) -> PageTable {
        var table = PageTable()
        table.blockBitCount = Int(ColumnPlan.width(ofListCount: blockCount))
        // Distances between fingerprints that lie anywhere are best kept with about as many low bits as their mean has.
        let meanGap = (1 << SegmentFormat.fingerprintBitCount) * pageCount(entryCount: entryCount) / max(entryCount, 1)
        table.gapBitCount = max(0, Int.bitWidth - (meanGap * 7 / 10).leadingZeroBitCount - 1)
        return table
    }

    /// Calls `body` with the packed bytes of each page in order, and the number of its entries.
    /// - Parameter entries: sorted, each once.
    static func forEachPage(
        _ entries: [UInt64], _ table: PageTable, _ body: ([UInt8], Int) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        let pageCount = pageCount(entryCount: entries.count)
        var next = 0
        var codes: [UInt64] = []
        for number in 0..<pageCount {
            codes.removeAll(keepingCapacity: true)
            while next < entries.count, page(of: entries[next], pageCount: pageCount) == number {
                codes.append(kept(entries[next]) << 16 | entries[next] & 0xffff)
                next += 1
            }
            // Within a page the bits that chose it count no more.
            codes.sort()
            var writer = BitWriter()
            var previous: UInt64 = 0
            for code in codes {
                let gap = (code >> 16) - previous
                previous = code >> 16
                var ones = Int(gap >> UInt64(table.gapBitCount))
                while ones >= 32 {
                    writer.append(0xffff_ffff, width: 32)
                    ones -= 32
                }
                writer.append((1 << UInt64(ones)) - 1, width: ones + 1)
                writer.append(gap & ((1 << UInt64(table.gapBitCount)) - 1), width: table.gapBitCount)
                writer.append(code & 0xffff, width: table.blockBitCount)
            }
            try body(writer.makeBytes(), codes.count)
        }
    }

    /// Numbers of the blocks that may hold what the fingerprint stands for, ascending.
    /// - Parameter page: the packed entries, with padding for `BitReader`.
    /// - Returns: nil if the entries end early.
    static func blocks(
        of fingerprint: UInt64, in page: UnsafeRawBufferPointer, entryCount: Int, _ table: PageTable
    ) -> [Int]? {
        let reader = BitReader(page)
        let wanted = kept(fingerprint)
        var blocks: [Int] = []
        var bit = 0
        var current: UInt64 = 0
        for _ in 0..<entryCount {
            var high = 0
            while true {
                let width = min(32, reader.bitCount - bit)
                guard width > 0 else { return nil }
                let ones = (~reader.code(at: bit, width: width)).trailingZeroBitCount
                high += min(ones, width)
                bit += min(ones, width)
                if ones < width { break }
            }
            bit += 1
            guard bit + table.gapBitCount + table.blockBitCount <= reader.bitCount else { return nil }
            current += UInt64(high) << UInt64(table.gapBitCount) | reader.code(at: bit, width: table.gapBitCount)
            bit += table.gapBitCount
            if current > wanted { break }
            if current == wanted {
                let block = Int(reader.code(at: bit, width: table.blockBitCount))
                if blocks.last != block { blocks.append(block) }
            }
            bit += table.blockBitCount
        }
        return blocks
    }
}

extension FingerprintDirectory.PageTable {
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(blockBitCount)
        writer.writeVarint(gapBitCount)
        writer.writeVarint(pageCount)
        writer.writeVarint(offset)
        for page in 0..<pageCount {
            writer.writeVarint(UInt64(entryCounts[page]))
            writer.writeVarint(UInt64(reference(page).byteCount))
            writer.write(checksums[page])
        }
        return writer.bytes
    }

    init(decoding reader: inout ByteReader) throws(ByteReaderError) {
        blockBitCount = try reader.readCount(max: 16)
        gapBitCount = try reader.readCount(max: SegmentFormat.fingerprintBitCount)
        let count = try reader.readCount(max: reader.remaining)
        offset = try reader.readVarint()
        guard count > 0, offset < 1 << 60 else {
            throw ByteReaderError(offset: reader.offset, message: "impossible page table")
        }
        var total = 0
        for _ in 0..<count {
            let entryCount = try reader.readCount(max: SegmentFormat.spanCountMax)
            let byteCount = try reader.readCount(max: SegmentFormat.sectionByteCountMax)
            total += byteCount
            guard total < 1 << 32 else {
                throw ByteReaderError(offset: reader.offset, message: "impossible size of pages")
            }
            append(entryCount: entryCount, byteCount: byteCount, checksum: try reader.readUInt32())
        }
    }
}
