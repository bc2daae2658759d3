import TraceModel

/// A span in plain values, of which traces are made.
struct TestSpan {
    enum Value {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
        case strings([String])
        case none
    }

    var id: UInt64
    var parent: UInt64 = 0
    var service = ""
    var name = ""
    var kind = SpanKind.unspecified
    var isShared = false
    var isError = false
    var statusCode = StatusCode.unset
    var statusMessage = ""
    var start: Int64? = 1_000
    var duration: Int64? = 10
    var attributes: [(String, Value)] = []
    var resource: [(String, Value)] = []
    var scope: (name: String, version: String, attributes: [(String, Value)])?
    var events: [(name: String, time: Int64, attributes: [(String, Value)])] = []
    var links: [(trace: TraceID, span: UInt64, attributes: [(String, Value)])] = []
    var remoteService = ""

    init(_ id: UInt64, _ parent: UInt64 = 0, _ change: (inout TestSpan) -> Void = { _ in }) {
        self.id = id
        self.parent = parent
        change(&self)
    }

    static let traceID = TraceID(high: 0xab, low: 0x1234)

    static func trace(_ spans: [TestSpan], hasBatchEach: Bool = false) -> Trace {
        var views: [SpanView] = []
        var builder = SpanBatchBuilder()
        for span in spans {
            span.add(to: &builder)
            if hasBatchEach {
                views.append(SpanView(batch: builder.makeBatch(), row: 0))
                builder.removeAll()
            }
        }
        if !hasBatchEach { views = Array(builder.makeBatch().spans) }
        return Trace(traceID: traceID, spans: views)
    }

    private func add(to builder: inout SpanBatchBuilder) {
        builder.beginSpan()
        builder.traceID = Self.traceID
        builder.spanID = id
        builder.parentID = parent
        if let start { builder.start = start }
        if let duration { builder.duration = duration }
        builder.serviceName = builder.intern(service)
        builder.operationName = builder.intern(name)
        builder.traits.kind = kind
        builder.traits.isShared = isShared
        builder.traits.isError = isError
        builder.traits.statusCode = statusCode
        for (key, value) in attributes {
            let key = builder.intern(key)
            switch value {
            case .string(let text): builder.addAttribute(key: key, string: builder.intern(text))
            case .int(let number): builder.addAttribute(key: key, int: number)
            case .double(let number): builder.addAttribute(key: key, double: number)
            case .bool(let flag): builder.addAttribute(key: key, bool: flag)
            case .strings(let texts):
                var writer = AttributeWriter()
                for text in texts { writer.append(string: text) }
                builder.addAttribute(key: key, type: .array, reference: builder.intern(writer.bytes))
            case .none: builder.addAttributeWithoutValue(key: key)
            }
        }
        for event in events {
            var writer = AttributeWriter()
            writer.append(list: event.attributes)
            let bytes = event.attributes.isEmpty ? 0 : builder.intern(writer.bytes)
            builder.addEvent(name: builder.intern(event.name), time: event.time, attributes: bytes)
        }
        addFields(to: &builder)
        builder.endSpan()
    }

    private func addFields(to builder: inout SpanBatchBuilder) {
        if !remoteService.isEmpty { builder.setField(.remoteServiceName, reference: builder.intern(remoteService)) }
        if !statusMessage.isEmpty { builder.setField(.statusMessage, reference: builder.intern(statusMessage)) }
        var writer = AttributeWriter()
        if !resource.isEmpty {
            writer.append(list: resource)
            writer.append(text: "")
            writer.append(text: "")
            builder.setField(.resource, reference: builder.intern(writer.bytes))
        }
        if let scope {
            writer.removeAll()
            writer.append(list: scope.attributes)
            for text in ["", scope.name, scope.version] { writer.append(text: text) }
            builder.setField(.scope, reference: builder.intern(writer.bytes))
        }
        if !links.isEmpty {
            writer.removeAll()
            for link in links {
                let mark = writer.begin()
                writer.append(list: link.attributes)
                writer.append(
                    linkFlags: 0, traceID: link.trace, spanID: link.span, traceState: .init(start: nil, count: 0))
                writer.end(mark)
            }
            builder.setField(.links, reference: builder.intern(writer.bytes))
        }
    }
}

extension SpanBatchBuilder {
    mutating func intern(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }
}

extension AttributeWriter {
    mutating func append(string: String) {
        var text = string
        text.withUTF8 { append(string: UnsafeRawBufferPointer($0)) }
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(text: UnsafeRawBufferPointer($0)) }
    }

    /// Attributes with their length, none of them dropped.
    mutating func append(list: [(String, TestSpan.Value)]) {
        let mark = begin()
        for (key, value) in list {
            append(text: key)
            switch value {
            case .string(let text): append(string: text)
            case .int(let number): append(int: number)
            case .double(let number): append(double: number)
            case .bool(let flag): append(bool: flag)
            case .strings(let texts):
                let mark = beginArray()
                for text in texts { append(string: text) }
                end(mark)
            case .none: appendNone()
            }
        }
        end(mark)
        append(varint: 0)
    }
}
