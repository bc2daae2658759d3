internal import TraceModel

/// Reads one body of Zipkin v1 JSON.
struct ZipkinV1JSONReader: ~Copyable {
    /// Reads what both versions have alike.
    private var values: ZipkinSpanReader
    private var span = ZipkinV1Span()
    private var converter = ZipkinV1Converter()
    private var spanNumber = 0

    init(_ bytes: UnsafeRawBufferPointer, limits: SpanLimits) { values = ZipkinSpanReader(bytes, limits: limits) }

    // MARK: List

    /// - Returns: the number of spans that were added.
    mutating func readList(into builder: inout SpanBatchBuilder) throws(DecodeError) -> Int {
        if values.json.isAtEnd() { return 0 }
        guard try values.json.take(UInt8(ascii: "[")) else {
            throw ZipkinJSONVersion.one.notList(at: values.json.offset)
        }
        var isFirst = true
        do throws(DecodeError) {
            while try values.json.nextElement(isFirst: &isFirst) {
                spanNumber += 1
                try readSpan(into: &builder)
            }
            guard values.json.isAtEnd() else { throw values.json.unexpected("nothing after the list") }
        } catch {
            throw BodyAllowance.located(error, spanNumber: spanNumber)
        }
        return values.stage.allowance.spanNumber
    }

    // MARK: Span

    private mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = values.json.offset
        span.removeAll()
        values.stage.cutCount = 0
        try values.stage.checkRoom(in: builder, at: place)
        try values.json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try values.json.nextKey(isFirst: &isFirst) {
            try readMember(ZipkinSpanKey(key), into: &builder)
        }
        try converter.convert(&span, &values.stage, into: &builder, at: place)
    }

    private mutating func readMember(
        _ key: ZipkinSpanKey, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        // What has to be there may not be null.
        if key != .traceID, key != .spanID, try values.json.takeNull() { return }
        switch key {
        case .traceID: span.traceID = try values.readTraceID()
        case .spanID:
            span.spanID = try values.readSpanID("id")
            guard span.spanID != 0 else { throw values.json.malformed("id is all zeros") }
        case .parentID: span.parentID = try values.readSpanID("parentId")
        case .name: span.name = try values.readName(into: &builder)
        case .timestamp: span.timestamp = max(try readTime("timestamp"), 0)
        case .duration: span.duration = max(try readTime("duration"), 0)
        case .debug: if try values.json.readBool() { span.isDebug = true }
        case .annotations: try readAnnotations(into: &builder)
        case .binaryAnnotations: try readBinaryAnnotations(into: &builder)
        case .localEndpoint, .remoteEndpoint, .tags:
            throw ZipkinJSONVersion.one.otherVersion(at: values.json.offset)
        case .kind, .shared, .unknown: try values.json.skipValue()
        }
    }

    /// Microseconds of which nanoseconds can be made.
    private mutating func readTime(_ name: StaticString) throws(DecodeError) -> Int64 {
        let place = values.json.offset
        let microseconds = try values.json.readInteger()
        _ = try values.stage.nanoseconds(microseconds, name, at: place)
        return microseconds
    }

    // MARK: Annotations

    private mutating func readAnnotations(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try values.json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try values.json.nextElement(isFirst: &isFirst) {
            try values.stage.checkRoom(in: builder, at: values.json.offset)
            try readAnnotation(into: &builder)
        }
    }

    private mutating func readAnnotation(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = values.json.offset
        var time: Int64?
        var value: UInt32?
        var endpoint = ZipkinEndpoint()
        try values.json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try values.json.nextKey(isFirst: &isFirst) {
            if key.equals("timestamp") {
                time = try readTime("timestamp")
            } else if key.equals("value") {
                value = try values.readEventName(into: &builder)
            } else if key.equals("endpoint") {
                if try values.json.takeNull() { continue }
                endpoint = try values.readEndpoint(into: &builder)
            } else {
                try values.json.skipValue()
            }
        }
        guard let time, let value else { throw values.json.malformed("Incomplete annotation", at: place) }
        span.addAnnotation(time: time, value: value, endpoint: endpoint)
    }

    private mutating func readBinaryAnnotations(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try values.json.expect(UInt8(ascii: "["))
        var isFirst = true
        while try values.json.nextElement(isFirst: &isFirst) {
            try values.stage.checkRoom(in: builder, at: values.json.offset)
            try readBinaryAnnotation(into: &builder)
        }
    }

    private mutating func readBinaryAnnotation(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let (place, cutBefore) = (values.json.offset, values.stage.cutCount)
        var key: UInt32?
        var value = ZipkinV1Span.Value.other
        var endpoint = ZipkinEndpoint()
        try values.json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try values.json.nextKey(isFirst: &isFirst) {
            if name.equals("key") {
                if try values.json.takeNull() { continue }
                key = try values.readText(into: &builder)
            } else if name.equals("value") {
                value = try readValue(into: &builder)
            } else if name.equals("endpoint") {
                if try values.json.takeNull() { continue }
                endpoint = try values.readEndpoint(into: &builder)
            } else {
                try values.json.skipValue()
            }
        }
        guard let key else { throw values.json.malformed("No key in a binary annotation", at: place) }
        let isKept = try span.addBinaryAnnotation(
            key: key, value, endpoint: endpoint, values.stage, builder, at: place)
        if !isKept { values.stage.cutCount = cutBefore }
    }

    private mutating func readValue(
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> ZipkinV1Span.Value {
        switch try values.json.peek() {
        case UInt8(ascii: "\""): return .text(try values.readText(into: &builder))
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try values.json.readBool() ? .yes : .other
        default:
            try values.json.skipValue()
            return .other
        }
    }
}
