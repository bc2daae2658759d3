public import Bytes
internal import TraceModel

extension ByteWriter {
    /// The text in quotes, escaped where JSON asks for it; U+2028 and U+2029 too, which end lines in JavaScript.
    mutating func writeJSONString(_ text: UnsafeRawBufferPointer) {
        write(UInt8(ascii: "\""))
        if let start = text.baseAddress {
            var first = 0  // first byte not yet written
            var at = 0
            while at < text.count {
                // The load is within the text: at + 8 <= count.
                if at + 8 <= text.count, ByteWord.specialsInText(ByteWord.load(start, at)) == 0 {
                    at += 8
                    continue
                }
                let escaped = Self.escapedByteCount(text, at)
                if escaped > 0 {
                    write(UnsafeRawBufferPointer(start: start + first, count: at - first))
                    writeEscape(text, at)
                    first = at + escaped
                }
                at += max(escaped, 1)
            }
            write(UnsafeRawBufferPointer(start: start + first, count: at - first))
        }
        write(UInt8(ascii: "\""))
    }

    /// Bytes of the character at `at` if it is to be escaped; else 0.
    private static func escapedByteCount(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int {
        switch text[at] {
        case 0x00..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"):
            1
        case 0xe2:
            at + 2 < text.count && text[at + 1] == 0x80 && text[at + 2] & 0xfe == 0xa8 ? 3 : 0
        default:
            0
        }
    }

    private mutating func writeEscape(_ text: UnsafeRawBufferPointer, _ at: Int) {
        switch text[at] {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x08: write("\\b")
        case 0x09: write("\\t")
        case 0x0a: write("\\n")
        case 0x0c: write("\\f")
        case 0x0d: write("\\r")
        case 0xe2: write(text[at + 2] == 0xa8 ? "\\u2028" : "\\u2029")
        case let control:
            write("\\u00")
            writeHexDigit(control >> 4)
            writeHexDigit(control & 15)
        }
    }

    /// Likewise for a string in hand.
    public mutating func writeJSONString(_ text: String) {
        var text = text
        text.withUTF8 { writeJSONString(UnsafeRawBufferPointer($0)) }
    }

    mutating func writeJSONString(_ text: StaticString) {
        writeJSONString(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// One lower-case digit, 0 to 15.
    @inline(__always)
    mutating func writeHexDigit(_ value: UInt8) {
        write(value < 10 ? 0x30 + value : 0x61 + value - 10)
    }

    /// Sixteen lower-case digits.
    mutating func writeHex(_ value: UInt64) {
        let halves = (
            Hex.digits(of: UInt32(truncatingIfNeeded: value >> 32)), Hex.digits(of: UInt32(truncatingIfNeeded: value))
        )
        withUnsafeBytes(of: halves) { write($0) }
    }

    /// Decimal digits.
    mutating func writeDecimal(_ value: Int64) {
        if value < 0 { write(UInt8(ascii: "-")) }
        var rest = value.magnitude
        // 20 digits at most, last first.
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var first = 20
            repeat {
                first -= 1
                digits[first] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            } while rest > 0
            write(UnsafeRawBufferPointer(rebasing: digits[first...]))
        }
    }

    /// RFC 4648 with padding.
    mutating func writeBase64(_ bytes: UnsafeRawBufferPointer) { Base64.forEachDigit(of: bytes) { write($0) } }
}

extension Hex {
    /// The eight lower-case digits of a number as they lie in memory.
    @inline(__always)
    static func digits(of value: UInt32) -> UInt64 {
        // Spread the digits over the bytes, the highest in the first one.
        var digits = UInt64(value.byteSwapped)
        digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits >> 4 & 0x000f_000f_000f_000f) | (digits & 0x000f_000f_000f_000f) << 8
        // 1 in each byte whose digit is a letter: 6 more carries into the fifth bit.
        let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (digits + 0x3030_3030_3030_3030 + letters * 39).littleEndian
    }
}

enum Base64 {
    /// The digits of RFC 4648, and its padding.
    @inline(__always)
    static func forEachDigit(of bytes: UnsafeRawBufferPointer, _ body: (UInt8) -> Void) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var at = 0
        while at < bytes.count {
            let taken = min(3, bytes.count - at)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < taken ? UInt32(bytes[at + index]) : 0) }
            for index in 0..<4 {
                let digit = Int(group >> (18 - 6 * UInt32(index)) & 63)
                body(index <= taken ? alphabet.utf8Start[digit] : UInt8(ascii: "="))
            }
            at += taken
        }
    }
}
