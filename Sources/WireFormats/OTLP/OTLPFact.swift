internal import TraceModel

/// What OTLP has no place for, as attributes of a span; see `OTLPOptions.keepsSkeinFacts`.
///
/// The keys start with `skein.`. An attribute of the span's own that has such a key stands under another one, with
/// `skein.attribute.` before it.
enum OTLPFact: Equatable {
    case source  // string: zipkin or jaeger; OTLP without it
    case shared, debug  // bool
    case error  // bool: failed, where the status says something else
    case ordered  // bool: the attributes' order means something; without it all but Zipkin's
    case service  // string, where it is not the resource's
    case resource  // bool: the resource is the span's; without it, all but those of Zipkin's
    case start, duration  // int of nanoseconds, or no value where there is none
    case field(SpanField)  // of the field's own type; an address also as text

    static let prefix: StaticString = "skein."
    static let escape: StaticString = "skein.attribute."

    static let all: [OTLPFact] =
        [.source, .shared, .debug, .error, .ordered, .service, .resource, .start, .duration]
        + SpanField.allCases.map { .field($0) }.filter { $0.key.utf8CodeUnitCount > 0 }

    init?(key: UnsafeRawBufferPointer) {
        guard let fact = Self.all.first(where: { key.equals($0.key) }) else { return nil }
        self = fact
    }

    /// Empty for a field that OTLP always has a place for.
    var key: StaticString {
        switch self {
        case .source: "skein.source"
        case .shared: "skein.shared"
        case .debug: "skein.debug"
        case .error: "skein.error"
        case .ordered: "skein.ordered"
        case .service: "skein.service"
        case .resource: "skein.resource"
        case .start: "skein.start"
        case .duration: "skein.duration"
        case .field(let field): Self.key(field)
        }
    }

    private static func key(_ field: SpanField) -> StaticString {
        switch field {
        case .localIPv4: "skein.local.ipv4"
        case .localIPv6: "skein.local.ipv6"
        case .localPort: "skein.local.port"
        case .remoteServiceName: "skein.remote.service"
        case .remoteIPv4: "skein.remote.ipv4"
        case .remoteIPv6: "skein.remote.ipv6"
        case .remotePort: "skein.remote.port"
        case .traceState: "skein.trace_state"
        case .flags: "skein.flags"
        case .statusMessage: "skein.status_message"
        case .droppedAttributeCount: "skein.dropped_attributes"
        case .droppedEventCount: "skein.dropped_events"
        case .droppedLinkCount: "skein.dropped_links"
        case .end: "skein.end"
        case .samplingThreshold: "skein.sampling_threshold"
        case .resource, .scope, .links: ""
        }
    }

    /// Whether OTLP's own place for the field gives this value back.
    static func isNative(_ field: SpanField, _ value: SpanValue) -> Bool {
        switch (field, value) {
        case (.traceState, .string(let text)), (.statusMessage, .string(let text)): text.count > 0
        case (.flags, .int(let number)), (.droppedAttributeCount, .int(let number)),
            (.droppedEventCount, .int(let number)), (.droppedLinkCount, .int(let number)):
            number > 0 && number <= UInt32.max
        case (.resource, _), (.scope, _), (.links, _), (.end, _): true
        default: false
        }
    }
}

extension UnsafeRawBufferPointer {
    func hasPrefix(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return count >= length && UnsafeRawBufferPointer(rebasing: self[..<length]).equals(text)
    }
}
