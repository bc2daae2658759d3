/// Bytes that HTTP gives a meaning, and comparisons that ignore the case of ASCII letters.
enum ASCII {
    static let tab: UInt8 = 9
    static let space: UInt8 = 32
    static let percent: UInt8 = 37
    static let slash: UInt8 = 47

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    /// Whether `byte` may stand in a field value.
    @inline(__always)
    static func isFieldValueByte(_ byte: UInt8) -> Bool {
        byte >= 32 && byte != 127 || byte == tab
    }

    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

extension Span<UInt8> {
    func isEqual(to text: String) -> Bool {
        let text = text.utf8
        guard text.count == count else { return false }
        var index = 0
        for byte in text {
            guard self[index] == byte else { return false }
            index += 1
        }
        return true
    }

    func isEqualIgnoringCase(to text: String) -> Bool {
        let text = text.utf8
        guard text.count == count else { return false }
        var index = 0
        for byte in text {
            guard ASCII.lowercased(self[index]) == ASCII.lowercased(byte) else { return false }
            index += 1
        }
        return true
    }
}

/// Text of bytes with `%41` undone, and `+` taken as a space where `plusIsSpace`. A `%` without two hex digits stays
/// as it is; what is not UTF-8 is replaced.
func percentDecoded(_ bytes: Span<UInt8>, plusIsSpace: Bool = false) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if byte == ASCII.percent, index + 1 < bytes.count,
            let high = ASCII.hexDigit(bytes[index]), let low = ASCII.hexDigit(bytes[index + 1])
        {
            decoded.append(high << 4 | low)
            index += 2
        } else {
            decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? ASCII.space : byte)
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

/// The digits of `bytes` in base64 (RFC 4648), without the padding at their end.
func unpaddedBase64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        bitCount += 8
        while bitCount >= 6 {
            bitCount -= 6
            text.append(digits[Int(bits >> UInt32(bitCount) & 63)])
        }
    }
    if bitCount > 0 { text.append(digits[Int(bits << UInt32(6 - bitCount) & 63)]) }
    return text
}

/// A field's value that came from a handler; what would break out of its line becomes a space.
func cleanFieldValue(_ text: String) -> String {
    if text.utf8.allSatisfy(ASCII.isFieldValueByte) { return text }
    return String(decoding: text.utf8.map { ASCII.isFieldValueByte($0) ? $0 : ASCII.space }, as: UTF8.self)
}
