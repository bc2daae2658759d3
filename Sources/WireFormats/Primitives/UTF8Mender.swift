internal import Bytes

/// Makes well-formed text of bytes that should be UTF-8: each byte of no sequence becomes U+FFFD.
struct UTF8Mender: ~Copyable {
    /// Texts that were not UTF-8.
    private(set) var replacedCount = 0

    private var scratch = ColumnBuffer<UInt8>(capacity: 256)

    /// The text, or a copy that the next call overwrites.
    /// - Parameter limit: what comes after so many bytes will be cut off, and need not be read.
    @inline(__always)
    mutating func mend(_ text: UnsafeRawBufferPointer, upTo limit: Int) -> UnsafeRawBufferPointer {
        Self.isASCII(text) ? text : mendSlowly(text, upTo: limit)
    }

    @inline(__always)
    static func isASCII(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress else { return true }
        let count = text.count
        var offset = 0
        var bits: UInt64 = 0
        // Each load ends within 0..<count.
        while offset &+ 8 <= count {
            bits |= ByteWord.load(start, offset)
            offset &+= 8
        }
        if offset < count && count >= 8 {
            bits |= ByteWord.load(start, count &- 8)
            offset = count
        }
        while offset < count {
            bits |= UInt64(start.load(fromByteOffset: offset, as: UInt8.self))
            offset &+= 1
        }
        return bits & ByteWord.highBits == 0
    }

    /// Likewise for a text that is not ASCII alone.
    @inline(never)
    mutating func mendSlowly(_ text: UnsafeRawBufferPointer, upTo limit: Int) -> UnsafeRawBufferPointer {
        guard let start = text.baseAddress else { return text }
        scratch.removeAll(keepingCapacityUpTo: 1 << 16)
        var copied = 0
        var at = 0
        while at < text.count {
            let length = UTF8Sequence.length(start + at, text.count - at)
            if length == 0 {
                copy(start, copied..<at)
                for byte in "\u{fffd}".utf8 { scratch.append(byte) }
                copied = at + 1
            }
            at += max(length, 1)
            if scratch.count + (at - copied) > limit { break }
        }
        guard copied > 0 else { return text }
        replacedCount += 1
        copy(start, copied..<at)
        return scratch.bytes
    }

    private mutating func copy(_ start: UnsafeRawPointer, _ range: Range<Int>) {
        scratch.append(
            contentsOf: UnsafeBufferPointer(
                start: (start + range.lowerBound).assumingMemoryBound(to: UInt8.self), count: range.count))
    }
}
