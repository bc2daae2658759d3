/// Kinds of text that take fewer bytes in another form, and their way there and back.
enum LiteralText {
    static let uuidByteCount = 36

    /// The value of a lower-case hex digit; 0xff for any other byte.
    @inline(__always)
    static func digit(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x61...0x66: byte &- 0x61 &+ 10
        default: 0xff
        }
    }

    /// Eight hex digits in groups of 8-4-4-4-12, lower-case (RFC 9562).
    static func isUUID(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == uuidByteCount else { return false }
        for index in 0..<uuidByteCount {
            if isDash(index) {
                if text[index] != 0x2d { return false }
            } else if digit(text[index]) == 0xff {
                return false
            }
        }
        return true
    }

    @inline(__always)
    static func isDash(_ index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

    static func isHex(_ text: UnsafeRawBufferPointer) -> Bool {
        for byte in text where digit(byte) == 0xff { return false }
        return true
    }

    /// Appends the bytes that the hex digits of `text` stand for, skipping dashes; an even number of digits.
    static func appendPacked(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var high: UInt8?
        for byte in text where byte != 0x2d {
            let value = digit(byte)
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }

    /// The number that prints as `text`; nil if there is none.
    static func decimal(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count >= 1 && text.count <= 18 else { return nil }
        if text[0] == 0x30 { return text.count == 1 ? 0 : nil }
        var value: Int64 = 0
        for byte in text {
            let digit = byte &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    /// Calls `body` with the text that 16 bytes stand for.
    @inline(__always)
    static func withUUID<Value>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: uuidByteCount) { text in
            var place = 0
            for byte in bytes {
                if isDash(place) {
                    text[place] = 0x2d
                    place &+= 1
                }
                text[place] = hexDigit(byte >> 4)
                text[place &+ 1] = hexDigit(byte & 15)
                place &+= 2
            }
            return body(UnsafeRawBufferPointer(text))
        }
    }

    /// Calls `body` with the digits of the bytes.
    @inline(__always)
    static func withHex<Value>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text[index &* 2] = hexDigit(byte >> 4)
                text[index &* 2 &+ 1] = hexDigit(byte & 15)
            }
            return body(UnsafeRawBufferPointer(text))
        }
    }

    /// Calls `body` with the digits of a number that is not negative.
    @inline(__always)
    static func withDecimal<Value>(_ value: Int64, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: decimalByteCountMax) { text in
            var rest = UInt64(value)
            var first = decimalByteCountMax
            repeat {
                first &-= 1
                text[first] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            return body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[first...]))
        }
    }

    private static let decimalByteCountMax = 20

    @inline(__always)
    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }
}
