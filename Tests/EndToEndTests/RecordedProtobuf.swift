import TestSupport

/// Reads the spans of recorded protobuf bodies for comparison, with nothing of the program's own decoders.
struct RecordedProtobuf {
    /// Where times stand in a message: by field number.
    indirect enum Times {
        case time
        case message([UInt64: Times])

        static let zipkin = message([1: .message([6: .time, 10: .message([1: .time])])])
        static let otlp = message([1: .message([2: .message([2: .message([7: .time, 8: .time])])])])
    }

    private enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)

        var number: UInt64 {
            switch self {
            case .varint(let number), .fixed64(let number): number
            case .bytes: 0
            }
        }

        var bytes: ArraySlice<UInt8> {
            if case .bytes(let bytes) = self { bytes } else { [] }
        }

        /// Bytes that are not UTF-8 are replaced.
        var text: String { String(decoding: bytes, as: UTF8.self) }
        var hex: String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    }

    private typealias Fields = [(number: UInt64, value: Value, start: Int)]

    private static func fields(_ message: ArraySlice<UInt8>) throws -> Fields {
        var rest = message
        func varint() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst(), shift < 64 {
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw TestSupportError("a varint without an end")
        }
        func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
            guard count <= UInt64(rest.count) else { throw TestSupportError("a field is cut short") }
            defer { rest = rest.dropFirst(Int(count)) }
            return rest.prefix(Int(count))
        }
        var fields: Fields = []
        while !rest.isEmpty {
            let key = try varint()
            let start = rest.startIndex
            switch key & 7 {
            case 0: fields.append((key >> 3, .varint(try varint()), start))
            case 1:
                let value = try take(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                fields.append((key >> 3, .fixed64(value), start))
            case 2: fields.append((key >> 3, .bytes(try take(try varint())), start))
            case 5: _ = try take(4)
            default: throw TestSupportError("wire type \(key & 7)")
            }
        }
        return fields
    }

    /// The messages, or bytes, that stand under one field number.
    static func messages(in message: [UInt8], field number: UInt64) throws -> [[UInt8]] {
        try fields(message[...]).filter { $0.number == number }.map { Array($0.value.bytes) }
    }

    /// The field as it stands in a message.
    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var bytes = [number << 3 | 2]
        var length = content.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        return bytes + [UInt8(length)] + content
    }

    /// A body for each span of a body, with what stands above the span.
    static func singleSpans(_ body: [UInt8], _ form: RecordedTraffic.Form) throws -> [[UInt8]] {
        let groups = try messages(in: body, field: 1)
        if form == .zipkinProtobuf { return groups.map { field(1, $0) } }
        var bodies: [[UInt8]] = []
        for group in groups {
            let resource = try messages(in: group, field: 1).flatMap { field(1, $0) }
            for scoped in try messages(in: group, field: 2) {
                let scope = try messages(in: scoped, field: 1).flatMap { field(1, $0) }
                for span in try messages(in: scoped, field: 2) {
                    bodies.append(field(1, resource + field(2, scope + field(2, span))))
                }
            }
        }
        return bodies
    }

    /// Empty where there is no such field.
    private static func text(_ fields: Fields, _ number: UInt64) -> String {
        for field in fields where field.number == number { return field.value.text }
        return ""
    }

    /// The same body with `shift` added to every time.
    static func shifted(_ body: [UInt8], _ times: Times, by shift: Int64) throws -> [UInt8] {
        var result = body
        func walk(_ message: ArraySlice<UInt8>, _ times: [UInt64: Times]) throws {
            for field in try fields(message) {
                switch (times[field.number], field.value) {
                case (.time, .fixed64(let time)):
                    let moved = time &+ UInt64(bitPattern: shift)
                    for index in 0..<8 {
                        result[field.start + index] = UInt8(truncatingIfNeeded: moved >> (8 * UInt64(index)))
                    }
                case (.message(let inner), .bytes(let bytes)): try walk(bytes, inner)
                default: break
                }
            }
        }
        if case .message(let outer) = times { try walk(body[...], outer) }
        return result
    }

    // MARK: Zipkin

    static func zipkinSpans(_ body: [UInt8]) throws -> [ZipkinSpan] {
        try fields(body[...]).filter { $0.number == 1 }.map { try zipkinSpan(fields($0.value.bytes)) }
    }

    private static func zipkinSpan(_ fields: Fields) throws -> ZipkinSpan {
        var span = ZipkinSpan(traceId: "", id: "", annotations: [], tags: [:])
        let kinds: [UInt64: String] = [1: "CLIENT", 2: "SERVER", 3: "PRODUCER", 4: "CONSUMER"]
        for (number, value, _) in fields {
            switch number {
            case 1: span.traceId = value.hex
            case 2: span.parentId = value.hex
            case 3: span.id = value.hex
            case 4: span.kind = kinds[value.number]
            case 5: span.name = value.text
            case 6: span.timestamp = Int64(value.number)
            case 7: span.duration = Int64(value.number)
            case 8: span.localEndpoint = try endpoint(value.bytes)
            case 9: span.remoteEndpoint = try endpoint(value.bytes)
            case 10:
                let parts = try self.fields(value.bytes)
                span.annotations?.append(
                    ZipkinSpan.Annotation(
                        timestamp: Int64(parts.first { $0.number == 1 }?.value.number ?? 0),
                        value: text(parts, 2)))
            case 11:
                let parts = try self.fields(value.bytes)
                span.tags?[text(parts, 1)] = text(parts, 2)
            case 12: span.debug = value.number != 0 ? true : nil
            case 13: span.shared = value.number != 0 ? true : nil
            default: break
            }
        }
        return span
    }

    private static func endpoint(_ message: ArraySlice<UInt8>) throws -> ZipkinSpan.Endpoint {
        var endpoint = ZipkinSpan.Endpoint()
        for (number, value, _) in try fields(message) {
            switch number {
            case 1: endpoint.serviceName = value.text
            case 2: endpoint.ipv4 = value.bytes.map { String($0) }.joined(separator: ".")
            case 4: endpoint.port = Int(value.number)
            default: break
            }
        }
        return endpoint
    }

    // MARK: OTLP

    /// As Zipkin's API tells spans of OTLP; attributes that are text only, as Envoy's are.
    static func otlpSpans(_ body: [UInt8]) throws -> [ZipkinSpan] {
        var spans: [ZipkinSpan] = []
        for group in try fields(body[...]) where group.number == 1 {
            let parts = try fields(group.value.bytes)
            let resource = try parts.first { $0.number == 1 }.map { try attributes(fields($0.value.bytes), 1) }
            let endpoint = ZipkinSpan.Endpoint(serviceName: resource?["service.name"])
            for scoped in parts where scoped.number == 2 {
                for span in try fields(scoped.value.bytes) where span.number == 2 {
                    spans.append(try otlpSpan(fields(span.value.bytes), endpoint))
                }
            }
        }
        return spans
    }

    private static func otlpSpan(_ fields: Fields, _ endpoint: ZipkinSpan.Endpoint) throws -> ZipkinSpan {
        var span = ZipkinSpan(traceId: "", id: "", localEndpoint: endpoint, tags: try attributes(fields, 9))
        let kinds: [UInt64: String] = [2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"]
        var (start, end) = (Int64(0), Int64(0))
        for (number, value, _) in fields {
            switch number {
            case 1: span.traceId = value.hex
            case 2: span.id = value.hex
            case 4: span.parentId = value.bytes.isEmpty ? nil : value.hex
            case 5: span.name = value.text
            case 6: span.kind = kinds[value.number]
            case 7: start = Int64(value.number)
            case 8: end = Int64(value.number)
            case 15:
                let code = try self.fields(value.bytes).first { $0.number == 3 }?.value.number ?? 0
                if code != 0 { span.tags?["otel.status_code"] = code == 2 ? "ERROR" : "OK" }
                if code == 2, span.tags?["error"] == nil { span.tags?["error"] = "" }
            default: break
            }
        }
        span.timestamp = start / 1_000
        span.duration = end > start ? max((end - start) / 1_000, 1) : nil
        return span
    }

    private static func attributes(_ fields: Fields, _ number: UInt64) throws -> [String: String] {
        var attributes: [String: String] = [:]
        for field in fields where field.number == number {
            let parts = try self.fields(field.value.bytes)
            let value = try parts.first { $0.number == 2 }.map { try self.fields($0.value.bytes) } ?? []
            attributes[text(parts, 1)] = text(value, 1)
        }
        return attributes
    }
}
