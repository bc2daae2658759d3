public import Bytes
public import TraceModel

/// Spans as Zipkin v2 JSON, byte for byte as Zipkin writes it.
///
/// A list is written at once, or piece by piece: `begin`, each span, `end`.
///
/// A span that came by Zipkin comes out as it came. One that came by another model is given as OpenTelemetry's
/// exporters to Zipkin do: typed values as text, bytes as base64, arrays and maps as compact JSON; the resource's
/// attributes beside the span's own; `otel.scope.name` and `.version`; an error status as the tag `error`; an event as
/// an annotation, its attributes as JSON behind the name (`name: {"key":"value"}`). Links have no place.
public struct ZipkinJSONEncoder {
    private var parts = ZipkinSpanParts()
    /// Annotations that lie nowhere; kept and used again.
    private var annotationText = ByteWriter()
    private var valueText = ByteWriter()
    private var isFirst = true

    public init() {}

    /// Writes one span as an object.
    public static func append(_ span: SpanView, to writer: inout ByteWriter) {
        var encoder = ZipkinJSONEncoder()
        encoder.append(span, &writer)
    }

    /// Writes spans as a list.
    public static func appendList(_ spans: some Sequence<SpanView>, to writer: inout ByteWriter) {
        var encoder = ZipkinJSONEncoder()
        encoder.appendList(spans, &writer)
    }

    /// Writes traces as a list of lists.
    public static func appendTraces(_ traces: some Sequence<Trace>, to writer: inout ByteWriter) {
        var encoder = ZipkinJSONEncoder()
        var isFirst = true
        writer.write(UInt8(ascii: "["))
        for trace in traces {
            separate(&isFirst, &writer)
            encoder.appendList(trace.spans, &writer)
        }
        writer.write(UInt8(ascii: "]"))
    }

    /// Writes what stands before the spans of a list.
    public mutating func begin(_ writer: inout ByteWriter) {
        isFirst = true
        writer.write(UInt8(ascii: "["))
    }

    /// Writes one span, and a comma if it is not the first since `begin`.
    public mutating func append(_ span: SpanView, _ writer: inout ByteWriter) {
        Self.separate(&isFirst, &writer)
        parts.collect(span, &annotationText)
        writer.write("{\"traceId\":\"")
        if span.traceID.high != 0 { writer.writeHex(span.traceID.high) }
        writer.writeHex(span.traceID.low)
        if let parent = span.parentID {
            writer.write("\",\"parentId\":\"")
            writer.writeHex(parent.value)
        }
        writer.write("\",\"id\":\"")
        writer.writeHex(span.spanID.value)
        writer.write(UInt8(ascii: "\""))
        let traits = span.traits
        if let kind = Self.kindText(traits.kind) {
            writer.write(",\"kind\":")
            writer.writeJSONString(kind)
        }
        if span.operationName.count > 0 {
            writer.write(",\"name\":")
            writer.writeJSONString(span.operationName)
        }
        if let start = span.start, start >= 1_000 {
            writer.write(",\"timestamp\":")
            writer.writeDecimal(start / 1_000)
        }
        if let duration = span.duration, duration > 0 {
            writer.write(",\"duration\":")
            writer.writeDecimal(max(duration / 1_000, 1))
        }
        Self.append(parts.local, name: ",\"localEndpoint\":", to: &writer)
        Self.append(parts.remote, name: ",\"remoteEndpoint\":", to: &writer)
        annotationText.bytes.withUnsafeBytes { text in
            parts.sortAnnotations(text)
            Self.append(parts.annotations, to: &writer)
        }
        parts.sortTags()
        appendTags(&writer)
        if traits.isDebug { writer.write(",\"debug\":true") }
        if traits.isShared { writer.write(",\"shared\":true") }
        writer.write(UInt8(ascii: "}"))
    }

    /// Writes what stands behind the spans of a list.
    public func end(_ writer: inout ByteWriter) { writer.write(UInt8(ascii: "]")) }

    private mutating func appendList(_ spans: some Sequence<SpanView>, _ writer: inout ByteWriter) {
        begin(&writer)
        for span in spans { append(span, &writer) }
        end(&writer)
    }

    private static func separate(_ isFirst: inout Bool, _ writer: inout ByteWriter) {
        if !isFirst { writer.write(UInt8(ascii: ",")) }
        isFirst = false
    }

    private static func kindText(_ kind: SpanKind) -> StaticString? {
        switch kind {
        case .client: "CLIENT"
        case .server: "SERVER"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        case .unspecified, .local: nil
        }
    }

    private static func append(
        _ endpoint: ZipkinSpanParts.Endpoint, name: StaticString, to writer: inout ByteWriter
    ) {
        guard !endpoint.isEmpty else { return }
        var isFirst = true
        writer.write(name)
        writer.write(UInt8(ascii: "{"))
        if let serviceName = endpoint.serviceName {
            separate(&isFirst, &writer)
            writer.write("\"serviceName\":")
            writer.writeJSONString(serviceName)
        }
        if let address = endpoint.ipv4 {
            separate(&isFirst, &writer)
            writer.write("\"ipv4\":\"")
            address.append(to: &writer)
            writer.write(UInt8(ascii: "\""))
        }
        if let address = endpoint.ipv6 {
            separate(&isFirst, &writer)
            writer.write("\"ipv6\":\"")
            address.append(to: &writer)
            writer.write(UInt8(ascii: "\""))
        }
        if endpoint.port > 0 {
            separate(&isFirst, &writer)
            writer.write("\"port\":")
            writer.writeDecimal(endpoint.port)
        }
        writer.write(UInt8(ascii: "}"))
    }

    /// - Parameter annotations: sorted; of equal ones one is written.
    private static func append(_ annotations: [ZipkinSpanParts.Annotation], to writer: inout ByteWriter) {
        guard !annotations.isEmpty else { return }
        writer.write(",\"annotations\":[")
        for (index, annotation) in annotations.enumerated() {
            if index > 0 {
                let last = annotations[index - 1]
                if last.microseconds == annotation.microseconds, last.value.elementsEqual(annotation.value) { continue }
                writer.write(UInt8(ascii: ","))
            }
            writer.write("{\"timestamp\":")
            writer.writeDecimal(annotation.microseconds)
            writer.write(",\"value\":")
            writer.writeJSONString(annotation.value)
            writer.write(UInt8(ascii: "}"))
        }
        writer.write(UInt8(ascii: "]"))
    }

    private mutating func appendTags(_ writer: inout ByteWriter) {
        let tags = parts.tags
        guard !tags.isEmpty else { return }
        var isFirst = true
        writer.write(",\"tags\":{")
        for (index, tag) in tags.enumerated() {
            if index + 1 < tags.count, tags[index + 1].key.elementsEqual(tag.key) { continue }
            Self.separate(&isFirst, &writer)
            writer.writeJSONString(tag.key)
            writer.write(UInt8(ascii: ":"))
            append(tag.value, to: &writer)
        }
        writer.write(UInt8(ascii: "}"))
    }

    private mutating func append(_ value: SpanValue, to writer: inout ByteWriter) {
        switch value {
        case .string(let text): return writer.writeJSONString(text)
        case .array, .map:
            valueText.removeAll()
            valueText.writeJSON(value, within: AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0)))
            return valueText.bytes.withUnsafeBytes { writer.writeJSONString($0) }
        case .bytes, .bool, .int, .double, .none: break
        }
        writer.write(UInt8(ascii: "\""))
        switch value {
        case .bytes(let bytes): writer.writeBase64(bytes)
        case .bool(let flag): writer.write(flag ? "true" : "false")
        case .int(let number): writer.writeDecimal(number)
        case .double(let number): writer.writeText(number)
        case .string, .array, .map, .none: break
        }
        writer.write(UInt8(ascii: "\""))
    }
}
