import TestSupport
import TraceModel

extension SpanBatchBuilder {
    mutating func intern(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }
}

extension SpanBatch {
    func text(_ number: UInt32) -> String { String(decoding: string(number), as: UTF8.self) }

    /// The image as an array.
    var image: [UInt8] { withBytes { Array($0) } }

    /// A batch read back from an image.
    static func read(_ image: [UInt8]) throws -> SpanBatch {
        try image.withUnsafeBytes { try SpanBatch(copying: $0) }
    }
}

/// A span with all that a span can have, as plain values.
struct PlainSpan: Equatable {
    enum Value: Equatable {
        case string(String)
        case bytes([UInt8])
        case bool(Bool)
        case int(Int64)
        case double(UInt64)  // bit pattern
        case array([UInt8])
        case map([UInt8])
        case none
    }

    struct Attribute: Equatable {
        var key: String
        var value: Value
    }

    struct Event: Equatable {
        var name: String
        var time: Int64
        var attributes: [UInt8]?
    }

    var traceID = TraceID(high: 0, low: 1)
    var spanID: UInt64 = 1
    var parentID: UInt64 = 0
    var start: Int64?
    var duration: Int64?
    var serviceName = ""
    var operationName = ""
    var traits = SpanTraits()
    var attributes: [Attribute] = []
    var events: [Event] = []
    var fields: [SpanField: Value] = [:]

    init() {}

    init(_ view: SpanView) {
        traceID = view.traceID
        spanID = view.spanID.value
        parentID = view.parentID?.value ?? 0
        start = view.start
        duration = view.duration
        serviceName = String(decoding: view.serviceName, as: UTF8.self)
        operationName = String(decoding: view.operationName, as: UTF8.self)
        traits = view.traits
        view.forEachAttribute { key, value in
            attributes.append(Attribute(key: String(decoding: key, as: UTF8.self), value: Self.plain(value)))
        }
        view.forEachEvent { name, time, attributes in
            events.append(
                Event(name: String(decoding: name, as: UTF8.self), time: time, attributes: attributes.map { Array($0) })
            )
        }
        for field in SpanField.allCases {
            let value = Self.plain(view.value(of: field))
            if value != .none { fields[field] = value }
        }
    }

    static func plain(_ value: SpanValue) -> Value {
        switch value {
        case .string(let text): .string(String(decoding: text, as: UTF8.self))
        case .bytes(let bytes): .bytes(Array(bytes))
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number.bitPattern)
        case .array(let bytes): .array(Array(bytes))
        case .map(let bytes): .map(Array(bytes))
        case .none: .none
        }
    }

    /// Adds the span to a builder.
    func add(to builder: inout SpanBatchBuilder) {
        builder.beginSpan()
        builder.traceID = traceID
        builder.spanID = spanID
        builder.parentID = parentID
        if let start { builder.start = start }
        if let duration { builder.duration = duration }
        builder.serviceName = builder.intern(serviceName)
        builder.operationName = builder.intern(operationName)
        builder.traits = traits
        for attribute in attributes {
            let key = builder.intern(attribute.key)
            switch attribute.value {
            case .string(let text): builder.addAttribute(key: key, string: builder.intern(text))
            case .bytes(let bytes):
                builder.addAttribute(key: key, type: .bytes, reference: bytes.withUnsafeBytes { builder.intern($0) })
            case .bool(let flag): builder.addAttribute(key: key, bool: flag)
            case .int(let number): builder.addAttribute(key: key, int: number)
            case .double(let bits): builder.addAttribute(key: key, double: Double(bitPattern: bits))
            case .array(let bytes):
                builder.addAttribute(key: key, type: .array, reference: bytes.withUnsafeBytes { builder.intern($0) })
            case .map(let bytes):
                builder.addAttribute(key: key, type: .map, reference: bytes.withUnsafeBytes { builder.intern($0) })
            case .none: builder.addAttributeWithoutValue(key: key)
            }
        }
        for event in events {
            let attributes = event.attributes.map { $0.withUnsafeBytes { builder.intern($0) } } ?? 0
            builder.addEvent(name: builder.intern(event.name), time: event.time, attributes: attributes)
        }
        for field in fields.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            switch fields[field] {
            case .string(let text): builder.setField(field, reference: builder.intern(text))
            case .bytes(let bytes), .array(let bytes), .map(let bytes):
                builder.setField(field, reference: bytes.withUnsafeBytes { builder.intern($0) })
            case .int(let number): builder.setField(field, int: number)
            case .bool, .double, .some(.none), nil: break
            }
        }
        builder.endSpan()
    }

    /// What a batch is to give back: attributes without order are sorted by key, which is compared here as a
    /// dictionary.
    func matches(_ other: PlainSpan) -> Bool {
        var a = self
        var b = other
        if !traits.hasOrderedAttributes {
            var last: [String: Value] = [:]
            for attribute in attributes { last[attribute.key] = attribute.value }
            let found = Dictionary(other.attributes.map { ($0.key, $0.value) }) { first, _ in first }
            guard last == found, other.attributes.count == found.count else { return false }
            a.attributes = []
            b.attributes = []
        }
        return a == b
    }

    static func random(_ random: inout SeededGenerator) -> PlainSpan {
        func text(_ length: Int) -> String {
            String(
                (0..<Int.random(in: 0...length, using: &random)).map { _ in
                    "abcxyzé中😀 ".randomElement(using: &random) ?? "a"
                })
        }
        func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: count, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        }
        var span = PlainSpan()
        span.traceID = TraceID(high: random.next() & 1 &* random.next(), low: random.next())
        span.spanID = random.next()
        span.parentID = Bool.random(using: &random) ? random.next() : 0
        if Bool.random(using: &random) { span.start = Int64.random(in: -1_000 ... .max, using: &random) }
        if Bool.random(using: &random) { span.duration = Int64.random(in: 0 ... .max, using: &random) }
        span.serviceName = text(3)
        span.operationName = text(20)
        span.traits = SpanTraits(rawValue: UInt32.random(in: 0...SpanTraits.mask, using: &random))
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            let value: Value =
                switch Int.random(in: 0..<8, using: &random) {
                case 0: .bytes(bytes(0...40))
                case 1: .bool(Bool.random(using: &random))
                case 2: .int(Int64(bitPattern: random.next()))
                case 3: .double(random.next())
                case 4: .array(bytes(1...20))
                case 5: .map(bytes(1...20))
                case 6: .none
                default: .string(text(40))
                }
            span.attributes.append(Attribute(key: text(2), value: value))
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let attributes = Bool.random(using: &random) ? bytes(1...9) : nil
            span.events.append(Event(name: text(3), time: Int64(bitPattern: random.next()), attributes: attributes))
        }
        for field in SpanField.allCases where Int.random(in: 0..<4, using: &random) == 0 {
            switch field.valueType {
            case .string: span.fields[field] = .string(text(9))
            case .bytes: span.fields[field] = .bytes(bytes(4...16))
            case .int: span.fields[field] = .int(Int64(bitPattern: random.next()))
            case .array: span.fields[field] = .array(bytes(0...20))
            case .map: span.fields[field] = .map(bytes(0...20))
            case .bool, .double, .none: break
            }
        }
        return span
    }
}
