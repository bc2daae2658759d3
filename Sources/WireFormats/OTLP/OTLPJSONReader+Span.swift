internal import Bytes
internal import TraceModel

/// Members that mean something, of all objects but values.
enum OTLPJSONKey {
    case traceID, spanID, parentSpanID, traceState, flags, name, kind, start, end, attributes, droppedAttributesCount
    case events, droppedEventsCount, links, droppedLinksCount, status
    case time, message, code, version, entityRefs
    case unknown

    @inline(__always)
    init(_ key: UnsafeRawBufferPointer) {
        self = .unknown
        // The lengths tell most apart.
        switch key.count {
        case 4: self = key.equals("name") ? .name : key.equals("kind") ? .kind : key.equals("code") ? .code : .unknown
        case 5: self = key.equals("flags") ? .flags : key.equals("links") ? .links : .unknown
        case 6: self = key.equals("spanId") ? .spanID : key.equals("events") ? .events : Self.status(key)
        case 7: self = key.equals("traceId") ? .traceID : Self.messageOrVersion(key)
        case 10: self = key.equals("attributes") ? .attributes : Self.stateOrEntities(key)
        case 12: self = key.equals("parentSpanId") ? .parentSpanID : key.equals("timeUnixNano") ? .time : .unknown
        case 15: self = key.equals("endTimeUnixNano") ? .end : .unknown
        case 17:
            self =
                key.equals("startTimeUnixNano")
                ? .start : key.equals("droppedLinksCount") ? .droppedLinksCount : .unknown
        case 18: self = key.equals("droppedEventsCount") ? .droppedEventsCount : .unknown
        case 22: self = key.equals("droppedAttributesCount") ? .droppedAttributesCount : .unknown
        default: break
        }
    }

    private static func status(_ key: UnsafeRawBufferPointer) -> OTLPJSONKey {
        key.equals("status") ? .status : .unknown
    }

    private static func messageOrVersion(_ key: UnsafeRawBufferPointer) -> OTLPJSONKey {
        key.equals("message") ? .message : key.equals("version") ? .version : .unknown
    }

    private static func stateOrEntities(_ key: UnsafeRawBufferPointer) -> OTLPJSONKey {
        key.equals("traceState") ? .traceState : key.equals("entityRefs") ? .entityRefs : .unknown
    }
}

extension OTLPJSONReader {
    mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try stage.beginSpan(into: &builder, at: json.offset)
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let member = OTLPJSONKey(key)
            if try json.takeNull() { continue }
            try readMember(member, into: &builder)
        }
        stage.endSpan(into: &builder)
    }

    private mutating func readMember(
        _ member: OTLPJSONKey, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        switch member {
        case .traceID: if try readID("trace ID") { stage.setTraceID(octets.bytes, &builder) }
        case .spanID: if try readID("span ID") { stage.setSpanID(octets.bytes, &builder) }
        case .parentSpanID: if try readID("parent span ID") { stage.setParentID(octets.bytes, &builder) }
        case .traceState: try readText(.traceState, into: &builder)
        case .name: builder.operationName = builder.intern(stage.text.clean(try json.readString()))
        case .kind: builder.traits.kind = try readKind()
        case .start: stage.startBits = try json.readUnsigned()
        case .end: stage.endBits = try json.readUnsigned()
        case .attributes: try readAttributes(into: &builder)
        case .droppedAttributesCount: try readCount(.droppedAttributeCount)
        case .events: try readEvents(into: &builder)
        case .droppedEventsCount: stage.addDroppedEvents(try json.readUnsigned())
        case .links: try readLinks(into: &builder)
        case .droppedLinksCount: stage.addDroppedLinks(try json.readUnsigned())
        case .status: try readStatus(into: &builder)
        case .flags: try readCount(.flags)
        case .time, .message, .code, .version, .entityRefs, .unknown: try json.skipValue()
        }
    }

    private mutating func readText(_ field: SpanField, into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let text = try json.readString()
        if text.count > 0 { stage.setField(field, reference: builder.intern(stage.text.clean(text))) }
    }

    /// A number of 32 bits; 0 is absent.
    private mutating func readCount(_ field: SpanField) throws(DecodeError) {
        let count = UInt32(truncatingIfNeeded: try json.readUnsigned())
        if count > 0 { stage.setField(field, int: Int64(count)) }
    }

    /// Reads hex digits of either case into `octets`. What is none rejects the span.
    /// - Returns: false for what is none.
    private mutating func readID(_ name: StaticString) throws(DecodeError) -> Bool {
        let text = try json.readString()
        guard octets.readHex(text) else {
            stage.reject("a \(name) that is not hex")
            return false
        }
        return true
    }

    private mutating func readKind() throws(DecodeError) -> SpanKind {
        guard try json.peek() == UInt8(ascii: "\"") else { return OTLPModel.kind(try json.readUnsigned()) }
        let place = json.offset
        let name = try json.readString()
        if name.equals("SPAN_KIND_INTERNAL") { return .local }
        if name.equals("SPAN_KIND_SERVER") { return .server }
        if name.equals("SPAN_KIND_CLIENT") { return .client }
        if name.equals("SPAN_KIND_PRODUCER") { return .producer }
        if name.equals("SPAN_KIND_CONSUMER") { return .consumer }
        if name.equals("SPAN_KIND_UNSPECIFIED") { return .unspecified }
        json.seek(to: place)
        return OTLPModel.kind(try json.readUnsigned())
    }

    private mutating func readStatusCode() throws(DecodeError) -> StatusCode {
        guard try json.peek() == UInt8(ascii: "\"") else { return OTLPModel.statusCode(try json.readUnsigned()) }
        let place = json.offset
        let name = try json.readString()
        if name.equals("STATUS_CODE_UNSET") { return .unset }
        if name.equals("STATUS_CODE_OK") { return .ok }
        if name.equals("STATUS_CODE_ERROR") { return .error }
        json.seek(to: place)
        return OTLPModel.statusCode(try json.readUnsigned())
    }

    private mutating func readStatus(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let member = OTLPJSONKey(key)
            if try json.takeNull() { continue }
            switch member {
            case .message: try readText(.statusMessage, into: &builder)
            case .code: stage.statusCode = try readStatusCode()
            default: try json.skipValue()
            }
        }
    }

    // MARK: Attributes, events, links

    private mutating func readAttributes(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) {
            stage.writer.removeAll()
            try json.readAttribute(&stage.text, &octets, to: &stage.writer)
            var attribute = AttributeReader(stage.writer.bytes)
            // It was written just now.
            guard let (key, value) = try? attribute.nextAttribute() else { continue }
            stage.addAttribute(key: key, value, &builder)
        }
    }

    private mutating func readEvents(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) { try readEvent(into: &builder) }
    }

    private mutating func readEvent(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try stage.checkRoom(in: builder, at: json.offset)
        var name: UInt32 = 0
        var timeBits: UInt64?
        var droppedCount: UInt32 = 0
        stage.writer.removeAll()
        let attributes = stage.writer.begin()
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let member = OTLPJSONKey(key)
            if try json.takeNull() { continue }
            switch member {
            case .time: timeBits = try json.readUnsigned()
            case .name: name = builder.intern(stage.text.clean(try json.readString()))
            case .attributes: try json.readAttributes(&stage.text, &octets, to: &stage.writer)
            case .droppedAttributesCount: droppedCount = UInt32(truncatingIfNeeded: try json.readUnsigned())
            default: try json.skipValue()
            }
        }
        var number: UInt32 = 0
        if stage.writer.count > attributes + 1 || droppedCount > 0 {
            stage.writer.end(attributes)
            stage.writer.append(varint: UInt64(droppedCount))
            number = builder.intern(stage.writer.bytes)
        }
        // It would say nothing, and a body could have very many.
        if name == 0 && timeBits == nil && number == 0 { return stage.addDroppedEvents(1) }
        stage.addEvent(name: name, timeBits: timeBits ?? 0, attributes: number)
    }

    private mutating func readLinks(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) { try readLink(into: &builder) }
    }

    private mutating func readLink(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try stage.checkRoom(in: builder, at: json.offset)
        var traceID: TraceID?
        var spanID: UInt64?
        var traceState: UInt32 = 0
        var flags: UInt32 = 0
        var droppedCount: UInt32 = 0
        let link = stage.links.begin()
        let attributes = stage.links.begin()
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let member = OTLPJSONKey(key)
            if try json.takeNull() { continue }
            switch member {
            case .traceID:
                let isHex = octets.readHex(try json.readString())
                traceID = isHex && octets.count == 16 ? TraceID(networkOrder: octets.bytes) : nil
            case .spanID:
                let isHex = octets.readHex(try json.readString())
                spanID =
                    isHex && octets.count == 8 ? UInt64(bigEndian: octets.bytes.loadUnaligned(as: UInt64.self)) : nil
            case .traceState: traceState = builder.intern(stage.text.clean(try json.readString()))
            case .flags: flags = UInt32(truncatingIfNeeded: try json.readUnsigned())
            case .attributes: try json.readAttributes(&stage.text, &octets, to: &stage.links)
            case .droppedAttributesCount: droppedCount = UInt32(truncatingIfNeeded: try json.readUnsigned())
            default: try json.skipValue()
            }
        }
        guard let traceID, let spanID else {
            stage.links.truncate(to: link)
            return stage.addDroppedLinks(1)
        }
        stage.links.end(attributes)
        stage.links.append(varint: UInt64(droppedCount))
        stage.links.append(
            linkFlags: flags, traceID: traceID, spanID: spanID, traceState: builder.string(traceState))
        stage.links.end(link)
    }
}
