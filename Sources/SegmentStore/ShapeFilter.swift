internal import Bytes
internal import TraceModel

/// A filter made out for one segment: what it means for the rows of each shape.
struct ShapeFilter: Sendable {
    indirect enum Test: Sendable {
        case never
        case always
        case duration(ClosedRange<Int64>)
        /// The column's code is one of those marked.
        case codes(column: Int, [Bool])
        /// The column's value, which is no text, meets a test.
        case value(column: Int, ValueType, @Sendable (SpanValue) -> Bool)
        /// The trace has such a literal under one of these keys. In `literalTests` by number.
        case literal(Int)
        case all([Test])
        case any([Test])
    }

    /// A value outside the dictionary, sought under the keys of the columns that may have it.
    struct LiteralTest: Sendable {
        var meets: @Sendable ([UInt8]) -> Bool
        /// The fingerprint that the value directory knows, where one value is sought; nil if any block may have it.
        var fingerprint: UInt64?
        var columns: [(shape: Int, column: Int)]
    }

    /// For each shape a test for each spanset; nil for shapes that cannot match.
    private(set) var tests: [[Test]?] = []
    private(set) var literalTests: [LiteralTest] = []
    private var literalNumbers: [String: Int] = [:]
    private let dictionary: SegmentDictionary

    var matchesAnything: Bool { tests.contains { $0 != nil } }

    init(_ filter: SpanFilter, _ dictionary: SegmentDictionary) {
        self.dictionary = dictionary
        var clauseCount = 0
        let conditions = filter.spansets.map { NumberedCondition($0, dictionary, &clauseCount) }
        for number in dictionary.schema.shapes.indices {
            let own = conditions.map { test($0, number) }
            tests.append(own.allSatisfy(\.isNever) ? nil : own)
        }
    }

    private indirect enum NumberedCondition {
        case all([NumberedCondition])
        case any([NumberedCondition])
        case clause(NumberedClause)

        init(_ condition: SpanFilter.Condition, _ dictionary: SegmentDictionary, _ clauseCount: inout Int) {
            switch condition {
            case .all(let parts):
                self = .all(parts.map { NumberedCondition($0, dictionary, &clauseCount) })
            case .any(let parts):
                self = .any(parts.map { NumberedCondition($0, dictionary, &clauseCount) })
            case .clause(let clause):
                self = .clause(NumberedClause(clause, number: clauseCount, dictionary))
                clauseCount += 1
            }
        }
    }

    /// A clause with the numbers that its texts have in the dictionary; nil where it has not got them.
    private struct NumberedClause {
        var clause: SpanFilter.Clause
        var number: Int
        var key: UInt32?
        var value: [UInt8] = []
        var valueNumber: UInt32?

        init(_ clause: SpanFilter.Clause, number: Int, _ dictionary: SegmentDictionary) {
            self.clause = clause
            self.number = number
            switch clause {
            case .service(.equals(let text)), .operation(.equals(let text)), .remoteService(let text):
                value = text
            case .keyOrEvent(let text):
                value = text
                key = dictionary.number(of: text)
            case .attribute(let test), .anywhere(let test):
                value = test.text ?? []
                key = dictionary.number(of: test.key)
            case .service, .operation, .traits, .duration, .lacks: break
            }
            valueNumber = dictionary.number(of: value)
        }
    }

    private mutating func test(_ condition: NumberedCondition, _ shape: Int) -> Test {
        switch condition {
        case .all(let parts):
            var tests: [Test] = []
            for part in parts {
                switch test(part, shape) {
                case .never: return .never
                case .always: continue
                case let test: tests.append(test)
                }
            }
            if tests.isEmpty { return .always }
            return tests.count == 1 ? tests[0] : .all(tests)
        case .any(let parts): return Self.either(parts.map { test($0, shape) })
        case .clause(let clause): return test(clause, shape)
        }
    }

    private mutating func test(_ numbered: NumberedClause, _ shape: Int) -> Test {
        let own = dictionary.schema.shapes[shape]
        switch numbered.clause {
        case .service(let test): return meets(test, own.serviceName, numbered) ? .always : .never
        case .operation(let test): return meets(test, own.operationName, numbered) ? .always : .never
        case .traits(let meets): return meets(own.traits) ? .always : .never
        case .duration(let range): return own.hasDuration ? .duration(range) : .never
        case .remoteService:
            return either(shape) {
                $0.field == .remoteServiceName
            } test: { filter, index in
                filter.textTest(.equals(numbered), shape, index)
            }
        case .keyOrEvent: return keyOrEventTest(numbered, shape)
        case .attribute(let test): return attributeTest(test, numbered, shape)
        case .lacks(let keys):
            let numbers = keys.compactMap { dictionary.number(of: $0) }
            let columns = dictionary.schema.columns(ofShape: shape)
            return columns.contains { $0.role == .attribute && numbers.contains($0.key) } ? .never : .always
        case .anywhere(let test):
            let own = attributeTest(test, numbered, shape)
            let others = either(shape, \.holdsAttributes) { filter, index in filter.elsewhereTest(test, shape, index) }
            return Self.either([own, others])
        }
    }

    private func meets(_ test: SpanFilter.TextTest, _ string: UInt32, _ numbered: NumberedClause) -> Bool {
        if case .equals = test { return numbered.valueNumber == string }
        return dictionary.withString(string) { test.meets($0) }
    }

    private mutating func keyOrEventTest(_ numbered: NumberedClause, _ shape: Int) -> Test {
        let columns = dictionary.schema.columns(ofShape: shape)
        if let key = numbered.key, columns.contains(where: { $0.role == .attribute && $0.key == key }) {
            return .always
        }
        return either(shape) {
            $0.role == .eventName
        } test: { filter, index in
            filter.textTest(.equals(numbered), shape, index)
        }
    }

    private mutating func attributeTest(
        _ test: SpanFilter.AttributeTest, _ numbered: NumberedClause, _ shape: Int
    ) -> Test {
        switch test.owner {
        case .resource, .scope:
            let field: SpanField = test.owner == .resource ? .resource : .scope
            return either(shape) {
                $0.field == field
            } test: { filter, index in
                filter.elsewhereTest(test, shape, index)
            }
        case .span:
            guard let key = numbered.key else { return .never }
            return either(shape) {
                $0.role == .attribute && $0.key == key
            } test: { filter, index in
                switch filter.dictionary.schema.column(shape, index).type {
                case .string:
                    return test.text == nil
                        ? filter.textTest(.meets(numbered, { test.meets(.string($0)) }), shape, index)
                        : filter.textTest(.equals(numbered), shape, index)
                case .int, .double, .bool:
                    let type = filter.dictionary.schema.column(shape, index).type
                    return .value(column: index, type, test.meets)
                case .none: return test.meets(.none) ? .always : .never
                case .bytes, .array, .map: return .always
                }
            }
        }
    }

    /// For an attribute that is not the span's own: of a column that has a list of them as one value.
    private func elsewhereTest(_ test: SpanFilter.AttributeTest, _ shape: Int, _ index: Int) -> Test {
        let column = dictionary.schema.column(shape, index)
        guard column.field == .resource || column.field == .scope else {
            return column.holdsAttributes ? .always : .never
        }
        let (place, plan) = dictionary.schema.resolvedPlan(shape, index)
        let isResource = column.field == .resource
        func meets(_ string: UInt32) -> Bool {
            dictionary.withString(string) { bytes in
                guard
                    let list = isResource
                        ? (try? ResourceView(bytes))?.attributes : (try? ScopeView(bytes))?.attributes
                else { return true }
                return list.contains { $0.elementsEqual(test.key) && test.meets($1) }
            }
        }
        switch plan.coding {
        case .constant: return meets(plan.operand) ? .always : .never
        case .dictionary: return codesTest(place, dictionary.schema.list(plan).map(meets))
        default: return .always
        }
    }

    // MARK: Texts

    private enum TextSearch {
        case equals(NumberedClause)
        case meets(NumberedClause, @Sendable (UnsafeRawBufferPointer) -> Bool)
    }

    private mutating func textTest(_ search: TextSearch, _ shape: Int, _ index: Int) -> Test {
        let (place, plan) = dictionary.schema.resolvedPlan(shape, index)
        func meets(_ string: UInt32) -> Bool {
            switch search {
            case .equals(let clause): clause.valueNumber == string
            case .meets(_, let test): dictionary.withString(string, test)
            }
        }
        switch plan.coding {
        case .constant: return meets(plan.operand) ? .always : .never
        case .dictionary: return codesTest(place, dictionary.schema.list(plan).map(meets))
        default: return literalTest(search, shape, place)
        }
    }

    private func codesTest(_ column: Int, _ isAccepted: [Bool]) -> Test {
        if !isAccepted.contains(true) { return .never }
        return isAccepted.contains(false) ? .codes(column: column, isAccepted) : .always
    }

    private mutating func literalTest(_ search: TextSearch, _ shape: Int, _ place: Int) -> Test {
        let schema = dictionary.schema
        let column = schema.column(shape, place)
        guard let key = column.repeatKey else { return .always }
        let clause =
            switch search {
            case .equals(let clause), .meets(let clause, _): clause
            }
        let name = "\(key) \(clause.number)"
        if let known = literalNumbers[name] { return .literal(known) }
        var columns: [(shape: Int, column: Int)] = []
        for other in schema.shapes.indices {
            for (index, column) in schema.columns(ofShape: other).enumerated()
            where column.repeatKey == key && schema.plan(other, index).coding.isLiteral {
                columns.append((other, index))
            }
        }
        var test: LiteralTest
        switch search {
        case .equals(let clause):
            let value = clause.value
            test = LiteralTest(meets: { $0 == value }, columns: columns)
            if column.role == .attribute {
                test.fingerprint = dictionary.withString(column.key) { keyBytes in
                    value.withUnsafeBytes { ValueFingerprint.value($0, key: ValueFingerprint.key(keyBytes)) }
                }
            }
        case .meets(_, let meets):
            test = LiteralTest(meets: { value in value.withUnsafeBytes { meets($0) } }, columns: columns)
        }
        literalNumbers[name] = literalTests.count
        literalTests.append(test)
        return .literal(literalTests.count - 1)
    }

    // MARK: Several columns

    /// A span meets one of the tests of the columns chosen.
    private mutating func either(
        _ shape: Int, _ isChosen: (SpanColumn) -> Bool, test: (inout ShapeFilter, Int) -> Test
    ) -> Test {
        var tests: [Test] = []
        for (index, column) in dictionary.schema.columns(ofShape: shape).enumerated() where isChosen(column) {
            tests.append(test(&self, index))
        }
        return Self.either(tests)
    }

    private static func either(_ tests: [Test]) -> Test {
        var left: [Test] = []
        for test in tests {
            switch test {
            case .never: continue
            case .always: return .always
            default: left.append(test)
            }
        }
        if left.isEmpty { return .never }
        return left.count == 1 ? left[0] : .any(left)
    }
}

extension ShapeFilter.Test {
    var isNever: Bool { if case .never = self { true } else { false } }
}

extension SpanColumn {
    /// The column's values hold attributes of something else than the span itself.
    var holdsAttributes: Bool {
        role == .eventAttributes || field == .resource || field == .scope || field == .links
    }
}
