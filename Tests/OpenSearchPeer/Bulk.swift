import Bytes
import Glibc

/// What the body of a bulk request asks for, one operation after the other. The bytes are walked once.
struct Bulk {
    enum Action: String {
        case index, create, update, delete
    }

    struct Operation {
        var action = Action.index
        /// Empty where it is not said. Like all ranges, of offsets in the body.
        var index = 0..<0
        var id = 0..<0
        /// The document, without its line's end; empty for `delete`.
        var source = 0..<0
        /// From the first byte of the action to the last of the document, with the lines' ends.
        var lines = 0..<0
    }

    /// What is wrong with a body, in words.
    struct Malformed: Error {
        let message: String
    }

    private(set) var operations: [Operation] = []

    init(_ bytes: UnsafeRawBufferPointer) throws {
        operations.reserveCapacity(bytes.count / 700)
        var position = 0
        while let line = try Self.line(of: bytes, at: &position) {
            if line.isEmpty { continue }
            var scanner = ActionScanner(bytes, line)
            var operation = try scanner.action()
            if operation.action != .delete {
                guard let source = try Self.line(of: bytes, at: &position), source.count >= 2,
                    bytes[source.lowerBound] == UInt8(ascii: "{"), bytes[source.upperBound - 1] == UInt8(ascii: "}")
                else { throw Malformed(message: "no document follows the action at byte \(line.lowerBound)") }
                operation.source = source
            }
            operation.lines = line.lowerBound..<position
            operations.append(operation)
        }
    }

    /// The line that begins at `position`, which goes on to the next; nil at the end.
    private static func line(of bytes: UnsafeRawBufferPointer, at position: inout Int) throws -> Range<Int>? {
        guard position < bytes.count, let start = bytes.baseAddress?.advanced(by: position) else { return nil }
        guard let end = memchr(start, 10, bytes.count - position) else {
            throw Malformed(message: "The bulk request must be terminated by a newline [\\n]")
        }
        let begin = position
        let count = start.distance(to: UnsafeRawPointer(end))
        position += count + 1
        let isCarriage = count > 0 && bytes[begin + count - 1] == 13
        return begin..<(isCarriage ? begin + count - 1 : begin + count)
    }
}

/// Reads `{"index":{"_index":"spans","_id":"1"}}`. Names with escapes are refused: no index or ID needs one.
private struct ActionScanner {
    private let bytes: UnsafeRawBufferPointer
    private let line: Range<Int>
    private var position: Int

    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
        self.bytes = bytes
        self.line = line
        position = line.lowerBound
    }

    mutating func action() throws -> Bulk.Operation {
        var operation = Bulk.Operation()
        try expect("{")
        let name = try string()
        guard let action = Bulk.Action(rawValue: text(name)) else { throw malformed("an unknown action") }
        operation.action = action
        try expect(":")
        try expect("{")
        while true {
            skipBlanks()
            if try take("}") { break }
            let key = try string()
            try expect(":")
            skipBlanks()
            if position < line.upperBound, bytes[position] == UInt8(ascii: "\"") {
                let value = try string()
                if isEqual(key, "_index") { operation.index = value }
                if isEqual(key, "_id") { operation.id = value }
            } else {
                while position < line.upperBound, bytes[position] != UInt8(ascii: ","),
                    bytes[position] != UInt8(ascii: "}")
                { position += 1 }
            }
            skipBlanks()
            _ = try take(",")
        }
        try expect("}")
        return operation
    }

    private mutating func skipBlanks() {
        while position < line.upperBound, bytes[position] == 32 || bytes[position] == 9 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) throws -> Bool {
        guard position < line.upperBound else { throw malformed("it ends too early") }
        guard bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        skipBlanks()
        guard try take(character) else { throw malformed("'\(character)' is expected at byte \(position)") }
    }

    /// What stands between the quotes.
    private mutating func string() throws -> Range<Int> {
        try expect("\"")
        let start = position
        while position < line.upperBound {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\\") { throw malformed("a name with an escape") }
            position += 1
            if byte == UInt8(ascii: "\"") { return start..<position - 1 }
        }
        throw malformed("a text without an end")
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private func isEqual(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
        return memcmp(start + range.lowerBound, text.utf8Start, range.count) == 0
    }

    private func malformed(_ what: String) -> Bulk.Malformed {
        Bulk.Malformed(message: "Malformed action/metadata line at byte \(line.lowerBound): \(what)")
    }
}
