public import TraceModel

/// Whether a value is what a condition asks for: `= "GET"`, `>= 500`, `=~ "a|b"`, `!= nil`.
///
/// Numbers of both kinds compare as numbers, texts by their bytes; values of other types never hold, whatever the
/// comparison, and so does no value, except for `= nil`. An array holds if one of its values does, for `!=` and `!~` if
/// none of them is equal or matches. One kindness that Tempo has not: service meshes and Zipkin send every tag as text,
/// and clients quote numbers; so a number also compares with a text that is a whole decimal number, and a quoted whole
/// number with an integer; `true` and `"true"` likewise.
public struct ValueTest: Sendable {
    private enum Form: Sendable {
        case text([UInt8], number: Int64?, bool: Bool?)
        case pattern(Pattern)
        case int(Int64)
        case double(Double)
        case bool(Bool)
        case presence
        /// No attribute is of this type.
        case nothing
    }

    public let comparison: TraceQLQuery.Comparison
    private let form: Form
    /// The text that a value is equal to, for `=` with a text, a truth value or a pattern that is one text. An integer
    /// or a truth value holds if it is written so; an array, if it has it among its values. Nil for all else: several
    /// texts stand for one number.
    public let equalText: String?

    /// A pattern that is none, which no parsed query has, holds of nothing.
    public init(_ comparison: TraceQLQuery.Comparison, _ literal: TraceQLQuery.Literal) {
        self.comparison = comparison
        var equalText: String?
        switch literal {
        case .string(let text) where comparison == .matches || comparison == .notMatches:
            let pattern = try? Pattern(text)
            form = pattern.map { .pattern($0) } ?? .nothing
            if let literals = pattern?.literals, literals.count == 1, comparison == .matches {
                equalText = literals[0]
            }
        case .string(let text):
            var copy = text
            form = .text(
                Array(text.utf8), number: copy.withUTF8 { NumberOrder.wholeNumber(UnsafeRawBufferPointer($0)) },
                bool: Bool(text))
            equalText = text
        case .int(let number), .duration(let number): form = .int(number)
        case .double(let number): form = .double(number)
        case .bool(let flag):
            form = .bool(flag)
            equalText = "\(flag)"
        case .none: form = .presence
        case .status, .kind: form = .nothing
        }
        self.equalText = comparison == .equal || comparison == .matches ? equalText : nil
    }

    /// Spans without such an attribute hold too.
    public var acceptsAbsent: Bool { if case .presence = form { comparison == .equal } else { false } }

    /// - Parameter value: nil if there is no such attribute.
    public func holds(_ value: SpanValue?) -> Bool {
        guard let value else { return acceptsAbsent }
        if case .none = value { return acceptsAbsent }
        if case .presence = form { return comparison == .notEqual }
        if case .array(let body) = value { return holds(ofArray: AttributeReader(body)) }
        return holds(ofOne: value, comparison)
    }

    /// The same for a value that is text.
    public func holds(text: UnsafeRawBufferPointer) -> Bool { holds(SpanValue.string(text)) }

    private func holds(ofArray reader: AttributeReader) -> Bool {
        var reader = reader
        let sought: TraceQLQuery.Comparison =
            comparison == .notEqual ? .equal : comparison == .notMatches ? .matches : comparison
        while let value = try? reader.nextValue() {
            if holds(ofOne: value, sought) { return !comparison.isNegative }
        }
        return comparison.isNegative
    }

    private func holds(ofOne value: SpanValue, _ comparison: TraceQLQuery.Comparison) -> Bool {
        switch (form, value) {
        case (.text(let wanted, _, _), .string(let text)):
            switch comparison {
            case .equal: return isEqual(text, wanted)
            case .notEqual: return !isEqual(text, wanted)
            default: return wanted.withUnsafeBytes { comparison.holds(NumberOrder.compare(text, $0)) }
            }
        case (.text(_, let number?, _), .int(let value)): return comparison.holds(NumberOrder.compare(value, number))
        case (.text(_, _, let flag?), .bool(let value)): return holds(value, flag, comparison)
        case (.pattern(let pattern), .string(let text)): return pattern.matches(text) == (comparison == .matches)
        case (.int(let wanted), .int(let value)): return comparison.holds(NumberOrder.compare(value, wanted))
        case (.int(let wanted), .double(let value)):
            return comparison.holds(NumberOrder.compare(wanted, value).map { -$0 })
        case (.int(let wanted), .string(let text)):
            guard let value = NumberOrder.wholeNumber(text) else { return false }
            return comparison.holds(NumberOrder.compare(value, wanted))
        case (.double(let wanted), .double(let value)): return comparison.holds(NumberOrder.compare(value, wanted))
        case (.double(let wanted), .int(let value)): return comparison.holds(NumberOrder.compare(value, wanted))
        case (.double(let wanted), .string(let text)):
            guard let value = NumberOrder.wholeNumber(text) else { return false }
            return comparison.holds(NumberOrder.compare(value, wanted))
        case (.bool(let wanted), .bool(let value)): return holds(value, wanted, comparison)
        case (.bool(let wanted), .string(let text)):
            guard let value = Self.bool(text) else { return false }
            return holds(value, wanted, comparison)
        default: return false
        }
    }

    private func isEqual(_ text: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
        text.count == wanted.count && text.elementsEqual(wanted)
    }

    private func holds(_ value: Bool, _ wanted: Bool, _ comparison: TraceQLQuery.Comparison) -> Bool {
        comparison == .equal ? value == wanted : comparison == .notEqual && value != wanted
    }

    /// What a text says if it is `true` or `false`.
    static func bool(_ text: UnsafeRawBufferPointer) -> Bool? {
        text.elementsEqual("true".utf8) ? true : text.elementsEqual("false".utf8) ? false : nil
    }
}
