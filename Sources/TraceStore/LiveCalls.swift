internal import Bytes
internal import SegmentStore
internal import Topology
internal import TraceModel

/// What live spans tell of calls, by trace.
struct LiveCalls {
    private struct Row {
        var span: CallSpan
        var start: Int64
        var isRoot: Bool
    }

    private var rows: [Row] = []
    /// Places of the spans of each trace.
    private(set) var traces: [Range<Int>] = []

    func traceIDLow(_ trace: Range<Int>) -> UInt64 { rows[trace.lowerBound].span.traceIDLow }

    func spans(_ trace: Range<Int>) -> [CallSpan] { rows[trace].map(\.span) }

    func times(_ trace: Range<Int>) -> TraceTimes {
        var times = TraceTimes()
        for row in rows[trace] where row.start != SpanBatch.absentTime {
            times.earliest = min(times.earliest ?? row.start, row.start)
            if row.isRoot { times.root = min(times.root ?? row.start, row.start) }
        }
        return times
    }

    /// Takes in the spans of a batch, unless all of them begin and end outside of `reach`.
    mutating func add(_ batch: SpanBatch, within reach: ClosedRange<Int64>, _ linker: inout DependencyLinker) {
        // A batch without any start has the earliest behind the latest end.
        let hasTimes = batch.earliestStart <= batch.latestEnd
        if hasTimes, batch.earliestStart > reach.upperBound || batch.latestEnd < reach.lowerBound { return }
        var shapes: [Shape] = []
        shapes.reserveCapacity(batch.shapeCount)
        for number in 0..<batch.shapeCount { shapes.append(Shape(batch, batch.shape(number), &linker)) }
        var numbers: [UInt32: UInt32] = [:]
        let ids = batch.pointers
        for row in 0..<batch.spanCount {
            let shape = shapes[Int(batch.shapeColumn[row])]
            var span = CallSpan(
                traceIDLow: batch.traceIDLowColumn[row], spanID: ids.spanIDs[row], parentID: ids.parentIDs[row],
                serviceName: shape.serviceName, kind: shape.traits.kind, isShared: shape.traits.isShared,
                isError: shape.traits.isFailure)
            if let word = shape.remoteWord {
                let string = batch.values(ofRow: row)[word]
                let number = numbers[string] ?? linker.number(of: batch.string(string))
                numbers[string] = number
                span.remoteServiceName = number
            }
            if shape.traits.isShared { span.address = Self.address(SpanView(batch: batch, row: row)) }
            rows.append(Row(span: span, start: batch.startColumn[row], isRoot: ids.parentIDs[row] == 0))
        }
    }

    /// Puts the spans of each trace together.
    mutating func sort() {
        rows.sort { $0.span.traceIDLow < $1.span.traceIDLow }
        var first = 0
        while first < rows.count {
            var end = first + 1
            while end < rows.count, rows[end].span.traceIDLow == rows[first].span.traceIDLow { end += 1 }
            traces.append(first..<end)
            first = end
        }
    }

    /// What the spans of a shape have in common.
    private struct Shape {
        var serviceName: UInt32
        var traits: SpanTraits
        /// The place of the remote service's name among the words of a row.
        var remoteWord: Int?

        init(_ batch: SpanBatch, _ shape: SpanShape, _ linker: inout DependencyLinker) {
            serviceName = linker.number(of: batch.string(shape.serviceName))
            traits = shape.traits
            var word = 0
            for index in 0..<shape.columnCount {
                let column = shape.column(index)
                if column.field == .remoteServiceName { remoteWord = word }
                word += column.type.wordCount
            }
        }
    }

    static func address(_ span: SpanView) -> UInt32 {
        var address: UInt32 = 0
        for field in [SpanField.localIPv4, .localIPv6] {
            guard case .bytes(let bytes) = span.value(of: field) else { continue }
            address = CallAddress.adding(ByteHash.hash(bytes), to: address)
        }
        if case .int(let port) = span.value(of: .localPort) {
            address = CallAddress.adding(UInt64(bitPattern: port), to: address)
        }
        return address
    }
}
