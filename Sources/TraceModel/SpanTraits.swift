/// Which side of a call a span timed; `unspecified` when its sender did not say.
public enum SpanKind: UInt8, Sendable, CaseIterable {
    case unspecified = 0
    case client = 1
    case server = 2
    case producer = 3
    case consumer = 4
    case local = 5  // OTLP calls it internal
}

extension SpanKind {
    /// Jaeger's value of the tag `span.kind`; nil where it has none.
    public var jaegerName: String? {
        switch self {
        case .unspecified: nil
        case .client: "client"
        case .server: "server"
        case .producer: "producer"
        case .consumer: "consumer"
        case .local: "internal"
        }
    }
}

/// What an OpenTelemetry span says of its outcome.
public enum StatusCode: UInt8, Sendable {
    case unset = 0
    case ok = 1
    case error = 2
}

/// The data model that a span came in by; its own API gives back what came.
public enum SpanSource: UInt8, Sendable {
    case zipkin = 0
    case jaeger = 1
    case otlp = 2
}

/// The small facts about a span that fit in one word.
///
/// Bits: 0-2 kind, 3 shared, 4 debug, 5-6 status code, 7 error, 8-9 source, 10 attributes in the sender's order.
public struct SpanTraits: Hashable, Sendable, BitwiseCopyable {
    public private(set) var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public init() { rawValue = 0 }

    /// Every bit that has a meaning.
    public static let mask: UInt32 = 0x7ff

    public var kind: SpanKind {
        get { SpanKind(rawValue: UInt8(rawValue & 7)) ?? .unspecified }
        set { set(UInt32(newValue.rawValue), shift: 0, width: 3) }
    }

    /// The server's half of a span whose ID the client's half shares (Zipkin).
    public var isShared: Bool {
        get { rawValue & 1 << 3 != 0 }
        set { set(newValue ? 1 : 0, shift: 3, width: 1) }
    }

    /// To be kept whatever sampling says (B3).
    public var isDebug: Bool {
        get { rawValue & 1 << 4 != 0 }
        set { set(newValue ? 1 : 0, shift: 4, width: 1) }
    }

    public var statusCode: StatusCode {
        get { StatusCode(rawValue: UInt8(rawValue >> 5 & 3)) ?? .unset }
        set { set(UInt32(newValue.rawValue), shift: 5, width: 2) }
    }

    /// Failed, as its data model says it: an attribute `error`, or the status code.
    public var isError: Bool {
        get { rawValue & 1 << 7 != 0 }
        set { set(newValue ? 1 : 0, shift: 7, width: 1) }
    }

    /// Failed, as its data model says it, or by its status.
    public var isFailure: Bool { isError || statusCode == .error }

    public var source: SpanSource {
        get { SpanSource(rawValue: UInt8(rawValue >> 8 & 3)) ?? .zipkin }
        set { set(UInt32(newValue.rawValue), shift: 8, width: 2) }
    }

    /// The order of the attributes means something (Jaeger, OTLP: lists); if not, the store may change it.
    public var hasOrderedAttributes: Bool {
        get { rawValue & 1 << 10 != 0 }
        set { set(newValue ? 1 : 0, shift: 10, width: 1) }
    }

    private mutating func set(_ value: UInt32, shift: UInt32, width: UInt32) {
        let mask: UInt32 = ((1 << width) - 1) << shift
        rawValue = rawValue & ~mask | value << shift
    }
}
