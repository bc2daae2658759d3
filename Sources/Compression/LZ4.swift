internal import CLZ4

/// LZ4 blocks (lz4.org, "LZ4 Block format"): no frame, so the caller stores the unpacked size and the checksum.
public enum LZ4 {
    /// How hard to look for repetition; unpacking costs the same after either.
    public enum Level: Sendable, Equatable {
        case fast  // some 1 GB/s: the journal
        case high(Int32)  // LZ4 HC, 3 to 12: segments
    }

    /// What `fast` skips of the bytes that do not repeat at first sight: of batches of spans it takes a quarter less
    /// time than with 1, for a tenth more bytes.
    private static let acceleration: Int32 = 4

    /// Largest size of one block, packed or not, that is accepted either way.
    public static let byteCountMax = 1 << 30

    /// Room that packing `count` bytes may need at worst.
    public static func packedByteCountMax(_ count: Int) -> Int {
        precondition(count >= 0 && count <= byteCountMax, "an LZ4 block is at most 1 GiB")
        return Int(LZ4_compressBound(Int32(count)))
    }

    /// Packs `source` into `target`, which must have room for `packedByteCountMax(source.count)` bytes.
    /// - Returns: bytes written.
    public static func pack(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, level: Level
    ) -> Int {
        precondition(target.count >= packedByteCountMax(source.count), "the target has room for the worst case")
        let from = source.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = target.baseAddress?.assumingMemoryBound(to: CChar.self)
        let room = Int32(clamping: target.count)
        let written =
            switch level {
            case .fast: LZ4_compress_fast(from, to, Int32(source.count), room, acceleration)
            case .high(let effort): LZ4_compress_HC(from, to, Int32(source.count), room, effort)
            }
        precondition(written > 0, "LZ4 packs anything into its own worst case")
        return Int(written)
    }

    public static func pack(_ source: UnsafeRawBufferPointer, level: Level) -> [UInt8] {
        let room = packedByteCountMax(source.count)
        return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = pack(source, into: UnsafeMutableRawBufferPointer(buffer), level: level)
        }
    }

    /// Unpacks `source`, which must fill `target` exactly.
    /// - Returns: false if the bytes are no LZ4 block of that size; the target then holds anything.
    public static func unpack(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard source.count <= byteCountMax, target.count <= byteCountMax else { return false }
        let written = LZ4_decompress_safe(
            source.baseAddress?.assumingMemoryBound(to: CChar.self),
            target.baseAddress?.assumingMemoryBound(to: CChar.self),
            Int32(source.count), Int32(target.count))
        return Int(written) == target.count
    }
}
