import Bytes
import FoundationEssentials
import WireFormats

extension Output {
    /// A value as indented JSON, keys sorted.
    static func json(_ value: some Encodable, toErrors: Bool = false) throws {
        let json = try jsonDocument(value)
        if toErrors { errorText(json) } else { text(json) }
    }

    static func jsonDocument(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}

/// The text in quotes, escaped as JSON asks.
func jsonText(_ text: String) -> String {
    var writer = ByteWriter()
    writer.writeJSONString(text)
    return String(decoding: writer.bytes, as: UTF8.self)
}
