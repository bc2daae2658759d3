internal import Bytes
internal import TraceModel

/// Makes one span for each service that took part out of a span of Zipkin's version 1.
///
/// There, every annotation names the service that wrote it, and the side of a call, its start and its end are
/// annotations: client and server sent and received (cs, sr, ss, cr), message sent and received (ms, mr), and wire
/// sent and received (ws, wr), which end sending and begin receiving. The other side's address is a binary annotation:
/// server, client and message address (sa, ca, ma).
struct ZipkinV1Converter: ~Copyable {
    /// By the number of the service's name; where a service calls itself, the first of its two parts.
    private var partOfService: [UInt32: Int] = [:]
    private var parts = ColumnBuffer<ZipkinV1Part>(capacity: 4)
    private var events = ColumnBuffer<ZipkinV1PartEvent>(capacity: 8)
    private var tags = ColumnBuffer<ZipkinV1PartTag>(capacity: 16)

    // The span's annotations that say what it is. Each has an endpoint: without one it would be an ordinary one.
    private var cs: ZipkinV1Annotation?
    private var sr: ZipkinV1Annotation?
    private var ss: ZipkinV1Annotation?
    private var cr: ZipkinV1Annotation?
    private var ms: ZipkinV1Annotation?
    private var mr: ZipkinV1Annotation?
    private var ws: ZipkinV1Annotation?
    private var wr: ZipkinV1Annotation?

    /// Adds the spans that `span` is made of to `builder`.
    /// - Parameter offset: of the span in the body.
    mutating func convert(
        _ span: inout ZipkinV1Span, _ stage: inout ZipkinSpanStage, into builder: inout SpanBatchBuilder,
        at offset: Int
    ) throws(DecodeError) {
        span.sort(builder)
        begin()
        takeAnnotations(span, builder)
        setCallTimes(span)
        setMessageTimes(span)
        takeTags(span, builder)
        try give(span, &stage, into: &builder, at: offset)
    }

    private mutating func begin() {
        partOfService.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacityUpTo: 1 << 10)
        events.removeAll(keepingCapacityUpTo: 1 << 12)
        tags.removeAll(keepingCapacityUpTo: 1 << 12)
        (cs, sr, ss, cr) = (nil, nil, nil, nil)
        (ms, mr, ws, wr) = (nil, nil, nil, nil)
        // Takes what nobody has signed, and belongs to the first who signs.
        parts.append(ZipkinV1Part())
    }

    // MARK: Parts

    /// The place of the part that belongs to the service of an endpoint.
    private mutating func part(of endpoint: ZipkinEndpoint) -> Int {
        if endpoint.isEmpty { return 0 }
        if let known = partOfService[endpoint.serviceName] { return known }
        if parts[0].local.isEmpty {
            parts[0].local = endpoint
            partOfService[endpoint.serviceName] = 0
            return 0
        }
        return addPart(endpoint)
    }

    private mutating func addPart(_ endpoint: ZipkinEndpoint) -> Int {
        parts.append(ZipkinV1Part(local: endpoint))
        if partOfService[endpoint.serviceName] == nil { partOfService[endpoint.serviceName] = parts.count - 1 }
        return parts.count - 1
    }

    private mutating func addEvent(_ annotation: ZipkinV1Annotation, to part: Int) {
        events.append(
            ZipkinV1PartEvent(
                part: UInt32(truncatingIfNeeded: part), time: annotation.time, name: annotation.value))
    }

    // MARK: Annotations

    private mutating func takeAnnotations(_ span: borrowing ZipkinV1Span, _ builder: borrowing SpanBatchBuilder) {
        for index in 0..<span.annotations.count {
            let annotation = span.annotations[index]
            let part = part(of: annotation.endpoint)
            let value = builder.string(annotation.value)
            let isMoment = value.count == 2 && !annotation.endpoint.isEmpty && takeMoment(annotation, value, part)
            if !isMoment { addEvent(annotation, to: part) }
        }
    }

    /// - Returns: false if the annotation is an ordinary one.
    private mutating func takeMoment(
        _ annotation: ZipkinV1Annotation, _ value: UnsafeRawBufferPointer, _ part: Int
    ) -> Bool {
        if value.equals("cs") {
            cs = annotation
            parts[part].traits.kind = .client
        } else if value.equals("cr") {
            cr = annotation
            parts[part].traits.kind = .client
        } else if value.equals("sr") {
            sr = annotation
            parts[part].traits.kind = .server
        } else if value.equals("ss") {
            ss = annotation
            parts[part].traits.kind = .server
        } else if value.equals("ms") {
            ms = annotation
            parts[part].traits.kind = .producer
        } else if value.equals("mr") {
            mr = annotation
            parts[part].traits.kind = .consumer
        } else if value.equals("ws") {
            ws = annotation
        } else if value.equals("wr") {
            wr = annotation
        } else {
            return false
        }
        return true
    }

    // MARK: Times

    private mutating func setCallTimes(_ span: borrowing ZipkinV1Span) {
        // A start that was not written down is known by the end.
        if cs == nil, let cr, Self.ends(cr, span) { cs = Self.start(span, cr.endpoint) }
        if sr == nil, let ss, Self.ends(ss, span) { sr = Self.start(span, ss.endpoint) }
        if let cs, let sr {
            setTimesOfBothSides(span, cs, sr)
        } else if let cs, let cr {
            setTimes(span, from: cs, to: cr)
        } else if let sr, let ss {
            setTimes(span, from: sr, to: ss)
        } else {
            setTimesOfIncomplete(span)
        }
        // Who has not begun a span gives it no timestamp. A server that knows its end but no duration has got the
        // timestamp from the client.
        if cs == nil, let sr, span.timestamp == 0 || (ss != nil && span.duration == 0) {
            parts[part(of: sr.endpoint)].traits.isShared = true
        }
    }

    private static func ends(_ annotation: ZipkinV1Annotation, _ span: borrowing ZipkinV1Span) -> Bool {
        span.timestamp != 0 && span.duration != 0 && span.timestamp + span.duration == annotation.time
    }

    private static func start(_ span: borrowing ZipkinV1Span, _ endpoint: ZipkinEndpoint) -> ZipkinV1Annotation {
        ZipkinV1Annotation(time: span.timestamp, value: 0, endpoint: endpoint, order: 0)
    }

    /// The span's own times are the client's.
    private mutating func setTimesOfBothSides(
        _ span: borrowing ZipkinV1Span, _ cs: ZipkinV1Annotation, _ sr: ZipkinV1Annotation
    ) {
        setTimes(span, from: cs, to: cr)
        let client = part(of: cs.endpoint)
        let server: Int
        if cs.endpoint.serviceName == sr.endpoint.serviceName {
            // A service calls itself.
            parts[client].traits.kind = .client
            server = addPart(sr.endpoint)
            parts[server].traits.kind = .server
        } else {
            server = part(of: sr.endpoint)
        }
        parts[server].traits.isShared = true
        parts[server].timestamp = sr.time
        if let ss { parts[server].duration = ss.time - sr.time }
        // Nobody waits for an answer.
        if cr == nil && span.duration == 0 { parts[client].duration = 0 }
    }

    /// The span's own times if it has both.
    private mutating func setTimes(
        _ span: borrowing ZipkinV1Span, from start: ZipkinV1Annotation, to end: ZipkinV1Annotation?
    ) {
        let part = part(of: start.endpoint)
        if span.timestamp != 0 && span.duration != 0 {
            parts[part].timestamp = span.timestamp
            parts[part].duration = span.duration
        } else {
            parts[part].timestamp = start.time
            if let end { parts[part].duration = end.time - start.time }
        }
    }

    /// Without a start, an end is no more than an event.
    private mutating func setTimesOfIncomplete(_ span: borrowing ZipkinV1Span) {
        for index in 0..<parts.count {
            switch parts[index].traits.kind {
            case .client:
                if let cs { parts[index].timestamp = cs.time }
                if let cr { addEvent(cr, to: index) }
            case .server:
                if let sr { parts[index].timestamp = sr.time }
                if let ss { addEvent(ss, to: index) }
            case .unspecified, .producer, .consumer, .local: break
            }
        }
        if span.timestamp != 0 {
            parts[0].timestamp = span.timestamp
            parts[0].duration = span.duration
        }
    }

    private mutating func setMessageTimes(_ span: borrowing ZipkinV1Span) {
        if let ms, let mr {
            let producer = part(of: ms.endpoint)
            let consumer: Int
            if ms.endpoint.serviceName == mr.endpoint.serviceName {
                // A service sends to itself.
                parts[producer].traits.kind = .producer
                consumer = addPart(mr.endpoint)
                parts[consumer].traits.kind = .consumer
            } else {
                consumer = part(of: mr.endpoint)
            }
            parts[consumer].traits.isShared = true
            parts[consumer].timestamp = wr?.time ?? mr.time
            if let wr { parts[consumer].duration = mr.time - wr.time }
            parts[producer].timestamp = ms.time
            parts[producer].duration = ws.map { $0.time - ms.time } ?? 0
        } else if let ms {
            setTimes(span, from: ms, to: ws)
        } else if let mr {
            if let wr { setTimes(span, from: wr, to: mr) } else { setTimes(span, from: mr, to: nil) }
        } else {
            if let ws { addEvent(ws, to: part(of: ws.endpoint)) }
            if let wr { addEvent(wr, to: part(of: wr.endpoint)) }
        }
    }

    // MARK: Tags and addresses

    private mutating func takeTags(_ span: borrowing ZipkinV1Span, _ builder: borrowing SpanBatchBuilder) {
        var (ca, sa, ma): (ZipkinEndpoint?, ZipkinEndpoint?, ZipkinEndpoint?)
        for index in 0..<span.tags.count {
            let tag = span.tags[index]
            let key = builder.string(tag.key)
            if tag.isAddress {
                if key.equals("ca") { ca = tag.endpoint }
                if key.equals("sa") { sa = tag.endpoint }
                if key.equals("ma") { ma = tag.endpoint }
                continue
            }
            let part = part(of: tag.endpoint)
            // Of local work, it only says whose it is.
            if tag.value == 0 && key.equals("lc") { continue }
            tags.append(
                ZipkinV1PartTag(
                    part: UInt32(truncatingIfNeeded: part), order: UInt32(truncatingIfNeeded: tags.count),
                    key: tag.key, value: tag.value))
        }
        if cs == nil, cr == nil, sr == nil, ss == nil, ca != nil || sa != nil {
            return setAddressesAlone(client: ca, server: sa)
        }
        setAddresses(client: ca, server: sa, broker: ma)
    }

    /// Of a span that does not say which side it is.
    private mutating func setAddressesAlone(client: ZipkinEndpoint?, server: ZipkinEndpoint?) {
        if let client, let server {
            parts[part(of: client)].remote = server
        } else if let server {
            parts[0].remote = server
        } else if let client {
            parts[0].traits.kind = .server
            parts[0].remote = client
        }
    }

    private mutating func setAddresses(client: ZipkinEndpoint?, server: ZipkinEndpoint?, broker: ZipkinEndpoint?) {
        if var client, let here = sr ?? ss, client != here.endpoint {
            // Some servers give the client's address under their own name; nobody calls himself by that.
            if client.serviceName == here.endpoint.serviceName { client.serviceName = 0 }
            parts[part(of: here.endpoint)].remote = client
        }
        if let server, let here = cs ?? cr { parts[part(of: here.endpoint)].remote = server }
        if let broker {
            if let ms { parts[part(of: ms.endpoint)].remote = broker }
            if let mr { parts[part(of: mr.endpoint)].remote = broker }
        }
    }

    // MARK: Spans

    private mutating func give(
        _ span: borrowing ZipkinV1Span, _ stage: inout ZipkinSpanStage, into builder: inout SpanBatchBuilder,
        at offset: Int
    ) throws(DecodeError) {
        var events = UnsafeMutableBufferPointer(start: events.start, count: events.count)
        events.sort { $0.part < $1.part }
        var tags = UnsafeMutableBufferPointer(start: tags.start, count: tags.count)
        tags.sort { a, b in a.part != b.part ? a.part < b.part : a.order < b.order }
        var (eventIndex, tagIndex) = (0, 0)
        let cutCount = stage.cutCount
        for index in 0..<parts.count {
            let part = parts[index]
            try stage.beginSpan(into: &builder, at: offset)
            stage.cutCount = cutCount
            builder.traceID = span.traceID
            builder.spanID = span.spanID
            builder.parentID = span.parentID
            stage.hasTraceID = span.traceID.high | span.traceID.low != 0
            stage.hasSpanID = span.spanID != 0
            builder.operationName = span.name
            builder.start = try stage.time(part.timestamp, "timestamp", at: offset)
            builder.duration = try stage.time(part.duration, "duration", at: offset)
            builder.traits = part.traits
            builder.traits.isDebug = span.isDebug
            stage.localEndpoint = part.local
            stage.remoteEndpoint = part.remote
            while eventIndex < events.count, Int(events[eventIndex].part) == index {
                let event = events[eventIndex]
                stage.addEvent(time: try stage.nanoseconds(event.time, "timestamp", at: offset), name: event.name)
                eventIndex += 1
            }
            while tagIndex < tags.count, Int(tags[tagIndex].part) == index {
                let tag = tags[tagIndex]
                if builder.string(tag.key).equals("error") { builder.traits.isError = true }
                builder.addAttribute(key: tag.key, string: tag.value)
                tagIndex += 1
            }
            try stage.endSpan(into: &builder, at: offset)
        }
    }
}

// Not private: such types break debug builds as elements of a column.

/// What one service has of a span.
struct ZipkinV1Part: BitwiseCopyable {
    /// Kind and whether it is shared.
    var traits = SpanTraits()
    var local = ZipkinEndpoint()
    var remote = ZipkinEndpoint()
    // Microseconds; 0 and less are absent.
    var timestamp: Int64 = 0
    var duration: Int64 = 0
}

struct ZipkinV1PartEvent: BitwiseCopyable {
    var part: UInt32
    /// Microseconds since 1970.
    var time: Int64
    /// Number of an interned string.
    var name: UInt32
}

struct ZipkinV1PartTag: BitwiseCopyable {
    var part: UInt32
    /// Place among the span's tags.
    var order: UInt32
    // Numbers of interned strings.
    var key: UInt32
    var value: UInt32
}
