internal import TraceModel

/// Reads one body of Zipkin v2 JSON.
struct ZipkinSpanReader: ~Copyable {
    var json: JSONScanner
    var stage: ZipkinSpanStage

    /// What came last in this body: texts by the numbers of their strings, and whole endpoints.
    var knownNames = KnownTexts<UInt32>()
    var knownEventNames = KnownTexts<UInt32>()
    var knownEndpoints = KnownTexts<ZipkinEndpoint>()

    init(_ bytes: UnsafeRawBufferPointer, limits: SpanLimits) {
        json = JSONScanner(bytes)
        stage = ZipkinSpanStage(limits)
    }

    // MARK: List

    mutating func readList(into builder: inout SpanBatchBuilder) throws(DecodeError) -> Int {
        if json.isAtEnd() { return 0 }
        guard try json.take(UInt8(ascii: "[")) else {
            throw ZipkinJSONVersion.two.notList(at: json.offset)
        }
        var isFirst = true
        do throws(DecodeError) {
            while try json.nextElement(isFirst: &isFirst) { try readSpan(into: &builder) }
            guard json.isAtEnd() else { throw json.unexpected("nothing after the list") }
        } catch {
            throw stage.allowance.located(error)
        }
        return stage.allowance.spanNumber
    }

    // MARK: Span

    private mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = json.offset
        try stage.beginSpan(into: &builder, at: place)
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while true {
            let length = json.plainKeyByteCount(isFirst: isFirst)
            if length > 0 {
                let key = ZipkinSpanKey(plain: json.plainKey(isFirst: isFirst), length)
                _ = json.takePlainKey(length, isFirst: isFirst)
                isFirst = false
                try readMember(key, into: &builder)
            } else {
                guard let key = try json.nextKey(isFirst: &isFirst) else { break }
                try readMember(ZipkinSpanKey(key), into: &builder)
            }
        }
        try stage.endSpan(into: &builder, at: place)
    }

    private mutating func readMember(
        _ key: ZipkinSpanKey, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        // What has to be there may not be null.
        if try json.peek() == UInt8(ascii: "n"), key != .traceID, key != .spanID, key != .binaryAnnotations,
            try json.takeNull()
        {
            return
        }
        switch key {
        case .traceID:
            builder.traceID = try readTraceID()
            stage.hasTraceID = true
        case .spanID:
            builder.spanID = try readSpanID("id")
            guard builder.spanID != 0 else { throw json.malformed("id is all zeros") }
            stage.hasSpanID = true
        case .parentID: builder.parentID = try readSpanID("parentId")
        case .kind: builder.traits.kind = try readKind()
        case .name: builder.operationName = try readName(into: &builder)
        case .timestamp: builder.start = try readTime("timestamp")
        case .duration: builder.duration = try readTime("duration")
        case .localEndpoint: stage.localEndpoint = try readEndpoint(into: &builder)
        case .remoteEndpoint: stage.remoteEndpoint = try readEndpoint(into: &builder)
        case .annotations: try readAnnotations(into: &builder)
        case .tags: try readTags(into: &builder)
        case .debug: if try json.readBool() { builder.traits.isDebug = true }
        case .shared: if try json.readBool() { builder.traits.isShared = true }
        case .binaryAnnotations: throw ZipkinJSONVersion.two.otherVersion(at: json.offset)
        case .unknown: try json.skipValue()
        }
    }

    private mutating func readKind() throws(DecodeError) -> SpanKind {
        let place = json.offset
        let text = try json.readString()
        if text.equals("CLIENT") { return .client }
        if text.equals("SERVER") { return .server }
        if text.equals("PRODUCER") { return .producer }
        if text.equals("CONSUMER") { return .consumer }
        throw json.malformed("kind \(shown(text)) is not CLIENT, SERVER, PRODUCER or CONSUMER", at: place)
    }

    /// Nanoseconds from microseconds; absent for zero and less.
    private mutating func readTime(_ name: StaticString) throws(DecodeError) -> Int64 {
        let place = json.offset
        return try stage.time(try json.readInteger(), name, at: place)
    }

    // MARK: Annotations and tags

    private mutating func readAnnotations(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) {
            try stage.checkRoom(in: builder, at: json.offset)
            try readAnnotation(into: &builder)
        }
    }

    private mutating func readAnnotation(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = json.offset
        var time: Int64?
        var name: UInt32?
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("timestamp") {
                _ = try json.peek()
                let place = json.offset
                time = try stage.nanoseconds(try json.readInteger(), "timestamp", at: place)
            } else if key.equals("value") {
                name = try readEventName(into: &builder)
            } else if key.equals("endpoint") {
                throw ZipkinJSONVersion.two.otherVersion(at: json.offset)
            } else {
                try json.skipValue()
            }
        }
        guard let time, let name else { throw json.malformed("Incomplete annotation", at: place) }
        stage.addEvent(time: time, name: name)
    }
}
