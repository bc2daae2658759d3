/// A fast 64-bit hash of bytes, for tables in memory and filters on disk.
///
/// It never changes: segments hold values made with it. No defence against chosen collisions: tables that take
/// bytes from outside confirm by comparing the bytes and are bounded in size.
public enum ByteHash {
    /// A number to start from where there is no better one.
    public static let seed: UInt64 = 0xa076_1d64_78bd_642f

    @usableFromInline static let odd0: UInt64 = 0x9e37_79b9_7f4a_7c15
    @usableFromInline static let odd1: UInt64 = 0xd6e8_feb8_6659_fd93

    /// Both halves of the 128-bit product, folded together.
    @inlinable @inline(__always)
    public static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inlinable @inline(__always)
    public static func hash(_ start: UnsafeRawPointer, _ count: Int, seed: UInt64 = 0) -> UInt64 {
        var state = seed ^ (UInt64(truncatingIfNeeded: count) &* odd0)
        if count >= 8 {
            var offset = 0
            while offset &+ 16 <= count {
                state = fold(word(start, offset) ^ odd0 ^ state, word(start, offset &+ 8) ^ odd1)
                offset &+= 16
            }
            // The last 16 bytes, or all 8 to 15: they may overlap what was read, which does no harm.
            let first = count >= 16 ? count &- 16 : 0
            return fold(word(start, first) ^ odd1 ^ state, word(start, count &- 8) ^ odd0 ^ state)
        }
        if count >= 4 {
            let low = UInt64(start.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            let high = UInt64(start.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return fold(low ^ (high &<< 32) ^ odd0 ^ state, odd1 ^ state)
        }
        if count > 0 {
            let first = UInt64(start.load(as: UInt8.self))
            let middle = UInt64(start.load(fromByteOffset: count &>> 1, as: UInt8.self))
            let last = UInt64(start.load(fromByteOffset: count &- 1, as: UInt8.self))
            return fold(first ^ (middle &<< 8) ^ (last &<< 16) ^ odd0 ^ state, odd1 ^ state)
        }
        return fold(odd0 ^ state, odd1)
    }

    @inlinable
    public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        guard let start = bytes.baseAddress else { return fold(odd0 ^ seed, odd1) }
        return hash(start, bytes.count, seed: seed)
    }

    @inlinable @inline(__always)
    static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
