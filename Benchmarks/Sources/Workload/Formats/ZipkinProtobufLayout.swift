/// Spans as fields of `zipkin.proto3.ListOfSpans`.
enum ZipkinProtobufLayout {
    /// The field `spans` of the list.
    static func pieces(_ shape: SpanShape) -> [Piece] {
        var span = ProtobufPieces.field(
            1, [.slot(.traceIDHigh, .bigEndian64), .slot(.traceIDLow, .bigEndian64)])
        if shape.hasParent { span += ProtobufPieces.field(2, [.slot(.parentID, .bigEndian64)]) }
        span += ProtobufPieces.field(3, [.slot(.spanID, .bigEndian64)])
        if let kind = shape.kind { span += ProtobufPieces.field(4, constant: number(ofKind: kind)) }
        span += ProtobufPieces.field(5, shape.operation)
        span += ProtobufPieces.fixed64(6, .timestamp)
        span += ProtobufPieces.varint(7, .duration)
        span += ProtobufPieces.field(
            8, ProtobufPieces.field(1, shape.service) + ProtobufPieces.field(2, [.slot(.addressBytes)]))
        if let remote = shape.remote {
            span += ProtobufPieces.field(
                9, ProtobufPieces.field(1, remote.serviceName) + ProtobufPieces.field(4, constant: remote.port))
        }
        if let event = shape.event {
            span += ProtobufPieces.field(
                10, ProtobufPieces.fixed64(1, .eventTimestamp) + ProtobufPieces.field(2, event.text))
        }
        for tag in shape.tags {
            span += ProtobufPieces.field(11, ProtobufPieces.field(1, tag.key) + ProtobufPieces.field(2, tag.value))
        }
        return ProtobufPieces.field(1, span, .varint2)
    }

    private static func number(ofKind kind: String) -> Int {
        switch kind {
        case "CLIENT": 1
        case "SERVER": 2
        case "PRODUCER": 3
        default: 4
        }
    }
}
