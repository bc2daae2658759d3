/// Eight bytes looked at together as one little-endian word.
enum ByteWord {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func load(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The high bit of the first byte that is `"`, `\`, a control character or not ASCII, and perhaps bits above it;
    /// 0 if there is no such byte.
    ///
    /// A subtraction borrows from the next byte only where its own byte is a hit, so that the lowest bit is always
    /// true.
    @inline(__always)
    static func specialsInText(_ word: UInt64) -> UInt64 {
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5c)) &- ones
        let control = word &- (ones &* 0x20)
        return (quote | backslash | control | word) & highBits
    }

    /// The high bit of each byte that is A to Z; the word has to be ASCII.
    @inline(__always)
    static func upperCaseLetters(_ word: UInt64) -> UInt64 {
        (word &+ (ones &* (0x80 - 0x41))) & ~(word &+ (ones &* (0x80 - 0x5b))) & highBits
    }

    /// The number that eight decimal digits mean, first digit in the lowest byte; nil if one is something else.
    @inline(__always)
    static func decimal(_ word: UInt64) -> UInt32? {
        let high = ones &* 0xf0
        guard word & high == ones &* 0x30, (word &+ ones &* 0x06) & high == ones &* 0x30 else { return nil }
        var value = word & (ones &* 0x0f)
        // Pairs of digits, then of pairs: no sum reaches the next one's bits.
        value = (value &* 10 &+ value &>> 8) & 0x00ff_00ff_00ff_00ff
        value = (value &* 100 &+ value &>> 16) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: value &* 10_000 &+ value &>> 32)
    }

    /// The number that eight lower-case hex digits mean, first digit in the lowest byte; nil if one is something else.
    @inline(__always)
    static func lowerHex(_ word: UInt64) -> UInt64? {
        guard word & highBits == 0 else { return nil }
        // Sums of bytes below 0x80 stay within their byte.
        let digit = word ^ (ones &* 0x30)  // 0 to 9 for a digit
        let letter = word ^ (ones &* 0x60)  // 1 to 6 for a letter
        let isDigit = ~(digit &+ (ones &* (0x80 - 10)))
        let isLetter = ~(letter &+ (ones &* (0x80 - 7))) & (letter &+ (ones &* 0x7f))
        guard (isDigit | isLetter) & highBits == highBits else { return nil }
        var value = (word & (ones &* 0x0f)) &+ 9 &* ((word &>> 6) & ones)
        value = value.byteSwapped
        value = (value | value &>> 4) & 0x00ff_00ff_00ff_00ff
        value = (value | value &>> 8) & 0x0000_ffff_0000_ffff
        return (value | value &>> 16) & 0xffff_ffff
    }
}

extension UnsafeRawBufferPointer {
    /// Same bytes as `text`.
    @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count == length, let start = baseAddress else { return count == length }
        let other = UnsafeRawPointer(text.utf8Start)
        if length >= 8 {
            var offset = 0
            while offset &+ 8 <= length {
                if ByteWord.load(start, offset) != ByteWord.load(other, offset) { return false }
                offset &+= 8
            }
            return ByteWord.load(start, length &- 8) == ByteWord.load(other, length &- 8)
        }
        for offset in 0..<length
        where start.load(fromByteOffset: offset, as: UInt8.self) != other.load(fromByteOffset: offset, as: UInt8.self) {
            return false
        }
        return true
    }

}
