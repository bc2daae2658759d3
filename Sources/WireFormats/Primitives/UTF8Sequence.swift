/// Rules of UTF-8 (Unicode 16, table 3-7).
enum UTF8Sequence {
    /// Length, 1 to 4, of the well-formed sequence that starts at `start`; 0 if there is none within `count` bytes.
    static func length(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        guard count > 0 else { return 0 }
        @inline(__always) func byte(_ offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }
        @inline(__always) func isContinuation(_ offset: Int) -> Bool { byte(offset) & 0xc0 == 0x80 }
        let first = byte(0)
        switch first {
        case 0x00...0x7f:
            return 1
        case 0xc2...0xdf:
            return count >= 2 && isContinuation(1) ? 2 : 0
        case 0xe0...0xef:
            guard count >= 3, isContinuation(1), isContinuation(2) else { return 0 }
            if first == 0xe0 && byte(1) < 0xa0 { return 0 }  // could be shorter
            if first == 0xed && byte(1) > 0x9f { return 0 }  // a surrogate
            return 3
        case 0xf0...0xf4:
            guard count >= 4, isContinuation(1), isContinuation(2), isContinuation(3) else { return 0 }
            if first == 0xf0 && byte(1) < 0x90 { return 0 }  // could be shorter
            if first == 0xf4 && byte(1) > 0x8f { return 0 }  // beyond U+10FFFF
            return 4
        default:
            return 0
        }
    }

    /// The greatest length up to `limit` that cuts no sequence of well-formed `bytes`.
    static func boundary(_ bytes: UnsafeRawBufferPointer, notAfter limit: Int) -> Int {
        guard limit < bytes.count else { return bytes.count }
        var end = limit
        while end > 0 && bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return end
    }
}
