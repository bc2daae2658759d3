/// OTLP in protobuf's JSON: names in lowerCamelCase, IDs in hex, 64-bit numbers as strings.
enum OTLPJSONLayout {
    static func pieces(_ shape: SpanShape) -> [Piece] {
        var fields: [(key: String, value: [Piece])] = [
            ("traceId", JSONPieces.string(.traceID)), ("spanId", JSONPieces.string(.spanID)),
        ]
        if shape.hasParent { fields.append(("parentSpanId", JSONPieces.string(.parentID))) }
        fields += [
            ("name", JSONPieces.string(shape.operation)), ("kind", [.text("\(shape.otlpKind)")]),
            ("startTimeUnixNano", nanoseconds(.timestamp)), ("endTimeUnixNano", nanoseconds(.endTimestamp)),
            ("attributes", attributes(shape.otlpAttributes)),
        ]
        if let event = shape.event {
            var members = [
                (key: "timeUnixNano", value: nanoseconds(.eventTimestamp)),
                (key: "name", value: JSONPieces.string(event.name)),
            ]
            if !event.attributes.isEmpty { members.append(("attributes", attributes(event.attributes))) }
            fields.append(("events", JSONPieces.list([JSONPieces.object(members)])))
        }
        if let failure = shape.failure {
            var members: [(key: String, value: [Piece])] = [("code", [.text("2")])]
            if !failure.isEmpty { members.append(("message", JSONPieces.string(failure))) }
            fields.append(("status", JSONPieces.object(members)))
        }
        return JSONPieces.object(fields)
    }

    /// An object of the type `Resource`.
    static func resource(_ shape: ResourceShape) -> [UInt8] {
        let tags = shape.tags + [(key: "service.name", value: shape.service)]
        let object = JSONPieces.object([("attributes", attributes(tags.map { SpanShape.Tag($0.key, $0.value) }))])
        return Piece.constant(object) ?? []
    }

    /// An object of the type `InstrumentationScope`.
    static func scope(_ shape: ScopeShape) -> [UInt8] {
        let object = JSONPieces.object([
            ("name", JSONPieces.string(shape.name)), ("version", JSONPieces.string(shape.version)),
        ])
        return Piece.constant(object) ?? []
    }

    private static func nanoseconds(_ slot: Slot) -> [Piece] { JSONPieces.string([.slot(slot), .text("000")]) }

    private static func attributes(_ tags: [SpanShape.Tag]) -> [Piece] {
        JSONPieces.list(
            tags.map { tag in
                let type = tag.type == .integer ? "intValue" : "stringValue"
                return JSONPieces.object([
                    ("key", JSONPieces.string(tag.key)),
                    ("value", JSONPieces.object([(type, JSONPieces.string(tag.value))])),
                ])
            })
    }
}
