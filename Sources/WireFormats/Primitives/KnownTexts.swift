internal import Bytes

/// A few values of a text that came last, to be known again by their bytes before they are taken apart.
///
/// A value stands here as it was written, with its quotes or brackets, so that the same bytes mean the same value
/// wherever they stand. Borrows from the text: not to be used after it.
struct KnownTexts<Value: BitwiseCopyable>: ~Copyable {
    // Not private: debug builds refer to it.
    struct Entry: BitwiseCopyable {
        var start: UnsafeRawPointer
        var byteCount: Int
        var value: Value
    }

    private var entries: InlineArray<8, Entry?> = InlineArray(repeating: nil)
    private var next = 0

    /// Longer ones are not kept.
    private static var byteCountMax: Int { 512 }

    /// The value with which the text begins, and its length.
    @inline(__always)
    func first(of text: UnsafeRawPointer, readable: Int) -> (value: Value, byteCount: Int)? {
        for index in 0..<8 {
            // They are filled in their order.
            guard let entry = entries[index] else { return nil }
            if Self.begins(text, readable, entry) { return (entry.value, entry.byteCount) }
        }
        return nil
    }

    /// Keeps the value of the bytes from `start` on in the place of the one that is longest here.
    mutating func remember(_ start: UnsafeRawPointer, byteCount: Int, _ value: Value) {
        guard byteCount <= Self.byteCountMax else { return }
        entries[next] = Entry(start: start, byteCount: byteCount, value: value)
        next = (next + 1) % 8
    }

    @inline(__always)
    private static func begins(_ text: UnsafeRawPointer, _ readable: Int, _ entry: Entry) -> Bool {
        // The entry lies before the text, so that as much may be read there.
        guard entry.byteCount &+ ByteWindow.byteCount <= readable else { return false }
        var at = 0
        while entry.byteCount &- at > ByteWindow.byteCount {
            guard ByteWindow.sameBytes(entry.start + at, text + at, ByteWindow.byteCount) else { return false }
            at &+= ByteWindow.byteCount
        }
        return ByteWindow.sameBytes(entry.start + at, text + at, entry.byteCount &- at)
    }
}
