/// A cursor over the text of a query.
struct TraceQLScanner {
    let text: [UInt8]
    private(set) var offset = 0

    init(_ text: [UInt8]) { self.text = text }

    func error(_ message: String, at place: Int? = nil) -> TraceQLError {
        TraceQLError(message, at: place ?? offset, in: text)
    }

    // MARK: Bytes

    /// The byte at a distance from the next one; 0 behind the end.
    func peek(_ distance: Int = 0) -> UInt8 {
        offset + distance < text.count ? text[offset + distance] : 0
    }

    var isAtEnd: Bool { offset >= text.count }

    mutating func skipSpace() {
        while offset < text.count, isSpace(text[offset]) { offset += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// Takes the text, which has no letters, if it comes next after white space.
    mutating func take(_ wanted: String) -> Bool {
        skipSpace()
        guard comesNext(wanted) else { return false }
        offset += wanted.utf8.count
        return true
    }

    func comesNext(_ wanted: String) -> Bool { text[offset...].starts(with: wanted.utf8) }

    /// - Throws: if anything else comes next.
    mutating func expect(_ wanted: String, _ context: String) throws(TraceQLError) {
        guard take(wanted) else { throw error("expected `\(wanted)` \(context), found \(whatComesNext())") }
    }

    /// For messages: the next word or sign.
    func whatComesNext() -> String {
        var place = offset
        while place < text.count, isSpace(text[place]) { place += 1 }
        guard place < text.count else { return "the end" }
        var end = place
        while end < text.count, end - place < 32, isWordByte(text[end]) { end += 1 }
        if end == place { end += 1 }
        while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
        return "`\(String(decoding: text[place..<end], as: UTF8.self))`"
    }

    // MARK: Words

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The word that comes next after white space, not taken; empty if none does.
    mutating func peekWord() -> String {
        skipSpace()
        var end = offset
        while end < text.count, isWordByte(text[end]) { end += 1 }
        return String(decoding: text[offset..<end], as: UTF8.self)
    }

    /// Takes so many bytes.
    mutating func advance(_ byteCount: Int) { offset = min(offset + byteCount, text.count) }

    /// Takes a key; parts of it may stand in quotes.
    /// - Returns: also whether any did.
    mutating func takeKey() throws(TraceQLError) -> (key: String, hasQuotes: Bool) {
        let start = offset
        var key: [UInt8] = []
        var hasQuotes = false
        while offset < text.count, !TraceQLNames.endsKey(text[offset]) {
            guard text[offset] == UInt8(ascii: "\"") else {
                key.append(text[offset])
                offset += 1
                continue
            }
            hasQuotes = true
            let quote = offset
            offset += 1
            while peek() != UInt8(ascii: "\"") || isAtEnd {
                guard !isAtEnd else { throw error("this quote is never closed", at: quote) }
                if peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "\"") || peek(1) == UInt8(ascii: "\\") {
                    offset += 1
                }
                key.append(text[offset])
                offset += 1
            }
            offset += 1
        }
        guard !key.isEmpty else { throw error("expected the key of an attribute", at: start) }
        return (String(decoding: key, as: UTF8.self), hasQuotes)
    }

    // MARK: Literals

    /// Takes what stands in quotes or backquotes.
    /// - Returns: nil if there are no quotes; also where what is quoted starts, if each byte of it stands for itself.
    mutating func takeString() throws(TraceQLError) -> (value: String, plainStart: Int?)? {
        let quote = peek()
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "`") else { return nil }
        let start = offset
        var value: [UInt8] = []
        offset += 1
        while true {
            guard !isAtEnd else { throw error("this quote is never closed", at: start) }
            let byte = peek()
            if byte == quote { break }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try takeEscape(into: &value)
            } else {
                value.append(byte)
                offset += 1
            }
        }
        let isPlain = offset - start - 1 == value.count
        offset += 1
        guard let string = String(validating: value, as: UTF8.self) else {
            throw error("the text is not UTF-8", at: start)
        }
        return (string, isPlain ? start + 1 : nil)
    }

    private mutating func takeEscape(into value: inout [UInt8]) throws(TraceQLError) {
        let start = offset
        let letter = peek(1)
        offset = min(offset + 2, text.count)
        switch letter {
        case UInt8(ascii: "a"): value.append(0x07)
        case UInt8(ascii: "b"): value.append(0x08)
        case UInt8(ascii: "f"): value.append(0x0c)
        case UInt8(ascii: "n"): value.append(0x0a)
        case UInt8(ascii: "r"): value.append(0x0d)
        case UInt8(ascii: "t"): value.append(0x09)
        case UInt8(ascii: "v"): value.append(0x0b)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): value.append(letter)
        case UInt8(ascii: "x"): value.append(UInt8(truncatingIfNeeded: try takeDigits(2, radix: 16, from: start)))
        case UInt8(ascii: "u"): try append(try takeDigits(4, radix: 16, from: start), from: start, to: &value)
        case UInt8(ascii: "U"): try append(try takeDigits(8, radix: 16, from: start), from: start, to: &value)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            offset = start + 1
            value.append(UInt8(truncatingIfNeeded: try takeDigits(3, radix: 8, from: start)))
        default:
            throw error("this is no escape; a backslash is written `\\\\`, or any text in backquotes", at: start)
        }
    }

    private mutating func takeDigits(_ count: Int, radix: UInt32, from start: Int) throws(TraceQLError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            let digit = Character(Unicode.Scalar(peek())).hexDigitValue.map { UInt32($0) }
            guard let digit, digit < radix, !isAtEnd else {
                throw error("this escape takes \(count) digits", at: start)
            }
            value = value &* radix &+ digit
            offset += 1
        }
        return value
    }

    private func append(_ number: UInt32, from start: Int, to value: inout [UInt8]) throws(TraceQLError) {
        guard let scalar = Unicode.Scalar(number) else { throw error("this is no character", at: start) }
        value.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    }

    /// Takes a number or a duration.
    /// - Returns: nil if no digit comes next.
    mutating func takeNumber(isNegative: Bool) throws(TraceQLError) -> TraceQLQuery.Literal? {
        guard isDigit(peek()) else { return nil }
        let start = offset
        let first = takeDecimal()
        if DurationText.unit(in: text, at: offset) != nil {
            offset = start
            return .duration(try signed(try takeDuration(from: start), isNegative, from: start))
        }
        if isWordByte(peek()) { throw error("expected a number, or a duration such as 10ms", at: start) }
        if let whole = first.whole {
            return .int(try signed(whole, isNegative, from: start))
        }
        let digits = String(decoding: text[start..<offset], as: UTF8.self)
        guard first.isDouble, let value = Double(digits), value.isFinite else {
            throw error("this number is too large", at: start)
        }
        return .double(isNegative ? -value : value)
    }

    private func signed(_ value: UInt64, _ isNegative: Bool, from start: Int) throws(TraceQLError) -> Int64 {
        if isNegative, value <= Int64.min.magnitude { return Int64(truncatingIfNeeded: 0 &- value) }
        guard let positive = Int64(exactly: value), !isNegative else {
            throw error("this number is too large", at: start)
        }
        return positive
    }

    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Takes digits with a decimal point and an exponent; `whole` is nil if it has either, or is too large.
    private mutating func takeDecimal() -> (whole: UInt64?, isDouble: Bool) {
        var whole: UInt64? = 0
        while isDigit(peek()) {
            let digit = UInt64(peek() - UInt8(ascii: "0"))
            whole = whole.flatMap { value in
                let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
                let (sum, isTooLargeToo) = product.addingReportingOverflow(digit)
                return isTooLarge || isTooLargeToo ? nil : sum
            }
            offset += 1
        }
        var isDouble = false
        if peek() == UInt8(ascii: "."), isDigit(peek(1)) {
            isDouble = true
            offset += 1
            while isDigit(peek()) { offset += 1 }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
            if isDigit(peek(1 + sign)) {
                isDouble = true
                offset += 1 + sign
                while isDigit(peek()) { offset += 1 }
            }
        }
        return (isDouble ? nil : whole, isDouble)
    }

    /// Takes numbers that have a unit each: `1h2m3.5s`.
    private mutating func takeDuration(from start: Int) throws(TraceQLError) -> UInt64 {
        var total: UInt64 = 0
        var isTooLarge = false
        func add(_ value: UInt64, times factor: UInt64, to total: inout UInt64, _ isTooLarge: inout Bool) {
            let product = value.multipliedReportingOverflow(by: factor)
            let sum = total.addingReportingOverflow(product.partialValue)
            isTooLarge = isTooLarge || product.overflow || sum.overflow
            total = sum.partialValue
        }
        while isDigit(peek()) {
            var whole: UInt64 = 0
            while isDigit(peek()) {
                var next = UInt64(peek() - UInt8(ascii: "0"))
                add(whole, times: 10, to: &next, &isTooLarge)
                whole = next
                offset += 1
            }
            var fraction: [UInt8] = []
            if peek() == UInt8(ascii: "."), isDigit(peek(1)) {
                offset += 1
                while isDigit(peek()) {
                    fraction.append(peek() - UInt8(ascii: "0"))
                    offset += 1
                }
            }
            guard let unit = DurationText.unit(in: text, at: offset) else {
                throw error("this part of the duration has no unit: ns, us, ms, s, m, h", at: start)
            }
            offset += unit.byteCount
            add(whole, times: unit.nanoseconds, to: &total, &isTooLarge)
            var place = unit.nanoseconds
            var rest: UInt64 = 0  // of a place that is no whole number of nanoseconds
            for digit in fraction.prefix(18) {
                (place, rest) = (place / 10, place % 10 * UInt64(digit) / 10)
                add(UInt64(digit), times: place, to: &total, &isTooLarge)
                total &+= rest
            }
        }
        if isWordByte(peek()) { throw error("expected a duration such as 10ms", at: start) }
        if isTooLarge { throw error("this duration is too long", at: start) }
        return total
    }
}
