/// Whether bytes are one JSON value (RFC 8259) in UTF-8, told independently of the product's own scanner.
struct JSONGrammar {
    private let bytes: [UInt8]
    /// Where reading stopped.
    private(set) var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func isOneValue() -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil, takeValue(depth: 0) else { return false }
        skipSpace()
        return place == bytes.count
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        for index in 0..<word.utf8CodeUnitCount where !take(Unicode.Scalar(word.utf8Start[index])) { return false }
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { place += 1 }
    }

    private mutating func takeValue(depth: Int) -> Bool {
        guard depth < 1_000 else { return false }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return takeObject(depth: depth + 1)
        case UInt8(ascii: "["): return takeArray(depth: depth + 1)
        case UInt8(ascii: "\""): return takeString()
        case UInt8(ascii: "t"): return take(word: "true")
        case UInt8(ascii: "f"): return take(word: "false")
        case UInt8(ascii: "n"): return take(word: "null")
        default: return takeNumber()
        }
    }

    private mutating func takeObject(depth: Int) -> Bool {
        guard take("{") else { return false }
        skipSpace()
        if take("}") { return true }
        repeat {
            skipSpace()
            guard takeString() else { return false }
            skipSpace()
            guard take(":"), takeValue(depth: depth) else { return false }
            skipSpace()
        } while take(",")
        return take("}")
    }

    private mutating func takeArray(depth: Int) -> Bool {
        guard take("[") else { return false }
        skipSpace()
        if take("]") { return true }
        repeat {
            guard takeValue(depth: depth) else { return false }
            skipSpace()
        } while take(",")
        return take("]")
    }

    private mutating func takeString() -> Bool {
        guard take("\"") else { return false }
        while let byte = next, byte >= 0x20 {
            place += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\"), !takeEscape() { return false }
        }
        return false
    }

    private mutating func takeEscape() -> Bool {
        guard let byte = next else { return false }
        place += 1
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else { return false }
            place += 1
        }
        return true
    }

    private mutating func takeNumber() -> Bool {
        _ = take("-")
        if !take("0"), !takeDigits() { return false }
        if take("."), !takeDigits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return takeDigits()
        }
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = place
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { place += 1 }
        return place > start
    }
}
