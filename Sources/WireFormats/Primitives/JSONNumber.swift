/// A cursor over one number as JSON writes it.
struct JSONNumber {
    private let bytes: UnsafeRawBufferPointer
    /// Bytes taken so far.
    private(set) var offset = 0

    /// The number stands at the start of `bytes`; more may follow.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    /// A digit, or what may stand between digits: the number is not over.
    @inline(__always)
    static func mayContinue(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
    }

    /// The value, exactly; nil if there is no number, or it is not whole, or does not fit.
    mutating func readInteger() -> Int64? {
        var parts = Parts()
        guard read(into: &parts) else { return nil }
        return parts.integer
    }

    /// Takes the number; false if there is none.
    mutating func skip() -> Bool {
        var parts = Parts()
        return read(into: &parts)
    }

    /// The number is `significand` x 10^`exponent`, and a bit more if digits were lost.
    private struct Parts {
        var isNegative = false
        var significand: UInt64 = 0
        var exponent = 0
        var hasLostDigits = false

        /// More digits would not fit for sure.
        static let significandMax = UInt64.max / 10 - 1
        /// Beyond it every number but zero is out of range, or not whole.
        static let exponentMax = 1 << 30

        mutating func append(_ digit: UInt8, isFraction: Bool) {
            if significand <= Self.significandMax {
                significand = significand * 10 + UInt64(digit)
                if isFraction { exponent -= 1 }
            } else {
                if digit != 0 { hasLostDigits = true }
                if !isFraction { exponent += 1 }
            }
        }

        var integer: Int64? {
            if significand == 0 { return 0 }
            guard !hasLostDigits, exponent < 20, exponent > -20 else { return nil }
            var magnitude = significand
            for _ in 0..<max(exponent, 0) {
                let product = magnitude.multipliedReportingOverflow(by: 10)
                guard !product.overflow else { return nil }
                magnitude = product.partialValue
            }
            for _ in 0..<max(-exponent, 0) {
                guard magnitude % 10 == 0 else { return nil }
                magnitude /= 10
            }
            if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
            return Int64(exactly: magnitude)
        }
    }

    private mutating func read(into parts: inout Parts) -> Bool {
        parts.isNegative = take(UInt8(ascii: "-"))
        let first = offset
        guard readDigits(into: &parts, isFraction: false) else { return false }
        if bytes[first] == UInt8(ascii: "0") && offset > first + 1 { return false }
        if take(UInt8(ascii: ".")) {
            guard readDigits(into: &parts, isFraction: true) else { return false }
        }
        guard take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) else { return true }
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        var exponent = 0
        var isEmpty = true
        while let digit = takeDigit() {
            isEmpty = false
            exponent = min(exponent * 10 + Int(digit), Parts.exponentMax)
        }
        parts.exponent += isNegative ? -exponent : exponent
        return !isEmpty
    }

    private mutating func readDigits(into parts: inout Parts, isFraction: Bool) -> Bool {
        var isEmpty = true
        while let digit = takeDigit() {
            isEmpty = false
            parts.append(digit, isFraction: isFraction)
        }
        return !isEmpty
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func takeDigit() -> UInt8? {
        guard offset < bytes.count, bytes[offset] &- 0x30 <= 9 else { return nil }
        offset += 1
        return bytes[offset - 1] - 0x30
    }
}
