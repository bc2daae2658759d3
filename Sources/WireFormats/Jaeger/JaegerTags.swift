internal import Bytes
internal import TraceModel

/// The tags of a span as Jaeger shows them: its attributes, and what other models keep in fields of their own.
enum JaegerTags {
    /// Writes the tags, separated by commas. A key of the span's own attributes is not written again.
    static func append(_ span: SpanView, to writer: inout ByteWriter) {
        var tags = JaegerTagWriter()
        var ownKeys = OwnKeys()
        let traits = span.traits
        var isError = traits.statusCode == .error
        span.forEachAttribute { key, value in
            // Of Zipkin's errors Jaeger knows only this one; others stay the text that they are.
            if traits.source == .zipkin, key.equals("error"), case .string(let text) = value, text.equals("true") {
                isError = true
                return
            }
            ownKeys.note(key)
            tags.append(key, value, to: &writer)
        }
        func append(_ key: DerivedKey, _ value: SpanValue) {
            if !ownKeys.has(key) { tags.append(key.text, value, to: &writer) }
        }
        func append(_ key: DerivedKey, text: StaticString) {
            append(key, .string(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)))
        }
        func append(_ key: DerivedKey, address value: SpanValue) {
            guard case .bytes(let bytes) = value, let address = IPAddress(networkOrder: bytes) else { return }
            var text = ByteWriter()
            address.append(to: &text)
            text.bytes.withUnsafeBytes { append(key, .string($0)) }
        }
        if var kind = traits.kind.jaegerName { kind.withUTF8 { append(.kind, .string(UnsafeRawBufferPointer($0))) } }
        if isError {
            append(.statusCode, text: "ERROR")
            append(.error, .bool(true))
        } else if traits.statusCode == .ok {
            append(.statusCode, text: "OK")
        }
        if case .string(let message) = span.value(of: .statusMessage) { append(.statusDescription, .string(message)) }
        if case .string(let state) = span.value(of: .traceState) { append(.traceState, .string(state)) }
        if let name = span.remoteServiceName { append(.peerService, .string(name)) }
        append(.peerIPv4, address: span.value(of: .remoteIPv4))
        append(.peerIPv6, address: span.value(of: .remoteIPv6))
        if case .int(let port) = span.value(of: .remotePort), port > 0 { append(.peerPort, .int(port)) }
    }

    /// Keys of tags that say what is no attribute elsewhere.
    private enum DerivedKey: UInt16, CaseIterable {
        case kind, statusCode, error, statusDescription, traceState, peerService, peerIPv4, peerIPv6, peerPort

        var text: StaticString {
            switch self {
            case .kind: "span.kind"
            case .statusCode: "otel.status_code"
            case .error: "error"
            case .statusDescription: "otel.status_description"
            case .traceState: "w3c.tracestate"
            case .peerService: "peer.service"
            case .peerIPv4: "peer.ipv4"
            case .peerIPv6: "peer.ipv6"
            case .peerPort: "peer.port"
            }
        }
    }

    /// Which of those keys the span's attributes have.
    private struct OwnKeys {
        private var bits: UInt16 = 0
        /// Made once: this is asked for every attribute.
        private static let derivedKeys = DerivedKey.allCases

        mutating func note(_ key: UnsafeRawBufferPointer) {
            for derived in Self.derivedKeys where key.equals(derived.text) { bits |= 1 << derived.rawValue }
        }

        func has(_ key: DerivedKey) -> Bool { bits & 1 << key.rawValue != 0 }
    }
}

/// Writes key-value pairs, typed, with commas between.
struct JaegerTagWriter {
    private var isFirst = true

    /// Integers beyond this, and below its negative, are text: JavaScript cannot hold them.
    private static let safeInteger: Int64 = 1 << 53 - 1

    mutating func append(_ key: StaticString, _ value: SpanValue, to writer: inout ByteWriter) {
        append(UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), value, to: &writer)
    }

    /// Lists and maps have no text yet and are left out.
    mutating func append(_ key: UnsafeRawBufferPointer, _ value: SpanValue, to writer: inout ByteWriter) {
        if case .array = value { return }
        if case .map = value { return }
        if !isFirst { writer.write(UInt8(ascii: ",")) }
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
            writer.write(UInt8(ascii: "\""))
        case .bool(let flag):
            writer.write(",\"type\":\"bool\",\"value\":")
            writer.write(flag ? "true" : "false")
        case .int(let number):
            writer.write(",\"type\":\"int64\",\"value\":")
            let isSafe = number >= -Self.safeInteger && number <= Self.safeInteger
            if !isSafe { writer.write(UInt8(ascii: "\"")) }
            writer.writeDecimal(number)
            if !isSafe { writer.write(UInt8(ascii: "\"")) }
        case .double(let number):
            // JSON has no word for infinity, nor for what is not a number.
            writer.write(",\"type\":\"float64\",\"value\":")
            writer.write(Array((number.isFinite ? "\(number)" : "\"\(number)\"").utf8))
        case .array, .map, .none:
            writer.write(",\"type\":\"string\",\"value\":\"\"")
        }
        writer.write(UInt8(ascii: "}"))
    }
}
