public import Bytes
public import TraceModel

/// The spans of one trace as Jaeger's protobuf messages `jaeger.api_v2.Span`, which its query service streams.
///
/// They say what `JaegerJSONEncoder` says, but that times are in nanoseconds and each span has its process within it.
/// Whoever streams them writes a few at a time, so that the first arrive early and no message is too long.
public struct JaegerProtobufEncoder: ~Copyable {
    private let traceID: TraceID
    /// Of a trace that is in memory.
    private let spans: [SpanView]
    private let ids: JaegerSpanIDs
    private var message = ProtobufWriter()
    private var processes = JaegerProcesses()
    /// The messages of the processes, in their order.
    private var processMessages: [[UInt8]] = []
    private var tags = JaegerTags()

    /// - Parameter isRaw: shared IDs stay as they were reported.
    public init(_ trace: Trace, isRaw: Bool = false) {
        traceID = trace.traceID
        spans = trace.spans
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
    }

    /// For a trace whose spans come some at a time.
    /// - Parameter isRaw: shared IDs stay as they were reported.
    public init(_ outline: TraceOutline, isRaw: Bool = false) {
        traceID = outline.traceID
        spans = []
        ids = JaegerSpanIDs(outline, keepsSharedIDs: isRaw)
    }

    /// Writes one message `Span`, without a tag or length before it.
    /// - Parameter place: of the span in the trace.
    public mutating func append(_ place: Int, to writer: inout ByteWriter) {
        message.removeAll()
        write(spans[place], place)
        writer.write(message.bytes)
    }

    /// Writes one message `SpansResponseChunk` with the spans of these places.
    public mutating func appendChunk(_ places: Range<Int>, to writer: inout ByteWriter) {
        _ = appendChunk(from: places.lowerBound, spanCountMax: places.count, byteCountMax: .max, to: &writer)
    }

    /// Writes one message `SpansResponseChunk` with the spans from a place on: as many as the bounds allow, but at
    /// least one, and none for no spans.
    /// - Parameter byteCountMax: of the message; only one with a single span may be longer.
    /// - Returns: the place of the next span; the trace's end when there are no more.
    public mutating func appendChunk(
        from place: Int, spanCountMax: Int, byteCountMax: Int, to writer: inout ByteWriter
    ) -> Int {
        place
            + appendChunk(
                spans[place...], place: place, spanCountMax: spanCountMax, byteCountMax: byteCountMax, to: &writer)
    }

    /// Writes one message `SpansResponseChunk` with the first of these spans: as many as the bounds allow, but at
    /// least one, and none for no spans.
    /// - Parameters:
    ///   - place: of the first span in the trace.
    ///   - byteCountMax: of the message; only one with a single span may be longer.
    /// - Returns: how many spans were written.
    public mutating func appendChunk(
        _ spans: ArraySlice<SpanView>, place: Int, spanCountMax: Int, byteCountMax: Int, to writer: inout ByteWriter
    ) -> Int {
        message.removeAll()
        var written = 0
        for span in spans.prefix(spanCountMax) {
            let count = message.count
            let mark = message.begin(JaegerProtobufTag.Chunk.spans)
            write(span, place + written)
            message.end(mark)
            if message.count > byteCountMax && written > 0 {
                message.truncate(to: count)
                break
            }
            written += 1
        }
        writer.write(message.bytes)
        return written
    }

    // MARK: Span

    private mutating func write(_ span: SpanView, _ place: Int) {
        let fields = JaegerSpanFields(span)
        let traits = span.traits
        message.write(JaegerProtobufTag.Span.traceID, traceID)
        message.write(JaegerProtobufTag.Span.spanID, SpanID(ids.spanIDs[place]))
        message.write(JaegerProtobufTag.Span.operationName, text: span.operationName)
        JaegerReference.forEach(span, fields, parentID: ids.parentIDs[place]) { reference in
            let mark = message.begin(JaegerProtobufTag.Span.references)
            message.write(JaegerProtobufTag.Reference.traceID, reference.traceID)
            message.write(JaegerProtobufTag.Reference.spanID, SpanID(reference.spanID))
            if !reference.isChild { message.write(JaegerProtobufTag.Reference.type, varint: 1) }
            message.end(mark)
        }
        let flags = fields.flags(traits)
        if flags != 0 { message.write(JaegerProtobufTag.Span.flags, varint: UInt64(flags)) }
        message.write(JaegerProtobufTag.Span.start, time: span.start ?? 0)
        message.write(JaegerProtobufTag.Span.duration, time: max(span.duration ?? 0, 0))
        tags.forEach(span, fields) { message.write(JaegerProtobufTag.Span.tags, $0, $1) }
        if fields.hasEvents { writeLogs(span, traits.source) }
        writeProcess(processes.number(of: JaegerProcess(span, fields)))
    }

    private mutating func writeLogs(_ span: SpanView, _ source: SpanSource) {
        span.forEachEvent { name, time, attributes in
            let mark = message.begin(JaegerProtobufTag.Span.logs)
            message.write(JaegerProtobufTag.Log.time, time: time)
            tags.forEachField(ofEvent: name, attributes, source) {
                message.write(JaegerProtobufTag.Log.fields, $0, $1)
            }
            message.end(mark)
        }
    }

    private mutating func writeProcess(_ number: Int) {
        if number == processMessages.count {
            let process = processes.list[number]
            var own = ProtobufWriter()
            own.write(JaegerProtobufTag.Process.serviceName, text: process.serviceName)
            tags.forEach(process) { own.write(JaegerProtobufTag.Process.tags, $0, $1) }
            processMessages.append(Array(own.bytes))
        }
        processMessages[number].withUnsafeBytes { message.write(JaegerProtobufTag.Span.process, bytes: $0) }
    }
}

extension ProtobufWriter {
    /// 16 bytes, highest first.
    mutating func write(_ tag: UInt32, _ traceID: TraceID) {
        withUnsafeBytes(of: (traceID.high.bigEndian, traceID.low.bigEndian)) { write(tag, bytes: $0) }
    }

    /// 8 bytes, highest first.
    mutating func write(_ tag: UInt32, _ spanID: SpanID) {
        withUnsafeBytes(of: spanID.value.bigEndian) { write(tag, bytes: $0) }
    }

    /// A message `Timestamp`, or `Duration` of a time that is not negative, which are written alike; present also when
    /// it is 0.
    /// - Parameter time: nanoseconds.
    mutating func write(_ tag: UInt32, time: Int64) {
        let mark = begin(tag)
        let parts = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        // The nanoseconds count forwards, before 1970 too.
        let isBefore = parts.remainder < 0
        let seconds = isBefore ? parts.quotient - 1 : parts.quotient
        let nanoseconds = isBefore ? parts.remainder + 1_000_000_000 : parts.remainder
        if seconds != 0 { write(JaegerProtobufTag.Time.seconds, varint: UInt64(bitPattern: seconds)) }
        if nanoseconds != 0 { write(JaegerProtobufTag.Time.nanoseconds, varint: UInt64(nanoseconds)) }
        end(mark)
    }

    /// A message `KeyValue`.
    /// - Parameter value: as `JaegerTags` gives it.
    fileprivate mutating func write(_ tag: UInt32, _ key: UnsafeRawBufferPointer, _ value: SpanValue) {
        let mark = begin(tag)
        write(JaegerProtobufTag.KeyValue.key, text: key)
        switch value {
        case .string(let text): write(JaegerProtobufTag.KeyValue.string, text: text)
        case .bool(let flag):
            write(JaegerProtobufTag.KeyValue.type, varint: 1)
            if flag { write(JaegerProtobufTag.KeyValue.bool, varint: 1) }
        case .int(let number):
            write(JaegerProtobufTag.KeyValue.type, varint: 2)
            if number != 0 { write(JaegerProtobufTag.KeyValue.int, varint: UInt64(bitPattern: number)) }
        case .double(let number):
            write(JaegerProtobufTag.KeyValue.type, varint: 3)
            if number.bitPattern != 0 { write(JaegerProtobufTag.KeyValue.double, fixed64: number.bitPattern) }
        case .bytes(let bytes):
            write(JaegerProtobufTag.KeyValue.type, varint: 4)
            write(JaegerProtobufTag.KeyValue.binary, text: bytes)
        case .array, .map, .none:
            preconditionFailure("tags have no values with a structure")
        }
        end(mark)
    }
}
