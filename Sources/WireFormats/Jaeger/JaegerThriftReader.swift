internal import TraceModel

/// Reads one Jaeger batch in any of Thrift's protocols.
struct JaegerThriftReader<Wire: ThriftReader>: ~Copyable {
    private var wire: Wire
    private var stage: JaegerSpanStage

    init(_ bytes: UnsafeRawBufferPointer, _ limits: SpanLimits) {
        wire = Wire(bytes)
        stage = JaegerSpanStage(limits)
    }

    /// The body is a struct `Batch`. What stands behind it is not looked at.
    mutating func readBody(into builder: inout SpanBatchBuilder) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            try readBatch(into: &builder)
        } catch {
            throw stage.located(error)
        }
        return stage.outcome
    }

    /// The body is a call of the agent.
    mutating func readMessage(into builder: inout SpanBatchBuilder) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            let message = try wire.readMessage()
            if message.name.equals("emitZipkinBatch") {
                throw DecodeError(
                    .otherFormat, "emitZipkinBatch: spans of Zipkin's are taken in Zipkin's own formats", offset: 0)
            }
            guard message.name.equals("emitBatch") else {
                throw DecodeError(.otherFormat, "a call of another method than emitBatch", offset: 0)
            }
            guard message.type == ThriftMessage.oneWay || message.type == ThriftMessage.call else {
                throw wire.cursor.malformed("a message that is no call")
            }
            try readArguments(into: &builder)
        } catch {
            throw stage.located(error)
        }
        return stage.outcome
    }

    private mutating func readArguments(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        var field = ThriftField()
        var hasBatch = false
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Arguments.batch where !hasBatch:
                try readBatch(into: &builder)
                hasBatch = true
            default: try wire.skip(field)
            }
        }
        if !hasBatch { throw wire.cursor.malformed("a call of emitBatch without a batch") }
    }

    // MARK: Batch and process

    private mutating func readBatch(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        var field = ThriftField()
        var hasProcess = false
        var hasSpans = false
        /// The spans, if they stand before their process.
        var earlySpans: Wire?
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Batch.process where !hasProcess:
                try readProcess(into: &builder)
                hasProcess = true
            case JaegerThriftTag.Batch.spans where !hasSpans:
                hasSpans = true
                if hasProcess {
                    try readSpans(into: &builder)
                } else {
                    earlySpans = wire
                    try wire.skip(field)
                }
            default: try wire.skip(field)
            }
        }
        guard hasProcess, hasSpans else {
            throw wire.cursor.malformed(hasProcess ? "a batch without spans" : "a batch without a process")
        }
        guard let earlySpans else { return }
        let end = wire
        wire = earlySpans
        try readSpans(into: &builder)
        wire = end
    }

    private mutating func readProcess(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let start = wire
        var serviceName = UnsafeRawBufferPointer(start: nil, count: 0)
        var field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Process.serviceName: serviceName = try wire.readString()
            default: try wire.skip(field)
            }
        }
        // Once more for the tags: the name comes first, wherever it stands.
        wire = start
        let process = try stage.beginProcess(serviceName: serviceName, in: &builder, at: wire.offset)
        field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Process.tags:
                for _ in 0..<(try structCount()) { stage.addTag(try readTag(), to: process) }
            default: try wire.skip(field)
            }
        }
        stage.process = stage.endProcess(process, &builder)
    }

    /// Number of the structs that a list says it has. A list of anything else is refused.
    @inline(__always)
    private mutating func structCount() throws(DecodeError) -> Int {
        let list = try wire.readList()
        guard list.elementType == ThriftType.structure || list.count == 0 else {
            throw wire.cursor.malformed("a list of other values than structs")
        }
        return list.count
    }

    // MARK: Span

    private mutating func readSpans(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        for _ in 0..<(try structCount()) { try readSpan(into: &builder) }
    }

    private mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let start = wire.offset
        try stage.beginSpan(into: &builder, at: start)
        builder.duration = 0
        var field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Span.traceIDLow: builder.traceID.low = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Span.traceIDHigh: builder.traceID.high = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Span.spanID: builder.spanID = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Span.parentID: builder.parentID = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Span.operationName:
                builder.operationName = builder.intern(stage.text.clean(try wire.readString()))
            case JaegerThriftTag.Span.references:
                for _ in 0..<(try structCount()) { stage.addReference(try readReference()) }
            case JaegerThriftTag.Span.flags: stage.flags = UInt32(bitPattern: try wire.readI32())
            case JaegerThriftTag.Span.start:
                let time = try wire.readI64()
                builder.start = time == 0 ? SpanBatch.absentTime : JaegerTimes.nanoseconds(microseconds: time)
            case JaegerThriftTag.Span.duration:
                builder.duration = JaegerTimes.nanoseconds(microseconds: try wire.readI64())
            case JaegerThriftTag.Span.tags:
                for _ in 0..<(try structCount()) {
                    let offset = wire.offset
                    try stage.addTag(try readTag(), &builder, at: offset)
                }
            case JaegerThriftTag.Span.logs:
                for _ in 0..<(try structCount()) { try readLog(into: &builder) }
            default: try wire.skip(field)
            }
        }
        try stage.endSpan(into: &builder, at: start)
    }

    private mutating func readReference() throws(DecodeError) -> JaegerReference {
        var reference = JaegerReference()
        var field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Reference.type: reference.isChild = try wire.readI32() == 0
            case JaegerThriftTag.Reference.traceIDLow: reference.traceIDLow = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Reference.traceIDHigh:
                reference.traceIDHigh = UInt64(bitPattern: try wire.readI64())
            case JaegerThriftTag.Reference.spanID: reference.spanID = UInt64(bitPattern: try wire.readI64())
            default: try wire.skip(field)
            }
        }
        return reference
    }

    private mutating func readLog(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        var log = try stage.beginEvent(in: builder, at: wire.offset)
        var time: Int64 = 0
        var field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Log.time: time = JaegerTimes.nanoseconds(microseconds: try wire.readI64())
            case JaegerThriftTag.Log.fields:
                for _ in 0..<(try structCount()) { stage.addField(try readTag(), to: &log, &builder) }
            default: try wire.skip(field)
            }
        }
        stage.endEvent(log, time: time, &builder)
    }

    /// The type says which of the values counts; one that is not there is empty.
    @inline(__always)
    private mutating func readTag() throws(DecodeError) -> JaegerTag {
        var tag = JaegerTag()
        var type: Int32 = 0
        var string = UnsafeRawBufferPointer(start: nil, count: 0)
        var bytes = string
        var double = 0.0
        var flag = false
        var number: Int64 = 0
        var field = ThriftField()
        while try wire.readField(&field) {
            switch field.tag {
            case JaegerThriftTag.Tag.key: tag.key = try wire.readString()
            case JaegerThriftTag.Tag.type: type = try wire.readI32()
            case JaegerThriftTag.Tag.string: string = try wire.readString()
            case JaegerThriftTag.Tag.double: double = try wire.readDouble()
            case JaegerThriftTag.Tag.bool: flag = try wire.readBool(field)
            case JaegerThriftTag.Tag.long: number = try wire.readI64()
            case JaegerThriftTag.Tag.binary: bytes = try wire.readString()
            default: try wire.skip(field)
            }
        }
        switch type {
        case 0: tag.value = .string(string)
        case 1: tag.value = .double(double)
        case 2: tag.value = .bool(flag)
        case 3: tag.value = .int(number)
        case 4: tag.value = .bytes(bytes)
        default: break
        }
        return tag
    }
}

/// Fields of Jaeger's structs: the ID shifted by eight, and the type.
enum JaegerThriftTag {
    enum Arguments {
        static let batch: UInt32 = 1 << 8 | ThriftType.structure
    }

    enum Batch {
        static let process: UInt32 = 1 << 8 | ThriftType.structure
        static let spans: UInt32 = 2 << 8 | ThriftType.list
    }

    enum Process {
        static let serviceName: UInt32 = 1 << 8 | ThriftType.string
        static let tags: UInt32 = 2 << 8 | ThriftType.list
    }

    enum Span {
        static let traceIDLow: UInt32 = 1 << 8 | ThriftType.i64
        static let traceIDHigh: UInt32 = 2 << 8 | ThriftType.i64
        static let spanID: UInt32 = 3 << 8 | ThriftType.i64
        static let parentID: UInt32 = 4 << 8 | ThriftType.i64
        static let operationName: UInt32 = 5 << 8 | ThriftType.string
        static let references: UInt32 = 6 << 8 | ThriftType.list
        static let flags: UInt32 = 7 << 8 | ThriftType.i32
        static let start: UInt32 = 8 << 8 | ThriftType.i64
        static let duration: UInt32 = 9 << 8 | ThriftType.i64
        static let tags: UInt32 = 10 << 8 | ThriftType.list
        static let logs: UInt32 = 11 << 8 | ThriftType.list
    }

    enum Reference {
        static let type: UInt32 = 1 << 8 | ThriftType.i32
        static let traceIDLow: UInt32 = 2 << 8 | ThriftType.i64
        static let traceIDHigh: UInt32 = 3 << 8 | ThriftType.i64
        static let spanID: UInt32 = 4 << 8 | ThriftType.i64
    }

    enum Tag {
        static let key: UInt32 = 1 << 8 | ThriftType.string
        static let type: UInt32 = 2 << 8 | ThriftType.i32
        static let string: UInt32 = 3 << 8 | ThriftType.string
        static let double: UInt32 = 4 << 8 | ThriftType.double
        static let bool: UInt32 = 5 << 8 | ThriftType.bool
        static let long: UInt32 = 6 << 8 | ThriftType.i64
        static let binary: UInt32 = 7 << 8 | ThriftType.string
    }

    enum Log {
        static let time: UInt32 = 1 << 8 | ThriftType.i64
        static let fields: UInt32 = 2 << 8 | ThriftType.list
    }
}
