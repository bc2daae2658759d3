internal import Bytes
internal import TraceModel

/// Reads one body of OTLP/JSON.
struct OTLPJSONReader: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    var json: JSONScanner
    var stage: OTLPSpanStage
    /// Bytes of an ID, or of a value in base64.
    var octets = ColumnBuffer<UInt8>(capacity: 64)

    init(_ bytes: UnsafeRawBufferPointer, _ limits: SpanLimits, _ options: OTLPOptions) {
        self.bytes = bytes
        json = JSONScanner(bytes)
        stage = OTLPSpanStage(limits, options)
    }

    mutating func read(into builder: inout SpanBatchBuilder) throws(DecodeError) -> DecodeOutcome {
        if json.isAtEnd() { return DecodeOutcome() }
        do throws(DecodeError) {
            try json.expect(UInt8(ascii: "{"))
            var isFirst = true
            while let key = try json.nextKey(isFirst: &isFirst) {
                guard key.equals("resourceSpans") else {
                    try json.skipValue()
                    continue
                }
                if try json.takeNull() { continue }
                try json.expect(UInt8(ascii: "["))
                var isFirst = true
                while try json.nextElement(isFirst: &isFirst) { try readResourceSpans(into: &builder) }
            }
            guard json.isAtEnd() else { throw json.unexpected("nothing after the object") }
        } catch {
            throw stage.located(error)
        }
        return stage.finished()
    }

    // MARK: Resource and scope

    /// The resource may be written after its spans: passes over those, and comes back to them.
    private mutating func readResourceSpans(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        var parts = OTLPJSONRecordParts()
        var scopeSpans: Int?
        stage.beginResource()
        stage.writer.removeAll()
        stage.links.removeAll()
        stage.text.cutCount = 0
        let attributes = stage.writer.begin()
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let isResource = key.equals("resource")
            let isSchemaURL = key.equals("schemaUrl")
            let isList = key.equals("scopeSpans")
            if try json.takeNull() { continue }
            if isResource {
                stage.writer.truncate(to: attributes + 1)
                try readRecord(&parts, into: &builder)
            } else if isSchemaURL {
                parts.schemaURL = builder.intern(stage.text.clean(try json.readString()))
            } else if isList {
                scopeSpans = try passOver()
            } else {
                try json.skipValue()
            }
        }
        stage.text.noteCuts(in: &stage.writer)
        if stage.writer.count > attributes + 1 || !parts.isEmpty || stage.links.count > 0 {
            stage.writer.end(attributes)
            stage.writer.append(varint: UInt64(parts.droppedCount))
            stage.writer.append(text: builder.string(parts.schemaURL))
            stage.writer.append(text: stage.links.bytes)
            stage.takeResource(into: &builder)
        }
        try comeBack(to: scopeSpans) { (reader: inout OTLPJSONReader) throws(DecodeError) in
            try reader.readScopeSpans(into: &builder)
        }
    }

    /// The scope likewise.
    private mutating func readScopeSpans(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        var parts = OTLPJSONRecordParts()
        var spans: Int?
        try stage.checkRoom(in: builder, at: json.offset)
        stage.scope = 0
        stage.writer.removeAll()
        stage.text.cutCount = 0
        let attributes = stage.writer.begin()
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let isScope = key.equals("scope")
            let isSchemaURL = key.equals("schemaUrl")
            let isList = key.equals("spans")
            if try json.takeNull() { continue }
            if isScope {
                stage.writer.truncate(to: attributes + 1)
                try readRecord(&parts, into: &builder)
            } else if isSchemaURL {
                parts.schemaURL = builder.intern(stage.text.clean(try json.readString()))
            } else if isList {
                spans = try passOver()
            } else {
                try json.skipValue()
            }
        }
        stage.text.noteCuts(in: &stage.writer)
        if stage.writer.count > attributes + 1 || !parts.isEmpty {
            stage.writer.end(attributes)
            stage.writer.append(varint: UInt64(parts.droppedCount))
            for part in [parts.schemaURL, parts.name, parts.version] {
                stage.writer.append(text: builder.string(part))
            }
            stage.scope = builder.intern(stage.writer.bytes)
        }
        try comeBack(to: spans) { (reader: inout OTLPJSONReader) throws(DecodeError) in
            try reader.readSpan(into: &builder)
        }
    }

    /// Passes over the value that comes next.
    /// - Returns: its place.
    private mutating func passOver() throws(DecodeError) -> Int {
        _ = try json.peek()
        let place = json.offset
        json.seek(to: OTLPJSONSkipper.end(of: bytes, from: place))
        return place
    }

    /// Reads the elements of the list at `place`, and then goes on where the reader is now.
    private mutating func comeBack(
        to place: Int?, _ readElement: (inout OTLPJSONReader) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard let place else { return }
        let end = json.offset
        json.seek(to: place)
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) { try readElement(&self) }
        json.seek(to: end)
    }

    /// Reads a resource or a scope. Its attributes go to the writer, its entities to the writer of links.
    private mutating func readRecord(
        _ parts: inout OTLPJSONRecordParts, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            let member = OTLPJSONKey(key)
            if try json.takeNull() { continue }
            switch member {
            case .attributes: try json.readAttributes(&stage.text, &octets, to: &stage.writer)
            case .droppedAttributesCount: parts.droppedCount = UInt32(truncatingIfNeeded: try json.readInteger())
            case .name: parts.name = builder.intern(stage.text.clean(try json.readString()))
            case .version: parts.version = builder.intern(stage.text.clean(try json.readString()))
            case .entityRefs: try json.readEntities(&stage.text, to: &stage.links)
            default: try json.skipValue()
            }
        }
    }
}

/// What a resource or a scope has beside its attributes: numbers of interned strings, 0 for what is absent.
struct OTLPJSONRecordParts {
    var droppedCount: UInt32 = 0
    var schemaURL: UInt32 = 0
    var name: UInt32 = 0
    var version: UInt32 = 0

    var isEmpty: Bool { droppedCount | schemaURL | name | version == 0 }
}
