internal import TraceModel

/// What Zipkin's model has of a span beside its IDs and times. Borrows from the span's batch.
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
    }

    struct Tag {
        var key: UnsafeRawBufferPointer
        var value: SpanValue
    }

    private(set) var local = Endpoint()
    private(set) var remote = Endpoint()
    private var annotations: [Annotation] = []
    private var tags: [Tag] = []

    init(_ span: SpanView) {
        if span.serviceName.count > 0 { local.serviceName = span.serviceName }
        var statusMessage: UnsafeRawBufferPointer?
        span.forEachValue { column, value in
            switch column.role {
            case .attribute:
                add(Tag(key: span.batch.string(column.key), value: value))
            case .field:
                if case .string(let text) = value, column.field == .statusMessage { statusMessage = text }
                column.field.map { set($0, value) }
            case .event, .eventName, .eventAttributes:
                break
            }
        }
        span.forEachEvent { name, time, _ in
            // Rounded down, before 1970 too; but no earlier than can be read again.
            let microseconds = max(time / 1_000 - (time % 1_000 < 0 ? 1 : 0), .min / 1_000)
            annotations.append(Annotation(microseconds: microseconds, value: name))
        }
        addStatus(span.traits.statusCode, message: statusMessage)
    }

    private mutating func add(_ tag: Tag) {
        switch tag.value {
        case .array, .map:
            return
        case .bool(false) where tag.key.equals("error"):
            return  // In Zipkin the tag means an error whatever its value.
        case .string, .bytes, .bool, .int, .double, .none:
            tags.append(tag)
        }
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

    /// OpenTelemetry's own mapping: the code as text, and for an error its message as the tag `error`.
    private mutating func addStatus(_ code: StatusCode, message: UnsafeRawBufferPointer?) {
        guard code != .unset else { return }
        func text(_ text: StaticString) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        }
        let hasCode = tags.contains { $0.key.equals("otel.status_code") }
        if !hasCode {
            tags.append(Tag(key: text("otel.status_code"), value: .string(text(code == .ok ? "OK" : "ERROR"))))
        }
        if code == .error, !tags.contains(where: { $0.key.equals("error") }) {
            tags.append(Tag(key: text("error"), value: .string(message ?? text(""))))
        }
    }

    /// By time, then by value; equal ones once.
    func sortedAnnotations() -> [Annotation] {
        guard annotations.count > 1 else { return annotations }
        var sorted: [Annotation] = []
        sorted.reserveCapacity(annotations.count)
        let ordered = annotations.sorted { a, b in
            a.microseconds != b.microseconds
                ? a.microseconds < b.microseconds : a.value.lexicographicallyPrecedes(b.value)
        }
        for annotation in ordered {
            if let last = sorted.last, last.microseconds == annotation.microseconds,
                last.value.elementsEqual(annotation.value)
            {
                continue
            }
            sorted.append(annotation)
        }
        return sorted
    }

    /// By the bytes of the key; of equal keys the last.
    func sortedTags() -> [Tag] {
        let order = tags.indices.sorted { a, b in
            if tags[a].key.lexicographicallyPrecedes(tags[b].key) { return true }
            return a < b && tags[a].key.elementsEqual(tags[b].key)
        }
        var sorted: [Tag] = []
        sorted.reserveCapacity(tags.count)
        for index in order {
            if let last = sorted.last, last.key.elementsEqual(tags[index].key) { sorted.removeLast() }
            sorted.append(tags[index])
        }
        return sorted
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
