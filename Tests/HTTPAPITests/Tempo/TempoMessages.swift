import Foundation

/// A JSON document as its reader sees it.
enum JSONDocument: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONDocument])
    case object([String: JSONDocument])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONDocument].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONDocument].self))
        }
    }

    static func read(_ bytes: [UInt8]) throws -> JSONDocument {
        try JSONDecoder().decode(JSONDocument.self, from: Data(bytes))
    }

    subscript(_ name: String) -> JSONDocument? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    subscript(_ index: Int) -> JSONDocument? {
        if case .list(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var elements: [JSONDocument] { if case .list(let elements) = self { elements } else { [] } }
}

/// Protobuf messages in JSON, as strictly as Go's jsonpb reads them: a field that the message has not got is refused,
/// and so is a value of another type. Stricter than that, 64-bit numbers must be text, as jsonpb writes them.
indirect enum TempoMessage: Sendable {
    case text
    case uint32
    case uint64
    case int64
    case double
    case bool
    case list(TempoMessage)
    case map(TempoMessage)
    case fields([String: TempoMessage])
    /// Of these fields exactly one.
    case oneOf([String: TempoMessage])

    static let anyValue = TempoMessage.oneOf([
        "stringValue": .text, "intValue": .int64, "doubleValue": .double, "boolValue": .bool,
        "arrayValue": .fields([
            "values": .list(
                .oneOf(["stringValue": .text, "intValue": .int64, "doubleValue": .double, "boolValue": .bool]))
        ]),
    ])
    static let attributes = TempoMessage.list(.fields(["key": .text, "value": anyValue]))
    static let spanSet = TempoMessage.fields([
        "spans": .list(
            .fields([
                "spanID": .text, "name": .text, "startTimeUnixNano": .uint64, "durationNanos": .uint64,
                "attributes": attributes,
            ])),
        "matched": .uint32, "attributes": attributes,
    ])
    static let searchResponse = TempoMessage.fields([
        "traces": .list(
            .fields([
                "traceID": .text, "rootServiceName": .text, "rootTraceName": .text, "startTimeUnixNano": .uint64,
                "durationMs": .uint32, "spanSet": spanSet, "spanSets": .list(spanSet),
                "serviceStats": .map(.fields(["spanCount": .uint32, "errorCount": .uint32])),
            ])),
        "metrics": .fields([
            "inspectedTraces": .uint32, "inspectedBytes": .uint64, "totalBlocks": .uint32, "completedJobs": .uint32,
            "totalJobs": .uint32, "totalBlockBytes": .uint64, "inspectedSpans": .uint64, "backendReads": .uint64,
            "backendBytes": .uint64, "additionalMetrics": .map(.int64),
        ]),
    ])
    static let tagNames = TempoMessage.fields(["tagNames": .list(.text)])
    static let tagScopes = TempoMessage.fields(["scopes": .list(.fields(["name": .text, "tags": .list(.text)]))])
    static let tagValues = TempoMessage.fields(["tagValues": .list(.text)])
    static let typedTagValues = TempoMessage.fields(["tagValues": .list(.fields(["type": .text, "value": .text]))])

    /// What is wrong, each with its place; nothing if all is right.
    func problems(_ value: JSONDocument, at place: String = "") -> [String] {
        switch (self, value) {
        case (.text, .text), (.bool, .bool), (.double, .number): return []
        case (.double, .text(let text)) where ["NaN", "Infinity", "-Infinity"].contains(text): return []
        case (.uint32, .number(let number)) where UInt32(exactly: number) != nil: return []
        case (.uint64, .text(let text)) where UInt64(text).map(String.init) == text: return []
        case (.int64, .text(let text)) where Int64(text).map(String.init) == text: return []
        case (.list(let element), .list(let elements)):
            return elements.enumerated().flatMap { element.problems($1, at: "\(place)[\($0)]") }
        case (.map(let element), .object(let members)):
            return members.flatMap { element.problems($1, at: "\(place).\($0)") }
        case (.oneOf(let fields), .object(let members)) where members.count == 1:
            return TempoMessage.fields(fields).problems(value, at: place)
        case (.fields(let fields), .object(let members)):
            return members.flatMap { name, member in
                fields[name]?.problems(member, at: "\(place).\(name)") ?? ["\(place).\(name) is no field"]
            }
        default: return ["\(place): \(value) is no \(self)"]
        }
    }
}
