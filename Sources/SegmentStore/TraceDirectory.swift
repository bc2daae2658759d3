internal import Bytes
internal import TraceModel

/// The look-up from a trace to the blocks that may have it: pages of fingerprints, sorted, each page with a checksum.
///
/// The high half of a trace's fingerprint chooses the page (evenly); the next 16 bits are kept, with the block's
/// number. An entry takes 16 bits and those of a block's number; one in some hundred segments is asked in vain.
enum TraceDirectory {
    struct Entry {
        var fingerprint: UInt64
        var block: Int
    }

    /// Where each page lies in the file, and how its entries are packed.
    struct PageTable: Equatable {
        var pages: [SectionReference] = []
        var entryCounts: [Int] = []
        var blockBitCount = 0
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

    /// The entries of each page, packed.
    static func makePages(_ entries: [Entry], blockCount: Int) -> (pages: [[UInt8]], entryCounts: [Int], bitCount: Int)
    {
        let bitCount = Int(ColumnPlan.width(ofListCount: blockCount))
        let pageCount = pageCount(entryCount: entries.count)
        var pages: [[UInt64]] = Array(repeating: [], count: pageCount)
        for entry in entries {
            let code = kept(entry.fingerprint) << UInt64(bitCount) | UInt64(entry.block)
            pages[page(of: entry.fingerprint, pageCount: pageCount)].append(code)
        }
        let width = SegmentFormat.fingerprintBitCount + bitCount
        let packed = pages.map { codes in
            var writer = BitWriter()
            for code in codes.sorted() { writer.append(code, width: width) }
            return writer.makeBytes()
        }
        return (packed, pages.map(\.count), bitCount)
    }

    /// Numbers of the blocks that may hold the trace, ascending.
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
