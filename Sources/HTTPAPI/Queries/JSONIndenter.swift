internal import Bytes

/// Lays JSON out for people: a member a line, four spaces a level, empty lists and objects closed at once.
package enum JSONIndenter {
    private static let spaceCount = 4

    /// - Parameter json: a document without white space between its parts.
    package static func indented(_ json: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: json.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (index, byte) in json.enumerated() {
            if isInString {
                writer.write(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                writer.write(byte)
                depth += 1
                if index + 1 < json.count, !isClosing(json[index + 1]) { breakLine(depth, &writer) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if index > 0, !isOpening(json[index - 1]) { breakLine(depth, &writer) }
                writer.write(byte)
            case UInt8(ascii: ","):
                writer.write(byte)
                breakLine(depth, &writer)
            case UInt8(ascii: ":"):
                writer.write(": ")
            default:
                isInString = byte == UInt8(ascii: "\"")
                writer.write(byte)
            }
        }
        return writer.bytes
    }

    private static func isOpening(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }
    private static func isClosing(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") }

    private static func breakLine(_ depth: Int, _ writer: inout ByteWriter) {
        writer.write(UInt8(ascii: "\n"))
        for _ in 0..<max(depth, 0) * spaceCount { writer.write(UInt8(ascii: " ")) }
    }
}
