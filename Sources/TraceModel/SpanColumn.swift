/// The type of a value, and so how many words it takes in a row.
public enum ValueType: UInt8, Sendable, CaseIterable {
    case string = 0  // reference to a string of the batch
    case bytes = 1  // reference
    case bool = 2  // 0 or 1
    case int = 3  // two words: low, high
    case double = 4  // two words: the bit pattern, low, high
    case array = 5  // reference to values as AttributeCoding writes them
    case map = 6  // reference to keys and values as AttributeCoding writes them
    case none = 7  // a key without a value; no word

    /// Words that one value takes.
    @inline(__always)
    public var wordCount: Int {
        switch self {
        case .string, .bytes, .bool, .array, .map: 1
        case .int, .double: 2
        case .none: 0
        }
    }

    /// The word is a number of a string of the batch.
    @inline(__always)
    public var isReference: Bool {
        switch self {
        case .string, .bytes, .array, .map: true
        case .bool, .int, .double, .none: false
        }
    }
}

/// What a span may have once, beside its attributes; spans without it pay nothing for it.
public enum SpanField: UInt8, Sendable, CaseIterable {
    case localIPv4 = 1  // 4 bytes in network order
    case localIPv6 = 2  // 16 bytes in network order
    case localPort = 3
    case remoteServiceName = 4
    case remoteIPv4 = 5
    case remoteIPv6 = 6
    case remotePort = 7
    case traceState = 8  // W3C
    case flags = 9  // W3C and OTLP
    case statusMessage = 10
    case droppedAttributeCount = 11
    case droppedEventCount = 12
    case droppedLinkCount = 13
    // The next three as AttributeCoding writes them.
    case resource = 14
    case scope = 15
    case links = 16
    case end = 17  // nanoseconds since 1970, where no start and duration can say it
    case samplingThreshold = 18  // of 2^56: what the sampler rejects of the traces like this one

    public var valueType: ValueType {
        switch self {
        case .localIPv4, .localIPv6, .remoteIPv4, .remoteIPv6: .bytes
        case .remoteServiceName, .traceState, .statusMessage: .string
        case .localPort, .remotePort, .flags, .droppedAttributeCount, .droppedEventCount, .droppedLinkCount, .end,
            .samplingThreshold:
            .int
        case .resource, .scope: .map
        case .links: .array
        }
    }
}

/// One column of a span's shape: what the values in that place of its rows are.
///
/// In a word: bits 0-23 the key (a string's number, or a field), 24-27 the value type, 28-30 the role.
public struct SpanColumn: Hashable, Sendable {
    public enum Role: UInt8, Sendable {
        case attribute = 0  // key: the attribute's key
        case field = 1  // key: a SpanField
        case event = 2  // an event's time, an int of nanoseconds since 1970; its name is in the next column
        case eventAttributes = 3  // of the event whose name is in the column before; a map
        case eventName = 4  // a value, not a key: many events tell what happened in a text of their own
    }

    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    @inline(__always)
    public init(_ role: Role, key: UInt32, type: ValueType) {
        rawValue = key & 0xff_ffff | UInt32(type.rawValue) << 24 | UInt32(role.rawValue) << 28
    }

    public static let keyMax: UInt32 = 0xff_ffff

    @inline(__always)
    public var key: UInt32 { rawValue & 0xff_ffff }

    @inline(__always)
    public var type: ValueType { ValueType(rawValue: UInt8(rawValue >> 24 & 7)) ?? .none }

    @inline(__always)
    public var role: Role { Role(rawValue: UInt8(rawValue >> 28 & 7)) ?? .attribute }

    public var field: SpanField? { role == .field ? UInt8(exactly: key).flatMap(SpanField.init) : nil }

    /// The key is a number of a string of the batch.
    @inline(__always)
    public var hasKeyString: Bool { role == .attribute }

    /// Every bit is one that a column may have.
    public var isValid: Bool {
        guard rawValue & 0x8800_0000 == 0, Role(rawValue: UInt8(rawValue >> 28)) != nil else { return false }
        switch role {
        case .attribute: return true
        case .field: return field.map { $0.valueType == type } ?? false
        case .event: return type == .int && key == 0
        case .eventName: return type == .string && key == 0
        case .eventAttributes: return type == .map && key == 0
        }
    }

    /// Whether a column may stand behind another one, or at the beginning (nil); the end may stand behind any but a
    /// time of an event.
    public static func mayFollow(_ column: SpanColumn, _ previous: SpanColumn?) -> Bool {
        switch column.role {
        case .eventName: previous?.role == .event
        case .eventAttributes: previous?.role == .eventName
        case .attribute, .field, .event: previous?.role != .event
        }
    }
}
