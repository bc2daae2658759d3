import FoundationEssentials

/// The files of this repository, for tests that hold documents and code against each other.
public enum Repository {
    /// The top folder.
    public static var path: String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path
    }

    public static func text(of file: String) throws -> String {
        try String(contentsOfFile: path + "/" + file, encoding: .utf8)
    }
}

extension String {
    /// The content of the first indented block after a heading, without the indentation; nil if there is none.
    public func firstCodeBlock(after heading: String) -> String? {
        let lines = split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: Substring(heading)) else { return nil }
        let block = lines[start...].drop { !$0.hasPrefix("    ") }.prefix { $0.hasPrefix("    ") }
        return block.isEmpty ? nil : block.map { $0.dropFirst(4) }.joined(separator: "\n")
    }
}

/// Bytes as people read them.
public enum HexDump {
    /// Lines of 16 bytes: offset, bytes, and the bytes as ASCII where they are printable.
    public static func text(_ bytes: [UInt8]) -> String {
        func hex(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return stride(from: 0, to: bytes.count, by: 16).map { offset in
            let line = bytes[offset..<min(offset + 16, bytes.count)]
            let numbers = line.map { hex(Int($0), digits: 2) }.joined(separator: " ")
            let characters = line.map { (0x20..<0x7f).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
            let padding = String(repeating: " ", count: 16 * 3 - 1 - numbers.utf8.count)
            return hex(offset, digits: 4) + "  " + numbers + padding + "  |" + characters + "|"
        }.joined(separator: "\n")
    }
}
