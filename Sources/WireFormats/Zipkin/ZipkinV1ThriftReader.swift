internal import TraceModel

/// Reads one body of Zipkin v1 Thrift.
struct ZipkinV1ThriftReader: ~Copyable {
    private var thrift: ThriftBinaryReader
    private var stage: ZipkinSpanStage
    private var mender = UTF8Mender()
    private var span = ZipkinV1Span()
    private var converter = ZipkinV1Converter()
    private var spanNumber = 0

    // Fields: ID shifted by eight, and type.

    private enum SpanTag {
        static let traceID: UInt32 = 1 << 8 | ThriftType.i64
        static let name: UInt32 = 3 << 8 | ThriftType.string
        static let spanID: UInt32 = 4 << 8 | ThriftType.i64
        static let parentID: UInt32 = 5 << 8 | ThriftType.i64
        static let annotations: UInt32 = 6 << 8 | ThriftType.list
        static let binaryAnnotations: UInt32 = 8 << 8 | ThriftType.list
        static let debug: UInt32 = 9 << 8 | ThriftType.bool
        static let timestamp: UInt32 = 10 << 8 | ThriftType.i64
        static let duration: UInt32 = 11 << 8 | ThriftType.i64
        static let traceIDHigh: UInt32 = 12 << 8 | ThriftType.i64
    }

    private enum AnnotationTag {
        static let timestamp: UInt32 = 1 << 8 | ThriftType.i64
        static let value: UInt32 = 2 << 8 | ThriftType.string
        static let endpoint: UInt32 = 3 << 8 | ThriftType.structure
    }

    private enum BinaryAnnotationTag {
        static let key: UInt32 = 1 << 8 | ThriftType.string
        static let value: UInt32 = 2 << 8 | ThriftType.string
        static let type: UInt32 = 3 << 8 | ThriftType.i32
        static let endpoint: UInt32 = 4 << 8 | ThriftType.structure
    }

    private enum EndpointTag {
        static let ipv4: UInt32 = 1 << 8 | ThriftType.i32
        static let port: UInt32 = 2 << 8 | ThriftType.i16
        static let serviceName: UInt32 = 3 << 8 | ThriftType.string
        static let ipv6: UInt32 = 4 << 8 | ThriftType.string
    }

    /// Types of binary annotations; of the others nothing is made.
    private enum ValueType {
        static let bool: Int32 = 0
        static let string: Int32 = 6
    }

    init(_ bytes: UnsafeRawBufferPointer, limits: SpanLimits) {
        thrift = ThriftBinaryReader(bytes)
        stage = ZipkinSpanStage(limits)
    }

    // MARK: List

    mutating func readList(into builder: inout SpanBatchBuilder) throws(DecodeError) -> DecodeOutcome {
        do throws(DecodeError) {
            let list = try thrift.readList()
            guard list.elementType == ThriftType.structure || list.count == 0 else {
                throw DecodeError(.malformed, "a list of other values than spans", offset: 0)
            }
            for _ in 0..<list.count {
                spanNumber += 1
                try readSpan(into: &builder)
            }
        } catch {
            // A list of spans begins with the type of its elements.
            if error.code == .malformed && spanNumber == 0 {
                throw DecodeError(.otherFormat, "Expected a THRIFT encoded list", offset: 0)
            }
            throw BodyAllowance.located(error, spanNumber: spanNumber)
        }
        var outcome = DecodeOutcome(acceptedCount: stage.allowance.spanNumber)
        outcome.replacedStringCount = mender.replacedCount
        return outcome
    }

    // MARK: Span

    private mutating func readSpan(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let place = thrift.offset
        span.removeAll()
        stage.cutCount = 0
        try stage.checkRoom(in: builder, at: place)
        var (high, low): (UInt64, UInt64) = (0, 0)
        var field = ThriftField()
        while try thrift.readField(&field) {
            switch field.tag {
            case SpanTag.traceID: low = UInt64(bitPattern: try thrift.readI64())
            case SpanTag.traceIDHigh: high = UInt64(bitPattern: try thrift.readI64())
            case SpanTag.spanID: span.spanID = UInt64(bitPattern: try thrift.readI64())
            case SpanTag.parentID: span.parentID = UInt64(bitPattern: try thrift.readI64())
            case SpanTag.name: span.name = internName(try thrift.readString(), into: &builder)
            case SpanTag.timestamp: span.timestamp = max(try readTime("timestamp"), 0)
            case SpanTag.duration: span.duration = max(try readTime("duration"), 0)
            case SpanTag.debug: span.isDebug = try thrift.readBool(field)
            case SpanTag.annotations:
                for _ in 0..<(try readStructures()) { try readAnnotation(into: &builder) }
            case SpanTag.binaryAnnotations:
                for _ in 0..<(try readStructures()) { try readBinaryAnnotation(into: &builder) }
            default: try thrift.skip(field)
            }
        }
        span.traceID = TraceID(high: high, low: low)
        try converter.convert(&span, &stage, into: &builder, at: place)
    }

    /// The number of structs that follow.
    private mutating func readStructures() throws(DecodeError) -> Int {
        let place = thrift.offset
        let list = try thrift.readList()
        guard list.elementType == ThriftType.structure || list.count == 0 else {
            throw DecodeError(.malformed, "a list of other values than structs", offset: place)
        }
        return list.count
    }

    /// Microseconds of which nanoseconds can be made.
    private mutating func readTime(_ name: StaticString) throws(DecodeError) -> Int64 {
        let place = thrift.offset
        let microseconds = try thrift.readI64()
        _ = try stage.nanoseconds(microseconds, name, at: place)
        return microseconds
    }

    // MARK: Annotations

    private mutating func readAnnotation(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try stage.checkRoom(in: builder, at: thrift.offset)
        var time: Int64 = 0
        var value: UInt32?
        var endpoint = ZipkinEndpoint()
        var field = ThriftField()
        while try thrift.readField(&field) {
            switch field.tag {
            case AnnotationTag.timestamp: time = try readTime("timestamp")
            case AnnotationTag.value: value = intern(try thrift.readString(), into: &builder)
            case AnnotationTag.endpoint: endpoint = try readEndpoint(into: &builder)
            default: try thrift.skip(field)
            }
        }
        guard time != 0, let value else { return }
        span.addAnnotation(time: time, value: value, endpoint: endpoint)
    }

    private mutating func readBinaryAnnotation(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        let (place, cutBefore) = (thrift.offset, stage.cutCount)
        try stage.checkRoom(in: builder, at: place)
        var key: UnsafeRawBufferPointer?
        var bytes: UnsafeRawBufferPointer?
        var type: Int32?
        var endpoint = ZipkinEndpoint()
        var field = ThriftField()
        while try thrift.readField(&field) {
            switch field.tag {
            case BinaryAnnotationTag.key: key = try thrift.readString()
            case BinaryAnnotationTag.value: bytes = try thrift.readString()
            case BinaryAnnotationTag.type: type = try thrift.readI32()
            case BinaryAnnotationTag.endpoint: endpoint = try readEndpoint(into: &builder)
            default: try thrift.skip(field)
            }
        }
        guard let key, let bytes else { return }
        let value: ZipkinV1Span.Value
        switch type {
        case ValueType.string: value = .text(intern(bytes, into: &builder))
        // One byte, as a number or as a digit.
        case ValueType.bool: value = bytes.equals("\u{1}") || bytes.equals("1") ? .yes : .other
        default: value = .other
        }
        let number = intern(key, into: &builder)
        let isKept = try span.addBinaryAnnotation(
            key: number, value, endpoint: endpoint, stage, builder, at: place)
        if !isKept { stage.cutCount = cutBefore }
    }

    private mutating func readEndpoint(
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        var field = ThriftField()
        while try thrift.readField(&field) {
            switch field.tag {
            case EndpointTag.ipv4:
                let address = UInt32(bitPattern: try thrift.readI32())
                if address != 0 { endpoint.setAddress(.v4(address), &builder) }
            case EndpointTag.ipv6: endpoint.setAddress(networkOrder: try thrift.readString(), &builder)
            case EndpointTag.port: endpoint.port = Int64(UInt16(bitPattern: try thrift.readI16()))
            case EndpointTag.serviceName:
                endpoint.serviceName = internName(try thrift.readString(), into: &builder)
            default: try thrift.skip(field)
            }
        }
        return endpoint
    }

    // MARK: Strings

    private mutating func intern(_ text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder) -> UInt32 {
        stage.intern(mender.mend(text, upTo: stage.limits.valueByteCountMax), into: &builder)
    }

    private mutating func internName(
        _ text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) -> UInt32 {
        stage.internName(mender.mend(text, upTo: .max), into: &builder)
    }
}
