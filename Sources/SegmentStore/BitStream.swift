internal import Bytes

/// Codes of 0 to 56 bits, one after the other, lowest bit first.
struct BitWriter: ~Copyable {
    private var words = ColumnBuffer<UInt64>(capacity: 4096)
    private var pending: UInt64 = 0
    private(set) var bitCount = 0

    mutating func removeAll() {
        words.removeAll(keepingCapacityUpTo: 1 << 17)
        pending = 0
        bitCount = 0
    }

    /// Appends the low `width` bits of `value`, whose other bits are zero.
    @inline(__always)
    mutating func append(_ value: UInt64, width: Int) {
        let used = bitCount & 63
        pending |= value &<< UInt64(used)
        bitCount &+= width
        if used &+ width >= 64 {
            words.append(pending)
            pending = used == 0 ? 0 : value &>> UInt64(64 &- used)
        }
    }

    /// The bits so far, filled up to a whole byte.
    func makeBytes() -> [UInt8] {
        let byteCount = (bitCount + 7) / 8
        return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let whole = words.bytes
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: whole)
            for index in whole.count..<max(byteCount, whole.count) {
                buffer[index] = UInt8(truncatingIfNeeded: pending >> (8 * UInt64(index - whole.count)))
            }
            count = byteCount
        }
    }
}

/// Reads codes at any bit of bytes that are followed by 8 more that may be read.
struct BitReader {
    private let start: UnsafeRawPointer
    let bitCount: Int

    /// Bytes that must be readable behind the codes.
    static let paddingByteCount = 8

    /// `bytes` includes the padding.
    init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count >= Self.paddingByteCount, "codes come with padding")
        start = bytes.baseAddress!
        bitCount = (bytes.count - Self.paddingByteCount) * 8
    }

    /// The code of `width` (0 to 56) bits at `bit`; both within the codes.
    @inline(__always)
    func code(at bit: Int, width: Int) -> UInt64 {
        precondition(bit >= 0 && bit &+ width <= bitCount, "a code within the bits")
        let word = start.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
        return (word &>> UInt64(bit & 7)) & ((1 &<< UInt64(width)) &- 1)
    }

    /// Ones among `count` bits from `bit` on.
    func ones(from bit: Int, count: Int) -> Int {
        var ones = 0
        var next = bit
        let end = bit + count
        while next < end {
            let width = min(56, end - next)
            ones += code(at: next, width: width).nonzeroBitCount
            next += width
        }
        return ones
    }
}
