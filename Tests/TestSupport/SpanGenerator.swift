public import TraceModel

/// Makes spans of every kind that a batch can hold, ordinary and odd.
public struct SpanGenerator {
    private var random: SeededGenerator
    /// Of every trace made so far.
    public private(set) var traceIDs: [TraceID] = []
    private var lastSpanIDs: [UInt64] = [0]
    private var now: Int64 = 1_790_000_000_000_000_000

    private let everySpanHasStart: Bool

    public init(seed: UInt64, everySpanHasStart: Bool = false) {
        random = SeededGenerator(seed: seed)
        self.everySpanHasStart = everySpanHasStart
    }

    public mutating func batch(spanCount: Int) -> SpanBatch {
        var builder = SpanBatchBuilder()
        for _ in 0..<spanCount { addSpan(to: &builder) }
        return builder.makeBatch()
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func addSpan(to builder: inout SpanBatchBuilder) {
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        builder.beginSpan()
        if traceIDs.isEmpty || chance(20) {
            let high = chance(70) ? random.next() : 0
            traceIDs.append(TraceID(high: high, low: random.next() | 1))
        }
        let traceID = traceIDs.suffix(12).randomElement(using: &random) ?? TraceID(high: 0, low: 1)
        builder.traceID = traceID
        builder.spanID = chance(15) ? traceID.low : chance(5) ? lastSpanIDs[lastSpanIDs.count - 1] : random.next()
        builder.parentID = chance(80) ? lastSpanIDs.suffix(30).randomElement(using: &random) ?? 0 : 0
        lastSpanIDs.append(builder.spanID)
        now += Int64.random(in: 0...3_000_000, using: &random)
        let isMicroseconds = chance(70)
        if everySpanHasStart || !chance(4) { builder.start = isMicroseconds ? now / 1000 * 1000 : now }
        if chance(2) { builder.start = [.min + 1, .max, 0, -1].randomElement(using: &random) ?? 0 }
        if !chance(5) { builder.duration = Int64.random(in: 0...50_000, using: &random) * (isMicroseconds ? 1000 : 1) }
        if chance(1) { builder.duration = .max }
        builder.serviceName = intern(["a.default", "b.default", "", "cé"].randomElement(using: &random) ?? "")
        builder.operationName = intern("op\(Int.random(in: 0..<3, using: &random))")
        builder.traits.kind = SpanKind.allCases.randomElement(using: &random) ?? .client
        builder.traits.isShared = chance(5)
        builder.traits.isDebug = chance(2)
        builder.traits.isError = chance(10)
        builder.traits.hasOrderedAttributes = chance(30)
        if builder.traits.hasOrderedAttributes { builder.traits.source = chance(70) ? .otlp : .jaeger }
        if chance(10) { builder.traits.statusCode = chance(50) ? .ok : .error }
        addFields(to: &builder)
        addAttributes(to: &builder)
        builder.endSpan()
    }

    private mutating func addFields(to builder: inout SpanBatchBuilder) {
        func intern(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { builder.intern($0) } }
        if chance(80) { builder.setField(.localIPv4, reference: intern([10, 0, 0, UInt8(random.next() % 4)])) }
        if chance(20) { builder.setField(.localPort, int: Int64(random.next() % 65536)) }
        if chance(10) {
            builder.setField(.remoteServiceName, reference: intern(Array("r\(random.next() % 3)".utf8)))
            builder.setField(.remoteIPv6, reference: intern((0..<16).map { _ in UInt8(random.next() % 255) }))
        }
        if chance(5) { builder.setField(.traceState, reference: intern(Array("vendor=\(random.next() % 3)".utf8))) }
        if chance(20) { builder.setField(.flags, int: Int64(random.next() % 2)) }
        if chance(5) { builder.setField(.statusMessage, reference: intern(Array("not ready ü".utf8))) }
        for field in [SpanField.droppedAttributeCount, .droppedEventCount, .droppedLinkCount] where chance(3) {
            builder.setField(field, int: Int64(random.next() % 5))
        }
        addStructuredFields(to: &builder)
        for name in ["ss", "cr", "exception"] where chance(30) {
            let start = builder.start == SpanBatch.absentTime ? now : builder.start
            builder.addEvent(
                name: intern(Array(name.utf8)), time: start &+ Int64(random.next() % 1_000_000),
                attributes: chance(30) ? structuredValue(&builder) { Self.write(attributeList: $1, to: &$0) } : 0)
        }
    }

    private mutating func addStructuredFields(to builder: inout SpanBatchBuilder) {
        func append(_ text: String, to writer: inout AttributeWriter) {
            var text = text
            text.withUTF8 { writer.append(text: UnsafeRawBufferPointer($0)) }
        }
        if chance(10) {
            let resource = structuredValue(&builder) { writer, number in
                Self.write(attributeList: number, to: &writer)
                append(number % 2 == 0 ? "" : "https://example.org/schema/\(number)", to: &writer)
                append("", to: &writer)
            }
            builder.setField(.resource, reference: resource)
        }
        if chance(10) {
            let scope = structuredValue(&builder) { writer, number in
                Self.write(attributeList: number, to: &writer)
                for text in ["", "library\(number)", "1.\(number)"] { append(text, to: &writer) }
            }
            builder.setField(.scope, reference: scope)
        }
        if chance(5) {
            let traceID = TraceID(high: random.next(), low: random.next())
            let spanID = random.next()
            let links = structuredValue(&builder) { writer, number in
                for _ in 0...number % 2 {
                    let link = writer.begin()
                    Self.write(attributeList: number, to: &writer)
                    var state = "a=\(number)"
                    state.withUTF8 { state in
                        writer.append(
                            linkFlags: UInt32(number), traceID: traceID, spanID: spanID,
                            traceState: UnsafeRawBufferPointer(state))
                    }
                    writer.end(link)
                }
            }
            builder.setField(.links, reference: links)
        }
        if builder.start == SpanBatch.absentTime, chance(30) { builder.setField(.end, int: now) }
    }

    /// The number of what the closure writes; it is given one of a few numbers, for a few different values.
    private mutating func structuredValue(
        _ builder: inout SpanBatchBuilder, _ write: (inout AttributeWriter, Int) -> Void
    ) -> UInt32 {
        var writer = AttributeWriter()
        write(&writer, Int.random(in: 0..<4, using: &random))
        return builder.intern(writer.bytes)
    }

    private static func write(attributeList number: Int, to writer: inout AttributeWriter) {
        let attributes = writer.begin()
        write(attributes: number, to: &writer)
        writer.end(attributes)
        writer.append(varint: UInt64(number % 2))
    }

    private static func write(attributes number: Int, to writer: inout AttributeWriter) {
        func key(_ text: StaticString) {
            writer.append(key: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        key("service.name")
        var name = "service\(number)"
        name.withUTF8 { writer.append(string: UnsafeRawBufferPointer($0)) }
        key("numbers")
        let array = writer.beginArray()
        for index in 0..<number {
            writer.append(int: Int64(index) << 40)
            writer.append(double: Double(index) / 3)
            writer.append(bool: index % 2 == 0)
            writer.appendNone()
        }
        writer.end(array)
        guard number > 1 else { return }
        key("map")
        let map = writer.beginMap()
        write(attributes: number / 2, to: &writer)
        writer.end(map)
    }

    private mutating func addAttributes(to builder: inout SpanBatchBuilder) {
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        let hex = String(builder.traceID.low, radix: 16)
        let padded = String(repeating: "0", count: 16 - hex.count) + hex
        let uuid = "\(padded.prefix(8))-\(padded.suffix(4))-4abc-8000-0123456789ab"
        let makers: [(String, String)] = [
            ("guid", uuid), ("hex", padded), ("number", "\(random.next() % 100_000)"),
            ("text", "user \(random.next() % 1_000_000) ü"), ("few", "v\(random.next() % 3)"),
            ("same", "v\(random.next() % 3)"),
            ("empty", ""), ("zeros", "00\(random.next() % 10)"), ("mixed", chance(50) ? uuid : "x"),
        ]
        for (key, value) in makers.shuffled(using: &random) where chance(70) {
            builder.addAttribute(key: intern(key), string: intern(value))
        }
        if chance(3) { builder.addAttribute(key: intern("big"), string: intern(String(repeating: "z", count: 65_536))) }
        if builder.traits.hasOrderedAttributes {
            if chance(50) { builder.addAttribute(key: intern("int"), int: Int64(bitPattern: random.next())) }
            if chance(50) { builder.addAttribute(key: intern("int"), int: Int64(random.next() % 3)) }
            if chance(50) { builder.addAttribute(key: intern("double"), double: Double(random.next() % 1000) / 7) }
            if chance(50) { builder.addAttribute(key: intern("bool"), bool: chance(50)) }
            if chance(20) { builder.addAttributeWithoutValue(key: intern("none")) }
            if chance(20) { builder.addAttribute(key: intern("few"), type: .bytes, reference: intern("\u{0}\u{1}")) }
            if chance(20) {
                let map = structuredValue(&builder) { Self.write(attributes: $1, to: &$0) }
                builder.addAttribute(key: intern("map"), type: .map, reference: map)
            }
            if chance(20) {
                let array = structuredValue(&builder) { writer, number in
                    for index in 0..<number { writer.append(int: Int64(index)) }
                }
                builder.addAttribute(key: intern("array"), type: .array, reference: array)
            }
        }
    }
}

extension SpanView {
    /// Everything about the span as text: equal texts, equal spans.
    public var canonicalText: String {
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        func text(_ value: SpanValue) -> String {
            switch value {
            case .string(let bytes): "s:" + text(bytes)
            case .bytes(let bytes): "b:\(Array(bytes))"
            case .array(let bytes): "a:\(Array(bytes))"
            case .map(let bytes): "m:\(Array(bytes))"
            case .bool(let value): "\(value)"
            case .int(let value): "i:\(value)"
            case .double(let value): "d:\(value.bitPattern)"
            case .none: "-"
            }
        }
        var parts = [
            "\(traceID)", "\(spanID)", "\(parentID.map(\.description) ?? "-")", "\(start ?? -1)", "\(duration ?? -1)",
            text(serviceName), text(operationName), "\(traits.rawValue)",
        ]
        var attributes: [String] = []
        forEachValue { column, value in
            switch column.role {
            case .attribute: attributes.append(text(batch.string(column.key)) + "=" + text(value))
            case .event: parts.append("event " + text(value))
            case .field, .eventName, .eventAttributes: parts.append("\(column.rawValue)=" + text(value))
            }
        }
        if !traits.hasOrderedAttributes { attributes.sort() }
        return (parts + attributes).joined(separator: "|")
    }
}
