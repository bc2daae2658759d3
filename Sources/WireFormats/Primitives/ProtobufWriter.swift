internal import Bytes

/// Writes protobuf messages, one within the other, into memory that is kept and used again.
///
/// Fields are named by their tags: the field number shifted by three, and the wire type. What a message has not got
/// (zero, empty) is left to the caller to leave out.
struct ProtobufWriter: ~Copyable {
    private var buffer = ColumnBuffer<UInt8>(capacity: 4096)

    var bytes: UnsafeRawBufferPointer { buffer.bytes }
    var count: Int { buffer.count }

    /// Room kept for the next use.
    private static let keptCapacity = 1 << 20

    mutating func removeAll() { buffer.removeAll(keepingCapacityUpTo: Self.keptCapacity) }

    /// Forgets what was written since `count` was `newCount`.
    mutating func truncate(to newCount: Int) { buffer.truncate(to: newCount) }

    mutating func write(_ tag: UInt32, varint value: UInt64) {
        writeVarint(UInt64(tag))
        writeVarint(value)
    }

    mutating func write(_ tag: UInt32, fixed64 value: UInt64) {
        writeVarint(UInt64(tag))
        withUnsafeBytes(of: value.littleEndian) { writeRaw($0) }
    }

    mutating func write(_ tag: UInt32, fixed32 value: UInt32) {
        writeVarint(UInt64(tag))
        withUnsafeBytes(of: value.littleEndian) { writeRaw($0) }
    }

    mutating func write(_ tag: UInt32, bytes: UnsafeRawBufferPointer) {
        writeVarint(UInt64(tag))
        writeVarint(UInt64(bytes.count))
        writeRaw(bytes)
    }

    /// Two texts as one.
    mutating func write(_ tag: UInt32, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
        writeVarint(UInt64(tag))
        writeVarint(UInt64(first.count + second.count))
        writeRaw(first)
        writeRaw(second)
    }

    /// Starts a message within the one at hand.
    /// - Returns: what `end` is to be given.
    mutating func begin(_ tag: UInt32) -> Int {
        writeVarint(UInt64(tag))
        buffer.append(0)
        return buffer.count - 1
    }

    /// Ends the message that began at `mark`: writes its length, and moves it if that takes more than one byte.
    mutating func end(_ mark: Int) {
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

    private mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }

    private mutating func writeRaw(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: bytes.assumingMemoryBound(to: UInt8.self))
    }
}
