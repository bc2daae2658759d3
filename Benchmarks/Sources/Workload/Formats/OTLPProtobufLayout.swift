/// Spans as fields of `opentelemetry.proto.trace.v1.ScopeSpans`, and what stands around them.
enum OTLPProtobufLayout {
    /// The field `spans` of a scope's spans.
    static func pieces(_ shape: SpanShape) -> [Piece] {
        var span = ProtobufPieces.field(
            1, [.slot(.traceIDHigh, .bigEndian64), .slot(.traceIDLow, .bigEndian64)])
        span += ProtobufPieces.field(2, [.slot(.spanID, .bigEndian64)])
        if shape.hasParent { span += ProtobufPieces.field(4, [.slot(.parentID, .bigEndian64)]) }
        span += ProtobufPieces.field(5, shape.operation)
        span += ProtobufPieces.field(6, constant: shape.otlpKind)
        span += ProtobufPieces.fixed64(7, .timestamp, .nanoseconds64)
        span += ProtobufPieces.fixed64(8, .endTimestamp, .nanoseconds64)
        for tag in shape.otlpAttributes { span += attribute(9, tag) }
        if let event = shape.event {
            var content = ProtobufPieces.fixed64(1, .eventTimestamp, .nanoseconds64)
            content += ProtobufPieces.field(2, event.name)
            for tag in event.attributes { content += attribute(3, tag) }
            span += ProtobufPieces.field(11, content)
        }
        if let failure = shape.failure {
            let message = failure.isEmpty ? [] : ProtobufPieces.field(2, failure)
            span += ProtobufPieces.field(15, message + ProtobufPieces.field(3, constant: 2))
        }
        return ProtobufPieces.field(2, span, .varint2)
    }

    /// The field `resource` of a resource's spans.
    static func resource(_ shape: ResourceShape) -> [UInt8] {
        let tags = shape.tags + [(key: "service.name", value: shape.service)]
        let content = tags.flatMap { attribute(1, SpanShape.Tag($0.key, $0.value)) }
        return Piece.constant(ProtobufPieces.field(1, content)) ?? []
    }

    /// The field `scope` of a scope's spans.
    static func scope(_ shape: ScopeShape) -> [UInt8] {
        let content = ProtobufPieces.field(1, shape.name) + ProtobufPieces.field(2, shape.version)
        return Piece.constant(ProtobufPieces.field(1, content)) ?? []
    }

    private static func attribute(_ number: Int, _ tag: SpanShape.Tag) -> [Piece] {
        let value =
            switch (tag.type, tag.value.first) {
            case (.integer, .slot(let slot, _)): ProtobufPieces.varint(3, slot)
            default: ProtobufPieces.field(1, tag.value)
            }
        return ProtobufPieces.field(number, ProtobufPieces.field(1, tag.key) + ProtobufPieces.field(2, value))
    }
}

extension SpanShape {
    /// The number of the kind in OTLP; what has no kind is internal.
    var otlpKind: Int {
        switch kind {
        case "SERVER": 2
        case "CLIENT": 3
        case "PRODUCER": 4
        case "CONSUMER": 5
        default: 1
        }
    }

    /// The attributes of the span itself: what the process, the scope and the status say stands there.
    var otlpAttributes: [Tag] {
        var attributes = tags.filter { $0.place == .span && $0.key != "otel.status_code" }
        // A message says more than the tag made of it.
        if failure?.isEmpty == false { attributes.removeAll { $0.key == "error" } }
        guard let remote else { return attributes }
        return attributes + [Tag("peer.service", remote.serviceName)]
    }
}
