internal import Bytes

/// The usual case of keys and values: short, without white space where it may stand, and with nothing to be undone.
///
/// What is anything else is left as it is for the other functions.
extension JSONScanner {
    private static let quote = UInt8(ascii: "\"")

    /// Length of the next key of an object, 1 to 31, if it is plain and its colon follows at once; else 0.
    @inline(__always)
    func plainKeyByteCount(isFirst: Bool) -> Int {
        // A comma, a quote, the window, the colon.
        guard remaining >= ByteWindow.byteCount &+ 4 else { return 0 }
        if isFirst {
            guard here.load(as: UInt8.self) == Self.quote else { return 0 }
        } else {
            guard UInt16(littleEndian: here.loadUnaligned(as: UInt16.self)) == 0x222c else { return 0 }
        }
        let key = plainKey(isFirst: isFirst)
        let specials = ByteWindow.textSpecials(key)
        guard specials != 0 else { return 0 }
        let length = specials.trailingZeroBitCount
        // The quote and the colon.
        guard UInt16(littleEndian: (key + length).loadUnaligned(as: UInt16.self)) == 0x3a22 else { return 0 }
        return length
    }

    /// The first byte of the plain key that comes next; 32 may be read there.
    @inline(__always)
    func plainKey(isFirst: Bool) -> UnsafeRawPointer { here + (isFirst ? 1 : 2) }

    /// Takes the plain key that comes next, up to and with its colon.
    @inline(__always)
    mutating func takePlainKey(_ length: Int, isFirst: Bool) -> UnsafeRawBufferPointer {
        let key = plainKey(isFirst: isFirst)
        advance(length &+ (isFirst ? 3 : 4))
        return UnsafeRawBufferPointer(start: key, count: length)
    }

    /// The value of a string of sixteen lower-case hex digits, which is taken.
    @inline(__always)
    mutating func takePlainHex16() -> UInt64? {
        guard remaining >= 18, here.load(as: UInt8.self) == Self.quote,
            here.load(fromByteOffset: 17, as: UInt8.self) == Self.quote, let value = hex16(1)
        else { return nil }
        advance(18)
        return value
    }

    /// The value of a string of 32 lower-case hex digits, which is taken.
    @inline(__always)
    mutating func takePlainHex32() -> (high: UInt64, low: UInt64)? {
        guard remaining >= 34, here.load(as: UInt8.self) == Self.quote,
            here.load(fromByteOffset: 33, as: UInt8.self) == Self.quote, let high = hex16(1), let low = hex16(17)
        else { return nil }
        advance(34)
        return (high, low)
    }

    /// The caller has checked that the digits are within the text.
    @inline(__always)
    private func hex16(_ at: Int) -> UInt64? {
        guard let high = ByteWord.lowerHex(ByteWord.load(here, at)),
            let low = ByteWord.lowerHex(ByteWord.load(here, at &+ 8))
        else { return nil }
        return high &<< 32 | low
    }
}
