internal import Bytes
internal import TraceModel

/// Writes one message of spans.
struct OTLPProtobufWriter: ~Copyable {
    private let options: OTLPOptions
    private var message = ProtobufWriter()
    private var extras = OTLPSpanExtras()
    private var addressText = ByteWriter()

    // Of the group at hand: what has to be ended.
    private var group: OTLPSpanGroup?
    private var resourceMark = 0
    private var scopeMark = 0

    init(_ options: OTLPOptions) { self.options = options }

    /// Whole after `finish`.
    var bytes: UnsafeRawBufferPointer { message.bytes }

    mutating func append(_ span: SpanView) {
        append(span, spanID: span.spanID.value, parentID: span.parentID?.value ?? 0)
    }

    /// Forgets the message, to write another one.
    mutating func removeAll() {
        message.removeAll()
        group = nil
    }

    /// - Parameter parentID: 0 for none.
    mutating func append(_ span: SpanView, spanID: UInt64, parentID: UInt64) {
        let group = OTLPSpanGroup(span)
        if let last = self.group, last.hasSameResource(as: group) {
            if !last.hasSameScope(as: group) {
                endScope(last)
                beginScope(group)
            }
        } else {
            finish()
            resourceMark = message.begin(OTLPTag.Request.resourceSpans)
            writeResource(group)
            beginScope(group)
        }
        self.group = group
        extras.collect(span, group, options)
        write(span, spanID, parentID)
    }

    /// Ends the group at hand.
    mutating func finish() {
        guard let last = group else { return }
        endScope(last)
        if let view = last.resourceView, view.schemaURL.count > 0 {
            message.write(OTLPTag.ResourceSpans.schemaURL, bytes: view.schemaURL)
        }
        message.end(resourceMark)
        group = nil
    }

    // MARK: Resource and scope; always written, because some readers rely on them

    private mutating func writeResource(_ group: OTLPSpanGroup) {
        let mark = message.begin(OTLPTag.ResourceSpans.resource)
        if let name = group.addedServiceName(options) {
            message.write(OTLPTag.Resource.attributes, key: OTLPModel.serviceNameKey.rawBytes, .string(name))
        }
        if let view = group.resourceView {
            message.write(
                view.attributes, OTLPTag.Resource.attributes, dropped: OTLPTag.Resource.droppedAttributeCount)
            message.write(entities: AttributeReader(view.entities))
        }
        message.end(mark)
    }

    private mutating func beginScope(_ group: OTLPSpanGroup) {
        scopeMark = message.begin(OTLPTag.ResourceSpans.scopeSpans)
        let mark = message.begin(OTLPTag.ScopeSpans.scope)
        if let view = group.scopeView {
            message.write(OTLPTag.Scope.name, text: view.name)
            message.write(OTLPTag.Scope.version, text: view.version)
            message.write(view.attributes, OTLPTag.Scope.attributes, dropped: OTLPTag.Scope.droppedAttributeCount)
        }
        message.end(mark)
    }

    private mutating func endScope(_ group: OTLPSpanGroup) {
        if let view = group.scopeView { message.write(OTLPTag.ScopeSpans.schemaURL, text: view.schemaURL) }
        message.end(scopeMark)
    }

    // MARK: Span

    private mutating func write(_ span: SpanView, _ spanID: UInt64, _ parentID: UInt64) {
        let mark = message.begin(OTLPTag.ScopeSpans.spans)
        let traceID = span.traceID
        withUnsafeBytes(of: (traceID.high.bigEndian, traceID.low.bigEndian)) {
            message.write(OTLPTag.Span.traceID, bytes: $0)
        }
        withUnsafeBytes(of: spanID.bigEndian) { message.write(OTLPTag.Span.spanID, bytes: $0) }
        writeText(OTLPTag.Span.traceState, span, .traceState)
        if parentID != 0 {
            withUnsafeBytes(of: parentID.bigEndian) { message.write(OTLPTag.Span.parentID, bytes: $0) }
        }
        message.write(OTLPTag.Span.name, text: span.operationName)
        let kind = OTLPModel.number(span.traits.kind)
        if kind != 0 { message.write(OTLPTag.Span.kind, varint: kind) }
        if extras.times.startBits != 0 { message.write(OTLPTag.Span.start, fixed64: extras.times.startBits) }
        if extras.times.endBits != 0 { message.write(OTLPTag.Span.end, fixed64: extras.times.endBits) }
        writeAttributes(span)
        writeCount(OTLPTag.Span.droppedAttributeCount, span, .droppedAttributeCount)
        span.forEachEvent { name, time, attributes in writeEvent(name, time, attributes) }
        writeCount(OTLPTag.Span.droppedEventCount, span, .droppedEventCount)
        writeLinks(span)
        writeCount(OTLPTag.Span.droppedLinkCount, span, .droppedLinkCount)
        writeStatus(span)
        let flags = count(span, .flags)
        if flags != 0 { message.write(OTLPTag.Span.flags, fixed32: flags) }
        message.end(mark)
    }

    private mutating func writeText(_ tag: UInt32, _ span: SpanView, _ field: SpanField) {
        if case .string(let text) = span.value(of: field) { message.write(tag, text: text) }
    }

    /// 0 for what has no place in 32 bits.
    private func count(_ span: SpanView, _ field: SpanField) -> UInt32 {
        if case .int(let number) = span.value(of: field) { UInt32(exactly: number) ?? 0 } else { 0 }
    }

    private mutating func writeCount(_ tag: UInt32, _ span: SpanView, _ field: SpanField) {
        let number = count(span, field)
        if number != 0 { message.write(tag, varint: UInt64(number)) }
    }

    private mutating func writeStatus(_ span: SpanView) {
        let mark = message.begin(OTLPTag.Span.status)
        writeText(OTLPTag.Status.message, span, .statusMessage)
        if extras.statusCode != .unset {
            message.write(OTLPTag.Status.code, varint: UInt64(extras.statusCode.rawValue))
        }
        message.end(mark)
    }

    private mutating func writeAttributes(_ span: SpanView) {
        span.forEachAttribute { key, value in
            if OTLPSpanExtras.isEscaped(key, options) {
                message.write(OTLPTag.Span.attributes, keyPrefix: OTLPFact.escape.rawBytes, key: key, value)
            } else {
                message.write(OTLPTag.Span.attributes, key: key, value)
            }
        }
        for (key, value) in extras.items {
            switch value {
            case .value(let value): message.write(OTLPTag.Span.attributes, key: key.rawBytes, value)
            case .address(let address):
                addressText.removeAll()
                address.append(to: &addressText)
                addressText.bytes.withUnsafeBytes {
                    message.write(OTLPTag.Span.attributes, key: key.rawBytes, .string($0))
                }
            }
        }
    }

    private mutating func writeEvent(
        _ name: UnsafeRawBufferPointer, _ time: Int64, _ attributes: UnsafeRawBufferPointer?
    ) {
        let mark = message.begin(OTLPTag.Span.events)
        // Also when it is 0: a message without bytes is no event.
        message.write(OTLPTag.Event.time, fixed64: UInt64(bitPattern: time))
        message.write(OTLPTag.Event.name, text: name)
        if let attributes, let list = try? AttributeList(ofEvent: attributes) {
            message.write(list, OTLPTag.Event.attributes, dropped: OTLPTag.Event.droppedAttributeCount)
        }
        message.end(mark)
    }

    private mutating func writeLinks(_ span: SpanView) {
        guard case .array(let bytes) = span.value(of: .links) else { return }
        var links = LinkReader(bytes)
        while let link = try? links.next() {
            let mark = message.begin(OTLPTag.Span.links)
            withUnsafeBytes(of: (link.traceID.high.bigEndian, link.traceID.low.bigEndian)) {
                message.write(OTLPTag.Link.traceID, bytes: $0)
            }
            withUnsafeBytes(of: link.spanID.value.bigEndian) { message.write(OTLPTag.Link.spanID, bytes: $0) }
            message.write(OTLPTag.Link.traceState, text: link.traceState)
            message.write(link.attributes, OTLPTag.Link.attributes, dropped: OTLPTag.Link.droppedAttributeCount)
            if link.flags != 0 { message.write(OTLPTag.Link.flags, fixed32: link.flags) }
            message.end(mark)
        }
    }
}
