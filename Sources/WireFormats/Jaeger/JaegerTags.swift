internal import Bytes
internal import TraceModel

/// The tags of a span as Jaeger shows them: its attributes, and what other models keep in fields of their own.
enum JaegerTags {
    /// Writes the tags, separated by commas.
    static func append(_ span: SpanView, to writer: inout ByteWriter) {
        var tags = TagWriter()
        let isError = span.traits.isError || span.traits.statusCode == .error
        span.forEachAttribute { key, value in
            // `error` = "true" is said below, as a boolean.
            if isError, isErrorKey(key), case .string(let text) = value, text.elementsEqual("true".utf8) { return }
            tags.append(key, value, to: &writer)
        }
        if let kind = span.traits.kind.jaegerName { tags.append("span.kind", text: kind, to: &writer) }
        if isError {
            tags.append("otel.status_code", text: "ERROR", to: &writer)
            if case .string(let message) = span.value(of: .statusMessage) {
                tags.append("otel.status_description", .string(message), to: &writer)
            }
            tags.append("error", .bool(true), to: &writer)
        } else if span.traits.statusCode == .ok {
            tags.append("otel.status_code", text: "OK", to: &writer)
        }
        if let name = span.remoteServiceName { tags.append("peer.service", .string(name), to: &writer) }
        tags.append("peer.ipv4", address: span.value(of: .remoteIPv4), to: &writer)
        tags.append("peer.ipv6", address: span.value(of: .remoteIPv6), to: &writer)
        if case .int(let port) = span.value(of: .remotePort) { tags.append("peer.port", .int(port), to: &writer) }
        if case .string(let state) = span.value(of: .traceState) {
            tags.append("w3c.tracestate", .string(state), to: &writer)
        }
    }

    private static func isErrorKey(_ key: UnsafeRawBufferPointer) -> Bool { key.elementsEqual("error".utf8) }
}

private struct TagWriter {
    private var isFirst = true

    /// Integers beyond this are text: JavaScript cannot hold them.
    private static let safeInteger: Int64 = 1 << 53

    mutating func append(_ key: StaticString, _ value: SpanValue, to writer: inout ByteWriter) {
        append(UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), value, to: &writer)
    }

    mutating func append(_ key: StaticString, text: String, to writer: inout ByteWriter) {
        var text = text
        text.withUTF8 { append(key, .string(UnsafeRawBufferPointer($0)), to: &writer) }
    }

    mutating func append(_ key: StaticString, address value: SpanValue, to writer: inout ByteWriter) {
        guard case .bytes(let bytes) = value, let address = IPAddress(networkOrder: bytes) else { return }
        var text = ByteWriter()
        address.append(to: &text)
        text.bytes.withUnsafeBytes { append(key, .string($0), to: &writer) }
    }

    mutating func append(_ key: UnsafeRawBufferPointer, _ value: SpanValue, to writer: inout ByteWriter) {
        if case .array = value { return }
        if case .map = value { return }
        if !isFirst { writer.write(",") }
        isFirst = false
        writer.write("{\"key\":")
        writer.writeJSONString(key)
        switch value {
        case .string(let text):
            writer.write(",\"type\":\"string\",\"value\":")
            writer.writeJSONString(text)
        case .bytes(let bytes):
            writer.write(",\"type\":\"binary\",\"value\":\"")
            writer.writeBase64(bytes)
            writer.write("\"")
        case .bool(let flag):
            writer.write(",\"type\":\"bool\",\"value\":")
            writer.write(flag ? "true" : "false")
        case .int(let number):
            writer.write(",\"type\":\"int64\",\"value\":")
            let isSafe = number >= -Self.safeInteger && number <= Self.safeInteger
            if !isSafe { writer.write("\"") }
            writer.writeDecimal(number)
            if !isSafe { writer.write("\"") }
        case .double(let number):
            writer.write(",\"type\":\"float64\",\"value\":")
            writer.write(Array((number.isFinite ? "\(number)" : "\"\(number)\"").utf8))
        case .array, .map, .none:
            writer.write(",\"type\":\"string\",\"value\":\"\"")
        }
        writer.write("}")
    }
}
