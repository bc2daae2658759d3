internal import TraceModel

/// Makes the strings of a body fit for a batch: well-formed, and not longer than allowed.
struct OTLPText: ~Copyable {
    let valueByteCountMax: Int
    /// Values that were cut since this was last set to 0.
    var cutCount = 0

    private var mender = UTF8Mender()
    /// Length of a writer beyond which the array or map at hand takes no more; its rest is cut.
    private var structureEnd = 0
    private var isStructureCut = false

    /// Strings that were not UTF-8.
    var replacedCount: Int { mender.replacedCount }

    init(_ limits: SpanLimits) { valueByteCountMax = limits.valueByteCountMax }

    /// The text, or a copy that the next call overwrites.
    @inline(__always)
    mutating func clean(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if text.count <= valueByteCountMax && UTF8Mender.isASCII(text) { return text }
        return cleanSlowly(text)
    }

    /// The bytes, or as many as are allowed.
    @inline(__always)
    mutating func cut(bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard bytes.count > valueByteCountMax else { return bytes }
        cutCount += 1
        return UnsafeRawBufferPointer(rebasing: bytes[..<valueByteCountMax])
    }

    @inline(never)
    private mutating func cleanSlowly(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let cleaned = mender.mendSlowly(text, upTo: valueByteCountMax)
        guard cleaned.count > valueByteCountMax else { return cleaned }
        cutCount += 1
        let end = UTF8Sequence.boundary(cleaned, notAfter: valueByteCountMax)
        return UnsafeRawBufferPointer(rebasing: cleaned[..<end])
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
