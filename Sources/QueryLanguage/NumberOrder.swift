/// Comparison of numbers of both kinds, without loss.
enum NumberOrder {
    /// Less than 0, 0 or more, as `a` is less than, equal to or greater than `b`; nil if `b` is no number.
    static func compare(_ a: Int64, _ b: Double) -> Int? {
        if b.isNaN { return nil }
        if b >= 0x1p63 { return -1 }
        if b < -0x1p63 { return 1 }
        let whole = b.rounded(.towardZero)
        let number = Int64(whole)
        if a != number { return a < number ? -1 : 1 }
        return whole < b ? -1 : whole > b ? 1 : 0
    }

    static func compare(_ a: Double, _ b: Double) -> Int? {
        a < b ? -1 : a > b ? 1 : a == b ? 0 : nil
    }

    static func compare(_ a: Int64, _ b: Int64) -> Int { a < b ? -1 : a > b ? 1 : 0 }

    /// Byte by byte, which is the order of the characters too.
    static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        for index in 0..<min(a.count, b.count) where a[index] != b[index] {
            return a[index] < b[index] ? -1 : 1
        }
        return compare(Int64(a.count), Int64(b.count))
    }

    /// The number that a text is; nil unless it is the only way to write it: digits, without zeros before them.
    static func wholeNumber(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard !text.isEmpty, text.count <= 20 else { return nil }
        let isNegative = text[0] == UInt8(ascii: "-")
        let digits = text[(isNegative ? 1 : 0)...]
        guard let first = digits.first, first != UInt8(ascii: "0") || text.count == 1 else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let product = value.multipliedReportingOverflow(by: 10)
            let next =
                isNegative
                ? product.partialValue.subtractingReportingOverflow(digit)
                : product.partialValue.addingReportingOverflow(digit)
            if product.overflow || next.overflow { return nil }
            value = next.partialValue
        }
        return value
    }
}

extension TraceQLQuery.Comparison {
    /// Whether it holds of two values of this order; nil: they have none, and are not equal.
    func holds(_ order: Int?) -> Bool {
        guard let order else { return self == .notEqual }
        return switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .matches, .notMatches: false
        }
    }

    /// The same with its sides swapped.
    var flipped: TraceQLQuery.Comparison {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual, .matches, .notMatches: self
        }
    }

    var isNegative: Bool { self == .notEqual || self == .notMatches }
}
