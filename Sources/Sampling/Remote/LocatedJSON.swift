/// A value of a JSON text that knows where it stands in it.
struct LocatedJSON {
    enum Content {
        case null
        case boolean(Bool)
        case number(Double)
        case string(String)
        case array([LocatedJSON])
        /// In the order of the text; a name may come twice.
        case object([(name: String, value: LocatedJSON)])
    }

    /// Why a text is not JSON.
    struct Failure: Error {
        let reason: String
        let offset: Int
    }

    let content: Content
    /// Bytes before it.
    let offset: Int

    /// What it is, in words.
    var kind: String {
        switch content {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Takes a whole text, which may begin with a byte order mark.
    init(_ text: [UInt8]) throws(Failure) {
        var parser = Parser(text: text)
        self = try parser.parseDocument()
    }

    fileprivate init(_ content: Content, at offset: Int) {
        self.content = content
        self.offset = offset
    }

    /// Line and column of a place, both from 1; columns are characters of Unicode.
    static func position(of offset: Int, in text: [UInt8]) -> (line: Int, column: Int) {
        let before = text.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        return (line, before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1)
    }
}

extension LocatedJSON {
    private struct Parser {
        let text: [UInt8]
        var at = 0

        /// Lists and objects within each other.
        static let depthMax = 32

        init(text: [UInt8]) { self.text = text }

        mutating func parseDocument() throws(Failure) -> LocatedJSON {
            if text.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
            let value = try parseValue(depth: 0)
            skipSpace()
            guard at == text.count else { throw failure("nothing may follow the end of the value") }
            return value
        }

        private var next: UInt8? { at < text.count ? text[at] : nil }

        private func failure(_ reason: String, at offset: Int? = nil) -> Failure {
            Failure(reason: reason, offset: offset ?? at)
        }

        private func unexpected(_ wanted: String) -> Failure {
            guard let byte = next else { return failure("\(wanted) is expected, but the text ends") }
            let found = byte > 0x20 && byte < 0x7f ? "'\(Character(Unicode.Scalar(byte)))'" : "another character"
            return failure("\(wanted) is expected, not \(found)")
        }

        private mutating func skipSpace() {
            while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
        }

        private mutating func parseValue(depth: Int) throws(Failure) -> LocatedJSON {
            skipSpace()
            let start = at
            guard depth <= Self.depthMax else { throw failure("more than \(Self.depthMax) levels deep") }
            switch next {
            case UInt8(ascii: "{"): return LocatedJSON(.object(try parseObject(depth)), at: start)
            case UInt8(ascii: "["): return LocatedJSON(.array(try parseArray(depth)), at: start)
            case UInt8(ascii: "\""): return LocatedJSON(.string(try parseString()), at: start)
            case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte):
                return LocatedJSON(.number(try parseNumber()), at: start)
            default: break
            }
            for (word, content) in [("true", Content.boolean(true)), ("false", .boolean(false)), ("null", .null)]
            where text[at...].starts(with: word.utf8) {
                at += word.utf8.count
                return LocatedJSON(content, at: start)
            }
            throw unexpected("a value")
        }

        private mutating func parseObject(_ depth: Int) throws(Failure) -> [(name: String, value: LocatedJSON)] {
            var members: [(name: String, value: LocatedJSON)] = []
            at += 1
            skipSpace()
            if next == UInt8(ascii: "}") {
                at += 1
                return members
            }
            while true {
                skipSpace()
                guard next == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
                let name = try parseString()
                skipSpace()
                guard next == UInt8(ascii: ":") else { throw unexpected("':'") }
                at += 1
                members.append((name, try parseValue(depth: depth + 1)))
                skipSpace()
                guard next == UInt8(ascii: ",") || next == UInt8(ascii: "}") else { throw unexpected("',' or '}'") }
                at += 1
                if text[at - 1] == UInt8(ascii: "}") { return members }
            }
        }

        private mutating func parseArray(_ depth: Int) throws(Failure) -> [LocatedJSON] {
            var items: [LocatedJSON] = []
            at += 1
            skipSpace()
            if next == UInt8(ascii: "]") {
                at += 1
                return items
            }
            while true {
                items.append(try parseValue(depth: depth + 1))
                skipSpace()
                guard next == UInt8(ascii: ",") || next == UInt8(ascii: "]") else { throw unexpected("',' or ']'") }
                at += 1
                if text[at - 1] == UInt8(ascii: "]") { return items }
            }
        }

        private mutating func parseNumber() throws(Failure) -> Double {
            let start = at
            if next == UInt8(ascii: "-") { at += 1 }
            let first = next
            try skipDigits()
            if first == UInt8(ascii: "0"), at - start > (text[start] == UInt8(ascii: "-") ? 2 : 1) {
                throw failure("a number has no zero before it", at: start)
            }
            if next == UInt8(ascii: ".") {
                at += 1
                try skipDigits()
            }
            if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
                at += 1
                if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
                try skipDigits()
            }
            guard let number = Double(String(decoding: text[start..<at], as: UTF8.self)), number.isFinite else {
                throw failure("the number is too large", at: start)
            }
            return number
        }

        private mutating func skipDigits() throws(Failure) {
            guard let byte = next, Self.isDigit(byte) else { throw unexpected("a digit") }
            while let byte = next, Self.isDigit(byte) { at += 1 }
        }

        private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

        private mutating func parseString() throws(Failure) -> String {
            let start = at
            var bytes: [UInt8] = []
            at += 1
            while true {
                guard let byte = next else { throw failure("the text that begins here has no end", at: start) }
                guard byte >= 0x20 else { throw failure("a control character stands in a text") }
                at += 1
                if byte == UInt8(ascii: "\"") { break }
                if byte == UInt8(ascii: "\\") {
                    bytes += String(Character(try parseEscape())).utf8
                } else {
                    bytes.append(byte)
                }
            }
            guard let string = String(validating: bytes, as: UTF8.self) else {
                throw failure("the text that begins here is not UTF-8", at: start)
            }
            return string
        }

        /// What follows a backslash.
        private mutating func parseEscape() throws(Failure) -> Unicode.Scalar {
            let start = at - 1
            guard let byte = next else { throw unexpected("an escaped character") }
            at += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{c}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"): break
            default: throw failure("there is no such escape", at: start)
            }
            let high = try parseHex()
            if let scalar = Unicode.Scalar(high) { return scalar }
            guard high < 0xdc00, next == UInt8(ascii: "\\"), at + 1 < text.count, text[at + 1] == UInt8(ascii: "u")
            else { throw failure("half a character is escaped", at: start) }
            at += 2
            let low = try parseHex()
            guard low >= 0xdc00, low < 0xe000,
                let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
            else { throw failure("half a character is escaped", at: start) }
            return scalar
        }

        private mutating func parseHex() throws(Failure) -> UInt32 {
            var value: UInt32 = 0
            for _ in 0..<4 {
                guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                    throw unexpected("a hexadecimal digit")
                }
                value = value << 4 | UInt32(digit)
                at += 1
            }
            return value
        }
    }
}
