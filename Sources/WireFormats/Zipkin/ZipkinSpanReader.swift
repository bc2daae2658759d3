internal import Bytes
internal import TraceModel

/// Reads one body of Zipkin v2 JSON.
struct ZipkinSpanReader: ~Copyable {
    var json: JSONScanner
    let limits: SpanLimits
    let attributeCountMax: Int
    /// Strings of the batch up to which one more span, or one more event, is sure to fit.
    private let stringCountMax: Int
    private var spanNumber = 0

    // The span at hand, where the builder cannot take it at once.
    private var hasTraceID = false
    private var hasSpanID = false
    var localEndpoint = ZipkinEndpoint()
    var remoteEndpoint = ZipkinEndpoint()
    private var events = ColumnBuffer<ZipkinEvent>(capacity: 8)
    /// Strings of the span that were longer than allowed.
    var cutCount = 0

    /// What came last in this body: texts by the numbers of their strings, and whole endpoints.
    var knownNames = KnownTexts<UInt32>()
    var knownEventNames = KnownTexts<UInt32>()
    var knownEndpoints = KnownTexts<ZipkinEndpoint>()

    /// Room for a name in lower case.
    var lowered = ColumnBuffer<UInt8>(capacity: 128)

    init(_ bytes: UnsafeRawBufferPointer, limits: SpanLimits) {
        json = JSONScanner(bytes)
        self.limits = limits
        attributeCountMax = min(limits.attributeCountMax, 1 << 20)
        stringCountMax = SpanBatchBuilder.stringCountMax - 2 * attributeCountMax - 64
    }

    // MARK: List

    mutating func readList(into builder: inout SpanBatchBuilder) throws(DecodeError) -> Int {
        if json.isAtEnd() { return 0 }
        guard try json.take(UInt8(ascii: "[")) else {
            throw DecodeError(.otherFormat, "Expected a JSON_V2 encoded list", offset: json.offset)
        }
        var isFirst = true
        do throws(DecodeError) {
            while try json.nextElement(isFirst: &isFirst) {
                guard spanNumber < limits.spanCountMax else {
                    throw DecodeError(
                        .tooManySpans, "more than \(limits.spanCountMax) spans", offset: json.offset)
                }
                spanNumber += 1
                try readSpan(into: &builder)
            }
            guard json.isAtEnd() else { throw json.unexpected("nothing after the list") }
        } catch {
            throw located(error)
        }
        return spanNumber
    }

    /// The error with its place in words.
    private func located(_ error: DecodeError) -> DecodeError {
        if error.code == .otherFormat { return error }
        let span = spanNumber > 0 ? "span \(spanNumber), " : ""
        return DecodeError(error.code, "\(error.message) (\(span)byte \(error.offset))", offset: error.offset)
    }

    // MARK: Span

    private mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = json.offset
        builder.beginSpan()
        hasTraceID = false
        hasSpanID = false
        localEndpoint = ZipkinEndpoint()
        remoteEndpoint = ZipkinEndpoint()
        events.removeAll()
        cutCount = 0
        try checkRoom(in: builder)
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
        guard hasTraceID && hasSpanID else {
            throw json.malformed("Missing :\(hasTraceID ? "" : " traceId")\(hasSpanID ? "" : " id")", at: place)
        }
        if builder.parentID == builder.spanID { builder.parentID = 0 }
        // The server's half shares the ID; a client that says so is mistaken.
        if builder.traits.kind == .client { builder.traits.isShared = false }
        takeEndpoints(into: &builder)
        takeEvents(into: &builder)
        if cutCount > 0 {
            builder.addAttribute(key: builder.intern(SpanLimits.cutCountKey), int: Int64(cutCount))
        }
        builder.endSpan()
    }

    private func checkRoom(in builder: borrowing SpanBatchBuilder) throws(DecodeError) {
        guard builder.stringCount < stringCountMax else {
            throw DecodeError(.tooLarge, "too many different strings for one batch", offset: json.offset)
        }
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
            hasTraceID = true
        case .spanID:
            builder.spanID = try readSpanID("id")
            guard builder.spanID != 0 else { throw json.malformed("id is all zeros") }
            hasSpanID = true
        case .parentID: builder.parentID = try readSpanID("parentId")
        case .kind: builder.traits.kind = try readKind()
        case .name: builder.operationName = try readName(into: &builder)
        case .timestamp: builder.start = try readTime("timestamp")
        case .duration: builder.duration = try readTime("duration")
        case .localEndpoint: localEndpoint = try readEndpoint(into: &builder)
        case .remoteEndpoint: remoteEndpoint = try readEndpoint(into: &builder)
        case .annotations: try readAnnotations(into: &builder)
        case .tags: try readTags(into: &builder)
        case .debug: if try json.readBool() { builder.traits.isDebug = true }
        case .shared: if try json.readBool() { builder.traits.isShared = true }
        case .binaryAnnotations: throw Self.sentOtherVersion(at: json.offset)
        case .unknown: try json.skipValue()
        }
    }

    private static func sentOtherVersion(at place: Int) -> DecodeError {
        DecodeError(.otherFormat, "Expected a JSON_V2 encoded list, but received: JSON_V1", offset: place)
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
        let microseconds = try json.readInteger()
        guard microseconds > 0 else { return SpanBatch.absentTime }
        return try nanoseconds(microseconds, name, at: place)
    }

    private func nanoseconds(
        _ microseconds: Int64, _ name: StaticString, at place: Int
    ) throws(DecodeError) -> Int64 {
        let product = microseconds.multipliedReportingOverflow(by: 1_000)
        guard !product.overflow else {
            throw json.malformed("\(name) \(microseconds) is out of range", at: place)
        }
        return product.partialValue
    }

    // MARK: Annotations and tags

    private mutating func readAnnotations(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try json.nextElement(isFirst: &isFirst) {
            try checkRoom(in: builder)
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
                time = try nanoseconds(try json.readInteger(), "timestamp", at: place)
            } else if key.equals("value") {
                name = try readEventName(into: &builder)
            } else if key.equals("endpoint") {
                throw Self.sentOtherVersion(at: json.offset)
            } else {
                try json.skipValue()
            }
        }
        guard let time, let name else { throw json.malformed("Incomplete annotation", at: place) }
        events.append(ZipkinEvent(time: time, name: name))
    }

    /// Events by time, then by name; equal ones once.
    private mutating func takeEvents(into builder: inout SpanBatchBuilder) {
        guard events.count > 0 else { return }
        if events.count > 1 {
            var staged = UnsafeMutableBufferPointer(start: events.start, count: events.count)
            staged.sort { a, b in
                if a.time != b.time { return a.time < b.time }
                return a.name != b.name && builder.string(a.name).lexicographicallyPrecedes(builder.string(b.name))
            }
        }
        for index in 0..<events.count {
            let event = events.start[index]
            // Interned: equal names have equal numbers.
            if index > 0, case let last = events.start[index - 1], last.time == event.time, last.name == event.name {
                continue
            }
            builder.addEvent(name: event.name, time: event.time)
        }
    }
}
