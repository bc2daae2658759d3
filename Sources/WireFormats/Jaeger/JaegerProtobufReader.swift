internal import TraceModel

/// Reads one body of Jaeger's protobuf.
struct JaegerProtobufReader: ~Copyable {
    private var stage: JaegerSpanStage

    init(_ limits: SpanLimits) { stage = JaegerSpanStage(limits) }

    mutating func read(
        _ bytes: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            var request = ProtobufReader(bytes)
            while !request.isAtEnd {
                let tag = try request.readTag()
                switch tag {
                case JaegerProtobufTag.Request.batch: try readBatch(try request.readMessage(), into: &builder)
                default: try request.skip(tag)
                }
            }
        } catch {
            throw stage.located(error)
        }
        return stage.outcome
    }

    // MARK: Batch and process

    /// The process is written after its spans: reads it first.
    private mutating func readBatch(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        var process: ProtobufReader?
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Batch.process: process = try fields.readMessage()
            default: try fields.skip(tag)
            }
        }
        stage.process = JaegerProcessNumbers()
        if let process { stage.process = try readProcess(process, into: &builder) }
        fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Batch.spans: try readSpan(try fields.readMessage(), into: &builder)
            default: try fields.skip(tag)
            }
        }
    }

    private mutating func readProcess(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> JaegerProcessNumbers {
        var serviceName = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Process.serviceName: serviceName = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        let process = try stage.beginProcess(serviceName: serviceName, in: &builder, at: message.offset)
        fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Process.tags: stage.addTag(try readTag(try fields.readMessage()), to: process)
            default: try fields.skip(tag)
            }
        }
        return stage.endProcess(process, &builder)
    }

    // MARK: Span

    private mutating func readSpan(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        try stage.beginSpan(into: &builder, at: message.offset)
        builder.duration = 0
        var fields = message
        while !fields.isAtEnd {
            let offset = fields.offset
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Span.traceID:
                builder.traceID = try Self.traceID(try fields.readBytes(), at: offset)
            case JaegerProtobufTag.Span.spanID: builder.spanID = try Self.spanID(try fields.readBytes(), at: offset)
            case JaegerProtobufTag.Span.operationName:
                builder.operationName = builder.intern(stage.text.clean(try fields.readBytes()))
            case JaegerProtobufTag.Span.references:
                stage.addReference(try readReference(try fields.readMessage()))
            case JaegerProtobufTag.Span.flags: stage.flags = UInt32(truncatingIfNeeded: try fields.readVarint())
            case JaegerProtobufTag.Span.start:
                let time = try readTime(try fields.readMessage())
                builder.start = time == 0 ? SpanBatch.absentTime : time
            case JaegerProtobufTag.Span.duration: builder.duration = try readTime(try fields.readMessage())
            case JaegerProtobufTag.Span.tags:
                try stage.addTag(try readTag(try fields.readMessage()), &builder, at: offset)
            case JaegerProtobufTag.Span.logs: try readLog(try fields.readMessage(), into: &builder)
            case JaegerProtobufTag.Span.process:
                stage.ownProcess = try readProcess(try fields.readMessage(), into: &builder)
            default: try fields.skip(tag)
            }
        }
        try stage.endSpan(into: &builder, at: message.offset)
    }

    private static func traceID(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DecodeError) -> TraceID {
        guard bytes.count == 16 else {
            throw DecodeError(.malformed, "a trace ID of \(bytes.count) bytes", offset: offset)
        }
        return TraceID(networkOrder: bytes)
    }

    private static func spanID(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DecodeError) -> UInt64 {
        guard bytes.count == 8 else {
            throw DecodeError(.malformed, "a span ID of \(bytes.count) bytes", offset: offset)
        }
        return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    private func readReference(_ message: ProtobufReader) throws(DecodeError) -> JaegerReference {
        var reference = JaegerReference()
        var fields = message
        while !fields.isAtEnd {
            let offset = fields.offset
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Reference.traceID:
                let traceID = try Self.traceID(try fields.readBytes(), at: offset)
                reference.traceIDHigh = traceID.high
                reference.traceIDLow = traceID.low
            case JaegerProtobufTag.Reference.spanID:
                reference.spanID = try Self.spanID(try fields.readBytes(), at: offset)
            case JaegerProtobufTag.Reference.type: reference.isChild = try fields.readVarint() == 0
            default: try fields.skip(tag)
            }
        }
        return reference
    }

    /// A Timestamp or a Duration, which are written alike, in nanoseconds.
    private func readTime(_ message: ProtobufReader) throws(DecodeError) -> Int64 {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Time.seconds: seconds = Int64(bitPattern: try fields.readVarint())
            case JaegerProtobufTag.Time.nanoseconds:
                nanoseconds = Int64(Int32(truncatingIfNeeded: try fields.readVarint()))
            default: try fields.skip(tag)
            }
        }
        return JaegerTimes.nanoseconds(seconds: seconds, nanoseconds: nanoseconds)
    }

    private mutating func readLog(
        _ message: ProtobufReader, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        var log = try stage.beginEvent(in: builder, at: message.offset)
        var time: Int64 = 0
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.Log.time: time = try readTime(try fields.readMessage())
            case JaegerProtobufTag.Log.fields:
                stage.addField(try readTag(try fields.readMessage()), to: &log, &builder)
            default: try fields.skip(tag)
            }
        }
        stage.endEvent(log, time: time, &builder)
    }

    /// The type says which of the values counts; one that is not there is empty.
    @inline(__always)
    private func readTag(_ message: ProtobufReader) throws(DecodeError) -> JaegerTag {
        var result = JaegerTag()
        var type: UInt64 = 0
        var string = UnsafeRawBufferPointer(start: nil, count: 0)
        var bytes = string
        var double = 0.0
        var flag = false
        var number: Int64 = 0
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case JaegerProtobufTag.KeyValue.key: result.key = try fields.readBytes()
            case JaegerProtobufTag.KeyValue.type: type = try fields.readVarint()
            case JaegerProtobufTag.KeyValue.string: string = try fields.readBytes()
            case JaegerProtobufTag.KeyValue.bool: flag = try fields.readVarint() != 0
            case JaegerProtobufTag.KeyValue.int: number = Int64(bitPattern: try fields.readVarint())
            case JaegerProtobufTag.KeyValue.double: double = Double(bitPattern: try fields.readFixed64())
            case JaegerProtobufTag.KeyValue.binary: bytes = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        switch type {
        case 0: result.value = .string(string)
        case 1: result.value = .bool(flag)
        case 2: result.value = .int(number)
        case 3: result.value = .double(double)
        case 4: result.value = .bytes(bytes)
        default: break
        }
        return result
    }
}

/// Tags of Jaeger's protobuf fields: the field number shifted by three, and the wire type.
enum JaegerProtobufTag {
    private static let varint: UInt32 = 0
    private static let fixed64: UInt32 = 1
    private static let delimited: UInt32 = 2

    enum Request {
        static let batch: UInt32 = 1 << 3 | delimited
    }

    enum Batch {
        static let spans: UInt32 = 1 << 3 | delimited
        static let process: UInt32 = 2 << 3 | delimited
    }

    /// `SpansResponseChunk`.
    enum Chunk {
        static let spans: UInt32 = 1 << 3 | delimited
    }

    enum Process {
        static let serviceName: UInt32 = 1 << 3 | delimited
        static let tags: UInt32 = 2 << 3 | delimited
    }

    enum Span {
        static let traceID: UInt32 = 1 << 3 | delimited
        static let spanID: UInt32 = 2 << 3 | delimited
        static let operationName: UInt32 = 3 << 3 | delimited
        static let references: UInt32 = 4 << 3 | delimited
        static let flags: UInt32 = 5 << 3 | varint
        static let start: UInt32 = 6 << 3 | delimited
        static let duration: UInt32 = 7 << 3 | delimited
        static let tags: UInt32 = 8 << 3 | delimited
        static let logs: UInt32 = 9 << 3 | delimited
        static let process: UInt32 = 10 << 3 | delimited
    }

    enum Reference {
        static let traceID: UInt32 = 1 << 3 | delimited
        static let spanID: UInt32 = 2 << 3 | delimited
        static let type: UInt32 = 3 << 3 | varint
    }

    /// Of Timestamp and Duration alike.
    enum Time {
        static let seconds: UInt32 = 1 << 3 | varint
        static let nanoseconds: UInt32 = 2 << 3 | varint
    }

    enum KeyValue {
        static let key: UInt32 = 1 << 3 | delimited
        static let type: UInt32 = 2 << 3 | varint
        static let string: UInt32 = 3 << 3 | delimited
        static let bool: UInt32 = 4 << 3 | varint
        static let int: UInt32 = 5 << 3 | varint
        static let double: UInt32 = 6 << 3 | fixed64
        static let binary: UInt32 = 7 << 3 | delimited
    }

    enum Log {
        static let time: UInt32 = 1 << 3 | delimited
        static let fields: UInt32 = 2 << 3 | delimited
    }
}
