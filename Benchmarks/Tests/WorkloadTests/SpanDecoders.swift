import Foundation

/// A span as any format tells it.
struct DecodedSpan: Equatable {
    var traceID = ""
    var id = ""
    var parentID = ""
    var name = ""
    var kind = ""
    var service = ""
    /// Microseconds.
    var start: Int64 = 0
    var duration: Int64 = 0
    var eventTimes: [Int64] = []
    /// Of the span, its scope, and its process.
    var tags: [String: String] = [:]
    var isError = false
}

/// Fields of a protobuf message, read by a loop of its own.
struct ProtobufFields {
    struct Field {
        let number: Int
        let value: UInt64
        let bytes: [UInt8]
    }

    private(set) var all: [Field] = []

    init(_ message: [UInt8]) throws {
        var position = 0
        func varint() throws -> UInt64 {
            var (value, shift): (UInt64, UInt64) = (0, 0)
            while position < message.count, shift < 64 {
                let byte = message[position]
                position += 1
                value |= UInt64(byte & 127) << shift
                if byte < 128 {
                    // The shortest form, as every sender writes it.
                    if byte == 0 && shift > 0 { throw DecodingFailure("a padded number") }
                    return value
                }
                shift += 7
            }
            throw DecodingFailure("a cut number")
        }
        func take(_ count: Int) throws -> [UInt8] {
            guard message.count - position >= count else { throw DecodingFailure("a cut field") }
            defer { position += count }
            return Array(message[position..<(position + count)])
        }
        while position < message.count {
            let key = try varint()
            let number = Int(key >> 3)
            switch key & 7 {
            case 0: all.append(Field(number: number, value: try varint(), bytes: []))
            case 1:
                let bytes = try take(8)
                let value = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                all.append(Field(number: number, value: value, bytes: bytes))
            case 2: all.append(Field(number: number, value: 0, bytes: try take(Int(try varint()))))
            default: throw DecodingFailure("wire type \(key & 7)")
            }
        }
    }

    func messages(_ number: Int) throws -> [ProtobufFields] {
        try all.filter { $0.number == number }.map { try ProtobufFields($0.bytes) }
    }

    func bytes(_ number: Int) -> [UInt8] { all.last { $0.number == number }?.bytes ?? [] }
    func text(_ number: Int) -> String { String(decoding: bytes(number), as: UTF8.self) }
    func hex(_ number: Int) -> String { bytes(number).map { String(format: "%02x", $0) }.joined() }
    func number(_ number: Int) -> Int64 {
        Int64(bitPattern: all.last { $0.number == number }?.value ?? 0)
    }
}

struct DecodingFailure: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

enum SpanDecoders {
    static func zipkinProtobuf(_ body: [UInt8]) throws -> [DecodedSpan] {
        try ProtobufFields(body).messages(1).map { span in
            var result = DecodedSpan(
                traceID: span.hex(1), id: span.hex(3), parentID: span.hex(2), name: span.text(5),
                kind: ["", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"][Int(span.number(4))],
                service: try span.messages(8)[0].text(1), start: span.number(6), duration: span.number(7))
            result.eventTimes = try span.messages(10).map { $0.number(1) }
            for tag in try span.messages(11) { result.tags[tag.text(1)] = tag.text(2) }
            result.isError = result.tags["error"] != nil
            return result
        }
    }

    static func otlpProtobuf(_ body: [UInt8]) throws -> [DecodedSpan] {
        let resources = try ProtobufFields(body).messages(1)
        guard resources.count == 1 else { throw DecodingFailure("\(resources.count) resources") }
        func attributes(_ message: ProtobufFields, _ number: Int) throws -> [String: String] {
            var tags: [String: String] = [:]
            for attribute in try message.messages(number) {
                let value = try attribute.messages(2)[0]
                tags[attribute.text(1)] = value.all[0].number == 3 ? String(value.number(3)) : value.text(1)
            }
            return tags
        }
        let resource = try attributes(try resources[0].messages(1)[0], 1)
        return try resources[0].messages(2).flatMap { group in
            let scope = try group.messages(1)[0]
            return try group.messages(2).map { span in
                var result = DecodedSpan(
                    traceID: span.hex(1), id: span.hex(2), parentID: span.hex(4), name: span.text(5),
                    kind: otlpKind(Int(span.number(6))), service: resource["service.name"] ?? "",
                    start: span.number(7) / 1_000, duration: (span.number(8) - span.number(7)) / 1_000)
                result.tags = try attributes(span, 9).merging(resource) { first, _ in first }
                result.tags["otel.scope.name"] = scope.text(1)
                result.tags["otel.scope.version"] = scope.text(2)
                result.eventTimes = try span.messages(11).map { $0.number(1) / 1_000 }
                if let status = try span.messages(15).first {
                    result.isError = status.number(3) == 2
                    if !status.text(2).isEmpty { result.tags["error"] = status.text(2) }
                    result.tags["otel.status_code"] = "ERROR"
                }
                return result
            }
        }
    }

    static func otlpKind(_ number: Int) -> String { ["?", "", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"][number] }

    static func otlpJSON(_ body: [UInt8]) throws -> [DecodedSpan] {
        typealias Object = [String: Any]
        func attributes(_ object: Object) -> [String: String] {
            var tags: [String: String] = [:]
            for attribute in object["attributes"] as? [Object] ?? [] {
                let value = attribute["value"] as? Object ?? [:]
                tags[attribute["key"] as? String ?? "?"] =
                    value["stringValue"] as? String ?? value["intValue"] as? String ?? "?"
            }
            return tags
        }
        func microseconds(_ value: Any?) -> Int64 { (Int64(value as? String ?? "") ?? -1) / 1_000 }
        let request = try JSONSerialization.jsonObject(with: Data(body)) as? Object ?? [:]
        guard let resources = request["resourceSpans"] as? [Object], resources.count == 1 else {
            throw DecodingFailure("not one resource")
        }
        let resource = attributes(resources[0]["resource"] as? Object ?? [:])
        return (resources[0]["scopeSpans"] as? [Object] ?? []).flatMap { group in
            let scope = group["scope"] as? Object ?? [:]
            return (group["spans"] as? [Object] ?? []).map { span in
                let start = microseconds(span["startTimeUnixNano"])
                var result = DecodedSpan(
                    traceID: span["traceId"] as? String ?? "", id: span["spanId"] as? String ?? "",
                    parentID: span["parentSpanId"] as? String ?? "", name: span["name"] as? String ?? "",
                    kind: otlpKind(span["kind"] as? Int ?? 0), service: resource["service.name"] ?? "", start: start,
                    duration: microseconds(span["endTimeUnixNano"]) - start)
                result.tags = attributes(span).merging(resource) { first, _ in first }
                result.tags["otel.scope.name"] = scope["name"] as? String
                result.tags["otel.scope.version"] = scope["version"] as? String
                result.eventTimes = (span["events"] as? [Object] ?? []).map { microseconds($0["timeUnixNano"]) }
                if let status = span["status"] as? Object {
                    result.isError = status["code"] as? Int == 2
                    if let message = status["message"] as? String { result.tags["error"] = message }
                    result.tags["otel.status_code"] = "ERROR"
                }
                return result
            }
        }
    }

    static func jaegerThrift(_ body: [UInt8]) throws -> [DecodedSpan] {
        var reader = ThriftStruct.Reader(bytes: body)
        let batch = try reader.structure()
        guard reader.position == body.count else { throw DecodingFailure("bytes after the batch") }
        func hex(_ value: Int64?) -> String { String(format: "%016llx", UInt64(bitPattern: value ?? 0)) }
        func tags(_ list: [ThriftStruct]) -> [String: String] {
            var tags: [String: String] = [:]
            for tag in list {
                tags[tag.text(1)] =
                    switch tag.numbers[2] {
                    case 0: tag.text(3)
                    case 2: tag.numbers[5] == 1 ? "true" : "false"
                    default: String(tag.numbers[6] ?? -1)
                    }
            }
            return tags
        }
        let process = batch.structures[1]?.first ?? ThriftStruct()
        let processTags = tags(process.structures[2] ?? [])
        return (batch.structures[2] ?? []).map { span in
            var result = DecodedSpan(
                traceID: hex(span.numbers[2]) + hex(span.numbers[1]), id: hex(span.numbers[3]),
                parentID: span.numbers[4] == 0 ? "" : hex(span.numbers[4]), name: span.text(5), kind: "",
                service: process.text(1), start: span.numbers[8] ?? 0, duration: span.numbers[9] ?? 0)
            result.tags = tags(span.structures[10] ?? []).merging(processTags) { first, _ in first }
            result.kind = result.tags["span.kind"]?.uppercased() ?? ""
            result.eventTimes = (span.structures[11] ?? []).map { $0.numbers[1] ?? 0 }
            result.isError = result.tags["error"] == "true"
            return result
        }
    }
}

/// A struct of Thrift's binary protocol: its fields by number.
struct ThriftStruct {
    var numbers: [Int: Int64] = [:]
    var strings: [Int: [UInt8]] = [:]
    /// Lists of structs, and single ones.
    var structures: [Int: [ThriftStruct]] = [:]

    func text(_ number: Int) -> String { String(decoding: strings[number] ?? [], as: UTF8.self) }

    struct Reader {
        let bytes: [UInt8]
        var position = 0

        private mutating func integer(_ count: Int) throws -> Int64 {
            guard bytes.count - position >= count else { throw DecodingFailure("cut short") }
            defer { position += count }
            let bits = bytes[position..<(position + count)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let unused = UInt64(64 - count * 8)
            return Int64(bitPattern: bits << unused) >> Int64(unused)
        }

        mutating func structure() throws -> ThriftStruct {
            var result = ThriftStruct()
            while true {
                let type = try integer(1)
                if type == 0 { return result }
                let number = Int(try integer(2))
                switch type {
                case 2: result.numbers[number] = try integer(1)
                case 8: result.numbers[number] = try integer(4)
                case 10: result.numbers[number] = try integer(8)
                case 11:
                    let count = Int(try integer(4))
                    guard count >= 0, bytes.count - position >= count else { throw DecodingFailure("cut short") }
                    result.strings[number] = Array(bytes[position..<(position + count)])
                    position += count
                case 12: result.structures[number] = [try structure()]
                case 15:
                    guard try integer(1) == 12 else { throw DecodingFailure("a list of something else") }
                    let count = try integer(4)
                    result.structures[number] = try (0..<count).map { _ in try structure() }
                default: throw DecodingFailure("type \(type)")
                }
            }
        }
    }
}
