/// Why a text is no query.
public struct TraceQLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was expected, or what is wrong.
    public let message: String
    /// Of the first byte that is wrong, from 0, in UTF-8; the length of the text where it ends too early.
    public let offset: Int
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int

    init(_ message: String, at offset: Int, in text: [UInt8]) {
        self.message = message
        self.offset = min(max(offset, 0), text.count)
        let before = text[..<self.offset]
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Bytes that go on with a character are not counted.
        column = 1 + text[lineStart..<self.offset].count { $0 & 0xc0 != 0x80 }
    }

    /// With the place before the message: `1:14: expected ...`.
    public var description: String { "\(line):\(column): \(message)" }
}
