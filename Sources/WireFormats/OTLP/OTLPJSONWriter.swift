internal import Bytes
internal import TraceModel

/// Writes the elements of `resourceSpans`.
struct OTLPJSONWriter {
    /// How protobuf's messages become JSON.
    enum Form {
        /// OTLP's own: IDs in hex, enumerations as numbers.
        case otlp
        /// Protobuf's, as Tempo writes it: IDs in base64, enumerations by name. Each resource has one scope, because
        /// some readers look at the first only.
        case protobuf
    }

    private let options: OTLPOptions
    private let form: Form
    private var extras = OTLPSpanExtras()
    private var group: OTLPSpanGroup?
    private var isFirstResource = true

    init(_ options: OTLPOptions, _ form: Form = .otlp) {
        self.options = options
        self.form = form
    }

    mutating func append(_ span: SpanView, to writer: inout ByteWriter) {
        append(span, spanID: span.spanID.value, parentID: span.parentID?.value ?? 0, to: &writer)
    }

    /// - Parameter parentID: 0 for none.
    mutating func append(_ span: SpanView, spanID: UInt64, parentID: UInt64, to writer: inout ByteWriter) {
        let group = OTLPSpanGroup(span)
        if let last = self.group, last.hasSameResource(as: group), form == .otlp || last.hasSameScope(as: group) {
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
        write(span, spanID, parentID, &writer)
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
        let name = group.addedServiceName(options)
        if let name { writer.writeAttribute(key: OTLPModel.serviceNameKey.rawBytes, .string(name)) }
        if let view = group.resourceView {
            if name != nil && view.attributes.body.count > 0 { writer.write(",") }
            writer.writeRest(ofList: view.attributes)
            writer.writeEntities(AttributeReader(view.entities))
        } else {
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

    private func write(_ span: SpanView, _ spanID: UInt64, _ parentID: UInt64, _ writer: inout ByteWriter) {
        writer.write("{\"traceId\":\"")
        write(span.traceID, &writer)
        writer.write("\",\"spanId\":\"")
        write(spanID, &writer)
        if parentID != 0 {
            writer.write("\",\"parentSpanId\":\"")
            write(parentID, &writer)
        }
        writer.write("\"")
        writer.writeMember("traceState", text: text(span, .traceState))
        writer.writeMember("flags", number: count(span, .flags))
        writer.writeMember("name", text: span.operationName)
        writeKind(span.traits.kind, &writer)
        writer.writeMember("startTimeUnixNano", quoted: extras.times.startBits)
        writer.writeMember("endTimeUnixNano", quoted: extras.times.endBits)
        writeAttributes(span, &writer)
        writer.writeMember("droppedAttributesCount", number: count(span, .droppedAttributeCount))
        writeEvents(span, &writer)
        writer.writeMember("droppedEventsCount", number: count(span, .droppedEventCount))
        writeLinks(span, &writer)
        writer.writeMember("droppedLinksCount", number: count(span, .droppedLinkCount))
        writer.write(",\"status\":{\"code\":")
        switch form {
        case .otlp: writer.writeDecimal(Int64(extras.statusCode.rawValue))
        case .protobuf: writer.writeJSONString(OTLPModel.statusName(extras.statusCode))
        }
        writer.writeMember("message", text: text(span, .statusMessage))
        writer.write("}}")
    }

    private func write(_ traceID: TraceID, _ writer: inout ByteWriter) {
        switch form {
        case .otlp:
            writer.writeHex(traceID.high)
            writer.writeHex(traceID.low)
        case .protobuf:
            withUnsafeBytes(of: (traceID.high.bigEndian, traceID.low.bigEndian)) { writer.writeBase64($0) }
        }
    }

    private func write(_ spanID: UInt64, _ writer: inout ByteWriter) {
        switch form {
        case .otlp: writer.writeHex(spanID)
        case .protobuf: withUnsafeBytes(of: spanID.bigEndian) { writer.writeBase64($0) }
        }
    }

    private func writeKind(_ kind: SpanKind, _ writer: inout ByteWriter) {
        guard kind != .unspecified else { return }
        switch form {
        case .otlp: writer.writeMember("kind", number: OTLPModel.number(kind))
        case .protobuf:
            writer.write(",\"kind\":")
            writer.writeJSONString(OTLPModel.kindName(kind))
        }
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
            write(link.traceID, &writer)
            writer.write("\",\"spanId\":\"")
            write(link.spanID.value, &writer)
            writer.write("\"")
            writer.writeMember("traceState", text: link.traceState)
            writer.writeList(link.attributes)
            writer.writeMember("flags", number: UInt64(link.flags))
            writer.write("}")
        }
        if !isFirst { writer.write("]") }
    }
}
