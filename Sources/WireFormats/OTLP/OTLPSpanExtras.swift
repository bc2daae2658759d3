internal import TraceModel

/// Attributes that a span gets when it is written as OTLP: facts, or what other programs expect. Kept and used again.
struct OTLPSpanExtras {
    enum Value {
        case value(SpanValue)
        case address(IPAddress)
    }

    private(set) var items: [(key: StaticString, value: Value)] = []
    private(set) var times = OTLPTimes(startBits: 0, endBits: 0)
    private(set) var statusCode = StatusCode.unset

    /// Finds those of one span. They borrow from its batch.
    mutating func collect(_ span: SpanView, _ group: OTLPSpanGroup, _ options: OTLPOptions) {
        items.removeAll(keepingCapacity: true)
        times = OTLPTimes(span)
        statusCode = span.traits.statusCode
        if options.keepsSkeinFacts { collectFacts(span, group) } else { collectCustomary(span) }
    }

    // MARK: Facts

    private mutating func add(_ fact: OTLPFact, _ value: SpanValue) { items.append((fact.key, .value(value))) }

    private mutating func collectFacts(_ span: SpanView, _ group: OTLPSpanGroup) {
        let traits = span.traits
        switch traits.source {
        case .zipkin: add(.source, .string(("zipkin" as StaticString).rawBytes))
        case .jaeger: add(.source, .string(("jaeger" as StaticString).rawBytes))
        case .otlp: break
        }
        if traits.isShared { add(.shared, .bool(true)) }
        if traits.isDebug { add(.debug, .bool(true)) }
        if traits.isError != (traits.statusCode == .error) { add(.error, .bool(traits.isError)) }
        let isZipkin = traits.source == .zipkin
        if traits.hasOrderedAttributes == isZipkin { add(.ordered, .bool(traits.hasOrderedAttributes)) }
        if !group.readServiceName.elementsEqual(span.serviceName) { add(.service, .string(span.serviceName)) }
        let hasResource = group.resource != nil
        let isResourceRead = !isZipkin && (hasResource || group.serviceName.count > 0)
        if hasResource != isResourceRead { add(.resource, .bool(hasResource)) }
        collectTimes()
        span.forEachValue { column, value in
            guard let field = column.field, !OTLPFact.isNative(field, value) else { return }
            addField(field, value)
        }
    }

    private mutating func collectTimes() {
        let read = OTLPTimes(startBits: times.startBits, endBits: times.endBits)
        if read.start != times.start { add(.start, .int(times.start)) }
        if read.duration != times.duration {
            add(.duration, times.duration == SpanBatch.absentTime ? .none : .int(times.duration))
        }
        if read.end != times.end { add(.field(.end), times.end.map { .int($0) } ?? .none) }
    }

    private mutating func addField(_ field: SpanField, _ value: SpanValue) {
        let key = OTLPFact.field(field).key
        if case .bytes(let bytes) = value, let address = IPAddress(networkOrder: bytes) {
            // Text only if it is read back as the same bytes.
            let isIPv4 = field == .localIPv4 || field == .remoteIPv4
            if isIPv4 == (bytes.count == 4) { return items.append((key, .address(address))) }
        }
        items.append((key, .value(value)))
    }

    // MARK: What other programs expect

    /// By the semantic conventions of OpenTelemetry. An attribute that the span has already stays alone.
    private mutating func collectCustomary(_ span: SpanView) {
        let traits = span.traits
        guard traits.source != .otlp else { return }
        if traits.isError && statusCode == .unset { statusCode = .error }
        if let name = span.remoteServiceName { items.append(("peer.service", .value(.string(name)))) }
        addAddress("network.peer.address", span, .remoteIPv4, .remoteIPv6)
        addPort("network.peer.port", span, .remotePort)
        addAddress("network.local.address", span, .localIPv4, .localIPv6)
        addPort("network.local.port", span, .localPort)
        guard !items.isEmpty else { return }
        span.forEachAttribute { key, _ in items.removeAll { key.equals($0.key) } }
    }

    private mutating func addAddress(_ key: StaticString, _ span: SpanView, _ ipv4: SpanField, _ ipv6: SpanField) {
        for field in [ipv4, ipv6] {
            guard case .bytes(let bytes) = span.value(of: field), let address = IPAddress(networkOrder: bytes) else {
                continue
            }
            return items.append((key, .address(address)))
        }
    }

    private mutating func addPort(_ key: StaticString, _ span: SpanView, _ field: SpanField) {
        if case .int(let port) = span.value(of: field), port > 0 { items.append((key, .value(.int(port)))) }
    }

    /// Whether an attribute's key is one that only facts may have, so that it stands under another one.
    static func isEscaped(_ key: UnsafeRawBufferPointer, _ options: OTLPOptions) -> Bool {
        guard options.keepsSkeinFacts, key.hasPrefix(OTLPFact.prefix) else { return false }
        return key.hasPrefix(OTLPFact.escape) || OTLPFact(key: key) != nil
    }
}
