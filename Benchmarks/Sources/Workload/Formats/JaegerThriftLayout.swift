/// Spans as elements of the list in `jaeger.thrift`'s `Batch`, and what stands around them, in Thrift's binary
/// protocol.
enum JaegerThriftLayout {
    private enum FieldType: UInt8 {
        case bool = 2
        case int32 = 8
        case int64 = 10
        case string = 11
        case structure = 12
        case list = 15
    }

    /// `TagType` of the model.
    private enum TagType: Int32 {
        case string = 0
        case bool = 2
        case int64 = 3
    }

    private static let stop: [Piece] = [.bytes([0])]

    static func pieces(_ shape: SpanShape) -> [Piece] {
        var span = int64(1, .traceIDLow) + int64(2, .traceIDHigh) + int64(3, .spanID)
        span += shape.hasParent ? int64(4, .parentID) : field(.int64, 4, [UInt8](repeating: 0, count: 8))
        span += string(5, [.text(shape.operation)])
        span += field(.int32, 7, bytes(1))
        span += int64(8, .timestamp) + int64(9, .duration)
        span += list(10, tags(shape))
        if let event = shape.event {
            let log =
                int64(1, .eventTimestamp)
                + list(2, [tag(SpanShape.Tag("event", event.name))] + event.attributes.map(tag))
            span += list(11, [log + stop])
        }
        return span + stop
    }

    /// The first field of a batch, and the head of its list of spans.
    static func head(_ process: [UInt8], spanCount: Int) -> [UInt8] {
        process + [FieldType.list.rawValue] + [0, 2] + [FieldType.structure.rawValue] + bytes(Int32(spanCount))
    }

    /// The field `process` of a batch.
    static func process(_ shape: ResourceShape) -> [UInt8] {
        let all = shape.tags + [(key: "ip", value: shape.address)]
        let content = string(1, [.text(shape.service)]) + list(2, all.map { tag(SpanShape.Tag($0.key, $0.value)) })
        return [FieldType.structure.rawValue, 0, 1] + (Piece.constant(content + stop) ?? [])
    }

    private static func tags(_ shape: SpanShape) -> [[Piece]] {
        var tags: [[Piece]] = []
        if let kind = shape.kind { tags.append(tag(SpanShape.Tag("span.kind", kind.lowercased()))) }
        for attribute in shape.tags where attribute.place != .resource {
            tags.append(attribute.key == "error" ? error : tag(attribute))
        }
        if let message = shape.failure, !message.isEmpty {
            tags.append(tag(SpanShape.Tag("otel.status_description", message)))
        }
        if let remote = shape.remote { tags.append(tag(SpanShape.Tag("peer.service", remote.serviceName))) }
        return tags
    }

    private static func tag(_ tag: SpanShape.Tag) -> [Piece] {
        let key = string(1, [.text(tag.key)])
        if tag.type == .integer, case .slot(let slot, _) = tag.value.first {
            return key + field(.int32, 2, bytes(TagType.int64.rawValue)) + int64(6, slot) + stop
        }
        return key + field(.int32, 2, bytes(TagType.string.rawValue)) + string(3, tag.value) + stop
    }

    /// The tag that says that a span has failed.
    private static var error: [Piece] {
        string(1, [.text("error")]) + field(.int32, 2, bytes(TagType.bool.rawValue)) + field(.bool, 5, [1]) + stop
    }

    private static func field(_ type: FieldType, _ number: UInt8, _ content: [UInt8]) -> [Piece] {
        [.bytes([type.rawValue, 0, number] + content)]
    }

    private static func int64(_ number: UInt8, _ slot: Slot) -> [Piece] {
        field(.int64, number, []) + [.slot(slot, .bigEndian64)]
    }

    private static func string(_ number: UInt8, _ content: [Piece]) -> [Piece] {
        if let constant = Piece.constant(content) {
            return field(.string, number, bytes(Int32(constant.count)) + constant)
        }
        return field(.string, number, []) + [.open(.int32)] + content + [.close]
    }

    private static func list(_ number: UInt8, _ elements: [[Piece]]) -> [Piece] {
        let head = [FieldType.structure.rawValue] + bytes(Int32(elements.count))
        return field(.list, number, head) + elements.flatMap { $0 }
    }

    private static func bytes(_ value: Int32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
