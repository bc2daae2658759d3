internal import Bytes
internal import TraceModel

/// A block unpacked into plain arrays: every value of every column at once, for those who want all of them.
///
/// Strings are numbers of the segment's dictionary; those that are not in it follow, numbered from its count on.
final class DecodedBlock {
    enum Column {
        case nothing
        case reference(UInt32)
        case references([UInt32])
        /// Times of events as `SegmentAssembly` has them.
        case number(Int64)
        case numbers([Int64])
        /// The same as an earlier column.
        case sameAs(Int)
    }

    let traces: BlockTraces
    let spine: BlockSpine
    /// Of each span; `SpanBatch.absentTime` where it has none.
    let starts: [Int64]
    let durations: [Int64]
    /// Of each span; 0: no parent.
    let spanIDs: [UInt64]
    let parentIDs: [UInt64]
    /// Columns of the shapes that the block has spans of, ascending by shape, and for each shape of the segment its
    /// place among them.
    let shapes: [[Column]]
    let shapePlaces: [Int32]
    let dictionaryCount: Int
    private let literals: Literals

    /// Strings that are not in the dictionary.
    private struct Literals: ~Copyable {
        var bytes = ColumnBuffer<UInt8>(capacity: 1 << 14)
        var ends = ColumnBuffer<UInt32>(capacity: 1 << 10)

        mutating func append(_ value: [UInt8]) {
            value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
            ends.append(UInt32(bytes.count))
        }
    }

    init(_ reader: BlockReader) throws(SegmentError) {
        traces = try reader.traces()
        spine = try reader.spine()
        dictionaryCount = reader.dictionary.count
        var decoder = ColumnDecoder(reader, try reader.values())
        var shapes: [[Column]] = []
        var shapePlaces = [Int32](repeating: -1, count: spine.rowCounts.count)
        for (number, rowCount) in spine.rowCounts.enumerated() where rowCount > 0 {
            shapePlaces[number] = Int32(shapes.count)
            shapes.append(try decoder.decode(number, Int(rowCount)))
        }
        try decoder.resolveRepeats(&shapes, shapePlaces, traces, spine)
        self.shapes = shapes
        self.shapePlaces = shapePlaces
        (starts, durations) = decoder.times(shapePlaces, traces, spine)
        (spanIDs, parentIDs) = try DecodedBlock.ids(reader, traces, spine)
        literals = decoder.takeLiterals()
    }

    var literalCount: Int { literals.ends.count }

    /// Valid as long as the block.
    func literal(_ index: Int) -> UnsafeRawBufferPointer {
        let start = index == 0 ? 0 : Int(literals.ends[index - 1])
        let end = Int(literals.ends[index])
        return UnsafeRawBufferPointer(start: literals.bytes.start + start, count: end - start)
    }

    static func ids(
        _ reader: BlockReader, _ traces: BlockTraces, _ spine: BlockSpine
    ) throws(SegmentError) -> (own: [UInt64], parents: [UInt64]) {
        let stored = try reader.spanIDs()
        let idCount = spine.parents.count { $0 != ParentCode.rootWithTraceID }
        guard stored.count == idCount * 8 else { throw reader.corrupt("it has not as many span IDs as spans") }
        var own: [UInt64] = []
        var parents: [UInt64] = []
        own.reserveCapacity(spine.parents.count)
        parents.reserveCapacity(spine.parents.count)
        var place = 0
        var stranger = 0
        for trace in 0..<traces.count {
            let low = traces.traceID(trace).low
            for span in traces.spans(trace) {
                if spine.parents[span] == ParentCode.rootWithTraceID {
                    own.append(low)
                } else {
                    own.append(stored.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) })
                    place += 8
                }
            }
            for span in traces.spans(trace) {
                switch spine.parents[span] {
                case ParentCode.root, ParentCode.rootWithTraceID:
                    parents.append(0)
                case ParentCode.elsewhere:
                    parents.append(spine.strangers[stranger])
                    stranger += 1
                default:
                    parents.append(own[span - ParentCode.distance(spine.parents[span])])
                }
            }
        }
        return (own, parents)
    }

    /// Unpacks the columns of one shape after the other.
    private struct ColumnDecoder: ~Copyable {
        private let reader: BlockReader
        private let schema: SegmentSchema
        private let values: BlockValues
        private var literals = Literals()
        /// Of the shapes decoded so far, by row; empty without any.
        private var startDeltas: [[Int64]] = []
        private var durations: [[Int64]] = []

        init(_ reader: BlockReader, _ values: BlockValues) {
            self.reader = reader
            self.values = values
            schema = reader.schema
        }

        consuming func takeLiterals() -> Literals { literals }

        mutating func decode(_ number: Int, _ rowCount: Int) throws(SegmentError) -> [Column] {
            let layout = values.columns(ofShape: number)
            var deltas: [Int64] = []
            var durations: [Int64] = []
            if let plan = schema.startPlan(number) { deltas = try values.numbers(plan, layout.start, count: rowCount) }
            if let plan = schema.durationPlan(number) {
                durations = try values.numbers(plan, layout.duration, count: rowCount)
            }
            var columns: [Column] = []
            columns.reserveCapacity(layout.columns.count)
            for (index, place) in layout.columns.enumerated() {
                columns.append(try decode(schema.plan(number, index), place, rowCount, durations))
            }
            startDeltas.append(deltas)
            self.durations.append(durations)
            return columns
        }

        private mutating func decode(
            _ plan: StoredPlan, _ place: BlockLayout.Column, _ rowCount: Int, _ durations: [Int64]
        ) throws(SegmentError) -> Column {
            switch plan.coding {
            case .nothing: return .nothing
            case .constant: return .reference(plan.operand)
            case .sameAs: return .sameAs(Int(plan.operand))
            case .constantNumber where plan.reference != .spanEnd: return .number(plan.number.base)
            case .dictionary: return .references(try values.dictionaryNumbers(plan, place, count: rowCount))
            case .bool: return .references((0..<rowCount).map { values.bool(place, row: $0) ? 1 : 0 })
            case .double:
                var bits: [Int64] = []
                bits.reserveCapacity(rowCount)
                for row in 0..<rowCount { bits.append(Int64(bitPattern: try values.double(plan, place, row: row))) }
                return .numbers(bits)
            case .number, .numberDictionary, .constantNumber:
                var numbers = try values.numbers(plan, place, count: rowCount)
                if plan.reference == .spanEnd {
                    for row in 0..<rowCount { numbers[row] &+= durations[row] }
                }
                return .numbers(numbers)
            case .uuid, .hex, .decimal, .text:
                return .references(try references(plan, place, rowCount))
            }
        }

        /// What stands for a value that repeats one of its trace, until it is resolved.
        private static let repeated = UInt32.max

        private mutating func references(
            _ plan: StoredPlan, _ place: BlockLayout.Column, _ rowCount: Int
        ) throws(SegmentError) -> [UInt32] {
            var references: [UInt32] = []
            references.reserveCapacity(rowCount)
            var next = 0
            var scratch: [UInt8] = []
            for row in 0..<rowCount {
                if plan.marksRepeats && values.isRepeat(place, row: row) {
                    references.append(Self.repeated)
                    continue
                }
                try values.readLiteral(plan, place, place: next, into: &scratch)
                next += 1
                references.append(UInt32(reader.dictionary.count + literals.ends.count))
                literals.append(scratch)
            }
            return references
        }

        /// A column of literals while its repeat marks are resolved.
        private struct LiteralColumn {
            var place: Int
            var column: Int
            var key: Int
            var values: [UInt32]
        }

        /// Puts the value that a trace had before in the place of each repeat mark.
        mutating func resolveRepeats(
            _ shapes: inout [[Column]], _ shapePlaces: [Int32], _ traces: BlockTraces, _ spine: BlockSpine
        ) throws(SegmentError) {
            var literals: [LiteralColumn] = []
            // Where the literal columns of each shape with rows begin, and behind them their number.
            var firsts: [Int] = []
            var keys: [UInt32: Int] = [:]
            for (number, place) in shapePlaces.enumerated() where place >= 0 {
                firsts.append(literals.count)
                for index in shapes[Int(place)].indices where schema.plan(number, index).coding.isLiteral {
                    guard let name = schema.column(number, index).repeatKey,
                        case .references(let values) = shapes[Int(place)][index]
                    else { continue }
                    let key = keys[name] ?? keys.count
                    keys[name] = key
                    // Taken out of the shape, so that it is changed in place.
                    shapes[Int(place)][index] = .nothing
                    literals.append(LiteralColumn(place: Int(place), column: index, key: key, values: values))
                }
            }
            firsts.append(literals.count)
            var last = [UInt32](repeating: 0, count: keys.count)
            for trace in 0..<traces.count where !literals.isEmpty {
                for key in last.indices { last[key] = Self.repeated }
                for span in traces.spans(trace) {
                    let place = Int(shapePlaces[Int(spine.shapes[span])])
                    let row = Int(spine.rows[span])
                    for index in firsts[place]..<firsts[place + 1] {
                        let value = literals[index].values[row]
                        if value != Self.repeated {
                            last[literals[index].key] = value
                        } else if last[literals[index].key] != Self.repeated {
                            literals[index].values[row] = last[literals[index].key]
                        } else {
                            throw reader.corrupt("a value repeats one that its trace has not got")
                        }
                    }
                }
            }
            for literal in literals { shapes[literal.place][literal.column] = .references(literal.values) }
        }

        func times(
            _ shapePlaces: [Int32], _ traces: BlockTraces, _ spine: BlockSpine
        ) -> (starts: [Int64], durations: [Int64]) {
            var starts = [Int64](repeating: SpanBatch.absentTime, count: spine.shapes.count)
            var spanDurations = starts
            for trace in 0..<traces.count {
                var previous = traces.baseStarts[trace]
                for span in traces.spans(trace) {
                    let place = Int(shapePlaces[Int(spine.shapes[span])])
                    let row = Int(spine.rows[span])
                    if !startDeltas[place].isEmpty {
                        previous &+= startDeltas[place][row]
                        starts[span] = previous
                    }
                    if !durations[place].isEmpty { spanDurations[span] = durations[place][row] }
                }
            }
            return (starts, spanDurations)
        }
    }
}
