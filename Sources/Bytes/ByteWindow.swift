public import CShim

/// Thirty-two bytes looked at together, wherever they lie; the caller makes sure that all of them may be read.
public enum ByteWindow {
    public static let byteCount = 32

    /// A bit for each byte, the first in the lowest: those that are `"`, `\`, a control character or not ASCII.
    @inlinable @inline(__always)
    public static func textSpecials(_ start: UnsafeRawPointer) -> UInt32 {
        skein_window_text_specials(start)
    }

    /// Whether the first `count` bytes, 0 to 32, are the same.
    @inlinable @inline(__always)
    public static func sameBytes(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
        let wanted = (UInt64(1) &<< UInt64(truncatingIfNeeded: count)) &- 1
        return UInt64(skein_window_same(a, b)) & wanted == wanted
    }
}
