internal import Bytes
internal import WireFormats

/// What new indices of certain names are made like, as a cluster keeps it.
public struct IndexTemplate: Sendable, Equatable {
    public let name: String
    /// Counted from 1; a cluster with a higher one keeps its own.
    public let version: Int
    /// As the template stands in its file: JSON with `settings`, `mappings` and `aliases` at the top, or, for those
    /// that only go to `_index_template`, within `template`.
    let body: [UInt8]
    /// The members of `body` at the top, as they stand there.
    private let members: [(name: String, range: Range<Int>)]

    /// - Parameter body: JSON, with `index_patterns`, and a `version` that is a whole number.
    /// - Throws: `OpenSearchError`, `badOptions` only.
    public init(name: String, body: [UInt8]) throws(OpenSearchError) {
        self.name = name
        self.body = body
        var members: [(name: String, range: Range<Int>)] = []
        var version: Int?
        let error: DecodeError? = body.withUnsafeBytes { bytes in
            do throws(DecodeError) {
                var scanner = JSONScanner(bytes)
                try scanner.expect(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try scanner.nextKey(isFirst: &isFirst) {
                    let name = String(decoding: key, as: UTF8.self)
                    _ = try scanner.peek()
                    let start = scanner.offset
                    if name == "version" {
                        version = Int(try scanner.readInteger())
                    } else {
                        try scanner.skipValue()
                    }
                    members.append((name, start..<scanner.offset))
                }
                guard scanner.isAtEnd() else { return DecodeError(.malformed, "more than a template", offset: 0) }
                return nil
            } catch {
                return error
            }
        }
        if let error { throw OpenSearchError(.badOptions, "index template \(name) is no JSON object: \(error)") }
        guard let version, version > 0 else {
            throw OpenSearchError(.badOptions, "index template \(name) has no version")
        }
        self.version = version
        self.members = members
    }

    public static func == (left: IndexTemplate, right: IndexTemplate) -> Bool {
        left.name == right.name && left.body == right.body
    }

    /// Whether it is of the kind that goes to `_index_template` everywhere.
    var isComposable: Bool { members.contains { $0.name == "template" } }

    /// For `_index_template`: what a template makes is one level deeper there.
    var composableBody: [UInt8] {
        if isComposable { return body }
        let made: Set<String> = ["settings", "mappings", "aliases"]
        var writer = ByteWriter(capacity: body.count + 64)
        writer.write("{")
        // `order` has no meaning there; `priority` takes its place.
        for member in members where !made.contains(member.name) && member.name != "order" {
            write(member, &writer)
            writer.write(",")
        }
        if !members.contains(where: { $0.name == "priority" }) { writer.write("\"priority\":0,") }
        writer.write("\"template\":{")
        for (place, member) in members.filter({ made.contains($0.name) }).enumerated() {
            if place > 0 { writer.write(",") }
            write(member, &writer)
        }
        writer.write("}}")
        return writer.bytes
    }

    private func write(_ member: (name: String, range: Range<Int>), _ writer: inout ByteWriter) {
        writer.writeJSONString(member.name)
        writer.write(":")
        writer.write(Array(body[member.range]))
    }
}
