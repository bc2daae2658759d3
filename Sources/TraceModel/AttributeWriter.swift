internal import Bytes

/// Writes what `AttributeCoding` describes; kept and used again, so that a value costs no allocation.
///
/// In a map each value follows its key. Arrays, maps and whatever else has a length stand between `begin` and `end`.
public struct AttributeWriter: ~Copyable {
    private var buffer = ColumnBuffer<UInt8>(capacity: 256)

    public init() {}

    /// What was written; valid until the next write.
    public var bytes: UnsafeRawBufferPointer { buffer.bytes }
    public var count: Int { buffer.count }

    /// Room kept for the next use.
    private static let keptCapacity = 1 << 16

    public mutating func removeAll() { buffer.removeAll(keepingCapacityUpTo: Self.keptCapacity) }

    /// Forgets what was written since `count` was `newCount`.
    public mutating func truncate(to newCount: Int) { buffer.truncate(to: newCount) }

    // MARK: Values

    public mutating func append(key: UnsafeRawBufferPointer) { append(text: key) }

    public mutating func append(string: UnsafeRawBufferPointer) {
        append(type: .string)
        append(text: string)
    }

    public mutating func append(bytes: UnsafeRawBufferPointer) {
        append(type: .bytes)
        append(text: bytes)
    }

    public mutating func append(bool: Bool) {
        append(type: .bool)
        buffer.append(bool ? 1 : 0)
    }

    public mutating func append(int: Int64) {
        append(type: .int)
        append(varint: Varint.zigzag(int))
    }

    public mutating func append(double: Double) {
        append(type: .double)
        append(double.bitPattern)
    }

    public mutating func appendNone() { append(type: .none) }

    /// A value of any type; the bytes of arrays and maps are taken as they are.
    public mutating func append(_ value: SpanValue) {
        switch value {
        case .string(let text): append(string: text)
        case .bytes(let bytes): append(bytes: bytes)
        case .bool(let flag): append(bool: flag)
        case .int(let number): append(int: number)
        case .double(let number): append(double: number)
        case .array(let body):
            append(type: .array)
            append(text: body)
        case .map(let body):
            append(type: .map)
            append(text: body)
        case .none: appendNone()
        }
    }

    // MARK: What has a length

    /// Starts an array.
    /// - Returns: what `end` is to be given.
    public mutating func beginArray() -> Int {
        append(type: .array)
        return begin()
    }

    /// Starts a map likewise.
    public mutating func beginMap() -> Int {
        append(type: .map)
        return begin()
    }

    /// Starts bytes with their length before them: attributes, or one link.
    public mutating func begin() -> Int {
        buffer.append(0)
        return buffer.count - 1
    }

    /// Ends what began at `mark`.
    public mutating func end(_ mark: Int) {
        let length = buffer.count - mark - 1
        let extra = Varint.byteCount(UInt64(length)) - 1
        if extra > 0 {
            buffer.append(repeating: 0, count: extra)
            let body = buffer.start + mark + 1
            (body + extra).update(from: body, count: length)
        }
        var rest = length
        for place in mark..<mark + extra {
            buffer[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
        }
        buffer[mark + extra] = UInt8(rest)
    }

    /// Puts what was written from `middle` on before what was written from `first` on: a key before its value.
    public mutating func swapParts(from first: Int, middle: Int) {
        precondition(first >= 0 && first <= middle && middle <= buffer.count, "parts of what was written")
        func reverse(_ range: Range<Int>) {
            var part = UnsafeMutableBufferPointer(start: buffer.start + range.lowerBound, count: range.count)
            part.reverse()
        }
        reverse(first..<middle)
        reverse(middle..<buffer.count)
        reverse(first..<buffer.count)
    }

    // MARK: Parts of records

    public mutating func append(text: UnsafeRawBufferPointer) {
        append(varint: UInt64(text.count))
        append(raw: text)
    }

    public mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }

    /// What follows the attributes of a link, which is then to be ended.
    public mutating func append(
        linkFlags flags: UInt32, traceID: TraceID, spanID: UInt64, traceState: UnsafeRawBufferPointer
    ) {
        append(varint: UInt64(flags))
        append(traceID.high.byteSwapped)
        append(traceID.low.byteSwapped)
        append(spanID.byteSwapped)
        append(raw: traceState)
    }

    private mutating func append(type: ValueType) { buffer.append(type.rawValue) }

    private mutating func append(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { append(raw: $0) }
    }

    private mutating func append(raw bytes: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: bytes.assumingMemoryBound(to: UInt8.self))
    }
}
