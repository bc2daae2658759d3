internal import TraceModel

/// A value while a condition is looked at. What it points to lives as long as the trace.
enum Operand {
    /// No value, or one that arithmetic cannot make.
    case absent
    case string(UnsafeRawBufferPointer)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    /// Nanoseconds.
    case duration(Int64)
    case status(TraceQLQuery.Status)
    case kind(TraceQLQuery.Kind)
    /// Of a trace or a span, whose text is hexadecimal.
    case id(String)
    /// A text of the query.
    case text([UInt8])
    case bytes(UnsafeRawBufferPointer)
    case array(UnsafeRawBufferPointer)
    case map(UnsafeRawBufferPointer)

    init(_ value: SpanValue?) {
        switch value {
        case .string(let text): self = .string(text)
        case .bytes(let bytes): self = .bytes(bytes)
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .array(let body): self = .array(body)
        case .map(let body): self = .map(body)
        case .some(.none), nil: self = .absent
        }
    }

    init(_ literal: TraceQLQuery.Literal) {
        switch literal {
        case .string(let text): self = .text(Array(text.utf8))
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bool(let flag): self = .bool(flag)
        case .duration(let nanoseconds): self = .duration(nanoseconds)
        case .status(let status): self = .status(status)
        case .kind(let kind): self = .kind(kind)
        case .none: self = .absent
        }
    }

    var isAbsent: Bool { if case .absent = self { true } else { false } }

    /// nil for no value.
    var fieldValue: FieldValue? {
        switch self {
        case .absent: nil
        case .string(let text): .string(String(decoding: text, as: UTF8.self))
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .duration(let nanoseconds): .duration(nanoseconds)
        case .status(let status): .status(status)
        case .kind(let kind): .kind(kind)
        case .id(let text): .string(text)
        case .text(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .bytes(let bytes): FieldValue(.bytes(bytes))
        case .array(let body): FieldValue(.array(body))
        case .map(let body): FieldValue(.map(body))
        }
    }

    /// Calls `body` with the bytes of a text; nil for anything else.
    private func withText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        switch self {
        case .string(let text): return body(text)
        case .text(let bytes): return bytes.withUnsafeBytes(body)
        case .id(let text):
            var text = text
            return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        default: return nil
        }
    }

    /// A number, also of a text that is a whole decimal one.
    var number: Number? {
        switch self {
        case .int(let value), .duration(let value): .int(value)
        case .double(let value): .double(value)
        case .string, .text: withText { NumberOrder.wholeNumber($0) }?.map { .int($0) }
        default: nil
        }
    }

    enum Number {
        case int(Int64)
        case double(Double)

        var double: Double {
            switch self {
            case .int(let value): Double(value)
            case .double(let value): value
            }
        }
    }

    /// The number that a text is, as one.
    var withoutText: Operand {
        if case .int(let value) = number, !isNumber { .int(value) } else { self }
    }

    private var isNumber: Bool {
        switch self {
        case .int, .double, .duration: true
        default: false
        }
    }

    var isTrue: Bool {
        switch self {
        case .bool(let flag): flag
        case .string, .text: withText { ValueTest.bool($0) } == true
        default: false
        }
    }

    // MARK: Comparison

    /// Values of other types, and no values, never hold.
    static func holds(_ a: Operand, _ comparison: TraceQLQuery.Comparison, _ b: Operand) -> Bool {
        if a.isNumber || b.isNumber {
            guard let a = a.number, let b = b.number else { return false }
            return comparison.holds(order(a, b))
        }
        switch (a, b) {
        case (.status(let a), .status(let b)): return holds(a == b, comparison)
        case (.kind(let a), .kind(let b)): return holds(a == b, comparison)
        case (.bool(let a), .bool(let b)): return holds(a == b, comparison)
        case (.bool(let a), .string), (.bool(let a), .text):
            return b.withText { ValueTest.bool($0).map { holds($0 == a, comparison) } ?? false } ?? false
        case (.string, .bool(let b)), (.text, .bool(let b)):
            return a.withText { ValueTest.bool($0).map { holds($0 == b, comparison) } ?? false } ?? false
        case (.bytes(let a), .bytes(let b)), (.array(let a), .array(let b)), (.map(let a), .map(let b)):
            return holds(a.elementsEqual(b), comparison)
        default: break
        }
        let order = a.withText { a in b.withText { NumberOrder.compare(a, $0) } }
        return order?.map { comparison.holds($0) } ?? false
    }

    private static func holds(_ isEqual: Bool, _ comparison: TraceQLQuery.Comparison) -> Bool {
        comparison == .equal ? isEqual : comparison == .notEqual && !isEqual
    }

    private static func order(_ a: Number, _ b: Number) -> Int? {
        switch (a, b) {
        case (.int(let a), .int(let b)): NumberOrder.compare(a, b)
        case (.int(let a), .double(let b)): NumberOrder.compare(a, b)
        case (.double(let a), .int(let b)): NumberOrder.compare(b, a).map { -$0 }
        case (.double(let a), .double(let b)): NumberOrder.compare(a, b)
        }
    }

    // MARK: Arithmetic

    private var isDuration: Bool { if case .duration = self { true } else { false } }

    /// Whole numbers stay whole while they fit into 64 bits; what they are divided by nothing is no value.
    static func arithmetic(_ a: Operand, _ sign: TraceQLQuery.Arithmetic, _ b: Operand) -> Operand {
        guard let left = a.number, let right = b.number else { return .absent }
        let isDuration: Bool
        switch sign {
        case .plus, .minus, .modulo: isDuration = a.isDuration || b.isDuration
        case .times: isDuration = a.isDuration != b.isDuration
        case .dividedBy: isDuration = a.isDuration && !b.isDuration
        case .power: isDuration = false
        }
        if case .int(let left) = left, case .int(let right) = right {
            if right == 0, sign == .dividedBy || sign == .modulo { return .absent }
            if let whole = whole(left, sign, right) { return isDuration ? .duration(whole) : .int(whole) }
        }
        let (x, y) = (left.double, right.double)
        let result: Double
        switch sign {
        case .plus: result = x + y
        case .minus: result = x - y
        case .times: result = x * y
        case .dividedBy: result = x / y
        case .modulo: result = x.truncatingRemainder(dividingBy: y)
        case .power: result = Power.power(x, y)
        }
        if isDuration, let nanoseconds = Int64(exactly: result.rounded()) { return .duration(nanoseconds) }
        return result.isNaN ? .absent : .double(result)
    }

    private static func whole(_ a: Int64, _ sign: TraceQLQuery.Arithmetic, _ b: Int64) -> Int64? {
        let result: (partialValue: Int64, overflow: Bool)
        switch sign {
        case .plus: result = a.addingReportingOverflow(b)
        case .minus: result = a.subtractingReportingOverflow(b)
        case .times: result = a.multipliedReportingOverflow(by: b)
        case .dividedBy: result = a.dividedReportingOverflow(by: b)
        case .modulo: result = b == -1 ? (0, false) : a.remainderReportingOverflow(dividingBy: b)
        case .power: return Power.power(a, b)
        }
        return result.overflow ? nil : result.partialValue
    }

    var negated: Operand {
        switch self {
        case .duration(let value) where value != .min: .duration(-value)
        default: Operand.arithmetic(.int(0), .minus, self)
        }
    }
}
