extension TraceQLQuery: CustomStringConvertible {
    /// The query as text, which gives the same query when it is read.
    public var description: String { pipeline.description }
}

extension TraceQLQuery.Pipeline: CustomStringConvertible {
    public var description: String { stages.map(\.description).joined(separator: " | ") }
}

extension TraceQLQuery.Stage: CustomStringConvertible {
    public var description: String {
        switch self {
        case .spansets(let spansets): spansets.description
        case .scalarFilter(let left, let comparison, let right):
            "\(left) \(comparison.rawValue) \(right)"
        case .group(let expression): "by(\(expression))"
        case .coalesce: "coalesce()"
        case .select(let fields): "select(\(fields.map(\.description).joined(separator: ", ")))"
        }
    }
}

extension TraceQLQuery.Spansets: CustomStringConvertible {
    public var description: String {
        switch self {
        case .filter(nil): "{ }"
        case .filter(let expression?): "{ \(expression) }"
        case .combined(let left, let sign, let right):
            left.text(left.isPlain(before: sign)) + " \(sign.rawValue) " + right.text(right.isPlain(after: sign))
        case .pipeline(let pipeline): "(\(pipeline))"
        }
    }

    private func text(_ isPlain: Bool) -> String { isPlain ? description : "(\(self))" }

    /// On the right of an operator without parentheses.
    private func isPlain(after sign: TraceQLQuery.SpansetOperator) -> Bool {
        guard case .combined(_, let own, _) = self else { return true }
        return (sign == .and || sign == .or) && own != .and && own != .or
    }

    /// On the left of an operator without parentheses.
    private func isPlain(before sign: TraceQLQuery.SpansetOperator) -> Bool {
        guard case .combined(_, let own, _) = self else { return true }
        let isLogical = own == .and || own == .or
        return isLogical ? own == sign : true
    }
}

extension TraceQLQuery.Expression: CustomStringConvertible {
    public var description: String { text(atLeast: .logical) }

    /// How strongly an expression's parts hold together.
    private enum Strength: Int, Comparable {
        case logical, comparison, sum, sign, product, power, operand

        static func < (a: Strength, b: Strength) -> Bool { a.rawValue < b.rawValue }
    }

    private var strength: Strength {
        switch self {
        case .literal(let literal): literal.isNegative ? .power : .operand
        case .field: .operand
        case .negative, .not: .sign
        case .arithmetic(_, let sign, _): sign.isSum ? .sum : sign == .power ? .power : .product
        case .comparison: .comparison
        case .and, .or: .logical
        }
    }

    private func text(atLeast least: Strength) -> String {
        let text =
            switch self {
            case .literal(let literal): literal.description
            case .field(let field): field.description
            // The sign of a number would be its own.
            case .negative(.literal(let literal)): "-(\(literal))"
            case .negative(let operand): "-" + operand.text(atLeast: .operand)
            case .not(let operand): "!" + operand.text(atLeast: .operand)
            case .arithmetic(let left, .power, let right):
                left.text(atLeast: .operand) + " ^ " + right.text(atLeast: .power)
            case .arithmetic(let left, let sign, let right):
                left.text(atLeast: sign.isSum ? .sum : .product) + " \(sign.rawValue) "
                    + right.text(atLeast: sign.isSum ? .product : .power)
            case .comparison(let left, let comparison, let right):
                left.text(atLeast: .comparison) + " \(comparison.rawValue) " + right.text(atLeast: .sum)
            case .and(let left, let right):
                left.text(atLeast: left.isOr ? .comparison : .logical) + " && " + right.text(atLeast: .comparison)
            case .or(let left, let right):
                left.text(atLeast: left.isAnd ? .comparison : .logical) + " || " + right.text(atLeast: .comparison)
            }
        return strength < least ? "(\(text))" : text
    }

    private var isAnd: Bool { if case .and = self { true } else { false } }
    private var isOr: Bool { if case .or = self { true } else { false } }
}

extension TraceQLQuery.Scalar: CustomStringConvertible {
    public var description: String { text(atLeast: 0) }

    /// 0 sum, 1 sign, 2 product, 3 power, 4 operand.
    private var strength: Int {
        switch self {
        case .literal(let literal): literal.isNegative ? 3 : 4
        case .count, .aggregate: 4
        case .negative: 1
        case .arithmetic(_, let sign, _): sign.isSum ? 0 : sign == .power ? 3 : 2
        }
    }

    private func text(atLeast least: Int) -> String {
        let text =
            switch self {
            case .literal(let literal): literal.description
            case .count: "count()"
            case .aggregate(let aggregate, let operand): "\(aggregate.rawValue)(\(operand))"
            case .negative(.literal(let literal)): "-(\(literal))"
            case .negative(let operand): "-" + operand.text(atLeast: 4)
            case .arithmetic(let left, .power, let right): left.text(atLeast: 4) + " ^ " + right.text(atLeast: 3)
            case .arithmetic(let left, let sign, let right):
                left.text(atLeast: sign.isSum ? 0 : 2) + " \(sign.rawValue) " + right.text(atLeast: sign.isSum ? 2 : 3)
            }
        return strength < least ? "(\(text))" : text
    }
}

extension TraceQLQuery.Arithmetic {
    fileprivate var isSum: Bool { self == .plus || self == .minus }
}

extension TraceQLQuery.Literal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .string(let text): TraceQLQuery.quoted(text)
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .duration(let nanoseconds): DurationText.text(nanoseconds)
        case .status(let status): status.rawValue
        case .kind(let kind): kind.rawValue
        case .none: "nil"
        }
    }

    fileprivate var isNegative: Bool {
        switch self {
        case .int(let number), .duration(let number): number < 0
        case .double(let number): number.sign == .minus
        case .string, .bool, .status, .kind, .none: false
        }
    }
}

extension TraceQLQuery {
    fileprivate static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension TraceQLQuery.Field: CustomStringConvertible {
    public var description: String {
        switch self {
        case .attribute(let scope, let key): "\(scope.rawValue).\(Self.text(of: key, ofParent: false))"
        case .intrinsic(let intrinsic): intrinsic.rawValue
        case .ofParent(.attribute(.any, let key)): "parent.\(Self.text(of: key, ofParent: true))"
        case .ofParent(let field): "parent.\(field)"
        }
    }

    private static func text(of key: String, ofParent isParent: Bool) -> String {
        var isPlain = key.utf8.allSatisfy { byte in
            byte < 0x7f && !TraceQLNames.endsKey(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "`")
        }
        if isParent {
            // Where these would be a scope or an intrinsic field.
            let word = key.prefix { $0 != "." && $0 != ":" }
            isPlain =
                isPlain && TraceQLNames.plainIntrinsics[key] == nil && TraceQLNames.scopes[String(word)] == nil
                && word != "trace"
        }
        if isPlain && !key.isEmpty { return key }
        return "\"" + key.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
