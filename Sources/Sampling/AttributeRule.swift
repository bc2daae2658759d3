internal import QueryLanguage
internal import TraceModel

/// A test of the attributes of spans and of their resources.
struct AttributeRule: Sendable {
    let key: [UInt8]
    let test: Test

    enum Test: Sendable {
        case anything
        case values([Value])
        case pattern(Pattern)
        case range(ClosedRange<Double>)
    }

    /// A value as a document writes it, for attributes of any type.
    struct Value: Sendable {
        private let text: [UInt8]
        private let number: Double?

        init(_ text: String) {
            self.text = Array(text.utf8)
            number = self.text.withUnsafeBytes { DecimalText.number($0) }
        }

        func equals(_ value: SpanValue) -> Bool {
            switch value {
            case .string(let bytes): bytes.elementsEqual(text)
            case .bool(let flag): text.elementsEqual((flag ? "true" : "false").utf8)
            case .int(let value): number == Double(value)
            case .double(let value): number == value
            case .bytes, .array, .map, .none: false
            }
        }
    }

    init(key: String, test: Test) {
        self.key = Array(key.utf8)
        self.test = test
    }

    func matches(_ span: SpanView) -> Bool {
        var isMatch = false
        var resource: UInt32 = 0
        let batch = span.batch
        let values = batch.values(ofRow: span.row)
        let resourceWord = ColumnWord.resource
        span.shape.forEachColumn { column, place in
            if column.isAttribute {
                let name = batch.string(column.key)
                guard name.count == key.count, !isMatch, name.elementsEqual(key) else { return }
                isMatch = matches(SpanValue(column, values + place, batch))
            } else if column.rawValue == resourceWord {
                resource = values[place]
            }
        }
        guard !isMatch, resource != 0, let resource = try? ResourceView(batch.string(resource)) else { return isMatch }
        return resource.attributes.contains { $0.elementsEqual(key) && matches($1) }
    }

    private func matches(_ value: SpanValue) -> Bool {
        switch test {
        case .anything: true
        case .values(let values): values.contains { $0.equals(value) }
        case .pattern(let pattern):
            switch value {
            case .string(let bytes): pattern.matches(bytes)
            case .bool(let flag): Self.matches(pattern, flag ? "true" : "false")
            case .int(let number): Self.matches(pattern, "\(number)")
            case .double(let number): Self.matches(pattern, "\(number)")
            case .bytes, .array, .map, .none: false
            }
        case .range(let range): Self.number(value).map { range.contains($0) } ?? false
        }
    }

    private static func matches(_ pattern: Pattern, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
    }

    /// Many senders write numbers as texts.
    static func number(_ value: SpanValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number.isNaN ? nil : number
        case .string(let bytes): DecimalText.number(bytes)
        case .bool, .bytes, .array, .map, .none: nil
        }
    }
}

/// Numbers as texts: a sign, digits, a point and digits.
enum DecimalText {
    static func number(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 32 else { return nil }
        var value = 0.0
        var scale = 1.0
        var digitCount = 0
        var isBehindPoint = false
        for (place, byte) in text.enumerated() {
            switch byte {
            case 0x30...0x39:
                value = value * 10 + Double(byte - 0x30)
                if isBehindPoint { scale *= 10 }
                digitCount += 1
            case UInt8(ascii: "."):
                if isBehindPoint || digitCount == 0 { return nil }
                isBehindPoint = true
            case UInt8(ascii: "-"), UInt8(ascii: "+"): if place > 0 { return nil }
            default: return nil
            }
        }
        guard digitCount > 0, text[text.count - 1] != UInt8(ascii: ".") else { return nil }
        return (text[0] == UInt8(ascii: "-") ? -value : value) / scale
    }
}
