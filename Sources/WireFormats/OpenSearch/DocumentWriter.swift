internal import Bytes
internal import TraceModel

/// Bytes of documents in the making: JSON as Go's encoder writes it, because document IDs are made of the bytes.
struct DocumentWriter: ~Copyable {
    private var buffer: ColumnBuffer<UInt8>

    /// - Parameter capacity: bytes for which there is room at once.
    init(capacity: Int = 4096) { buffer = ColumnBuffer(capacity: capacity) }

    @inline(__always)
    var count: Int { buffer.count }

    /// Valid until the next write.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer { buffer.bytes }

    /// What was written, to be changed in place. Valid until the next write.
    var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: buffer.start, count: buffer.count)
    }

    /// Room kept for the next use.
    static let keptCapacity = 1 << 20

    mutating func removeAll(keepingCapacityUpTo capacityMax: Int = keptCapacity) {
        buffer.removeAll(keepingCapacityUpTo: capacityMax)
    }

    mutating func truncate(to count: Int) { buffer.truncate(to: count) }

    subscript(place: Int) -> UInt8 {
        get { buffer[place] }
        set { buffer[place] = newValue }
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) { buffer.append(byte) }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        buffer.room(for: count).update(from: text.utf8Start, count: count)
        buffer.extend(by: count)
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(buffer.room(for: bytes.count)).copyMemory(from: start, byteCount: bytes.count)
        buffer.extend(by: bytes.count)
    }

    // MARK: Hashes

    /// FNV-1a of all from `start` on.
    /// - Parameter state: what the bytes before it had.
    @inline(__always)
    func hash(from start: Int, _ state: UInt64) -> UInt64 {
        var state = state
        for place in start..<count { state = (state ^ UInt64(buffer.start[place])) &* FNV1a.prime }
        return state
    }

    // MARK: Lists

    /// Ends a list, or an object, whose elements were written from `mark` on, each with a comma before it.
    @inline(__always)
    mutating func endElements(from mark: Int, _ first: UInt8, _ last: UInt8) {
        if count > mark { buffer[mark] = first } else { buffer.append(first) }
        buffer.append(last)
    }

    // MARK: Strings

    /// In quotes.
    @inline(__always)
    mutating func writeString(_ text: UnsafeRawBufferPointer) {
        write(UInt8(ascii: "\""))
        if Self.isPlain(text) { write(text) } else { writeEscaped(text) }
        write(UInt8(ascii: "\""))
    }

    /// In quotes; the caller knows that nothing is to be escaped.
    @inline(__always)
    mutating func writePlainString(_ text: UnsafeRawBufferPointer) {
        let room = buffer.room(for: text.count &+ 2)
        room[0] = UInt8(ascii: "\"")
        if let start = text.baseAddress {
            UnsafeMutableRawPointer(room + 1).copyMemory(from: start, byteCount: text.count)
        }
        room[text.count &+ 1] = UInt8(ascii: "\"")
        buffer.extend(by: text.count &+ 2)
    }

    mutating func writeString(_ text: String) {
        var text = text
        text.withUTF8 { writeString(UnsafeRawBufferPointer($0)) }
    }

    /// Whether nothing in the text is to be escaped, which is not known of text beyond ASCII.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress else { return true }
        var at = 0
        while at &+ 8 <= text.count {
            let word = ByteWord.load(start, at)
            // Of these three bytes the subtraction makes 0xff, where the byte before it is no hit.
            let less = (word ^ (ByteWord.ones &* 0x3c)) &- ByteWord.ones
            let greater = (word ^ (ByteWord.ones &* 0x3e)) &- ByteWord.ones
            let ampersand = (word ^ (ByteWord.ones &* 0x26)) &- ByteWord.ones
            if ByteWord.specialsInText(word) | ((less | greater | ampersand) & ByteWord.highBits) != 0 { return false }
            at &+= 8
        }
        for byte in text[at...] where byte >= 0x80 || isEscaped(byte) { return false }
        return true
    }

    @inline(__always)
    private static func isEscaped(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "&"):
            true
        default: false
        }
    }

    /// Bytes that are not UTF-8 become U+FFFD: a body with one of them would be refused as a whole.
    @inline(never)
    mutating func writeEscaped(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress else { return }
        var first = 0  // first byte not yet written
        var at = 0
        while at < text.count {
            let byte = text[at]
            let length = byte < 0x80 ? 1 : UTF8Sequence.length(start + at, text.count - at)
            let isLineEnd = length == 3 && byte == 0xe2 && text[at + 1] == 0x80 && text[at + 2] & 0xfe == 0xa8
            guard length == 0 || isLineEnd || Self.isEscaped(byte) else {
                at += length
                continue
            }
            write(UnsafeRawBufferPointer(start: start + first, count: at - first))
            if length == 0 {
                write("\\ufffd")
            } else if isLineEnd {
                write(text[at + 2] == 0xa8 ? "\\u2028" : "\\u2029")
            } else {
                writeEscape(byte)
            }
            at += max(length, 1)
            first = at
        }
        write(UnsafeRawBufferPointer(start: start + first, count: at - first))
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x08: write("\\b")
        case 0x09: write("\\t")
        case 0x0a: write("\\n")
        case 0x0c: write("\\f")
        case 0x0d: write("\\r")
        default:
            write("\\u00")
            write(Hex.digit(byte >> 4))
            write(Hex.digit(byte & 15))
        }
    }

    // MARK: Numbers

    mutating func writeDecimal(_ value: Int64) {
        // 19 digits and a sign.
        let room = buffer.room(for: 20)
        let digitCount = Decimal.digitCount(value.magnitude)
        let signCount = value < 0 ? 1 : 0
        if value < 0 { room[0] = UInt8(ascii: "-") }
        var rest = value.magnitude
        var place = signCount + digitCount
        // Short divisions are faster.
        while rest >> 32 != 0 {
            place &-= 8
            Decimal.write(UInt32(truncatingIfNeeded: rest % 100_000_000), digitCount: 8, to: room + place)
            rest /= 100_000_000
        }
        Decimal.write(UInt32(truncatingIfNeeded: rest), digitCount: place - signCount, to: room + signCount)
        buffer.extend(by: signCount + digitCount)
    }

    /// Digits padded with zeros on the left.
    mutating func writeDecimal(_ value: Int64, digitCount: Int) {
        var divisor: Int64 = 1
        for _ in 1..<max(digitCount, 1) { divisor *= 10 }
        if value >= divisor { return writeDecimal(value) }
        while divisor > 0 {
            write(UInt8(truncatingIfNeeded: value / divisor % 10) &+ 0x30)
            divisor /= 10
        }
    }

    /// Sixteen lower-case digits.
    @inline(__always)
    mutating func writeHex(_ value: UInt64) {
        let room = UnsafeMutableRawPointer(buffer.room(for: 16))
        room.storeBytes(of: Hex.digits(of: UInt32(truncatingIfNeeded: value >> 32)), as: UInt64.self)
        room.storeBytes(
            of: Hex.digits(of: UInt32(truncatingIfNeeded: value)), toByteOffset: 8, as: UInt64.self)
        buffer.extend(by: 16)
    }

    mutating func writeHex(_ traceID: TraceID) {
        writeHex(traceID.high)
        writeHex(traceID.low)
    }

    /// Two lower-case digits for each byte.
    mutating func writeHex(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            write(Hex.digit(byte >> 4))
            write(Hex.digit(byte & 15))
        }
    }

    /// The shortest digits that give the number back, with an exponent only below 1e-6 and from 1e21 on. For what is
    /// no number, or infinite, the word that Go has for it.
    mutating func writeDouble(_ value: Double) {
        guard value.isFinite else { return write(value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf") }
        if value.sign == .minus { write(UInt8(ascii: "-")) }
        guard value != 0 else { return write(UInt8(ascii: "0")) }
        let digits = ShortestDigits(value.magnitude)
        if value.magnitude >= 1e-6 && value.magnitude < 1e21 {
            digits.write(to: &self)
        } else {
            digits.writeWithExponent(to: &self)
        }
    }
}

private enum Decimal {
    static func digitCount(_ value: UInt64) -> Int {
        var (count, limit) = (1, 10 as UInt64)
        while value >= limit {
            count += 1
            let (next, isOver) = limit.multipliedReportingOverflow(by: 10)
            if isOver { break }
            limit = next
        }
        return count
    }

    @inline(__always)
    static func write(_ value: UInt32, digitCount: Int, to room: UnsafeMutablePointer<UInt8>) {
        var rest = value
        var place = digitCount
        while place > 0 {
            place &-= 1
            room[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
    }
}

/// The digits of a number, d1.d2d3... x 10^exponent.
private struct ShortestDigits {
    private var digits = InlineArray<24, UInt8>(repeating: 0)
    private var count = 0
    private var exponent = 0

    /// - Parameter value: finite and above 0.
    init(_ value: Double) {
        var pointPlace: Int?
        var isExponent = false
        var isNegative = false
        var written = 0
        var text = value.description
        text.withUTF8 { text in
            for byte in text {
                switch byte {
                case UInt8(ascii: "."): pointPlace = count
                case UInt8(ascii: "e"): isExponent = true
                case UInt8(ascii: "-"): isNegative = true
                case UInt8(ascii: "+"): break
                default:
                    if isExponent {
                        written = written * 10 + Int(byte - 0x30)
                    } else if count < 24 {
                        digits[count] = byte
                        count += 1
                    }
                }
            }
        }
        exponent = (pointPlace ?? count) - 1 + (isNegative ? -written : written)
        // Zeros on the left: 0.05 is 5 x 10^-2. At the right they say nothing.
        var zeroCount = 0
        while zeroCount < count - 1 && digits[zeroCount] == UInt8(ascii: "0") { zeroCount += 1 }
        for place in zeroCount..<count { digits[place - zeroCount] = digits[place] }
        count -= zeroCount
        exponent -= zeroCount
        while count > 1 && digits[count - 1] == UInt8(ascii: "0") { count -= 1 }
    }

    func write(to writer: inout DocumentWriter) {
        if exponent < 0 {
            writer.write("0.")
            for _ in 0..<(-exponent - 1) { writer.write(UInt8(ascii: "0")) }
        }
        for place in 0..<max(count, exponent + 1) {
            if place == exponent + 1 && place > 0 { writer.write(UInt8(ascii: ".")) }
            writer.write(place < count ? digits[place] : UInt8(ascii: "0"))
        }
    }

    func writeWithExponent(to writer: inout DocumentWriter) {
        writer.write(digits[0])
        if count > 1 { writer.write(UInt8(ascii: ".")) }
        for place in 1..<max(count, 1) { writer.write(digits[place]) }
        writer.write(exponent < 0 ? "e-" : "e+")
        writer.writeDecimal(Int64(exponent.magnitude))
    }
}
