public import Bytes
public import TraceModel

/// Spans as Zipkin v2 JSON, byte for byte as Zipkin writes it.
///
/// A span that came by another model is given as Zipkin's can tell it: typed values as text, bytes as base64, an
/// event's name as annotation, an error status as the tag `error`. Lists and maps have no such text and are left out.
public struct ZipkinJSONEncoder {
    /// Writes one span as an object.
    public static func append(_ span: SpanView, to writer: inout ByteWriter) {
        let parts = ZipkinSpanParts(span)
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
        if let kind = kindText(span.traits.kind) {
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
        append(parts.local, name: ",\"localEndpoint\":", to: &writer)
        append(parts.remote, name: ",\"remoteEndpoint\":", to: &writer)
        append(parts.sortedAnnotations(), to: &writer)
        append(parts.sortedTags(), to: &writer)
        if span.traits.isDebug { writer.write(",\"debug\":true") }
        if span.traits.isShared { writer.write(",\"shared\":true") }
        writer.write(UInt8(ascii: "}"))
    }

    /// Writes spans as a list.
    public static func appendList(_ spans: some Sequence<SpanView>, to writer: inout ByteWriter) {
        var isFirst = true
        writer.write(UInt8(ascii: "["))
        for span in spans {
            separate(&isFirst, &writer)
            append(span, to: &writer)
        }
        writer.write(UInt8(ascii: "]"))
    }

    /// Writes traces as a list of lists.
    public static func appendTraces(_ traces: some Sequence<Trace>, to writer: inout ByteWriter) {
        var isFirst = true
        writer.write(UInt8(ascii: "["))
        for trace in traces {
            separate(&isFirst, &writer)
            appendList(trace.spans, to: &writer)
        }
        writer.write(UInt8(ascii: "]"))
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

    private static func append(_ annotations: [ZipkinSpanParts.Annotation], to writer: inout ByteWriter) {
        guard !annotations.isEmpty else { return }
        var isFirst = true
        writer.write(",\"annotations\":[")
        for annotation in annotations {
            separate(&isFirst, &writer)
            writer.write("{\"timestamp\":")
            writer.writeDecimal(annotation.microseconds)
            writer.write(",\"value\":")
            writer.writeJSONString(annotation.value)
            writer.write(UInt8(ascii: "}"))
        }
        writer.write(UInt8(ascii: "]"))
    }

    private static func append(_ tags: [ZipkinSpanParts.Tag], to writer: inout ByteWriter) {
        guard !tags.isEmpty else { return }
        var isFirst = true
        writer.write(",\"tags\":{")
        for tag in tags {
            separate(&isFirst, &writer)
            writer.writeJSONString(tag.key)
            writer.write(UInt8(ascii: ":"))
            append(tag.value, to: &writer)
        }
        writer.write(UInt8(ascii: "}"))
    }

    private static func append(_ value: SpanValue, to writer: inout ByteWriter) {
        if case .string(let text) = value { return writer.writeJSONString(text) }
        writer.write(UInt8(ascii: "\""))
        switch value {
        case .bytes(let bytes): writer.writeBase64(bytes)
        case .bool(let flag): writer.write(flag ? "true" : "false")
        case .int(let number): writer.writeDecimal(number)
        case .double(let number): writer.write(Array(number.description.utf8))
        case .string, .array, .map, .none: break
        }
        writer.write(UInt8(ascii: "\""))
    }
}
