import Bytes
import TestSupport
import TraceModel
import WireFormats

/// A tag as clients of Jaeger have it.
struct SampleTag {
    var key: String
    var value: SampleValue

    init(_ key: String, _ value: SampleValue) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ text: String) { self.init(key, .string(text)) }

    var thrift: ThriftValue {
        let (type, id, content): (Int32, Int16, ThriftValue) =
            switch value {
            case .string(let text): (0, 3, .string(text))
            case .double(let number): (1, 4, .double(number))
            case .bool(let flag): (2, 5, .bool(flag))
            case .int(let number): (3, 6, .i64(number))
            case .bytes(let bytes): (4, 7, .bytes(bytes))
            case .none: (9, 3, .string("of a type that nobody knows"))
            }
        return .structure([(1, .string(key)), (2, .i32(type)), (id, content)])
    }

    var protobuf: PlainProtobuf {
        let start = PlainProtobuf().text(1, key)
        return switch value {
        case .string(let text): start.text(3, text)
        case .bool(let flag): start.varint(2, 1).varint(4, flag ? 1 : 0)
        case .int(let number): start.varint(2, 2).varint(5, UInt64(bitPattern: number))
        case .double(let number): start.varint(2, 3).fixed64(6, number.bitPattern)
        case .bytes(let bytes): start.varint(2, 4).bytes(7, bytes)
        case .none: start.varint(2, 9)
        }
    }

    /// As OTLP's KeyValue, field number 1 or another.
    func addOTLP(_ field: Int, to message: PlainProtobuf) -> PlainProtobuf {
        let content: PlainProtobuf =
            switch value {
            case .string(let text): PlainProtobuf().text(1, text)
            case .bool(let flag): PlainProtobuf().varint(2, flag ? 1 : 0)
            case .int(let number): PlainProtobuf().varint(3, UInt64(bitPattern: number))
            case .double(let number): PlainProtobuf().fixed64(4, number.bitPattern)
            case .bytes(let bytes): PlainProtobuf().bytes(7, bytes)
            case .none: PlainProtobuf()
            }
        return message.attribute(field, key, content)
    }
}

struct SampleReference {
    var isChild = true
    var traceID = SampleJaegerSpan.traceID
    var spanID: UInt64 = 0

    var thrift: ThriftValue {
        .structure([
            (1, .i32(isChild ? 0 : 1)), (2, .i64(Int64(bitPattern: traceID.low))),
            (3, .i64(Int64(bitPattern: traceID.high))), (4, .i64(Int64(bitPattern: spanID))),
        ])
    }

    var protobuf: PlainProtobuf {
        let ids = PlainProtobuf().bytes(1, traceID.octets).bytes(2, spanID.octets)
        return isChild ? ids : ids.varint(3, 1)
    }
}

extension UInt64 {
    /// The highest first.
    var octets: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

extension TraceID {
    var octets: [UInt8] { high.octets + low.octets }
}

struct SampleLog {
    var microseconds: Int64 = 1_790_000_000_000_001
    var fields: [SampleTag] = []
}

/// One span as a client of Jaeger has it. Times in microseconds.
struct SampleJaegerSpan {
    static let traceID = TraceID(high: 0x0102_0304_0506_0708, low: 0x0900_0000_0000_00ff)

    var traceID = Self.traceID
    var spanID: UInt64 = 7
    var parentID: UInt64 = 0
    var name = "GET /"
    var references: [SampleReference] = []
    var flags: Int32 = 1
    var start: Int64 = 1_790_000_000_000_000
    var duration: Int64 = 1_500
    var tags: [SampleTag] = []
    var logs: [SampleLog] = []
    /// Of the span alone; only protobuf can say it.
    var process: SampleProcess?

    var thrift: ThriftValue {
        var fields: [(id: Int16, value: ThriftValue)] = [
            (1, .i64(Int64(bitPattern: traceID.low))), (2, .i64(Int64(bitPattern: traceID.high))),
            (3, .i64(Int64(bitPattern: spanID))), (4, .i64(Int64(bitPattern: parentID))), (5, .string(name)),
        ]
        if !references.isEmpty { fields.append((6, .list(references.map(\.thrift)))) }
        fields += [(7, .i32(flags)), (8, .i64(start)), (9, .i64(duration))]
        if !tags.isEmpty { fields.append((10, .list(tags.map(\.thrift)))) }
        if !logs.isEmpty {
            let structures = logs.map { log -> ThriftValue in
                .structure([(1, .i64(log.microseconds)), (2, .list(log.fields.map(\.thrift)))])
            }
            fields.append((11, .list(structures)))
        }
        return .structure(fields)
    }

    private static func time(_ microseconds: Int64) -> PlainProtobuf {
        PlainProtobuf().varint(1, UInt64(bitPattern: microseconds / 1_000_000))
            .varint(2, UInt64(bitPattern: microseconds % 1_000_000 * 1_000))
    }

    var protobuf: PlainProtobuf {
        var message = PlainProtobuf().bytes(1, traceID.octets).bytes(2, spanID.octets).text(3, name)
        let parent = parentID == 0 ? [] : [SampleReference(traceID: traceID, spanID: parentID)]
        for reference in parent + references { message = message.message(4, reference.protobuf) }
        message = message.varint(5, UInt64(UInt32(bitPattern: flags)))
        message = message.message(6, Self.time(start)).message(7, Self.time(duration))
        for tag in tags { message = message.message(8, tag.protobuf) }
        for log in logs {
            let start = PlainProtobuf().message(1, Self.time(log.microseconds))
            message = message.message(9, log.fields.reduce(start) { $0.message(2, $1.protobuf) })
        }
        if let process { message = message.message(10, process.protobuf) }
        return message
    }
}

struct SampleProcess {
    var serviceName = "checkout"
    var tags: [SampleTag] = []

    var thrift: ThriftValue {
        let name = (id: Int16(1), value: ThriftValue.string(serviceName))
        return .structure(tags.isEmpty ? [name] : [name, (2, .list(tags.map(\.thrift)))])
    }

    var protobuf: PlainProtobuf {
        tags.reduce(PlainProtobuf().text(1, serviceName)) { $0.message(2, $1.protobuf) }
    }
}

/// How a batch is written.
enum JaegerForm: CaseIterable {
    case batch, binaryMessage, oldMessage, compactMessage, protobuf
}

struct SampleJaegerBatch {
    var process = SampleProcess()
    var spans: [SampleJaegerSpan] = []

    var thrift: ThriftValue { .structure([(Int16(1), process.thrift), (Int16(2), .list(spans.map(\.thrift)))]) }

    func bytes(_ form: JaegerForm) -> [UInt8] {
        let call = ThriftValue.structure([(Int16(1), thrift)])
        return switch form {
        case .batch: ThriftWriter.bytes(thrift, .binary)
        case .binaryMessage: ThriftWriter.message("emitBatch", call, .binary)
        case .oldMessage: ThriftWriter.message("emitBatch", type: 1, call, .binary, isStrict: false)
        case .compactMessage: ThriftWriter.message("emitBatch", sequence: 7, call, .compact)
        case .protobuf:
            PlainProtobuf().message(
                1, spans.reduce(PlainProtobuf()) { $0.message(1, $1.protobuf) }.message(2, process.protobuf)
            ).bytes
        }
    }
}

/// What was read from one body.
struct JaegerDecoded {
    var batch: SpanBatch
    var outcome: DecodeOutcome

    var spans: [SpanView] { Array(batch.spans) }
}

func decodeJaeger(_ body: [UInt8], _ form: JaegerForm, limits: SpanLimits = SpanLimits()) throws -> JaegerDecoded {
    var builder = SpanBatchBuilder()
    let outcome = try body.withUnsafeBytes { bytes in
        switch form {
        case .batch: try JaegerThriftDecoder.decodeBatch(bytes, limits: limits, into: &builder)
        case .binaryMessage, .oldMessage:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .binary, limits: limits, into: &builder)
        case .compactMessage:
            try JaegerThriftDecoder.decodeMessage(bytes, encoding: .compact, limits: limits, into: &builder)
        case .protobuf: try JaegerProtobufDecoder.decode(bytes, limits: limits, into: &builder)
        }
    }
    precondition(outcome.acceptedCount == builder.spanCount, "every span is counted")
    return JaegerDecoded(batch: builder.makeBatch(), outcome: outcome)
}

/// The refusal of a body; nil if it is accepted.
func refusalOfJaeger(_ body: [UInt8], _ form: JaegerForm, limits: SpanLimits = SpanLimits()) -> DecodeError? {
    do {
        _ = try decodeJaeger(body, form, limits: limits)
        return nil
    } catch {
        return error as? DecodeError
    }
}

extension SpanView {
    /// Events as text: name, time, attributes.
    func eventTexts() throws -> [String] {
        var texts: [String] = []
        try forEachEvent { name, time, attributes in
            let list = try attributes.map { listText(try AttributeList(ofEvent: $0)) } ?? "-"
            texts.append("\(text(name)) \(time) \(list)")
        }
        return texts
    }

    /// Links as text: IDs, attributes.
    func linkTexts() throws -> [String] {
        guard case .array(let bytes) = value(of: .links) else { return [] }
        var reader = LinkReader(bytes)
        var texts: [String] = []
        while let link = try reader.next() {
            texts.append("\(link.traceID) \(link.spanID) \(listText(link.attributes))")
        }
        return texts
    }

    func resourceText() throws -> String {
        guard case .map(let bytes) = value(of: .resource) else { return "none" }
        return listText(try ResourceView(bytes).attributes)
    }

    func scopeText() throws -> String {
        guard case .map(let bytes) = value(of: .scope) else { return "none" }
        let scope = try ScopeView(bytes)
        return "\(text(scope.name)) \(text(scope.version))"
    }
}
