internal import Bytes

/// A cursor over JSON text (RFC 8259) that belongs to somebody else: one pass, nothing allocated for a value.
///
/// Strings are given as bytes: of the text itself, or, where escapes had to be undone, of a scratch buffer that the
/// next string overwrites. They are always well-formed UTF-8; half of a surrogate pair becomes U+FFFD. Every load is
/// within 0..<count: `offset` never goes beyond `count`, and wider loads check for their width first.
///
/// The functions called plain take the usual case, in which nothing has to be undone and no white space stands where
/// it may, or nothing at all: then the others see what it is.
package struct JSONScanner: ~Copyable {
    private let start: UnsafeRawPointer
    package let count: Int
    /// The byte to be read next.
    package private(set) var offset = 0
    private var scratch = ColumnBuffer<UInt8>(capacity: 256)

    /// Containers within each other that a skipped value may have; the bits of one word.
    static let depthMax = 64

    package init(_ bytes: UnsafeRawBufferPointer) {
        count = bytes.count
        // Never read from when there are no bytes.
        start = bytes.baseAddress ?? UnsafeRawPointer(scratch.start)
        // Byte order mark.
        if count >= 3 && byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf { offset = 3 }
    }

    // MARK: Place

    /// The byte to be read next, and `remaining` - 1 more.
    @inline(__always)
    var here: UnsafeRawPointer { start + offset }

    @inline(__always)
    var remaining: Int { count &- offset }

    /// Takes bytes that the caller has looked at.
    @inline(__always)
    mutating func advance(_ byteCount: Int) {
        precondition(UInt(bitPattern: byteCount) <= UInt(bitPattern: remaining), "only bytes of the text are taken")
        offset &+= byteCount
    }

    // MARK: Structure

    /// Goes on reading at a place that a value, or what follows one, is known to start at.
    package mutating func seek(to place: Int) {
        precondition(place >= 0 && place <= count, "a place of the text")
        offset = place
    }

    /// True when only white space is left.
    package mutating func isAtEnd() -> Bool {
        skipSpace()
        return offset == count
    }

    /// The next byte that is no white space, not taken.
    @inline(__always)
    package mutating func peek() throws(DecodeError) -> UInt8 {
        if offset < count {
            let next = byte(offset)
            if next > 0x20 { return next }
        }
        return try peekBehindSpace()
    }

    @inline(never)
    private mutating func peekBehindSpace() throws(DecodeError) -> UInt8 {
        skipSpace()
        guard offset < count else { throw endsEarly() }
        return byte(offset)
    }

    /// Takes the byte if it comes next after white space.
    @inline(__always)
    package mutating func take(_ wanted: UInt8) throws(DecodeError) -> Bool {
        guard try peek() == wanted else { return false }
        offset &+= 1
        return true
    }

    /// Takes the byte that has to come next after white space.
    @inline(__always)
    package mutating func expect(_ wanted: UInt8) throws(DecodeError) {
        guard try take(wanted) else { throw unexpected("\"\(Character(Unicode.Scalar(wanted)))\"") }
    }

    /// The key of the next member of the object just entered, up to and with its colon; nil at the end of the object.
    @inline(__always)
    package mutating func nextKey(isFirst: inout Bool) throws(DecodeError) -> UnsafeRawBufferPointer? {
        let length = plainKeyByteCount(isFirst: isFirst)
        if length > 0 {
            defer { isFirst = false }
            return takePlainKey(length, isFirst: isFirst)
        }
        return try nextUnusualKey(isFirst: &isFirst)
    }

    @inline(never)
    private mutating func nextUnusualKey(isFirst: inout Bool) throws(DecodeError) -> UnsafeRawBufferPointer? {
        if try take(UInt8(ascii: "}")) { return nil }
        if isFirst {
            isFirst = false
        } else {
            guard try take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"}\"") }
        }
        return try readKey()
    }

    /// True if the list just entered has one more element, which comes next.
    @inline(__always)
    package mutating func nextElement(isFirst: inout Bool) throws(DecodeError) -> Bool {
        if try take(UInt8(ascii: "]")) { return false }
        if isFirst {
            isFirst = false
        } else {
            guard try take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"]\"") }
        }
        return true
    }

    /// Takes `null` if it comes next.
    @inline(__always)
    package mutating func takeNull() throws(DecodeError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try takeLiteral("null")
        return true
    }

    // MARK: Values

    @inline(__always)
    package mutating func readString() throws(DecodeError) -> UnsafeRawBufferPointer {
        guard try take(UInt8(ascii: "\"")) else { throw unexpected("a string") }
        return try readStringAfterQuote()
    }

    package mutating func readBool() throws(DecodeError) -> Bool {
        switch try peek() {
        case UInt8(ascii: "t"):
            try takeLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try takeLiteral("false")
            return false
        default:
            throw unexpected("true or false")
        }
    }

    /// A whole number, as such or as text in quotes; `1e3` and `1.0` are whole.
    @inline(__always)
    package mutating func readInteger() throws(DecodeError) -> Int64 {
        if try peek() == UInt8(ascii: "\"") { return try readQuotedInteger() }
        var at = offset
        var value: Int64 = 0
        // 18 digits fit whatever they are.
        let end = min(count, offset &+ 18)
        while end &- at >= 8, let digits = ByteWord.decimal(ByteWord.load(start, at)) {
            value = value &* 100_000_000 &+ Int64(digits)
            at &+= 8
        }
        while at < end, case let digit = byte(at) &- 0x30, digit <= 9 {
            value = value &* 10 &+ Int64(digit)
            at &+= 1
        }
        // What comes next may make it another number: leave all but the plain case to the whole grammar.
        guard at > offset, at < count, byte(offset) != 0x30 || at == offset &+ 1, !JSONNumber.mayContinue(byte(at))
        else { return try readUnusualInteger() }
        offset = at
        return value
    }

    /// The text of a number, or what stands between quotes.
    package mutating func readNumberText() throws(DecodeError) -> UnsafeRawBufferPointer {
        if try peek() == UInt8(ascii: "\"") { return try readString() }
        let place = offset
        try skipNumber()
        return UnsafeRawBufferPointer(start: start + place, count: offset - place)
    }

    /// Skips one value of any kind. Containers may stand within each other `depthMax` deep.
    package mutating func skipValue() throws(DecodeError) {
        var depth = 0
        var isObject: UInt64 = 0  // lowest bit: the innermost container
        value: while true {
            let first = try peek()
            switch first {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < Self.depthMax else { throw malformed("more than \(Self.depthMax) levels") }
                offset &+= 1
                if try !take(first &+ 2) {  // "}" and "]" come two after their opening bytes
                    isObject = isObject &<< 1 | (first == UInt8(ascii: "{") ? 1 : 0)
                    depth += 1
                    if isObject & 1 != 0 { _ = try readKey() }
                    continue value
                }
            case UInt8(ascii: "\""): _ = try readString()
            case UInt8(ascii: "t"): try takeLiteral("true")
            case UInt8(ascii: "f"): try takeLiteral("false")
            case UInt8(ascii: "n"): try takeLiteral("null")
            default: try skipNumber()
            }
            while depth > 0 {
                if try take(UInt8(ascii: ",")) {
                    if isObject & 1 != 0 { _ = try readKey() }
                    continue value
                }
                guard try take(isObject & 1 != 0 ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw unexpected("\",\" or the end of the \(isObject & 1 != 0 ? "object" : "list")")
                }
                isObject &>>= 1
                depth -= 1
            }
            return
        }
    }

    // MARK: Details

    /// The caller has checked that `at` is within 0..<count.
    @inline(__always)
    func byte(_ at: Int) -> UInt8 { start.load(fromByteOffset: at, as: UInt8.self) }

    private mutating func skipSpace() {
        while offset < count {
            switch byte(offset) {
            case 0x20, 0x0a, 0x0d, 0x09: offset &+= 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func readKey() throws(DecodeError) -> UnsafeRawBufferPointer {
        guard try take(UInt8(ascii: "\"")) else { throw unexpected("a key") }
        let key = try readStringAfterQuote()
        try expect(UInt8(ascii: ":"))
        return key
    }

    private mutating func takeLiteral(_ text: StaticString) throws(DecodeError) {
        let length = text.utf8CodeUnitCount
        guard count &- offset >= length, UnsafeRawBufferPointer(start: start + offset, count: length).equals(text)
        else { throw unexpected("\(text)") }
        offset &+= length
    }

    private mutating func readQuotedInteger() throws(DecodeError) -> Int64 {
        let place = offset
        var number = JSONNumber(try readString())
        guard let value = number.readInteger(), number.isAtEnd else {
            throw malformed("text in quotes is no whole number of 64 bits", at: place)
        }
        return value
    }

    @inline(never)
    private mutating func readUnusualInteger() throws(DecodeError) -> Int64 {
        var number = JSONNumber(UnsafeRawBufferPointer(start: start + offset, count: count - offset))
        guard let value = number.readInteger() else { throw unexpected("a whole number of 64 bits") }
        offset &+= number.offset
        return value
    }

    private mutating func skipNumber() throws(DecodeError) {
        var number = JSONNumber(UnsafeRawBufferPointer(start: start + offset, count: count - offset))
        guard number.skip() else { throw unexpected("a value") }
        offset &+= number.offset
    }

    @inline(__always)
    private mutating func readStringAfterQuote() throws(DecodeError) -> UnsafeRawBufferPointer {
        let first = offset
        var at = first
        while count &- at >= ByteWindow.byteCount {
            let specials = ByteWindow.textSpecials(start + at)
            if specials != 0 {
                at &+= specials.trailingZeroBitCount
                guard byte(at) == UInt8(ascii: "\"") else { break }
                offset = at &+ 1
                return UnsafeRawBufferPointer(start: start + first, count: at &- first)
            }
            at &+= ByteWindow.byteCount
        }
        return try readStringSlowly(from: first, plainUpTo: at)
    }

    /// The string whose bytes from `first` to `plainEnd` are plain ASCII: checks UTF-8, undoes escapes.
    @inline(never)
    private mutating func readStringSlowly(
        from first: Int, plainUpTo plainEnd: Int
    ) throws(DecodeError) -> UnsafeRawBufferPointer {
        var at = plainEnd
        var copied = first  // up to here the string is in the scratch buffer, if it has to be there at all
        var isCopied = false
        while at < count {
            let next = byte(at)
            if next == UInt8(ascii: "\"") {
                offset = at + 1
                guard isCopied else { return UnsafeRawBufferPointer(start: start + first, count: at - first) }
                copy(copied..<at)
                return UnsafeRawBufferPointer(start: scratch.start, count: scratch.count)
            } else if next == UInt8(ascii: "\\") {
                if !isCopied {
                    scratch.removeAll(keepingCapacityUpTo: 1 << 16)
                    isCopied = true
                }
                copy(copied..<at)
                at = try undoEscape(at: at)
                copied = at
            } else if next < 0x20 {
                throw malformed("control character in a string", at: at)
            } else if next < 0x80 {
                at += 1
            } else {
                let length = UTF8Sequence.length(start + at, count - at)
                guard length > 0 else { throw malformed("a string is not UTF-8", at: at) }
                at += length
            }
        }
        throw malformed("a string has no end", at: first - 1)
    }

    private mutating func copy(_ range: Range<Int>) {
        scratch.append(
            contentsOf: UnsafeBufferPointer(
                start: (start + range.lowerBound).assumingMemoryBound(to: UInt8.self), count: range.count))
    }

    /// Writes what the escape at `at` stands for to the scratch buffer.
    /// - Returns: the place after it.
    private mutating func undoEscape(at: Int) throws(DecodeError) -> Int {
        guard at + 1 < count else { throw malformed("a string ends within an escape", at: at) }
        switch byte(at + 1) {
        case UInt8(ascii: "\""): scratch.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): scratch.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): scratch.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0c)
        case UInt8(ascii: "n"): scratch.append(0x0a)
        case UInt8(ascii: "r"): scratch.append(0x0d)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"): return try undoUnicodeEscape(at: at)
        default: throw malformed("unknown escape in a string", at: at)
        }
        return at + 2
    }

    private mutating func undoUnicodeEscape(at: Int) throws(DecodeError) -> Int {
        guard let unit = codeUnit(at: at) else { throw malformed("\\u without four hex digits", at: at) }
        if unit & 0xfc00 == 0xd800, let low = codeUnit(at: at + 6), low & 0xfc00 == 0xdc00 {
            let value = 0x10000 + (unit & 0x3ff) << 10 + low & 0x3ff
            append(Unicode.Scalar(value) ?? "\u{fffd}")
            return at + 12
        }
        append(Unicode.Scalar(unit) ?? "\u{fffd}")  // nil: half of a pair alone
        return at + 6
    }

    /// The UTF-16 code unit of an escape of six bytes; nil if there is none at `at`.
    private func codeUnit(at: Int) -> UInt32? {
        guard at + 6 <= count, byte(at) == UInt8(ascii: "\\"), byte(at + 1) == UInt8(ascii: "u") else { return nil }
        var unit: UInt32 = 0
        for place in at + 2..<at + 6 {
            let digit = byte(place)
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(digit - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(digit - 0x61 + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(digit - 0x41 + 10)
            default: return nil
            }
        }
        return unit
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        for byte in String(scalar).utf8 { scratch.append(byte) }
    }
}
