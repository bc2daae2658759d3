import Bytes
import TestSupport
import TraceModel
import WireFormats

/// What was read from one body.
struct OTLPDecoded {
    var batch: SpanBatch
    var outcome: DecodeOutcome

    var spans: [SpanView] { Array(batch.spans) }
}

func decodeOTLP(
    _ body: [UInt8], limits: SpanLimits = SpanLimits(), options: OTLPOptions = OTLPOptions()
) throws -> OTLPDecoded {
    var builder = SpanBatchBuilder()
    let outcome = try body.withUnsafeBytes { bytes in
        try OTLPProtobufDecoder.decode(bytes, limits: limits, options: options, into: &builder)
    }
    precondition(outcome.acceptedCount == builder.spanCount, "every span is counted")
    return OTLPDecoded(batch: builder.makeBatch(), outcome: outcome)
}

func encodeOTLP(_ spans: some Sequence<SpanView>, options: OTLPOptions = OTLPOptions()) -> [UInt8] {
    var writer = ByteWriter()
    OTLPProtobufEncoder.append(spans, options: options, to: &writer)
    return writer.bytes
}

/// The refusal of a body; nil if it is accepted.
func refusalOfOTLP(_ body: [UInt8], limits: SpanLimits = SpanLimits()) -> DecodeError? {
    do {
        _ = try decodeOTLP(body, limits: limits)
        return nil
    } catch {
        return error as? DecodeError
    }
}

/// Writes protobuf in the plainest way, to be held against the program's own.
struct PlainProtobuf {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest > 127 {
            bytes.append(UInt8(rest % 128) + 128)
            rest /= 128
        }
        return bytes + [UInt8(rest)]
    }

    func varint(_ field: Int, _ value: UInt64) -> PlainProtobuf {
        PlainProtobuf(bytes: bytes + Self.varint(UInt64(field) * 8) + Self.varint(value))
    }

    func fixed64(_ field: Int, _ value: UInt64) -> PlainProtobuf {
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return PlainProtobuf(bytes: bytes + Self.varint(UInt64(field) * 8 + 1) + octets)
    }

    func fixed32(_ field: Int, _ value: UInt32) -> PlainProtobuf {
        let octets = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return PlainProtobuf(bytes: bytes + Self.varint(UInt64(field) * 8 + 5) + octets)
    }

    func bytes(_ field: Int, _ content: [UInt8]) -> PlainProtobuf {
        PlainProtobuf(
            bytes: bytes + Self.varint(UInt64(field) * 8 + 2) + Self.varint(UInt64(content.count)) + content)
    }

    func text(_ field: Int, _ text: String) -> PlainProtobuf { bytes(field, Array(text.utf8)) }

    func message(_ field: Int, _ message: PlainProtobuf) -> PlainProtobuf { bytes(field, message.bytes) }

    func attribute(_ field: Int, _ key: String, _ value: PlainProtobuf) -> PlainProtobuf {
        message(field, PlainProtobuf().text(1, key).message(2, value))
    }
}

enum OTLPSample {
    static let traceID: [UInt8] = (1...16).map { UInt8($0) }
    static let spanID: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2]

    /// A Span with the sample's IDs.
    static let span = PlainProtobuf().bytes(1, traceID).bytes(2, spanID)

    /// A request with these Spans under one empty resource and scope.
    static func body(_ spans: PlainProtobuf...) -> [UInt8] {
        let scopeSpans = spans.reduce(PlainProtobuf()) { $0.message(2, $1) }
        return PlainProtobuf().message(1, PlainProtobuf().message(2, scopeSpans)).bytes
    }

    /// The only span of a body.
    static func read(_ span: PlainProtobuf, limits: SpanLimits = SpanLimits()) throws -> SpanView {
        let decoded = try decodeOTLP(body(span), limits: limits)
        guard decoded.spans.count == 1 else { throw TestSupportError("\(decoded.outcome)") }
        return decoded.spans[0]
    }
}

extension SpanView {
    /// Attributes as text: `key=value`.
    var attributeTexts: [String] {
        var texts: [String] = []
        forEachAttribute { key, value in texts.append("\(text(key))=\(plainText(value))") }
        return texts
    }

    func fieldText(_ field: SpanField) -> String { plainText(value(of: field)) }
}

func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

/// A value as people would write it; arrays and maps with all that is in them.
func plainText(_ value: SpanValue) -> String {
    plainText(value, AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0)))
}

private func plainText(_ value: SpanValue, _ reader: AttributeReader) -> String {
    switch value {
    case .string(let string): return "\"\(text(string))\""
    case .bytes(let bytes): return "\(Array(bytes))"
    case .bool(let flag): return "\(flag)"
    case .int(let number): return "\(number)"
    case .double(let number): return "\(number)f"
    case .none: return "none"
    case .array(let body):
        guard var values = try? reader.reader(of: body) else { return "too deep" }
        var texts: [String] = []
        while let value = try? values.nextValue() { texts.append(plainText(value, values)) }
        return "[\(texts.joined(separator: ", "))]"
    case .map(let body):
        guard let attributes = try? reader.reader(of: body) else { return "too deep" }
        return "{\(attributeText(attributes))}"
    }
}

func attributeText(_ reader: AttributeReader) -> String {
    var attributes = reader
    var texts: [String] = []
    while let (key, value) = try? attributes.nextAttribute() {
        texts.append("\(text(key)): \(plainText(value, attributes))")
    }
    return texts.joined(separator: ", ")
}

func listText(_ list: AttributeList) -> String {
    attributeText(list.attributes) + (list.droppedCount > 0 ? " and \(list.droppedCount)" : "")
}
