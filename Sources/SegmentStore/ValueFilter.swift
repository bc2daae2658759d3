internal import Bytes

/// A Bloom filter over the values that a block keeps outside the dictionary: none that is in it is ever denied.
enum ValueFilter {
    /// What a value under a key adds to the filter.
    static func hash(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UInt64 {
        ByteHash.hash(value, seed: ByteHash.hash(key))
    }

    static func make(_ hashes: [UInt64]) -> [UInt8] {
        guard !hashes.isEmpty else { return [] }
        var filter = [UInt8](repeating: 0, count: (hashes.count * SegmentFormat.filterBitsPerValue + 7) / 8)
        for hash in hashes {
            forEachBit(of: hash, byteCount: filter.count) { bit in filter[bit >> 3] |= 1 << UInt8(bit & 7) }
        }
        return filter
    }

    static func mayContain(_ hash: UInt64, _ filter: UnsafeRawBufferPointer) -> Bool {
        guard filter.count > 0 else { return false }
        var isThere = true
        forEachBit(of: hash, byteCount: filter.count) { bit in
            if filter[bit >> 3] & 1 << UInt8(bit & 7) == 0 { isThere = false }
        }
        return isThere
    }

    private static func forEachBit(of hash: UInt64, byteCount: Int, _ body: (Int) -> Void) {
        let bitCount = UInt64(byteCount) * 8
        let step = hash >> 32 | 1
        var place = hash & 0xffff_ffff
        for _ in 0..<SegmentFormat.filterProbeCount {
            body(Int((place &* bitCount) >> 32))
            place = (place &+ step) & 0xffff_ffff
        }
    }
}
