internal import TraceModel

/// What a span has beside its IDs, times and attributes, found in one pass over its columns. Borrows from its batch.
struct JaegerSpanFields {
    private(set) var traceState: UnsafeRawBufferPointer?
    private(set) var statusMessage: UnsafeRawBufferPointer?
    private(set) var remoteServiceName: UnsafeRawBufferPointer?
    private(set) var remoteIPv4: UnsafeRawBufferPointer?
    private(set) var remoteIPv6: UnsafeRawBufferPointer?
    private(set) var remotePort: Int64 = 0
    private(set) var localIPv4: UnsafeRawBufferPointer?
    private(set) var localIPv6: UnsafeRawBufferPointer?
    private(set) var resource: UnsafeRawBufferPointer?
    private(set) var scope: UnsafeRawBufferPointer?
    private(set) var links: UnsafeRawBufferPointer?
    private(set) var droppedAttributeCount: Int64 = 0
    private(set) var droppedEventCount: Int64 = 0
    private(set) var droppedLinkCount: Int64 = 0
    private var sentFlags: Int64?
    private(set) var hasEvents = false
    /// Keys of the span's attributes among those of derived tags.
    private(set) var ownKeys = JaegerDerivedKeys()

    init(_ span: SpanView) {
        span.forEachValue { column, value in
            switch column.role {
            case .attribute: ownKeys.note(span.batch.string(column.key))
            case .field: if let field = column.field { set(field, value) }
            case .event: hasEvents = true
            case .eventName, .eventAttributes: break
            }
        }
    }

    private mutating func set(_ field: SpanField, _ value: SpanValue) {
        switch (field, value) {
        case (.traceState, .string(let text)): traceState = text
        case (.statusMessage, .string(let text)): statusMessage = text
        case (.remoteServiceName, .string(let name)): remoteServiceName = name
        case (.remoteIPv4, .bytes(let address)): remoteIPv4 = address
        case (.remoteIPv6, .bytes(let address)): remoteIPv6 = address
        case (.remotePort, .int(let port)): remotePort = port
        case (.localIPv4, .bytes(let address)): localIPv4 = address
        case (.localIPv6, .bytes(let address)): localIPv6 = address
        case (.resource, .map(let bytes)): resource = bytes
        case (.scope, .map(let bytes)): scope = bytes
        case (.links, .array(let bytes)): links = bytes
        case (.droppedAttributeCount, .int(let count)): droppedAttributeCount = count
        case (.droppedEventCount, .int(let count)): droppedEventCount = count
        case (.droppedLinkCount, .int(let count)): droppedLinkCount = count
        case (.flags, .int(let flags)): sentFlags = flags
        default: break
        }
    }

    /// In one byte: 1 is sampled, 2 debug.
    func flags(_ traits: SpanTraits) -> Int64 {
        if let sentFlags { return sentFlags & 0xff | (traits.isDebug ? 2 : 0) }
        return traits.isDebug ? 3 : 0
    }
}

/// A set of keys of tags that say what is no attribute elsewhere.
struct JaegerDerivedKeys {
    enum Key: UInt16, CaseIterable {
        case kind, statusCode, error, statusDescription, traceState, scopeName, scopeVersion
        case peerService, peerIPv4, peerIPv6, peerPort
        case droppedAttributeCount, droppedEventCount, droppedLinkCount

        var text: StaticString {
            switch self {
            case .kind: JaegerTagKey.kind
            case .statusCode: JaegerTagKey.statusCode
            case .error: JaegerTagKey.error
            case .statusDescription: JaegerTagKey.statusDescription
            case .traceState: JaegerTagKey.traceState
            case .scopeName: JaegerTagKey.scopeName
            case .scopeVersion: JaegerTagKey.scopeVersion
            case .peerService: "peer.service"
            case .peerIPv4: "peer.ipv4"
            case .peerIPv6: "peer.ipv6"
            case .peerPort: "peer.port"
            // As OpenTelemetry asks of exporters to other formats.
            case .droppedAttributeCount: "otel.dropped_attributes_count"
            case .droppedEventCount: "otel.dropped_events_count"
            case .droppedLinkCount: "otel.dropped_links_count"
            }
        }
    }

    private var bits: UInt16 = 0

    // Made once: they are asked for every attribute.
    private static let keys = Key.allCases
    /// Lengths that a key has, each as a bit.
    private static let lengths: UInt32 = keys.reduce(0) { $0 | 1 << UInt32($1.text.utf8CodeUnitCount) }

    @inline(__always)
    mutating func note(_ key: UnsafeRawBufferPointer) {
        guard key.count < 32, Self.lengths & 1 << UInt32(key.count) != 0 else { return }
        compare(key)
    }

    @inline(never)
    private mutating func compare(_ key: UnsafeRawBufferPointer) {
        for derived in Self.keys where key.equals(derived.text) { bits |= 1 << derived.rawValue }
    }

    func has(_ key: Key) -> Bool { bits & 1 << key.rawValue != 0 }
}
