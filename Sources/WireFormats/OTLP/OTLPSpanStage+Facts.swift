internal import TraceModel

/// Facts of the span at hand that are no fields; nil where OTLP's own places count.
struct OTLPStagedFacts {
    var source: SpanSource?
    var isShared = false
    var isDebug = false
    var isError: Bool?
    var isOrdered: Bool?
    /// Number of an interned string.
    var serviceName: UInt32?
    var hasResource: Bool?
    var start: Int64?
    /// `SpanBatch.absentTime` for a span without one.
    var duration: Int64?
    /// The span has no end, whatever its times are.
    var hasNoEnd = false
}

extension OTLPSpanStage {
    /// - Returns: false if the attribute is no fact, or has a type that the fact has not.
    @inline(never)
    mutating func takeFact(
        _ key: UnsafeRawBufferPointer, _ value: SpanValue, _ builder: inout SpanBatchBuilder
    ) -> Bool {
        guard let fact = OTLPFact(key: key) else { return false }
        switch (fact, value) {
        case (.source, .string(let name)):
            guard name.equals("zipkin") || name.equals("jaeger") else { return false }
            facts.source = name.equals("zipkin") ? .zipkin : .jaeger
        case (.shared, .bool(let flag)): facts.isShared = flag
        case (.debug, .bool(let flag)): facts.isDebug = flag
        case (.error, .bool(let flag)): facts.isError = flag
        case (.ordered, .bool(let flag)): facts.isOrdered = flag
        case (.service, .string(let name)): facts.serviceName = builder.intern(text.clean(name))
        case (.resource, .bool(let flag)): facts.hasResource = flag
        case (.start, .int(let time)): facts.start = time
        case (.duration, .int(let time)): facts.duration = time
        case (.duration, .none): facts.duration = SpanBatch.absentTime
        case (.field(.end), .none): facts.hasNoEnd = true
        case (.field(let field), _): return takeField(field, value, &builder)
        default: return false
        }
        return true
    }

    private mutating func takeField(
        _ field: SpanField, _ value: SpanValue, _ builder: inout SpanBatchBuilder
    ) -> Bool {
        switch (field.valueType, value) {
        case (.int, .int(let number)): setField(field, int: number)
        case (.string, .string(let string)): setField(field, reference: builder.intern(text.clean(string)))
        case (.bytes, .bytes(let bytes)): setField(field, reference: builder.intern(text.cut(bytes: bytes)))
        case (.bytes, .string(let string)):
            switch IPAddress(string) {
            case .v4(let address): setField(field, reference: builder.intern(bigEndian: address))
            case .v6(let high, let low): setField(field, reference: builder.intern(high: high, low: low))
            case nil: return false
            }
        default: return false
        }
        return true
    }

    /// Facts outdo what OTLP's own places say.
    @inline(never)
    mutating func applyFacts(to builder: inout SpanBatchBuilder) {
        let source = facts.source ?? .otlp
        builder.traits.source = source
        builder.traits.isShared = facts.isShared
        builder.traits.isDebug = facts.isDebug
        if let flag = facts.isError { builder.traits.isError = flag }
        builder.traits.hasOrderedAttributes = facts.isOrdered ?? (source != .zipkin)
        if let number = facts.serviceName { builder.serviceName = number }
        if let time = facts.start { builder.start = time }
        if let time = facts.duration { builder.duration = time }
        if facts.hasNoEnd { removeField(.end) }
        if !(facts.hasResource ?? (source != .zipkin)) { removeField(.resource) }
    }
}
