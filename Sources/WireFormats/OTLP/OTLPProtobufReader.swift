internal import TraceModel

/// Reads one body of OTLP protobuf.
struct OTLPProtobufReader: ~Copyable {
    private var stage: OTLPSpanStage

    init(_ limits: SpanLimits, _ options: OTLPOptions) { stage = OTLPSpanStage(limits, options) }

    mutating func read(
        _ bytes: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            var request = ProtobufReader(bytes)
            while !request.isAtEnd {
                let tag = try request.readTag()
                switch tag {
                case OTLPTag.Request.resourceSpans:
                    try readResourceSpans(try request.readMessage(), into: &builder)
                default: try request.skip(tag)
                }
            }
        } catch {
            throw stage.located(error)
        }
        return stage.finished()
    }

    // MARK: Resource and scope

    /// The resource may be written after its spans: reads it first.
    private mutating func readResourceSpans(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        var resource: ProtobufReader?
        var schemaURL = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.ResourceSpans.resource: resource = try fields.readMessage()
            case OTLPTag.ResourceSpans.schemaURL: schemaURL = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        stage.beginResource()
        try readResource(resource, schemaURL, into: &builder)
        fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.ResourceSpans.scopeSpans: try readScopeSpans(try fields.readMessage(), into: &builder)
            default: try fields.skip(tag)
            }
        }
    }

    private mutating func readResource(
        _ message: ProtobufReader?, _ schemaURL: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        stage.writer.removeAll()
        stage.text.cutCount = 0
        stage.links.removeAll()  // room for the entities
        var droppedCount: UInt32 = 0
        let attributes = stage.writer.begin()
        if var fields = message {
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case OTLPTag.Resource.attributes:
                    try stage.text.append(attribute: try fields.readMessage(), to: &stage.writer)
                case OTLPTag.Resource.droppedAttributeCount:
                    droppedCount = UInt32(truncatingIfNeeded: try fields.readVarint())
                case OTLPTag.Resource.entities:
                    try stage.text.append(entity: try fields.readMessage(), to: &stage.links)
                default: try fields.skip(tag)
                }
            }
        }
        stage.text.countCut(schemaURL)
        stage.text.noteCuts(in: &stage.writer)
        let isEmpty = stage.writer.count == attributes + 1 && droppedCount == 0
        if isEmpty && schemaURL.count + stage.links.count == 0 { return }
        stage.writer.end(attributes)
        stage.writer.append(varint: UInt64(droppedCount))
        stage.writer.append(text: stage.text.clean(schemaURL))
        stage.writer.append(text: stage.links.bytes)
        stage.takeResource(into: &builder)
    }

    /// The scope's schema URL is written after the spans: reads it first.
    private mutating func readScopeSpans(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        var scope: ProtobufReader?
        var schemaURL = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.ScopeSpans.scope: scope = try fields.readMessage()
            case OTLPTag.ScopeSpans.schemaURL: schemaURL = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        try stage.checkRoom(in: builder, at: message.offset)
        stage.scope = 0
        try readScope(scope, schemaURL, into: &builder)
        fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.ScopeSpans.spans: try readSpan(try fields.readMessage(), into: &builder)
            default: try fields.skip(tag)
            }
        }
    }

    private mutating func readScope(
        _ message: ProtobufReader?, _ schemaURL: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        stage.writer.removeAll()
        stage.text.cutCount = 0
        var droppedCount: UInt32 = 0
        var name = UnsafeRawBufferPointer(start: nil, count: 0)
        var version = UnsafeRawBufferPointer(start: nil, count: 0)
        let attributes = stage.writer.begin()
        if var fields = message {
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case OTLPTag.Scope.name: name = try fields.readBytes()
                case OTLPTag.Scope.version: version = try fields.readBytes()
                case OTLPTag.Scope.attributes:
                    try stage.text.append(attribute: try fields.readMessage(), to: &stage.writer)
                case OTLPTag.Scope.droppedAttributeCount:
                    droppedCount = UInt32(truncatingIfNeeded: try fields.readVarint())
                default: try fields.skip(tag)
                }
            }
        }
        for text in [schemaURL, name, version] { stage.text.countCut(text) }
        stage.text.noteCuts(in: &stage.writer)
        let isEmpty = stage.writer.count == attributes + 1 && droppedCount == 0
        if isEmpty && schemaURL.count + name.count + version.count == 0 { return }
        stage.writer.end(attributes)
        stage.writer.append(varint: UInt64(droppedCount))
        stage.writer.append(text: stage.text.clean(schemaURL))
        stage.writer.append(text: stage.text.clean(name))
        stage.writer.append(text: stage.text.clean(version))
        stage.scope = builder.intern(stage.writer.bytes)
    }

    // MARK: Span

    private mutating func readSpan(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        try stage.beginSpan(into: &builder, at: message.offset)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.Span.traceID: stage.setTraceID(try fields.readBytes(), &builder)
            case OTLPTag.Span.spanID: stage.setSpanID(try fields.readBytes(), &builder)
            case OTLPTag.Span.parentID: stage.setParentID(try fields.readBytes(), &builder)
            case OTLPTag.Span.traceState: setText(.traceState, try fields.readBytes(), &builder)
            case OTLPTag.Span.name: builder.operationName = builder.intern(stage.text.clean(try fields.readBytes()))
            case OTLPTag.Span.kind: builder.traits.kind = OTLPModel.kind(try fields.readVarint())
            case OTLPTag.Span.start: stage.startBits = try fields.readFixed64()
            case OTLPTag.Span.end: stage.endBits = try fields.readFixed64()
            case OTLPTag.Span.attributes: try readAttribute(try fields.readMessage(), into: &builder)
            case OTLPTag.Span.droppedAttributeCount: setCount(.droppedAttributeCount, try fields.readVarint())
            case OTLPTag.Span.events: try readEvent(try fields.readMessage(), into: &builder)
            case OTLPTag.Span.droppedEventCount: stage.addDroppedEvents(try fields.readVarint())
            case OTLPTag.Span.links: try readLink(try fields.readMessage())
            case OTLPTag.Span.droppedLinkCount: stage.addDroppedLinks(try fields.readVarint())
            case OTLPTag.Span.status: try readStatus(try fields.readMessage(), into: &builder)
            case OTLPTag.Span.flags: setCount(.flags, UInt64(try fields.readFixed32()))
            default: try fields.skip(tag)
            }
        }
        stage.endSpan(into: &builder)
    }

    private mutating func setText(
        _ field: SpanField, _ text: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder
    ) {
        if text.count > 0 { stage.setField(field, reference: builder.intern(stage.text.clean(text))) }
    }

    /// A number of 32 bits; 0 is absent.
    private mutating func setCount(_ field: SpanField, _ number: UInt64) {
        let count = UInt32(truncatingIfNeeded: number)
        if count > 0 { stage.setField(field, int: Int64(count)) }
    }

    private mutating func readStatus(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.Status.message: setText(.statusMessage, try fields.readBytes(), &builder)
            case OTLPTag.Status.code: stage.statusCode = OTLPModel.statusCode(try fields.readVarint())
            default: try fields.skip(tag)
            }
        }
    }

    private mutating func readAttribute(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        let attribute = try OTLPProtobufAttribute(message)
        let value: SpanValue
        switch attribute.value {
        case .string(let text): value = .string(text)
        case .bytes(let bytes): value = .bytes(bytes)
        case .bool(let flag): value = .bool(flag)
        case .int(let number): value = .int(number)
        case .double(let number): value = .double(number)
        case .array(let list):
            stage.writer.removeAll()
            stage.text.beginStructure(at: 0)
            try stage.text.append(valuesOf: list, to: &stage.writer, depth: 1)
            value = .array(stage.writer.bytes)
        case .map(let list):
            stage.writer.removeAll()
            stage.text.beginStructure(at: 0)
            try stage.text.append(attributesOf: list, to: &stage.writer, depth: 1)
            value = .map(stage.writer.bytes)
        case .none: value = .none
        }
        stage.addAttribute(key: attribute.key, value, &builder)
    }

    // MARK: Events and links

    private mutating func readEvent(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        // It would say nothing, and a body could have very many.
        if message.isAtEnd { return stage.addDroppedEvents(1) }
        try stage.checkRoom(in: builder, at: message.offset)
        var name: UInt32 = 0
        var timeBits: UInt64 = 0
        var droppedCount: UInt32 = 0
        var fields = message
        stage.writer.removeAll()
        let attributes = stage.writer.begin()
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.Event.time: timeBits = try fields.readFixed64()
            case OTLPTag.Event.name: name = builder.intern(stage.text.clean(try fields.readBytes()))
            case OTLPTag.Event.attributes:
                try stage.text.append(attribute: try fields.readMessage(), to: &stage.writer)
            case OTLPTag.Event.droppedAttributeCount:
                droppedCount = UInt32(truncatingIfNeeded: try fields.readVarint())
            default: try fields.skip(tag)
            }
        }
        var number: UInt32 = 0
        if stage.writer.count > attributes + 1 || droppedCount > 0 {
            stage.writer.end(attributes)
            stage.writer.append(varint: UInt64(droppedCount))
            number = builder.intern(stage.writer.bytes)
        }
        stage.addEvent(name: name, timeBits: timeBits, attributes: number)
    }

    private mutating func readLink(_ message: ProtobufReader) throws(DecodeError) {
        var traceID = UnsafeRawBufferPointer(start: nil, count: 0)
        var spanID = traceID
        var traceState = traceID
        var flags: UInt32 = 0
        var droppedCount: UInt32 = 0
        var fields = message
        let link = stage.links.begin()
        let attributes = stage.links.begin()
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.Link.traceID: traceID = try fields.readBytes()
            case OTLPTag.Link.spanID: spanID = try fields.readBytes()
            case OTLPTag.Link.traceState: traceState = try fields.readBytes()
            case OTLPTag.Link.attributes:
                try stage.text.append(attribute: try fields.readMessage(), to: &stage.links)
            case OTLPTag.Link.droppedAttributeCount:
                droppedCount = UInt32(truncatingIfNeeded: try fields.readVarint())
            case OTLPTag.Link.flags: flags = try fields.readFixed32()
            default: try fields.skip(tag)
            }
        }
        guard traceID.count == 16, spanID.count == 8 else {
            stage.links.truncate(to: link)
            return stage.addDroppedLinks(1)
        }
        stage.links.end(attributes)
        stage.links.append(varint: UInt64(droppedCount))
        stage.links.append(
            linkFlags: flags, traceID: TraceID(networkOrder: traceID),
            spanID: UInt64(bigEndian: spanID.loadUnaligned(as: UInt64.self)),
            traceState: stage.text.clean(traceState))
        stage.links.end(link)
    }
}
