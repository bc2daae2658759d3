/// SipHash-2-4: a short hash that nobody can make, or undo by trial, without its key.
struct SipHash {
    private let low: UInt64
    private let high: UInt64

    /// - Parameter key: 16 bytes.
    init(key: [UInt8]) {
        precondition(key.count == 16, "a key of 16 bytes")
        func word(_ first: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(key[first + $1]) << UInt64(8 * $1) }
        }
        low = word(0)
        high = word(8)
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = State(low, high)
        var at = 0
        while bytes.count - at >= 8 {
            state.take(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for place in at..<bytes.count { last |= UInt64(bytes[place]) << UInt64(8 * (place - at)) }
        state.take(last)
        return state.finish()
    }

    private struct State {
        var a: UInt64
        var b: UInt64
        var c: UInt64
        var d: UInt64

        init(_ low: UInt64, _ high: UInt64) {
            a = low ^ 0x736f_6d65_7073_6575
            b = high ^ 0x646f_7261_6e64_6f6d
            c = low ^ 0x6c79_6765_6e65_7261
            d = high ^ 0x7465_6462_7974_6573
        }

        mutating func take(_ word: UInt64) {
            d ^= word
            mix()
            mix()
            a ^= word
        }

        mutating func finish() -> UInt64 {
            c ^= 0xff
            for _ in 0..<4 { mix() }
            return a ^ b ^ c ^ d
        }

        private mutating func mix() {
            a &+= b
            b = Self.rotated(b, 13) ^ a
            a = Self.rotated(a, 32)
            c &+= d
            d = Self.rotated(d, 16) ^ c
            a &+= d
            d = Self.rotated(d, 21) ^ a
            c &+= b
            b = Self.rotated(b, 17) ^ c
            c = Self.rotated(c, 32)
        }

        private static func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 - count)
        }
    }
}
