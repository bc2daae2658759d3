public import TraceModel

/// Where attributes of spans stand.
public enum AttributePlace: Sendable, Hashable {
    /// The spans' own, with this key: values are what the attributes have.
    case span(key: [UInt8])
    /// Values are maps, or what `AttributeCoding` makes of resources, scopes, links and the attributes of events.
    case resource
    case scope
    case links
    case events
}

extension SegmentReader {
    /// Keys of the spans' own attributes, of all blocks with spans within the window.
    public func attributeKeys(within window: ClosedRange<Int64>) throws(SegmentError) -> Set<String> {
        let scope = try AttributeScan(self, window, serviceName: nil)
        var keys: Set<UInt32> = []
        for shape in scope.shapes {
            for column in scope.schema.columns(ofShape: shape) where column.role == .attribute {
                keys.insert(column.key)
            }
        }
        return Set(keys.map(scope.text))
    }

    /// Keys of the spans' own attributes and what their values are, where all are texts of the dictionary and there are
    /// no more than `valueCountMax`; nil for the others.
    public func fewValuedAttributes(
        within window: ClosedRange<Int64>, valueCountMax: Int
    ) throws(SegmentError) -> [String: Set<String>?] {
        let scan = try AttributeScan(self, window, serviceName: nil)
        var found: [UInt32: Set<UInt32>?] = [:]
        for shape in scan.shapes {
            for (index, column) in scan.schema.columns(ofShape: shape).enumerated() where column.role == .attribute {
                if case .some(.none) = found[column.key] { continue }
                var values = (found[column.key] ?? []) ?? []
                let plan = scan.schema.resolvedPlan(shape, index).plan
                switch (column.type, plan.coding) {
                case (.string, .constant): values.insert(plan.operand)
                case (.string, .dictionary) where plan.entryCount <= valueCountMax:
                    values.formUnion(scan.schema.list(plan))
                default:
                    found[column.key] = .some(nil)
                    continue
                }
                found[column.key] = .some(values.count <= valueCountMax ? values : nil)
            }
        }
        return Dictionary(uniqueKeysWithValues: found.map { (scan.text($0), $1.map { Set($0.map(scan.text)) }) })
    }

    /// Calls `body` with the values that stand at a place, in blocks with spans within the window: those of lists at
    /// once, each once, also if only spans outside of the window have them; then what is in no list, block by block,
    /// as often as it comes.
    /// - Parameters:
    ///   - serviceName: only of spans of this service; then lists are not enough, and the blocks are read.
    ///   - isWanted: asked before each block is read.
    ///   - body: false ends the calls. What it is given is valid only within the call.
    public func forEachAttributeValue(
        at place: AttributePlace, within window: ClosedRange<Int64>, serviceName: [UInt8]?, isWanted: () -> Bool,
        _ body: (SpanValue) -> Bool
    ) throws(SegmentError) {
        var scan = try AttributeScan(self, window, serviceName: serviceName)
        guard !scan.shapes.isEmpty, scan.select(place), scan.listedValues(body) else { return }
        for block in scan.blocksToRead {
            guard isWanted(), try scan.read(try openBlock(block), body) else { return }
        }
    }
}

/// The values of some attributes in the blocks of a segment within a window.
private struct AttributeScan {
    let dictionary: SegmentDictionary
    /// Shapes that spans within the window, and of the service, may have.
    private(set) var shapes: [Int] = []
    private let blocks: [(number: Int, entry: BlockDirectory.Entry)]
    private let hasService: Bool
    private var columns: [(shape: Int, index: Int)] = []
    /// Strings of the dictionary that were given out.
    private var known: Set<UInt32> = []
    private var selection: ColumnSelection?

    var schema: SegmentSchema { dictionary.schema }

    init(_ reader: SegmentReader, _ window: ClosedRange<Int64>, serviceName: [UInt8]?) throws(SegmentError) {
        let directory = try reader.blockDirectory()
        dictionary = try reader.dictionary()
        hasService = serviceName != nil
        blocks = directory.blocks.enumerated().filter { $0.element.mayBegin(within: window) }
            .map { ($0.offset, $0.element) }
        guard dictionary.schema.shapes.count == directory.shapeCount else { return }
        let service = serviceName.map { dictionary.number(of: $0) }
        for (number, shape) in dictionary.schema.shapes.enumerated() {
            if let service, service != shape.serviceName { continue }
            if blocks.contains(where: { $0.entry.hasShape(number) }) { shapes.append(number) }
        }
    }

    func text(_ number: UInt32) -> String { dictionary.withString(number) { String(decoding: $0, as: UTF8.self) } }

    /// - Returns: false if no span has anything at the place.
    mutating func select(_ place: AttributePlace) -> Bool {
        var key: UInt32?
        if case .span(let bytes) = place {
            key = bytes.isEmpty ? 0 : dictionary.number(of: bytes)
            if key == nil { return false }
        }
        for shape in shapes {
            for (index, column) in schema.columns(ofShape: shape).enumerated() {
                let isWanted =
                    switch place {
                    case .span: column.role == .attribute && column.key == key
                    case .resource: column.field == .resource
                    case .scope: column.field == .scope
                    case .links: column.field == .links
                    case .events: column.role == .eventAttributes
                    }
                if isWanted { columns.append((shape, index)) }
            }
        }
        return !columns.isEmpty
    }

    /// What constants and lists say; the other columns remain to be read.
    mutating func listedValues(_ body: (SpanValue) -> Bool) -> Bool {
        var rest: [Int: Set<Int>] = [:]
        var plans: Set<UInt32> = []
        for (shape, index) in columns {
            let (place, plan) = schema.resolvedPlan(shape, index)
            let type = schema.column(shape, index).type
            let isConstant = [.constant, .constantNumber, .nothing].contains(plan.coding)
            guard isConstant || (!hasService && [.dictionary, .numberDictionary].contains(plan.coding)) else {
                rest[shape, default: []].insert(index)
                continue
            }
            let number = schema.planNumbers[Int(schema.shapes[shape].firstColumn) + place]
            guard plans.insert(number << 3 | UInt32(type.rawValue)).inserted else { continue }
            switch plan.coding {
            case .constant:
                if !give(plan.operand, type, body) { return false }
            case .dictionary:
                for string in schema.list(plan) where !give(string, type, body) { return false }
            case .constantNumber:
                if !body(Self.number(plan.number.base, type)) { return false }
            case .numberDictionary:
                for number in schema.numberList(plan) where !body(Self.number(number, type)) { return false }
            default: break
            }
        }
        guard !rest.isEmpty else { return true }
        selection = ColumnSelection(schema) { shape, index in
            rest[shape]?.contains(index) == true ? Int(schema.column(shape, index).type.rawValue) : nil
        }
        return true
    }

    var blocksToRead: [Int] {
        guard let selection else { return [] }
        let wanted = shapes.filter { shape in selection.picks[shape].contains { $0.slot != nil } }
        return blocks.filter { block in wanted.contains { block.entry.hasShape($0) } }.map(\.number)
    }

    /// - Returns: false once `body` has had enough.
    mutating func read(_ block: BlockReader, _ body: (SpanValue) -> Bool) throws(SegmentError) -> Bool {
        guard let selection else { return false }
        var goesOn = true
        try block.forEachValue(selection) { (_, slot, value) throws(SegmentError) in
            guard goesOn, let type = ValueType(rawValue: UInt8(slot)) else { return }
            switch value {
            case .dictionary(let string): goesOn = give(string, type, body)
            case .literal(let bytes): goesOn = body(Self.value(bytes, type))
            case .int(let number): goesOn = body(.int(number))
            case .double(let number): goesOn = body(.double(number))
            case .bool(let flag): goesOn = body(.bool(flag))
            case .none: break
            }
        }
        return goesOn
    }

    private mutating func give(_ string: UInt32, _ type: ValueType, _ body: (SpanValue) -> Bool) -> Bool {
        guard known.insert(string << 3 | UInt32(type.rawValue)).inserted else { return true }
        return dictionary.withString(string) { body(Self.value($0, type)) }
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ type: ValueType) -> SpanValue {
        switch type {
        case .string: .string(bytes)
        case .bytes: .bytes(bytes)
        case .array: .array(bytes)
        case .map: .map(bytes)
        case .bool, .int, .double, .none: .none
        }
    }

    private static func number(_ number: Int64, _ type: ValueType) -> SpanValue {
        type == .double ? .double(Double(bitPattern: UInt64(bitPattern: number))) : .int(number)
    }
}

extension BlockDirectory.Entry {
    /// Whether some span may begin within the window; of spans without a start nobody knows.
    fileprivate func mayBegin(within window: ClosedRange<Int64>) -> Bool {
        guard let earliestStart, let latestStart else { return true }
        return earliestStart <= window.upperBound && latestStart >= window.lowerBound
    }
}
