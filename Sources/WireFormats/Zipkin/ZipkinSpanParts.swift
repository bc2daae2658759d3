internal import Bytes
internal import TraceModel

/// What Zipkin's model has of a span beside its IDs and times; filled for one span after the other. Borrows from the
/// span's batch.
struct ZipkinSpanParts {
    struct Endpoint {
        var serviceName: UnsafeRawBufferPointer?
        var ipv4: IPAddress?
        var ipv6: IPAddress?
        var port: Int64 = 0

        var isEmpty: Bool { serviceName == nil && ipv4 == nil && ipv6 == nil && port <= 0 }
    }

    struct Annotation {
        var microseconds: Int64
        var value: UnsafeRawBufferPointer
        /// Where the value stands among the texts that were made up.
        var made: Range<Int>?
    }

    struct Tag {
        var key: UnsafeRawBufferPointer
        /// Of two tags with one key the one with the higher place counts.
        var place = 0
        var value: SpanValue
    }

    private(set) var local = Endpoint()
    private(set) var remote = Endpoint()
    /// In the span's order until they are sorted.
    private(set) var annotations: [Annotation] = []
    private(set) var tags: [Tag] = []

    /// - Parameter text: receives the annotations that lie nowhere.
    mutating func collect(_ span: SpanView, _ text: inout ByteWriter) {
        local = Endpoint()
        remote = Endpoint()
        annotations.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        text.removeAll()
        if span.serviceName.count > 0 { local.serviceName = span.serviceName }
        let traits = span.traits
        var statusMessage: UnsafeRawBufferPointer?
        var hasEvents = false
        span.forEachValue { column, value in
            switch column.role {
            case .attribute:
                add(span.batch.string(column.key), value)
            case .field:
                guard let field = column.field else { break }
                if case .string(let text) = value, field == .statusMessage { statusMessage = text }
                set(field, value)
                if traits.source != .zipkin { addTags(of: field, value, traits.source) }
            case .event: hasEvents = true
            case .eventName, .eventAttributes: break
            }
        }
        if hasEvents { collectAnnotations(span, traits.source, &text) }
        addStatus(traits.statusCode, message: statusMessage)
    }

    private mutating func add(_ key: UnsafeRawBufferPointer, _ value: SpanValue) {
        // In Zipkin the tag means an error whatever its value.
        if case .bool(false) = value, key.equals("error") { return }
        tags.append(Tag(key: key, place: tags.count, value: value))
    }

    private mutating func set(_ field: SpanField, _ value: SpanValue) {
        switch (field, value) {
        case (.localIPv4, .bytes(let bytes)): local.ipv4 = IPAddress(networkOrder: bytes)
        case (.localIPv6, .bytes(let bytes)): local.ipv6 = IPAddress(networkOrder: bytes)
        case (.localPort, .int(let port)): local.port = port
        case (.remoteServiceName, .string(let name)): remote.serviceName = name.count > 0 ? name : nil
        case (.remoteIPv4, .bytes(let bytes)): remote.ipv4 = IPAddress(networkOrder: bytes)
        case (.remoteIPv6, .bytes(let bytes)): remote.ipv6 = IPAddress(networkOrder: bytes)
        case (.remotePort, .int(let port)): remote.port = port
        default: break
        }
    }

    // MARK: What Zipkin's model has no place for

    /// As OpenTelemetry's own exporters to Zipkin tell it. Fields come before attributes, so that an attribute of the
    /// same key outdoes them.
    private mutating func addTags(of field: SpanField, _ value: SpanValue, _ source: SpanSource) {
        switch (field, value) {
        case (.resource, .map(let bytes)):
            guard var attributes = (try? ResourceView(bytes))?.attributes.attributes else { return }
            while let (key, value) = try? attributes.nextAttribute() {
                // The service has its place; a failure is the span's, not its process's.
                if key.equals("error") || key.equals(OTLPModel.serviceNameKey) { continue }
                add(key, value)
            }
        case (.scope, .map(let bytes)):
            guard let scope = try? ScopeView(bytes) else { return }
            if scope.name.count > 0 { add(JaegerTagKey.scopeName.rawBytes, .string(scope.name)) }
            if scope.version.count > 0 { add(JaegerTagKey.scopeVersion.rawBytes, .string(scope.version)) }
        case (.traceState, .string(let state)):
            add(JaegerTagKey.traceState.rawBytes, .string(state))
        case (.droppedAttributeCount, .int(let count)): addCount("otel.dropped_attributes_count", count, source)
        case (.droppedEventCount, .int(let count)): addCount("otel.dropped_events_count", count, source)
        case (.droppedLinkCount, .int(let count)): addCount("otel.dropped_links_count", count, source)
        default: break
        }
    }

    private mutating func addCount(_ key: StaticString, _ count: Int64, _ source: SpanSource) {
        if count > 0 && source == .otlp { add(key.rawBytes, .int(count)) }
    }

    /// OpenTelemetry's own mapping: the code as text, and for an error its message as the tag `error`.
    private mutating func addStatus(_ code: StatusCode, message: UnsafeRawBufferPointer?) {
        guard code != .unset else { return }
        if !tags.contains(where: { $0.key.equals(JaegerTagKey.statusCode) }) {
            let text: StaticString = code == .ok ? "OK" : "ERROR"
            add(JaegerTagKey.statusCode.rawBytes, .string(text.rawBytes))
        }
        if code == .error, !tags.contains(where: { $0.key.equals(JaegerTagKey.error) }) {
            add(JaegerTagKey.error.rawBytes, .string(message ?? UnsafeRawBufferPointer(start: nil, count: 0)))
        }
    }

    // MARK: Annotations

    private mutating func collectAnnotations(_ span: SpanView, _ source: SpanSource, _ text: inout ByteWriter) {
        span.forEachEvent { name, time, attributes in
            // Rounded down, before 1970 too; but no earlier than can be read again.
            let microseconds = max(time / 1_000 - (time % 1_000 < 0 ? 1 : 0), .min / 1_000)
            var annotation = Annotation(microseconds: microseconds, value: name)
            if let attributes, let list = try? AttributeList(ofEvent: attributes), list.body.count > 0,
                !(source == .jaeger && Self.isOnlyMessage(name, list))
            {
                let start = text.count
                if name.count > 0 {
                    text.write(name)
                    text.write(": ")
                }
                text.writeJSONObject(list.attributes)
                annotation.made = start..<text.count
            }
            annotations.append(annotation)
        }
    }

    /// Whether the attributes say what the name says already: a log of Jaeger's with nothing but a message.
    private static func isOnlyMessage(_ name: UnsafeRawBufferPointer, _ list: AttributeList) -> Bool {
        var attributes = list.attributes
        guard let (key, value) = try? attributes.nextAttribute(), key.equals(JaegerTagKey.message),
            case .string(let text) = value, text.elementsEqual(name)
        else { return false }
        return (try? attributes.nextAttribute()) == nil
    }

    /// Sorts by time, then by value; equal ones follow each other.
    /// - Parameter text: what `collect` wrote, which the annotations borrow from then on.
    mutating func sortAnnotations(_ text: UnsafeRawBufferPointer) {
        for index in annotations.indices {
            guard let made = annotations[index].made else { continue }
            annotations[index].value = UnsafeRawBufferPointer(rebasing: text[made])
        }
        guard annotations.count > 1 else { return }
        annotations.sort { a, b in
            a.microseconds != b.microseconds
                ? a.microseconds < b.microseconds : a.value.lexicographicallyPrecedes(b.value)
        }
    }

    /// Sorts by the bytes of the key; of equal keys the last counts.
    mutating func sortTags() {
        tags.sort { a, b in
            if a.key.lexicographicallyPrecedes(b.key) { return true }
            return a.place < b.place && a.key.elementsEqual(b.key)
        }
    }
}

extension IPAddress {
    /// 4 or 16 bytes; nil for any other number.
    init?(networkOrder bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4:
            self = .v4(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case 16:
            self = .v6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        default:
            return nil
        }
    }
}
