import TestSupport

/// JSON as a strict reader sees it: numbers keep their spelling, no member occurs twice, nothing follows the value.
enum ClientJSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case list([ClientJSON])
    case object([String: ClientJSON])

    init(_ bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBufferPointer { buffer in
            var reader = Reader(bytes: buffer)
            let value = try reader.value()
            try reader.expectEnd()
            return value
        }
    }

    /// A member of an object; `null` where there is none.
    subscript(name: String) -> ClientJSON {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    /// An element of a list; `null` where there is none.
    subscript(place: Int) -> ClientJSON { items.indices.contains(place) ? items[place] : .null }

    /// Empty for what is no list.
    var items: [ClientJSON] { if case .list(let items) = self { items } else { [] } }
    /// Empty for what is no object.
    var members: [String: ClientJSON] { if case .object(let members) = self { members } else { [:] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    /// Of a number that is written as an integer.
    var integer: Int64? { if case .number(let digits) = self { Int64(digits) } else { nil } }

    /// By pointers, because answers are long and tests are not optimized.
    private struct Reader {
        let bytes: UnsafeBufferPointer<UInt8>
        private var position = 0

        init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

        private func text(_ range: Range<Int>) -> String {
            String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
        }

        private func failure(_ reason: String) -> TestSupportError {
            TestSupportError("no JSON: \(reason) at: \(text(position..<min(position + 80, bytes.count)))")
        }

        private mutating func skipSpace() {
            while [9, 10, 13, 32].contains(byte), position < bytes.count { position += 1 }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard byte == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func expectEnd() throws {
            skipSpace()
            guard position == bytes.count else { throw failure("more than one value") }
        }

        mutating func value() throws -> ClientJSON {
            if byte <= 32 { skipSpace() }
            defer { if byte <= 32 { skipSpace() } }
            switch Unicode.Scalar(byte) {
            case "\"": return .string(try string())
            case "[": return .list(try list())
            case "{": return .object(try object())
            case "n": return try literal("null", .null)
            case "t": return try literal("true", .bool(true))
            case "f": return try literal("false", .bool(false))
            default: return .number(try number())
            }
        }

        private mutating func literal(_ word: String, _ value: ClientJSON) throws -> ClientJSON {
            let end = position + word.utf8.count
            guard end <= bytes.count, text(position..<end) == word else { throw failure("no value") }
            position = end
            return value
        }

        private mutating func list() throws -> [ClientJSON] {
            position += 1
            skipSpace()
            if take("]") { return [] }
            var items = [try value()]
            while take(",") { items.append(try value()) }
            guard take("]") else { throw failure("a list without an end") }
            return items
        }

        private mutating func object() throws -> [String: ClientJSON] {
            position += 1
            skipSpace()
            if take("}") { return [:] }
            var members: [String: ClientJSON] = [:]
            repeat {
                skipSpace()
                guard byte == UInt8(ascii: "\"") else { throw failure("no name") }
                let name = try string()
                skipSpace()
                guard take(":") else { throw failure("a member without a value") }
                guard members.updateValue(try value(), forKey: name) == nil else { throw failure("\(name) twice") }
            } while take(",")
            guard take("}") else { throw failure("an object without an end") }
            return members
        }

        private func isOfNumber(_ byte: UInt8) -> Bool {
            switch Unicode.Scalar(byte) {
            case "0"..."9", "-", "+", ".", "e", "E": true
            default: false
            }
        }

        private mutating func number() throws -> String {
            let start = position
            while isOfNumber(byte) { position += 1 }
            let digits = text(start..<position)
            let isPlain = digits.first?.isNumber == true || digits.first == "-"
            guard isPlain, Double(digits) != nil else { throw failure("no value") }
            return digits
        }

        private mutating func string() throws -> String {
            let start = position + 1
            position = start
            var isEscaped = false
            while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                guard bytes[position] >= 32 else { throw failure("a control character") }
                if bytes[position] == UInt8(ascii: "\\") {
                    isEscaped = true
                    position += 1
                }
                position += 1
            }
            guard position < bytes.count else { throw failure("a text without an end") }
            let content = UnsafeBufferPointer(rebasing: bytes[start..<position])
            position += 1
            guard let text = String(validating: isEscaped ? try Self.unescaped(content) : Array(content), as: UTF8.self)
            else { throw failure("a text that is no UTF-8") }
            return text
        }

        private static func unescaped(_ content: UnsafeBufferPointer<UInt8>) throws -> [UInt8] {
            var text: [UInt8] = []
            var halves: [UInt16] = []
            var rest = content[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "u") {
                    guard let half = UInt16(String(decoding: rest.dropFirst().prefix(4), as: UTF8.self), radix: 16)
                    else { throw TestSupportError("no JSON: a bad escape") }
                    halves.append(half)
                    rest = rest.dropFirst(5)
                    continue
                }
                text += String(decoding: halves, as: UTF16.self).utf8
                halves = []
                text.append(byte == UInt8(ascii: "\\") ? try unescaped(rest.popFirst()) : byte)
            }
            return text + String(decoding: halves, as: UTF16.self).utf8
        }

        private static func unescaped(_ byte: UInt8?) throws -> UInt8 {
            switch byte {
            case UInt8(ascii: "n"): return 10
            case UInt8(ascii: "t"): return 9
            case UInt8(ascii: "r"): return 13
            case UInt8(ascii: "b"): return 8
            case UInt8(ascii: "f"): return 12
            case let byte? where "\"\\/".utf8.contains(byte): return byte
            default: throw TestSupportError("no JSON: a bad escape")
            }
        }
    }
}
