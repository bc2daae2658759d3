internal import Bytes
internal import TraceModel

/// Writes the elements of `resourceSpans`.
struct OTLPJSONWriter {
    private let options: OTLPOptions
    private var extras = OTLPSpanExtras()
    private var group: OTLPSpanGroup?
    private var isFirstResource = true

    init(_ options: OTLPOptions) { self.options = options }

    mutating func append(_ span: SpanView, to writer: inout ByteWriter) {
        let group = OTLPSpanGroup(span)
        if let last = self.group, last.hasSameResource(as: group) {
            if last.hasSameScope(as: group) {
                writer.write(",")
            } else {
                endScope(last, &writer)
                writer.write(",")
                beginScope(group, &writer)
            }
        } else {
            finish(&writer)
            if !isFirstResource { writer.write(",") }
            isFirstResource = false
            beginResource(group, &writer)
            beginScope(group, &writer)
        }
        self.group = group
        extras.collect(span, group, options)
        write(span, &writer)
    }

    /// Ends the group at hand.
    mutating func finish(_ writer: inout ByteWriter) {
        guard let last = group else { return }
        endScope(last, &writer)
        writer.write("]")
        writer.writeMember("schemaUrl", text: last.resourceView?.schemaURL)
        writer.write("}")
        group = nil
    }

    // MARK: Resource and scope

    private func beginResource(_ group: OTLPSpanGroup, _ writer: inout ByteWriter) {
        writer.write("{\"resource\":{\"attributes\":[")
        if let view = group.resourceView {
            writer.writeRest(ofList: view.attributes)
            writer.writeEntities(AttributeReader(view.entities))
        } else {
            if group.resource == nil && group.serviceName.count > 0 {
                writer.writeAttribute(key: OTLPModel.serviceNameKey.rawBytes, .string(group.serviceName))
            }
            writer.write("]")
        }
        writer.write("},\"scopeSpans\":[")
    }

    private func beginScope(_ group: OTLPSpanGroup, _ writer: inout ByteWriter) {
        writer.write("{\"scope\":{\"name\":")
        writer.writeJSONString(group.scopeView?.name ?? UnsafeRawBufferPointer(start: nil, count: 0))
        if let view = group.scopeView {
            writer.writeMember("version", text: view.version)
            writer.writeList(view.attributes)
        }
        writer.write("},\"spans\":[")
    }

    private func endScope(_ group: OTLPSpanGroup, _ writer: inout ByteWriter) {
        writer.write("]")
        writer.writeMember("schemaUrl", text: group.scopeView?.schemaURL)
        writer.write("}")
    }

    // MARK: Span

    private func write(_ span: SpanView, _ writer: inout ByteWriter) {
        writer.write("{\"traceId\":\"")
        writer.writeHex(span.traceID.high)
        writer.writeHex(span.traceID.low)
        writer.write("\",\"spanId\":\"")
        writer.writeHex(span.spanID.value)
        if let parentID = span.parentID {
            writer.write("\",\"parentSpanId\":\"")
            writer.writeHex(parentID.value)
        }
        writer.write("\"")
        writer.writeMember("traceState", text: text(span, .traceState))
        writer.writeMember("flags", number: count(span, .flags))
        writer.writeMember("name", text: span.operationName)
        writer.writeMember("kind", number: OTLPModel.number(span.traits.kind))
        writer.writeMember("startTimeUnixNano", quoted: extras.times.startBits)
        writer.writeMember("endTimeUnixNano", quoted: extras.times.endBits)
        writeAttributes(span, &writer)
        writer.writeMember("droppedAttributesCount", number: count(span, .droppedAttributeCount))
        writeEvents(span, &writer)
        writer.writeMember("droppedEventsCount", number: count(span, .droppedEventCount))
        writeLinks(span, &writer)
        writer.writeMember("droppedLinksCount", number: count(span, .droppedLinkCount))
        writer.write(",\"status\":{\"code\":")
        writer.writeDecimal(Int64(extras.statusCode.rawValue))
        writer.writeMember("message", text: text(span, .statusMessage))
        writer.write("}}")
    }

    private func text(_ span: SpanView, _ field: SpanField) -> UnsafeRawBufferPointer? {
        if case .string(let text) = span.value(of: field) { text } else { nil }
    }

    /// 0 for what has no place in 32 bits.
    private func count(_ span: SpanView, _ field: SpanField) -> UInt64 {
        if case .int(let number) = span.value(of: field) { UInt64(UInt32(exactly: number) ?? 0) } else { 0 }
    }

    private func writeAttributes(_ span: SpanView, _ writer: inout ByteWriter) {
        var isFirst = true
        span.forEachAttribute { key, value in
            writer.write(isFirst ? ",\"attributes\":[" : ",")
            isFirst = false
            if OTLPSpanExtras.isEscaped(key, options) {
                let escaped = Array(OTLPFact.escape.rawBytes) + Array(key)
                escaped.withUnsafeBytes { writer.writeAttribute(key: $0, value) }
            } else {
                writer.writeAttribute(key: key, value)
            }
        }
        for (key, value) in extras.items {
            writer.write(isFirst ? ",\"attributes\":[" : ",")
            isFirst = false
            switch value {
            case .value(let value): writer.writeAttribute(key: key.rawBytes, value)
            case .address(let address):
                writer.write("{\"key\":")
                writer.writeJSONString(key)
                writer.write(",\"value\":{\"stringValue\":\"")
                address.append(to: &writer)
                writer.write("\"}}")
            }
        }
        if !isFirst { writer.write("]") }
    }

    private func writeEvents(_ span: SpanView, _ writer: inout ByteWriter) {
        var isFirst = true
        span.forEachEvent { name, time, attributes in
            writer.write(isFirst ? ",\"events\":[" : ",")
            isFirst = false
            writer.write("{\"timeUnixNano\":\"")
            writer.writeDecimal(bits: UInt64(bitPattern: time))
            writer.write("\"")
            writer.writeMember("name", text: name)
            if let attributes, let list = try? AttributeList(ofEvent: attributes) { writer.writeList(list) }
            writer.write("}")
        }
        if !isFirst { writer.write("]") }
    }

    private func writeLinks(_ span: SpanView, _ writer: inout ByteWriter) {
        guard case .array(let bytes) = span.value(of: .links) else { return }
        var links = LinkReader(bytes)
        var isFirst = true
        while let link = try? links.next() {
            writer.write(isFirst ? ",\"links\":[" : ",")
            isFirst = false
            writer.write("{\"traceId\":\"")
            writer.writeHex(link.traceID.high)
            writer.writeHex(link.traceID.low)
            writer.write("\",\"spanId\":\"")
            writer.writeHex(link.spanID.value)
            writer.write("\"")
            writer.writeMember("traceState", text: link.traceState)
            writer.writeList(link.attributes)
            writer.writeMember("flags", number: UInt64(link.flags))
            writer.write("}")
        }
        if !isFirst { writer.write("]") }
    }
}
