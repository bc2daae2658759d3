internal import Bytes
internal import TraceModel

/// Tags, fields of logs, and tags of processes as Jaeger shows them.
///
/// All are given as a key and a value that Jaeger's model has: a text, bytes, a flag, a whole or a broken number.
/// Arrays and maps are compact JSON, and a key without a value has the empty text. What is given is valid only within
/// the call.
struct JaegerTags {
    /// Texts that lie nowhere; kept and used again.
    private var text = ByteWriter()

    // MARK: Tags of a span

    /// The scope, the attributes, and what other models keep in fields of their own. A key that the span's attributes
    /// have is not derived again.
    mutating func forEach(
        _ span: SpanView, _ fields: JaegerSpanFields, _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        if let bytes = fields.scope, let scope = try? ScopeView(bytes) {
            give(.scopeName, nonEmpty: scope.name, fields, body)
            give(.scopeVersion, nonEmpty: scope.version, fields, body)
        }
        let traits = span.traits
        var hasOwnError = fields.ownKeys.has(.error)
        var isError = traits.statusCode == .error
        let top = AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
        span.forEachAttribute { key, value in
            // Of Zipkin's errors Jaeger knows only this one; others stay the text that they are.
            if hasOwnError, traits.source == .zipkin, key.equals(JaegerTagKey.error),
                case .string(let text) = value, text.equals("true")
            {
                isError = true
                hasOwnError = false
                return
            }
            give(key, value, within: top, body)
        }
        if let kind = traits.kind.jaegerText { give(.kind, .string(kind.rawBytes), fields, body) }
        if isError {
            give(.statusCode, .string(("ERROR" as StaticString).rawBytes), fields, body)
            if !hasOwnError { body(JaegerTagKey.error.rawBytes, .bool(true)) }
        } else if traits.statusCode == .ok {
            give(.statusCode, .string(("OK" as StaticString).rawBytes), fields, body)
        }
        if let message = fields.statusMessage { give(.statusDescription, .string(message), fields, body) }
        if let state = fields.traceState { give(.traceState, .string(state), fields, body) }
        if let name = fields.remoteServiceName { give(.peerService, .string(name), fields, body) }
        give(.peerIPv4, address: fields.remoteIPv4, fields, body)
        give(.peerIPv6, address: fields.remoteIPv6, fields, body)
        give(.peerPort, positive: fields.remotePort, fields, body)
        // Jaeger's own spans say nothing of the kind: what is counted there are references to nothing.
        guard traits.source != .jaeger else { return }
        give(.droppedAttributeCount, positive: fields.droppedAttributeCount, fields, body)
        give(.droppedEventCount, positive: fields.droppedEventCount, fields, body)
        give(.droppedLinkCount, positive: fields.droppedLinkCount, fields, body)
    }

    private func give(
        _ key: JaegerDerivedKeys.Key, _ value: SpanValue, _ fields: JaegerSpanFields,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        if !fields.ownKeys.has(key) { body(key.text.rawBytes, value) }
    }

    private func give(
        _ key: JaegerDerivedKeys.Key, nonEmpty text: UnsafeRawBufferPointer, _ fields: JaegerSpanFields,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        if text.count > 0 { give(key, .string(text), fields, body) }
    }

    private func give(
        _ key: JaegerDerivedKeys.Key, positive number: Int64, _ fields: JaegerSpanFields,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        if number > 0 { give(key, .int(number), fields, body) }
    }

    private mutating func give(
        _ key: JaegerDerivedKeys.Key, address bytes: UnsafeRawBufferPointer?, _ fields: JaegerSpanFields,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        guard let bytes, let address = IPAddress(networkOrder: bytes), !fields.ownKeys.has(key) else { return }
        give(key.text.rawBytes, address, body)
    }

    // MARK: Fields of a log

    /// The event's name as `event`, if it has one, then its attributes.
    mutating func forEachField(
        ofEvent name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer?, _ source: SpanSource,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        let list = attributes.flatMap { try? AttributeList(ofEvent: $0) }
        if name.count > 0, !(source == .jaeger && list.map { Self.isMessage(name, of: $0) } ?? false) {
            body(JaegerTagKey.event.rawBytes, .string(name))
        }
        guard var reader = list?.attributes else { return }
        while let (key, value) = try? reader.nextAttribute() { give(key, value, within: reader, body) }
    }

    /// Whether the log had no `event`, so that its decoder took the message for a name.
    private static func isMessage(_ name: UnsafeRawBufferPointer, of list: AttributeList) -> Bool {
        var reader = list.attributes
        while let (key, value) = try? reader.nextAttribute() {
            guard case .string(let text) = value, key.equals(JaegerTagKey.message) else { continue }
            return text.elementsEqual(name)
        }
        return false
    }

    // MARK: Tags of a process

    /// The resource's attributes but the service's name; without a resource the address at which the service ran.
    mutating func forEach(_ process: JaegerProcess, _ body: (UnsafeRawBufferPointer, SpanValue) -> Void) {
        if let bytes = process.resource {
            guard var reader = (try? ResourceView(bytes))?.attributes.attributes else { return }
            while let (key, value) = try? reader.nextAttribute() {
                if case .string(let name) = value, key.equals(OTLPModel.serviceNameKey),
                    name.elementsEqual(process.serviceName)
                {
                    continue
                }
                give(key, value, within: reader, body)
            }
        } else if let bytes = process.ipv4 ?? process.ipv6, let address = IPAddress(networkOrder: bytes) {
            give(("ip" as StaticString).rawBytes, address, body)
        }
    }

    // MARK: Values

    private mutating func give(
        _ key: UnsafeRawBufferPointer, _ value: SpanValue, within reader: AttributeReader,
        _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        switch value {
        case .array, .map:
            text.removeAll()
            text.writeJSON(value, within: reader)
            text.bytes.withUnsafeBytes { body(key, .string($0)) }
        case .none: body(key, .string(UnsafeRawBufferPointer(start: nil, count: 0)))
        case .string, .bytes, .bool, .int, .double: body(key, value)
        }
    }

    private mutating func give(
        _ key: UnsafeRawBufferPointer, _ address: IPAddress, _ body: (UnsafeRawBufferPointer, SpanValue) -> Void
    ) {
        text.removeAll()
        address.append(to: &text)
        text.bytes.withUnsafeBytes { body(key, .string($0)) }
    }
}

extension SpanKind {
    /// As `jaegerName`.
    var jaegerText: StaticString? {
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
