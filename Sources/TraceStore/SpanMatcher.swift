internal import SegmentStore
internal import TraceModel

/// Whether one span meets one clause, exactly.
enum SpanMatcher {
    static func meets(_ clause: SpanFilter.Clause, _ span: SpanView) -> Bool {
        switch clause {
        case .operation(let name):
            return span.operationName.elementsEqual(name)
        case .remoteService(let name):
            return span.remoteServiceName.map { $0.elementsEqual(name) } ?? false
        case .duration(let range):
            return span.duration.map { range.contains($0) } ?? false
        case .keyOrEvent(let key):
            var isThere = false
            span.forEachAttribute { own, _ in if own.elementsEqual(key) { isThere = true } }
            span.forEachEvent { name, _, _ in if name.elementsEqual(key) { isThere = true } }
            return isThere
        case .attribute(let key, let value):
            return hasAttribute(span, key, value)
        case .anywhere(let key, let value):
            return hasAttribute(span, key, value) || hasDerivedAttribute(span, key, value)
        }
    }

    private static func hasAttribute(_ span: SpanView, _ key: [UInt8], _ value: [UInt8]) -> Bool {
        var isThere = false
        span.forEachAttribute { ownKey, ownValue in
            if !isThere && ownKey.elementsEqual(key) && isEqual(ownValue, value) { isThere = true }
        }
        return isThere
    }

    /// What Jaeger makes of a span's kind, status and remote service.
    private static func hasDerivedAttribute(_ span: SpanView, _ key: [UInt8], _ value: [UInt8]) -> Bool {
        let traits = span.traits
        switch String(decoding: key, as: UTF8.self) {
        case "span.kind": return traits.kind.jaegerName.map { Array($0.utf8) == value } ?? false
        case "error": return traits.statusCode == .error && value == Array("true".utf8)
        case "otel.status_code":
            if traits.statusCode == .ok { return value == Array("OK".utf8) }
            return value == Array("ERROR".utf8) && isShownAsError(span)
        case "peer.service": return span.remoteServiceName.map { $0.elementsEqual(value) } ?? false
        default: return false
        }
    }

    /// A status of error, or what Jaeger takes for one in Zipkin's spans.
    private static func isShownAsError(_ span: SpanView) -> Bool {
        span.traits.statusCode == .error || hasAttribute(span, Array("error".utf8), Array("true".utf8))
    }

    /// Compares as text, as people write values in queries.
    private static func isEqual(_ value: SpanValue, _ text: [UInt8]) -> Bool {
        switch value {
        case .string(let bytes): bytes.elementsEqual(text)
        case .int(let number): String(number).utf8.elementsEqual(text)
        case .double(let number): String(number).utf8.elementsEqual(text)
        case .bool(let flag): (flag ? "true" : "false").utf8.elementsEqual(text)
        case .bytes, .array, .map, .none: false
        }
    }
}
