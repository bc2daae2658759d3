/// Tags as Tempo's old searches name them: logfmt, that is `key=value` with white space between, values with white
/// space in quotes.
package enum TempoTagText {
    package struct Tag: Equatable {
        package var key: String
        /// Empty for a key that stands alone.
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// - Throws: `QueryError`, with the place of what is wrong, in bytes from 1.
    package static func tags(_ text: String) throws -> [Tag] {
        var reader = Reader(bytes: Array(text.utf8))
        var tags: [Tag] = []
        while let tag = try reader.next() {
            guard !tags.contains(where: { $0.key == tag.key }) else {
                throw QueryError("invalid tags: tag \(tag.key) has been set twice")
            }
            tags.append(tag)
            guard tags.count <= QueryParameters.clauseCountMax else {
                throw QueryError("invalid tags: there are more than \(QueryParameters.clauseCountMax)")
            }
        }
        return tags
    }

    private struct Reader {
        let bytes: [UInt8]
        private var at = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func next() throws -> Tag? {
            while let byte, byte <= UInt8(ascii: " ") { at += 1 }
            guard byte != nil else { return nil }
            let start = at
            while let byte, byte > UInt8(ascii: " "), byte != UInt8(ascii: "=") {
                if byte == UInt8(ascii: "\"") { throw unexpected() }
                at += 1
            }
            guard at > start else { throw unexpected() }
            let key = String(decoding: bytes[start..<at], as: UTF8.self)
            guard byte == UInt8(ascii: "=") else { return Tag(key: key, value: "") }
            at += 1
            return Tag(key: key, value: byte == UInt8(ascii: "\"") ? try quoted() : try bare())
        }

        private mutating func bare() throws -> String {
            let start = at
            while let byte, byte > UInt8(ascii: " ") {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") { throw unexpected() }
                at += 1
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        /// From one quotation mark to the next; what stands behind a backslash is as in JSON.
        private mutating func quoted() throws -> String {
            let start = at
            at += 1
            var value: [UInt8] = []
            while let byte {
                at += 1
                switch byte {
                case UInt8(ascii: "\""):
                    if let next = self.byte, next > UInt8(ascii: " ") { throw unexpected() }
                    return String(decoding: value, as: UTF8.self)
                case UInt8(ascii: "\\"): value += try escaped()
                default: value.append(byte)
                }
            }
            throw QueryError("invalid tags: the quotation mark at pos \(start + 1) has no end")
        }

        private mutating func escaped() throws -> [UInt8] {
            guard let byte else { return [] }
            at += 1
            switch byte {
            case UInt8(ascii: "n"): return [0x0a]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "r"): return [0x0d]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0c]
            case UInt8(ascii: "u"):
                let digits = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
                guard digits.utf8.count == 4, let number = UInt32(digits, radix: 16),
                    let scalar = Unicode.Scalar(number)
                else { throw unexpected() }
                at += 4
                return Array(String(Character(scalar)).utf8)
            default: return [byte]
            }
        }

        private func unexpected() -> QueryError {
            let what = at < bytes.count ? "unexpected '\(Character(Unicode.Scalar(bytes[at])))'" : "unexpected end"
            return QueryError("invalid tags: \(what) at pos \(at + 1)")
        }
    }
}
