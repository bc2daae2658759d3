internal import Bytes
internal import TraceModel

/// Makes the strings of a body fit for a batch: well-formed, and not longer than allowed.
struct OTLPText: ~Copyable {
    let valueByteCountMax: Int
    /// Values that were cut since this was last set to 0.
    var cutCount = 0
    /// Strings that were not UTF-8.
    private(set) var replacedCount = 0

    private var scratch = ColumnBuffer<UInt8>(capacity: 256)
    /// Length of a writer beyond which the array or map at hand takes no more; its rest is cut.
    private var structureEnd = 0
    private var isStructureCut = false

    init(_ limits: SpanLimits) { valueByteCountMax = limits.valueByteCountMax }

    /// The text, or a copy that the next call overwrites.
    @inline(__always)
    mutating func clean(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if text.count <= valueByteCountMax && Self.isASCII(text) { return text }
        return cleanSlowly(text)
    }

    /// The bytes, or as many as are allowed.
    @inline(__always)
    mutating func cut(bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard bytes.count > valueByteCountMax else { return bytes }
        cutCount += 1
        return UnsafeRawBufferPointer(rebasing: bytes[..<valueByteCountMax])
    }

    @inline(__always)
    private static func isASCII(_ text: UnsafeRawBufferPointer) -> Bool {
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

    @inline(never)
    private mutating func cleanSlowly(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
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
            // What will be cut anyway need not be read.
            if scratch.count + (at - copied) > valueByteCountMax { break }
        }
        var cleaned = text
        if copied > 0 {
            replacedCount += 1
            copy(start, copied..<at)
            cleaned = scratch.bytes
        }
        guard cleaned.count > valueByteCountMax else { return cleaned }
        cutCount += 1
        let end = UTF8Sequence.boundary(cleaned, notAfter: valueByteCountMax)
        return UnsafeRawBufferPointer(rebasing: cleaned[..<end])
    }

    private mutating func copy(_ start: UnsafeRawPointer, _ range: Range<Int>) {
        scratch.append(
            contentsOf: UnsafeBufferPointer(
                start: (start + range.lowerBound).assumingMemoryBound(to: UInt8.self), count: range.count))
    }

    // MARK: Arrays and maps

    /// A value will be written to `writer`, which holds `count` bytes.
    mutating func beginStructure(at count: Int) {
        structureEnd = count + valueByteCountMax
        isStructureCut = false
    }

    /// Whether the value has room for one more element; where it has none, it counts as cut.
    mutating func hasRoom(at count: Int) -> Bool {
        if count <= structureEnd { return true }
        if !isStructureCut { cutCount += 1 }
        isStructureCut = true
        return false
    }

    /// Counts a text that will be cut when it is taken, which is too late to be noted.
    mutating func countCut(_ text: UnsafeRawBufferPointer) {
        if text.count > valueByteCountMax { cutCount += 1 }
    }

    /// Notes in the attributes at hand how many values were cut since `cutCount` was 0.
    mutating func noteCuts(in writer: inout AttributeWriter) {
        guard cutCount > 0 else { return }
        writer.append(key: SpanLimits.cutCountKey.rawBytes)
        writer.append(int: Int64(cutCount))
        cutCount = 0
    }
}

extension StaticString {
    /// UTF-8; there as long as the program.
    var rawBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
