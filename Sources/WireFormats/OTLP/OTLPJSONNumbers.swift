internal import Bytes

extension JSONScanner {
    /// A whole number of 64 bits without a sign, as such or as text. A negative one is taken modulo 2^64.
    mutating func readUnsigned() throws(DecodeError) -> UInt64 {
        guard try peek() == UInt8(ascii: "\"") else { return UInt64(bitPattern: try readInteger()) }
        let place = offset
        if let value = Self.unsigned(try readString()) { return value }
        seek(to: place)
        return UInt64(bitPattern: try readInteger())
    }

    /// The value of decimal digits; nil for anything else and for what does not fit.
    private static func unsigned(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard text.count > 0, text.count <= 20 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte &- 0x30 <= 9 else { return nil }
            let product = value.multipliedReportingOverflow(by: 10)
            let sum = product.partialValue.addingReportingOverflow(UInt64(byte &- 0x30))
            guard !product.overflow, !sum.overflow else { return nil }
            value = sum.partialValue
        }
        return value
    }

    /// A number, as such or as text; `NaN`, `Infinity` and `-Infinity` as text.
    mutating func readDouble() throws(DecodeError) -> Double {
        _ = try peek()
        let place = offset
        let text = try readNumberText()
        if text.equals("NaN") { return .nan }
        if text.equals("Infinity") { return .infinity }
        if text.equals("-Infinity") { return -.infinity }
        var number = JSONNumber(text)
        guard number.skip(), number.isAtEnd, let value = Double(String(decoding: text, as: UTF8.self)) else {
            throw malformed("expected a number", at: place)
        }
        return value
    }
}

extension ColumnBuffer<UInt8> {
    /// Takes the bytes that hex digits of either case mean, in place of what it holds.
    /// - Returns: false for anything else, and for an odd number of digits.
    mutating func readHex(_ text: UnsafeRawBufferPointer) -> Bool {
        removeAll(keepingCapacityUpTo: 1 << 16)
        guard text.count % 2 == 0 else { return false }
        var first: UInt8?
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 0x61 + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 0x41 + 10
            default: return false
            }
            if let high = first {
                append(high << 4 | digit)
                first = nil
            } else {
                first = digit
            }
        }
        return true
    }

    /// Takes the bytes of base64 (RFC 4648, either alphabet, with or without padding), in place of what it holds.
    /// - Returns: false for anything else.
    mutating func readBase64(_ text: UnsafeRawBufferPointer) -> Bool {
        removeAll(keepingCapacityUpTo: 1 << 16)
        var end = text.count
        while end > 0 && text.count - end < 2 && text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end % 4 != 1, end == text.count || text.count % 4 == 0 else { return false }
        var group: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in text[..<end] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - 0x41
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - 0x61 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 0x30 + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
            default: return false
            }
            group = group << 6 | UInt32(digit)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                append(UInt8(truncatingIfNeeded: group >> bitCount))
            }
        }
        return true
    }
}
