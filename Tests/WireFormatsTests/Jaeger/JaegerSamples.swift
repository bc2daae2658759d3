import Bytes
import Foundation
import TraceModel

@testable import WireFormats

/// A value of an attribute, in the terms of tests.
enum SampleValue {
    case string(String)
    case bytes([UInt8])
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case none
}

/// One span to be built. Times in nanoseconds.
struct SampleSpan {
    var traceID = TraceID(high: 0x0102_0304_0506_0708, low: 0x0900_0000_0000_00ff)
    var id: UInt64 = 1
    var parent: UInt64 = 0
    var service = "shop.default"
    var name = "get /"
    var start: Int64? = 1_790_000_000_123_456_789
    var duration: Int64? = 1_500_999
    var kind = SpanKind.unspecified
    var status = StatusCode.unset
    var source = SpanSource.zipkin
    var isDebug = false
    var attributes: [(key: String, value: SampleValue)] = []
    var events: [(name: String, time: Int64)] = []
    var ints: [SpanField: Int64] = [:]
    var references: [SpanField: [UInt8]] = [:]
}

/// One batch's spans as a trace, in the order given.
func makeTrace(_ spans: [SampleSpan]) -> Trace {
    var builder = SpanBatchBuilder()
    for span in spans { add(span, to: &builder) }
    let batch = builder.makeBatch()
    return Trace(traceID: spans[0].traceID, spans: Array(batch.spans))
}

private func add(_ span: SampleSpan, to builder: inout SpanBatchBuilder) {
    func intern(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { builder.intern($0) } }
    func intern(_ text: String) -> UInt32 { intern(Array(text.utf8)) }
    builder.beginSpan()
    builder.traceID = span.traceID
    builder.spanID = span.id
    builder.parentID = span.parent
    builder.serviceName = intern(span.service)
    builder.operationName = intern(span.name)
    if let start = span.start { builder.start = start }
    if let duration = span.duration { builder.duration = duration }
    builder.traits.kind = span.kind
    builder.traits.statusCode = span.status
    builder.traits.source = span.source
    builder.traits.isDebug = span.isDebug
    builder.traits.isError = span.status == .error || span.attributes.contains { $0.key == "error" }
    builder.traits.hasOrderedAttributes = span.source != .zipkin
    for (field, value) in span.ints.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        builder.setField(field, int: value)
    }
    for (field, value) in span.references.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        builder.setField(field, reference: intern(value))
    }
    for event in span.events { builder.addEvent(name: intern(event.name), time: event.time) }
    for (key, value) in span.attributes {
        let key = intern(key)
        switch value {
        case .string(let text): builder.addAttribute(key: key, string: intern(text))
        case .bytes(let bytes): builder.addAttribute(key: key, type: .bytes, reference: intern(bytes))
        case .bool(let flag): builder.addAttribute(key: key, bool: flag)
        case .int(let number): builder.addAttribute(key: key, int: number)
        case .double(let number): builder.addAttribute(key: key, double: number)
        case .none: builder.addAttributeWithoutValue(key: key)
        }
    }
    builder.endSpan()
}

func encodeJaeger(_ trace: Trace, isRaw: Bool = false) -> String {
    var writer = ByteWriter()
    JaegerJSONEncoder.append(trace, isRaw: isRaw, to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// All spans of a trace as a `PostSpansRequest`: its batch is a chunk of spans, and the process is in each.
func encodeJaegerRequest(_ trace: Trace, isRaw: Bool = false) -> [UInt8] {
    var encoder = JaegerProtobufEncoder(trace, isRaw: isRaw)
    var chunk = ByteWriter()
    encoder.appendChunk(trace.spans.indices, to: &chunk)
    return PlainProtobuf().bytes(1, chunk.bytes).bytes
}

/// A trace as an independent reader of JSON understands it, strictly: a missing or unexpected type fails.
struct ReadTrace: Decodable {
    struct Span: Decodable {
        let traceID: String
        let spanID: String
        let flags: UInt32?
        let operationName: String
        let references: [Reference]
        let startTime: UInt64
        let duration: UInt64
        let tags: [Tag]
        let logs: [Log]
        let processID: String
        let warnings: [String]?
    }

    struct Reference: Decodable, Equatable {
        let refType: String
        let traceID: String
        let spanID: String
    }

    struct Log: Decodable {
        let timestamp: UInt64
        let fields: [Tag]
    }

    struct Process: Decodable {
        let serviceName: String
        let tags: [Tag]
    }

    let traceID: String
    let spans: [Span]
    let processes: [String: Process]

    init(_ trace: Trace, isRaw: Bool = false) throws {
        self = try JSONDecoder().decode(ReadTrace.self, from: Data(encodeJaeger(trace, isRaw: isRaw).utf8))
    }
}

/// A tag, its value as JSON text: strings in quotes.
struct Tag: Decodable, Equatable, CustomStringConvertible {
    let key: String
    let type: String
    let value: String

    init(_ key: String, _ type: String, _ value: String) {
        self.key = key
        self.type = type
        self.value = value
    }

    private enum Key: String, CodingKey {
        case key, type, value
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        key = try fields.decode(String.self, forKey: .key)
        type = try fields.decode(String.self, forKey: .type)
        if let text = try? fields.decode(String.self, forKey: .value) {
            value = "\"\(text)\""
        } else if let flag = try? fields.decode(Bool.self, forKey: .value) {
            value = "\(flag)"
        } else if let number = try? fields.decode(Int64.self, forKey: .value) {
            value = "\(number)"
        } else {
            value = "\(try fields.decode(Double.self, forKey: .value))"
        }
    }

    var description: String { "\(key):\(type)=\(value)" }
}
