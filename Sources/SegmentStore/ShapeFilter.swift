internal import Bytes
internal import TraceModel

/// A filter made out for one segment: what it means for the rows of each shape.
struct ShapeFilter: Sendable {
    enum Test: Sendable {
        case never
        case always
        case duration(ClosedRange<Int64>)
        /// The column's code is one of these.
        case codes(column: Int, Set<Int>)
        /// The trace has a literal with this value under one of these keys. In `literalTests` by number.
        case literal(Int)
        indirect case any([Test])
    }

    /// A value outside the dictionary, sought under the keys of the columns that may have it.
    struct LiteralTest: Sendable {
        var value: [UInt8]
        /// The fingerprint that the value directory knows, for attributes; nil if the columns are not in it.
        var fingerprint: UInt64?
        var columns: [(shape: Int, column: Int)]
    }

    /// For each shape a test for each clause; nil for shapes that cannot match.
    private(set) var tests: [[Test]?] = []
    private(set) var literalTests: [LiteralTest] = []
    private var literalNumbers: [String: Int] = [:]

    var matchesAnything: Bool { tests.contains { $0 != nil } }

    init(_ filter: SpanFilter, _ dictionary: SegmentDictionary) {
        let serviceNumber = filter.serviceName.map { dictionary.number(of: $0) }
        let clauses = filter.clauses.map { NumberedClause($0, dictionary) }
        for (number, shape) in dictionary.schema.shapes.enumerated() {
            // Outer nil: any service; inner nil: a service that the segment has not got.
            if let serviceNumber, serviceNumber != shape.serviceName {
                tests.append(nil)
                continue
            }
            let own = clauses.map { test($0, number, dictionary) }
            let neverCount = own.count { if case .never = $0 { true } else { false } }
            tests.append(filter.needsOneSpan && neverCount > 0 ? nil : own)
        }
    }

    /// A clause with the numbers that its texts have in the dictionary; nil where it has not got them.
    private struct NumberedClause {
        var clause: SpanFilter.Clause
        var name: UInt32?
        var key: UInt32?
        var value: [UInt8] = []
        var valueNumber: UInt32?
        var isDerived = false

        init(_ clause: SpanFilter.Clause, _ dictionary: SegmentDictionary) {
            self.clause = clause
            switch clause {
            case .operation(let name), .remoteService(let name):
                self.name = dictionary.number(of: name)
                value = name
                valueNumber = self.name
            case .duration: break
            case .keyOrEvent(let key):
                self.key = dictionary.number(of: key)
                value = key
                valueNumber = self.key
            case .attribute(let key, let value), .anywhere(let key, let value):
                self.key = dictionary.number(of: key)
                self.value = value
                valueNumber = dictionary.number(of: value)
                isDerived = DerivedAttribute.isDerived(key)
            }
        }
    }

    private mutating func test(
        _ numbered: NumberedClause, _ shape: Int, _ dictionary: SegmentDictionary
    ) -> Test {
        let schema = dictionary.schema
        switch numbered.clause {
        case .operation:
            return numbered.name == schema.shapes[shape].operationName ? .always : .never
        case .duration(let range):
            return schema.shapes[shape].hasDuration ? .duration(range) : .never
        case .remoteService:
            for (index, column) in schema.columns(ofShape: shape).enumerated() where column.field == .remoteServiceName
            {
                return valueTest(numbered, shape, index, dictionary)
            }
            return .never
        case .keyOrEvent:
            return keyOrEventTest(numbered, shape, dictionary)
        case .attribute:
            return attributeTest(numbered, shape, dictionary)
        case .anywhere:
            // Any shape with attributes in other places than the span's own may match.
            let isElsewhere = numbered.isDerived || schema.columns(ofShape: shape).contains(where: \.holdsAttributes)
            return isElsewhere ? .always : attributeTest(numbered, shape, dictionary)
        }
    }

    private mutating func keyOrEventTest(
        _ numbered: NumberedClause, _ shape: Int, _ dictionary: SegmentDictionary
    ) -> Test {
        var tests: [Test] = []
        for (index, column) in dictionary.schema.columns(ofShape: shape).enumerated() {
            if column.role == .attribute, let key = numbered.key, column.key == key { return .always }
            guard column.role == .eventName else { continue }
            let test = valueTest(numbered, shape, index, dictionary)
            if !test.isNever { tests.append(test) }
        }
        return Self.joined(tests)
    }

    private mutating func attributeTest(
        _ numbered: NumberedClause, _ shape: Int, _ dictionary: SegmentDictionary
    ) -> Test {
        guard let wanted = numbered.key else { return .never }
        var tests: [Test] = []
        for (index, column) in dictionary.schema.columns(ofShape: shape).enumerated()
        where column.role == .attribute && column.key == wanted {
            // Values of other types are compared as text by those who check the trace.
            tests.append(column.type == .string ? valueTest(numbered, shape, index, dictionary) : .always)
        }
        return Self.joined(tests)
    }

    private mutating func valueTest(
        _ numbered: NumberedClause, _ shape: Int, _ index: Int, _ dictionary: SegmentDictionary
    ) -> Test {
        let (place, plan) = dictionary.schema.resolvedPlan(shape, index)
        switch plan.coding {
        case .constant:
            return numbered.valueNumber == plan.operand ? .always : .never
        case .dictionary:
            guard let wanted = numbered.valueNumber,
                let code = dictionary.schema.list(plan).enumerated().first(where: { $0.element == wanted })?.offset
            else { return .never }
            return .codes(column: place, [code])
        default:
            return literalTest(numbered.value, shape, place, dictionary)
        }
    }

    private mutating func literalTest(
        _ value: [UInt8], _ shape: Int, _ place: Int, _ dictionary: SegmentDictionary
    ) -> Test {
        let schema = dictionary.schema
        let column = schema.column(shape, place)
        guard let key = column.repeatKey else { return .always }
        let name = "\(key) " + String(decoding: value, as: UTF8.self)
        if let known = literalNumbers[name] { return .literal(known) }
        var columns: [(shape: Int, column: Int)] = []
        for other in schema.shapes.indices {
            for (index, column) in schema.columns(ofShape: other).enumerated()
            where column.repeatKey == key && schema.plan(other, index).coding.isLiteral {
                columns.append((other, index))
            }
        }
        let fingerprint: UInt64? =
            column.role == .attribute
            ? dictionary.withString(column.key) { keyBytes in
                value.withUnsafeBytes { ValueFingerprint.value($0, key: ValueFingerprint.key(keyBytes)) }
            } : nil
        literalNumbers[name] = literalTests.count
        literalTests.append(LiteralTest(value: value, fingerprint: fingerprint, columns: columns))
        return .literal(literalTests.count - 1)
    }

    private static func joined(_ tests: [Test]) -> Test {
        if tests.isEmpty { return .never }
        return tests.count == 1 ? tests[0] : .any(tests)
    }
}

extension SpanColumn {
    /// The column's values hold attributes of something else than the span itself.
    var holdsAttributes: Bool {
        role == .eventAttributes || field == .resource || field == .scope || field == .links
    }
}

/// Keys that APIs let people search by although no span has such an attribute: they are made of other facts about it.
enum DerivedAttribute {
    static let keys = ["span.kind", "error", "otel.status_code", "peer.service"].map { Array($0.utf8) }

    static func isDerived(_ key: [UInt8]) -> Bool { keys.contains(key) }
}
