internal import Bytes
internal import TraceModel

/// Reads one body of Zipkin's protobuf.
struct ZipkinProtobufReader: ~Copyable {
    private var stage: ZipkinSpanStage
    private var mender = UTF8Mender()
    /// Behind the last byte of the body: up to there may be read.
    private let end: UnsafeRawPointer
    /// Tags of the span at hand so far, those with the same key too.
    private var tagCount = 0
    /// Longest key that may be looked for among those that came before; longer ones might have to be cut.
    private let knownKeyByteCountMax: Int

    // What came last in this body, each with its length before it: numbers of strings, and endpoints.
    private var knownNames = KnownTexts<UInt32>()
    private var knownEventNames = KnownTexts<UInt32>()
    private var knownEndpoints = KnownTexts<ZipkinEndpoint>()

    init(end: UnsafeRawPointer, limits: SpanLimits) {
        stage = ZipkinSpanStage(limits)
        self.end = end
        knownKeyByteCountMax = min(limits.valueByteCountMax, ByteWindow.byteCount)
    }

    // MARK: List

    mutating func readList(
        _ bytes: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            var list = ProtobufReader(bytes)
            while !list.isAtEnd {
                let tag = try list.readTag()
                switch tag {
                case ZipkinTag.List.spans: try readSpan(try list.readMessage(), into: &builder)
                default: try list.skip(tag)
                }
            }
        } catch {
            if error.code == .malformed && UInt32(bytes[0]) != ZipkinTag.List.spans {
                throw DecodeError(.otherFormat, "Expected a PROTO3 encoded list", offset: 0)
            }
            throw stage.allowance.located(error)
        }
        var outcome = DecodeOutcome(acceptedCount: stage.allowance.spanNumber)
        outcome.replacedStringCount = mender.replacedCount
        return outcome
    }

    // MARK: Span

    private mutating func readSpan(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        try stage.beginSpan(into: &builder, at: message.offset)
        tagCount = 0
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            let place = fields.offset
            switch tag {
            case ZipkinTag.Span.tags: try readTag(try fields.readMessage(), into: &builder)
            case ZipkinTag.Span.traceID: try setTraceID(try fields.readBytes(), &builder, at: place)
            case ZipkinTag.Span.spanID:
                let bytes = try fields.readBytes()
                builder.spanID = try Self.spanID(bytes, "id", at: place)
                stage.hasSpanID = builder.spanID != 0
                guard stage.hasSpanID || bytes.count == 0 else {
                    throw DecodeError(.malformed, "id is all zeros", offset: place)
                }
            case ZipkinTag.Span.parentID:
                builder.parentID = try Self.spanID(try fields.readBytes(), "parentId", at: place)
            case ZipkinTag.Span.kind: builder.traits.kind = Self.kind(try fields.readVarint())
            case ZipkinTag.Span.name: builder.operationName = intern(name: try fields.readBytes(), into: &builder)
            case ZipkinTag.Span.timestamp:
                let time = Int64(bitPattern: try fields.readFixed64())
                builder.start = try stage.time(time, "timestamp", at: place)
            case ZipkinTag.Span.duration:
                let time = Int64(bitPattern: try fields.readVarint())
                builder.duration = try stage.time(time, "duration", at: place)
            case ZipkinTag.Span.localEndpoint: stage.localEndpoint = try readEndpoint(&fields, into: &builder)
            case ZipkinTag.Span.remoteEndpoint: stage.remoteEndpoint = try readEndpoint(&fields, into: &builder)
            case ZipkinTag.Span.annotations: try readAnnotation(try fields.readMessage(), into: &builder)
            case ZipkinTag.Span.debug: builder.traits.isDebug = try fields.readVarint() != 0
            case ZipkinTag.Span.shared: builder.traits.isShared = try fields.readVarint() != 0
            default: try fields.skip(tag)
            }
        }
        try stage.endSpan(into: &builder, at: message.offset)
    }

    private mutating func setTraceID(
        _ bytes: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder, at place: Int
    ) throws(DecodeError) {
        switch bytes.count {
        case 0: return
        case 8: builder.traceID = TraceID(high: 0, low: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        case 16: builder.traceID = TraceID(networkOrder: bytes)
        default: throw DecodeError(.malformed, "traceId has \(bytes.count) bytes, not 8 or 16", offset: place)
        }
        guard builder.traceID.high | builder.traceID.low != 0 else {
            throw DecodeError(.malformed, "traceId is all zeros", offset: place)
        }
        stage.hasTraceID = true
    }

    /// 0 for none.
    @inline(__always)
    private static func spanID(
        _ bytes: UnsafeRawBufferPointer, _ name: StaticString, at place: Int
    ) throws(DecodeError) -> UInt64 {
        if bytes.count == 8 { return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) }
        guard bytes.count == 0 else {
            throw DecodeError(.malformed, "\(name) has \(bytes.count) bytes, not 8", offset: place)
        }
        return 0
    }

    private static func kind(_ number: UInt64) -> SpanKind {
        switch number {
        case 1: .client
        case 2: .server
        case 3: .producer
        case 4: .consumer
        default: .unspecified
        }
    }

    // MARK: Annotations and tags

    private mutating func readAnnotation(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        // It would say nothing, and a body could have very many.
        if message.isAtEnd { return }
        try stage.checkRoom(in: builder, at: message.offset)
        var time: Int64 = 0
        var name: UInt32 = 0
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            let place = fields.offset
            switch tag {
            case ZipkinTag.Annotation.timestamp:
                let microseconds = Int64(bitPattern: try fields.readFixed64())
                time = try stage.nanoseconds(microseconds, "timestamp", at: place)
            case ZipkinTag.Annotation.value: name = intern(eventName: try fields.readBytes(), into: &builder)
            default: try fields.skip(tag)
            }
        }
        stage.addEvent(time: time, name: name)
    }

    @inline(__always)
    private mutating func readTag(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        if message.isAtEnd { return }
        guard tagCount < stage.allowance.attributeCountMax else {
            throw DecodeError(
                .tooManyAttributes, "more than \(stage.allowance.attributeCountMax) tags", offset: message.offset)
        }
        tagCount &+= 1
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ZipkinTag.Entry.key: key = try fields.readBytes()
            case ZipkinTag.Entry.value: value = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        if key.count == 5 && key.equals("error") { builder.traits.isError = true }
        if !addKnown(key, value, to: &builder) { add(key, value, to: &builder) }
    }

    @inline(never)
    private mutating func add(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to builder: inout SpanBatchBuilder
    ) {
        let number = intern(text: key, into: &builder)
        builder.addAttribute(key: number, string: intern(text: value, into: &builder))
    }

    /// Adds a tag whose key other spans of the body have had too, or may have.
    /// - Returns: false if the key is no such one; nothing is added then.
    @inline(__always)
    private mutating func addKnown(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to builder: inout SpanBatchBuilder
    ) -> Bool {
        guard let keyStart = key.baseAddress, let valueStart = value.baseAddress, key.count > 0,
            key.count <= knownKeyByteCountMax, end - keyStart >= ByteWindow.byteCount
        else { return false }
        // Where the window says that nothing is special, the key is ASCII.
        let mask = (UInt64(1) &<< UInt64(truncatingIfNeeded: key.count)) &- 1
        guard UInt64(ByteWindow.textSpecials(keyStart)) & mask == 0 else { return false }
        // Any byte may follow the value: what stands there has to be the same, and the length is compared below.
        let rest = end - valueStart
        let next = rest > value.count ? valueStart.load(fromByteOffset: value.count, as: UInt8.self) : 0
        let outcome = builder.addKnownAttribute(
            key: keyStart, keyByteCount: key.count, value: valueStart,
            readable: min(rest, value.count &+ ByteWindow.byteCount), end: next)
        switch outcome {
        case .nothing:
            return false
        case .added(let byteCount):
            // A guess that is only the beginning of the value: of equal keys the last one counts.
            if byteCount != value.count { add(key, value, to: &builder) }
        case .key(let place):
            let cutBefore = stage.cutCount
            let text = mender.mend(value, upTo: stage.limits.valueByteCountMax)
            let number = stage.intern(text, into: &builder)
            let isAsSent = stage.cutCount == cutBefore && text.baseAddress == valueStart
            builder.addAttribute(place: place, string: number, isAsSent: isAsSent)
        }
        return true
    }

    // MARK: Endpoints

    @inline(__always)
    private mutating func readEndpoint(
        _ fields: inout ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> ZipkinEndpoint {
        var unread = fields
        let framed = framed(try fields.readBytes())
        if let framed, let known = knownEndpoints.first(of: framed.start, readable: end - framed.start) {
            return known.value
        }
        let changesBefore = changeCount
        let endpoint = try readUnknownEndpoint(try unread.readMessage(), into: &builder)
        if let framed, changeCount == changesBefore {
            knownEndpoints.remember(framed.start, byteCount: framed.byteCount, endpoint)
        }
        return endpoint
    }

    private mutating func readUnknownEndpoint(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            let place = fields.offset
            switch tag {
            case ZipkinTag.Endpoint.serviceName:
                endpoint.serviceName = intern(name: try fields.readBytes(), into: &builder)
            case ZipkinTag.Endpoint.ipv4, ZipkinTag.Endpoint.ipv6:
                endpoint.setAddress(networkOrder: try fields.readBytes(), &builder)
            case ZipkinTag.Endpoint.port:
                let port = Int32(truncatingIfNeeded: try fields.readVarint())
                guard port <= 0xffff else {
                    throw DecodeError(.malformed, "invalid port \(port)", offset: place)
                }
                endpoint.port = Int64(max(port, 0))
            default: try fields.skip(tag)
            }
        }
        return endpoint
    }

    // MARK: Strings

    /// Grows when a string is not taken as it came.
    private var changeCount: Int { stage.cutCount + mender.replacedCount }

    /// A field's bytes with their length before them, if that is one byte: the same bytes mean the same field.
    @inline(__always)
    private func framed(_ bytes: UnsafeRawBufferPointer) -> (start: UnsafeRawPointer, byteCount: Int)? {
        guard let start = bytes.baseAddress, bytes.count < 0x80 else { return nil }
        // The length was read there, if perhaps not in one byte.
        let framed = start - 1
        guard framed.load(as: UInt8.self) == UInt8(truncatingIfNeeded: bytes.count) else { return nil }
        return (framed, bytes.count &+ 1)
    }

    @inline(__always)
    private mutating func intern(
        name: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) -> UInt32 {
        let framed = framed(name)
        if let framed, let known = knownNames.first(of: framed.start, readable: end - framed.start) {
            return known.value
        }
        let changesBefore = changeCount
        let number = stage.internName(mender.mend(name, upTo: .max), into: &builder)
        if let framed, changeCount == changesBefore {
            knownNames.remember(framed.start, byteCount: framed.byteCount, number)
        }
        return number
    }

    @inline(__always)
    private mutating func intern(
        eventName: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) -> UInt32 {
        let framed = framed(eventName)
        if let framed, let known = knownEventNames.first(of: framed.start, readable: end - framed.start) {
            return known.value
        }
        let changesBefore = changeCount
        let number = intern(text: eventName, into: &builder)
        if let framed, changeCount == changesBefore {
            knownEventNames.remember(framed.start, byteCount: framed.byteCount, number)
        }
        return number
    }

    private mutating func intern(text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder) -> UInt32 {
        stage.intern(mender.mend(text, upTo: stage.limits.valueByteCountMax), into: &builder)
    }
}
