import Sampling
import TestSupport
import TraceModel

/// A span to be made, with what sampling looks at.
struct SampleSpan {
    var traceID = TraceID(high: 1, low: 1)
    var spanID: UInt64 = 1
    var parentID: UInt64 = 0
    var service = "shop.default"
    var operation = "GET /"
    var start: Int64? = 1_790_000_000_000_000_000
    var duration: Int64? = 1_000_000
    var isDebug = false
    var isError = false
    var status = StatusCode.unset
    var traceState: String?
    var attributes: [(String, Value)] = []
    var resource: [(String, String)] = []
    var threshold: UInt64 = 0

    enum Value {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
    }
}

extension SpanBatch {
    static func of(_ spans: [SampleSpan]) -> SpanBatch {
        var builder = SpanBatchBuilder()
        for span in spans { builder.add(span) }
        return builder.makeBatch()
    }
}

extension SpanBatchBuilder {
    mutating func number(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    mutating func add(_ span: SampleSpan) {
        beginSpan()
        traceID = span.traceID
        spanID = span.spanID
        parentID = span.parentID
        serviceName = number(span.service)
        operationName = number(span.operation)
        start = span.start ?? SpanBatch.absentTime
        duration = span.duration ?? SpanBatch.absentTime
        traits.isDebug = span.isDebug
        traits.isError = span.isError
        traits.statusCode = span.status
        if let state = span.traceState { setField(.traceState, reference: number(state)) }
        if !span.resource.isEmpty { setField(.resource, reference: resourceNumber(span.resource)) }
        if span.threshold > 0 { setField(.samplingThreshold, int: Int64(span.threshold)) }
        for (key, value) in span.attributes {
            switch value {
            case .string(let text): addAttribute(key: number(key), string: number(text))
            case .int(let value): addAttribute(key: number(key), int: value)
            case .double(let value): addAttribute(key: number(key), double: value)
            case .bool(let flag): addAttribute(key: number(key), bool: flag)
            }
        }
        endSpan()
    }

    private mutating func resourceNumber(_ attributes: [(String, String)]) -> UInt32 {
        func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
            var text = text
            text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        }
        var writer = AttributeWriter()
        let list = writer.begin()
        for (key, value) in attributes {
            bytes(key) { writer.append(key: $0) }
            bytes(value) { writer.append(string: $0) }
        }
        writer.end(list)
        writer.append(varint: 0)
        bytes("") { writer.append(text: $0) }
        bytes("") { writer.append(text: $0) }
        return intern(writer.bytes)
    }
}

extension SpanView {
    /// How many spans it stands for.
    var weight: Double {
        guard case .int(let rejected) = value(of: .samplingThreshold) else { return 1 }
        return SamplingThreshold(rejected: UInt64(rejected)).weight
    }
}

/// Documents without a file.
extension PolicyNode {
    static let place = PolicyPlace(path: "p.yaml", line: 3, column: 5)

    static func text(_ value: String) -> PolicyNode { .scalar(value, place) }
    static func items(_ nodes: [PolicyNode]) -> PolicyNode { .list(nodes, place) }
    static func keys(_ entries: [(String, PolicyNode)]) -> PolicyNode {
        .map(entries.map { Entry(key: $0.0, keyPlace: place, value: $0.1) }, place)
    }
}
