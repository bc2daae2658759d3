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
        /// The hash that the blocks' filters know, for attributes; nil if the columns are not in them.
        var filterHash: UInt64?
        var columns: [(shape: Int, column: Int)]
    }

    /// For each shape a test for each clause; nil for shapes that cannot match.
    private(set) var tests: [[Test]?] = []
    private(set) var literalTests: [LiteralTest] = []
    private var literalNumbers: [String: Int] = [:]

    var matchesAnything: Bool { tests.contains { $0 != nil } }

    init(_ filter: SpanFilter, _ dictionary: SegmentDictionary) {
        let serviceNumber = filter.serviceName.map { dictionary.number(of: $0) }
        for (number, shape) in dictionary.schema.shapes.enumerated() {
            // Outer nil: any service; inner nil: a service that the segment has not got.
            if let serviceNumber, serviceNumber != shape.serviceName {
                tests.append(nil)
                continue
            }
            let own = filter.clauses.map { test($0, number, shape, dictionary) }
            let neverCount = own.count { if case .never = $0 { true } else { false } }
            tests.append(filter.needsOneSpan && neverCount > 0 ? nil : own)
        }
    }

    private mutating func test(
        _ clause: SpanFilter.Clause, _ number: Int, _ shape: SegmentSchema.Shape, _ dictionary: SegmentDictionary
    ) -> Test {
        switch clause {
        case .operation(let name):
            return dictionary.number(of: name) == shape.operationName ? .always : .never
        case .duration(let range):
            return shape.plan.duration == nil ? .never : .duration(range)
        case .remoteService(let name):
            for (index, column) in shape.columns.enumerated() where column.field == .remoteServiceName {
                return valueTest(name, number, index, shape, dictionary)
            }
            return .never
        case .keyOrEvent(let key):
            guard let wanted = dictionary.number(of: key) else { return .never }
            return shape.columns.contains { $0.hasKeyString && $0.key == wanted } ? .always : .never
        case .attribute(let key, let value):
            return attributeTest(key, value, number, shape, dictionary)
        case .anywhere(let key, let value):
            return anywhereTest(key, value, number, shape, dictionary)
        }
    }

    private mutating func attributeTest(
        _ key: [UInt8], _ value: [UInt8], _ number: Int, _ shape: SegmentSchema.Shape, _ dictionary: SegmentDictionary
    ) -> Test {
        guard let wanted = dictionary.number(of: key) else { return .never }
        var tests: [Test] = []
        for (index, column) in shape.columns.enumerated() where column.role == .attribute && column.key == wanted {
            // Values of other types are compared as text by those who check the trace.
            tests.append(
                column.type == .string ? valueTest(value, number, index, shape, dictionary) : .always)
        }
        return Self.joined(tests)
    }

    /// Like `attributeTest`, and any shape with attributes in other places than the span's own may match.
    private mutating func anywhereTest(
        _ key: [UInt8], _ value: [UInt8], _ number: Int, _ shape: SegmentSchema.Shape, _ dictionary: SegmentDictionary
    ) -> Test {
        let isElsewhere = shape.columns.contains { column in
            column.role == .eventAttributes || column.field == .resource || column.field == .scope
                || column.field == .links
        }
        if isElsewhere || DerivedAttribute.isDerived(key) { return .always }
        return attributeTest(key, value, number, shape, dictionary)
    }

    private mutating func valueTest(
        _ value: [UInt8], _ number: Int, _ index: Int, _ shape: SegmentSchema.Shape, _ dictionary: SegmentDictionary
    ) -> Test {
        let own = shape.plan.columns[index]
        let place = own.coding == .sameAs ? Int(own.operand) : index
        let plan = shape.plan.columns[place]
        switch plan.coding {
        case .constant:
            return dictionary.number(of: value) == plan.operand ? .always : .never
        case .dictionary:
            guard let wanted = dictionary.number(of: value), let code = plan.list.firstIndex(of: wanted) else {
                return .never
            }
            return .codes(column: place, [code])
        default:
            return literalTest(value, number, place, shape, dictionary)
        }
    }

    private mutating func literalTest(
        _ value: [UInt8], _ number: Int, _ place: Int, _ shape: SegmentSchema.Shape, _ dictionary: SegmentDictionary
    ) -> Test {
        let column = shape.columns[place]
        guard let key = column.repeatKey else { return .always }
        let name = "\(key) " + String(decoding: value, as: UTF8.self)
        if let known = literalNumbers[name] { return .literal(known) }
        var columns: [(shape: Int, column: Int)] = []
        for (other, shape) in dictionary.schema.shapes.enumerated() {
            for (index, column) in shape.columns.enumerated()
            where column.repeatKey == key && shape.plan.columns[index].coding.isLiteral {
                columns.append((other, index))
            }
        }
        let hash: UInt64? =
            column.role == .attribute
            ? dictionary.withString(column.key) { keyBytes in
                value.withUnsafeBytes { ValueFilter.hash(key: keyBytes, value: $0) }
            } : nil
        literalNumbers[name] = literalTests.count
        literalTests.append(LiteralTest(value: value, filterHash: hash, columns: columns))
        return .literal(literalTests.count - 1)
    }

    private static func joined(_ tests: [Test]) -> Test {
        if tests.isEmpty { return .never }
        return tests.count == 1 ? tests[0] : .any(tests)
    }
}

/// Keys that APIs let people search by although no span has such an attribute: they are made of other facts about it.
enum DerivedAttribute {
    static let keys = ["span.kind", "error", "otel.status_code", "peer.service"].map { Array($0.utf8) }

    static func isDerived(_ key: [UInt8]) -> Bool { keys.contains(key) }
}
