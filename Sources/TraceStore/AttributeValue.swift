package import TraceModel

/// Whose attributes: the names are TraceQL's.
public enum AttributeScope: String, Hashable, Sendable, CaseIterable {
    case resource
    case span
    case event
    case link
    case instrumentation
}

/// A value of an attribute that can stand alone. Doubles are the same if all their bits are.
public enum AttributeValue: Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)

    /// As Tempo calls it.
    public var typeName: String {
        switch self {
        case .string: "string"
        case .int: "int"
        case .double: "float"
        case .bool: "bool"
        }
    }

    public var text: String {
        switch self {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        }
    }

    /// Nil for lists, maps, bytes and what has no value.
    package init?(_ value: SpanValue) {
        switch value {
        case .string(let bytes): self = .string(String(decoding: bytes, as: UTF8.self))
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bool(let flag): self = .bool(flag)
        case .bytes, .array, .map, .none: return nil
        }
    }
}

extension AttributeValue: Hashable {
    public static func == (a: AttributeValue, b: AttributeValue) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.bool(let a), .bool(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .string(let text): hasher.combine(text)
        case .int(let number): hasher.combine(number)
        case .double(let number): hasher.combine(number.bitPattern)
        case .bool(let flag): hasher.combine(flag)
        }
    }
}

extension AttributeValue: Comparable {
    /// Numbers by size, texts by their letters; texts first, then integers, doubles and booleans.
    public static func < (a: AttributeValue, b: AttributeValue) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): a < b
        case (.int(let a), .int(let b)): a < b
        case (.double(let a), .double(let b)): a == b ? a.bitPattern < b.bitPattern : a < b
        case (.bool(let a), .bool(let b)): !a && b
        default: a.rank < b.rank
        }
    }

    private var rank: Int {
        switch self {
        case .string: 0
        case .int: 1
        case .double: 2
        case .bool: 3
        }
    }
}

/// Keys of attributes, by their scope, sorted. Scopes without any are missing.
public struct AttributeKeys: Sendable, Equatable {
    public var keys: [AttributeScope: [String]]
    /// False: there may be more, because the limit or the time did not allow to find them.
    public var isComplete: Bool

    package init(keys: [AttributeScope: [String]], isComplete: Bool) {
        self.keys = keys
        self.isComplete = isComplete
    }
}

/// Values of one attribute, each once, sorted.
public struct AttributeValues: Sendable, Equatable {
    public var values: [AttributeValue]
    /// False: there may be more, because the limit or the time did not allow to find them.
    public var isComplete: Bool

    package init(values: [AttributeValue], isComplete: Bool) {
        self.values = values
        self.isComplete = isComplete
    }
}
