import FoundationEssentials

extension Output {
    /// A value as indented JSON, keys sorted.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        text(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
    }
}
