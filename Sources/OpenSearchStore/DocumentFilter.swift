internal import Bytes
internal import WireFormats

/// Which documents a search is for: the filters of OpenSearch's query language that are needed here.
indirect enum DocumentFilter: Equatable, Sendable {
    case all([DocumentFilter])
    case any([DocumentFilter])
    case not(DocumentFilter)
    case term(String, String)
    case terms(String, [String])
    case exists(String)
    /// Inclusive; nil for no bound.
    case range(String, from: Int64?, to: Int64?)
    /// Inclusive; milliseconds since 1970.
    case milliseconds(String, from: Int64, to: Int64)
    /// Lucene's regular expressions, of the whole value.
    case matches(String, pattern: String)
    /// Of the documents within one.
    case nested(String, DocumentFilter)

    static let anything = DocumentFilter.all([])
    static let nothing = DocumentFilter.any([])

    /// The same without parts that say nothing.
    var simplified: DocumentFilter {
        switch self {
        case .all(let parts):
            var left: [DocumentFilter] = []
            for part in parts.map(\.simplified) where !left.contains(part) {
                if part == .nothing { return .nothing }
                if case .all(let inner) = part { left += inner } else { left.append(part) }
            }
            return left.count == 1 ? left[0] : .all(left)
        case .any(let parts):
            var left: [DocumentFilter] = []
            for part in parts.map(\.simplified) where !left.contains(part) {
                if part == .anything { return .anything }
                if case .any(let inner) = part { left += inner } else { left.append(part) }
            }
            return left.count == 1 ? left[0] : .any(left)
        case .not, .term, .terms, .exists, .range, .milliseconds, .matches, .nested: return self
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .all(let parts):
            if parts.isEmpty { return writer.write("{\"match_all\":{}}") }
            writer.write("{\"bool\":{\"filter\":")
            Self.write(parts, to: &writer)
            writer.write("}}")
        case .any(let parts):
            if parts.isEmpty { return writer.write("{\"match_none\":{}}") }
            writer.write("{\"bool\":{\"minimum_should_match\":1,\"should\":")
            Self.write(parts, to: &writer)
            writer.write("}}")
        case .not(let part):
            writer.write("{\"bool\":{\"must_not\":")
            Self.write([part], to: &writer)
            writer.write("}}")
        case .term(let field, let value):
            writer.write("{\"term\":{")
            writer.writeJSONString(field)
            writer.write(":")
            writer.writeJSONString(value)
            writer.write("}}")
        case .terms(let field, let values):
            writer.write("{\"terms\":{")
            writer.writeJSONString(field)
            writer.write(":")
            writer.writeJSONStrings(values)
            writer.write("}}")
        case .exists(let field):
            writer.write("{\"exists\":{\"field\":")
            writer.writeJSONString(field)
            writer.write("}}")
        case .range(let field, let from, let to):
            writer.write("{\"range\":{")
            writer.writeJSONString(field)
            writer.write(":{")
            if let from { writer.write(Array("\"gte\":\(from)".utf8)) }
            if from != nil, to != nil { writer.write(",") }
            if let to { writer.write(Array("\"lte\":\(to)".utf8)) }
            writer.write("}}}")
        case .milliseconds(let field, let from, let to):
            writer.write("{\"range\":{")
            writer.writeJSONString(field)
            writer.write(Array(":{\"gte\":\(from),\"lte\":\(to),\"format\":\"epoch_millis\"}}}".utf8))
        case .matches(let field, let pattern):
            writer.write("{\"regexp\":{")
            writer.writeJSONString(field)
            writer.write(":")
            writer.writeJSONString(pattern)
            writer.write("}}")
        case .nested(let path, let part):
            // Older templates have fewer lists.
            writer.write("{\"nested\":{\"ignore_unmapped\":true,\"path\":")
            writer.writeJSONString(path)
            writer.write(",\"query\":")
            part.write(to: &writer)
            writer.write("}}")
        }
    }

    private static func write(_ parts: [DocumentFilter], to writer: inout ByteWriter) {
        writer.write("[")
        for (index, part) in parts.enumerated() {
            if index > 0 { writer.write(",") }
            part.write(to: &writer)
        }
        writer.write("]")
    }
}

extension ByteWriter {
    mutating func writeJSONStrings(_ texts: [String]) {
        write("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { write(",") }
            writeJSONString(text)
        }
        write("]")
    }
}
