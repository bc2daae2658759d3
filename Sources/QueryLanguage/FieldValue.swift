public import TraceModel

/// What a field of a span says, as a value of its own.
public enum FieldValue: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    /// Nanoseconds.
    case duration(Int64)
    case status(TraceQLQuery.Status)
    case kind(TraceQLQuery.Kind)
    case bytes([UInt8])
    case array([FieldValue])
    case map([Member])
    /// A key without a value, or the group of the spans that have none.
    case none

    /// One key of a map, and its value.
    public struct Member: Hashable, Sendable {
        public var key: String
        public var value: FieldValue

        public init(key: String, value: FieldValue) {
            self.key = key
            self.value = value
        }
    }

    /// A copy; what is damaged within arrays and maps is left out.
    public init(_ value: SpanValue) {
        switch value {
        case .string(let text): self = .string(String(decoding: text, as: UTF8.self))
        case .bytes(let bytes): self = .bytes(Array(bytes))
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .array(let body): self = Self.array(AttributeReader(body))
        case .map(let body): self = Self.map(AttributeReader(body))
        case .none: self = .none
        }
    }

    private init(_ value: SpanValue, within reader: AttributeReader) {
        switch value {
        case .array(let body): self = (try? reader.reader(of: body)).map(Self.array) ?? .none
        case .map(let body): self = (try? reader.reader(of: body)).map(Self.map) ?? .none
        default: self.init(value)
        }
    }

    private static func array(_ reader: AttributeReader) -> FieldValue {
        var reader = reader
        var values: [FieldValue] = []
        while let value = try? reader.nextValue() { values.append(FieldValue(value, within: reader)) }
        return .array(values)
    }

    private static func map(_ reader: AttributeReader) -> FieldValue {
        var reader = reader
        var members: [Member] = []
        while let (key, value) = try? reader.nextAttribute() {
            members.append(
                Member(key: String(decoding: key, as: UTF8.self), value: FieldValue(value, within: reader)))
        }
        return .map(members)
    }

    /// As people read it: durations with their unit, bytes in base64, arrays and maps as JSON.
    public var text: String {
        switch self {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .duration(let nanoseconds): DurationText.text(nanoseconds)
        case .status(let status): status.rawValue
        case .kind(let kind): kind.rawValue
        case .bytes(let bytes): Self.base64(bytes)
        case .array, .map: json
        case .none: "nil"
        }
    }

    /// As OpenTelemetry's values have it, which know no durations, statuses and kinds: these are texts.
    public var attributeValue: FieldValue {
        switch self {
        case .duration, .status, .kind: .string(text)
        case .string, .int, .double, .bool, .bytes, .array, .map, .none: self
        }
    }

    private var json: String {
        switch self {
        case .int, .bool: text
        case .double(let number): number.isFinite ? text : Self.jsonString(text)
        case .string, .duration, .status, .kind, .bytes: Self.jsonString(text)
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .map(let members):
            "{" + members.map { Self.jsonString($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        case .none: "null"
        }
    }

    private static func jsonString(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\0"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | (place < group.count ? UInt32(group[start + place]) : 0) }
            for place in 0..<4 {
                let letter = letters[Int(bits >> UInt32(18 - 6 * place) & 63)]
                text.append(place <= group.count ? letter : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
