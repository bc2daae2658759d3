internal import Topology

/// The calls of traces that are not settled. A value: what follows from a sealing is another one, which shares the
/// records.
struct WaitingCalls: Sendable {
    /// A trace that waits.
    struct Waiting: BitwiseCopyable, Sendable {
        var traceIDLow: UInt64
        var firstArrival: Int64
        var lastArrival: Int64
        var count: UInt32
        /// A place in `parts`; `none`: without any.
        var lastPart: UInt32
    }

    /// Records of one trace that lie together in a chunk.
    struct Part: BitwiseCopyable, Sendable {
        var chunk: UInt32
        var start: UInt32
        var count: UInt32
        /// A further part of the trace, or `none`.
        var previous: UInt32
    }

    private static let none = UInt32.max

    private(set) var traces: [Waiting] = []
    private var parts: [Part] = []
    /// Some records of a chunk may belong to nobody any more.
    private var chunks: [WaitingChunk] = []
    private var index = TraceIndex()
    /// Records that wait.
    private(set) var count = 0
    /// When the last of that trace came of which longest nothing has come; nil if nothing waits.
    private(set) var earliestLastArrival: Int64?

    /// Memory in bytes.
    var byteCount: Int {
        chunks.reduce(0) { $0 + $1.byteCount } + traces.count * (MemoryLayout<Waiting>.stride + 32)
            + parts.count * MemoryLayout<Part>.stride
    }

    // MARK: Traces with what came since

    /// A trace: what waits of it, and what came.
    struct Whole: BitwiseCopyable, Sendable {
        var firstArrival: Int64
        var lastArrival: Int64
        var count: UInt32
        /// Places in `traces` and among the groups that came; -1: nothing of it.
        var waiting: Int32
        var group: Int32
        var isSettled = false
    }

    /// Every trace that waits or came, once.
    func wholes(with groups: [CallGroup]) -> [Whole] {
        var wholes: [Whole] = []
        wholes.reserveCapacity(traces.count + groups.count)
        for (number, trace) in traces.enumerated() {
            wholes.append(
                Whole(
                    firstArrival: trace.firstArrival, lastArrival: trace.lastArrival, count: trace.count,
                    waiting: Int32(number), group: -1))
        }
        for (number, group) in groups.enumerated() {
            if let place = index.number(of: group.traceIDLow) {
                wholes[place].firstArrival = min(wholes[place].firstArrival, group.firstArrival)
                wholes[place].lastArrival = max(wholes[place].lastArrival, group.lastArrival)
                wholes[place].count += group.count
                wholes[place].group = Int32(number)
            } else {
                wholes.append(
                    Whole(
                        firstArrival: group.firstArrival, lastArrival: group.lastArrival, count: group.count,
                        waiting: -1, group: Int32(number)))
            }
        }
        return wholes
    }

    func traceIDLow(_ whole: Whole, _ groups: [CallGroup]) -> UInt64 {
        whole.waiting >= 0 ? traces[Int(whole.waiting)].traceIDLow : groups[Int(whole.group)].traceIDLow
    }

    /// Appends the records of a trace that wait.
    func append(_ trace: Waiting, to records: inout [CallRecord]) {
        var next = trace.lastPart
        while next != Self.none {
            let part = parts[Int(next)]
            chunks[Int(part.chunk)].append(from: Int(part.start), traceIDLow: trace.traceIDLow, to: &records)
            next = part.previous
        }
    }

    /// Appends all records of a trace, those that came among them.
    func append(_ whole: Whole, _ fresh: CallGroups, to records: inout [CallRecord]) {
        if whole.waiting >= 0 { append(traces[Int(whole.waiting)], to: &records) }
        if whole.group >= 0 { fresh.append(fresh.groups[Int(whole.group)], to: &records) }
    }

    // MARK: What follows

    /// What waits when those traces still do that are not settled.
    ///
    /// - Parameters:
    ///   - wholes: with what came of them as groups of the row.
    ///   - names: those that the records' sites are numbers of.
    func next(keeping wholes: [Whole], adding row: WaitingRow, _ names: CallNames) -> WaitingCalls {
        var next = WaitingCalls()
        let keptCount = wholes.count { !$0.isSettled }
        next.index = TraceIndex(expecting: keptCount)
        next.traces.reserveCapacity(keptCount)
        next.parts.reserveCapacity(keptCount)
        next.chunks = chunks + [row.chunk]
        var useCounts = [Int](repeating: 0, count: next.chunks.count)
        for whole in wholes where !whole.isSettled {
            var trace = Waiting(
                traceIDLow: traceIDLow(whole, row.groups), firstArrival: whole.firstArrival,
                lastArrival: whole.lastArrival, count: whole.count, lastPart: Self.none)
            var old = whole.waiting >= 0 ? traces[Int(whole.waiting)].lastPart : Self.none
            while old != Self.none {
                next.add(parts[Int(old)], to: &trace, &useCounts)
                old = parts[Int(old)].previous
            }
            if whole.group >= 0 {
                let group = row.groups[Int(whole.group)]
                next.add(
                    Part(chunk: UInt32(chunks.count), start: group.start, count: group.count, previous: Self.none),
                    to: &trace, &useCounts)
            }
            _ = next.index.number(of: trace.traceIDLow, orNew: next.traces.count)
            next.traces.append(trace)
            next.count += Int(whole.count)
            next.earliestLastArrival = min(next.earliestLastArrival ?? .max, whole.lastArrival)
        }
        next.compact(useCounts, names)
        return next
    }

    private mutating func add(_ part: Part, to trace: inout Waiting, _ useCounts: inout [Int]) {
        parts.append(Part(chunk: part.chunk, start: part.start, count: part.count, previous: trace.lastPart))
        trace.lastPart = UInt32(parts.count - 1)
        useCounts[Int(part.chunk)] += Int(part.count)
    }

    /// Lets go of chunks that nobody needs, and puts together what is left of those that few need.
    private mutating func compact(_ useCounts: [Int], _ names: CallNames) {
        let old = chunks
        var movedCount = 0
        var numbers = [UInt32](repeating: Self.none, count: old.count)
        chunks = []
        for (number, chunk) in old.enumerated() where useCounts[number] > 0 {
            let isSparse = (chunk.recordCount - useCounts[number]) * Self.unusedPart > chunk.recordCount
            if isSparse && movedCount + useCounts[number] <= WaitingRow.recordCountMax {
                movedCount += useCounts[number]
                continue
            }
            numbers[number] = UInt32(chunks.count)
            chunks.append(chunk)
        }
        guard movedCount > 0 || chunks.count < old.count else { return }
        var writer = WaitingRowWriter(cutoff: old.first?.cutoff ?? 0, names, expecting: movedCount)
        var records: [CallRecord] = []
        for trace in traces {
            var next = trace.lastPart
            while next != Self.none {
                let part = Int(next)
                let chunk = Int(parts[part].chunk)
                next = parts[part].previous
                parts[part].chunk = numbers[chunk]
                guard numbers[chunk] == Self.none else { continue }
                records.removeAll(keepingCapacity: true)
                old[chunk].append(from: Int(parts[part].start), traceIDLow: trace.traceIDLow, to: &records)
                parts[part].chunk = UInt32(chunks.count)
                parts[part].start = records.withUnsafeBufferPointer {
                    writer.add(
                        traceIDLow: trace.traceIDLow, firstArrival: trace.firstArrival,
                        lastArrival: trace.lastArrival, $0)
                }
            }
        }
        if movedCount > 0 { chunks.append(writer.finish(isStored: false).chunk) }
    }

    /// Of a chunk that is left as it is at most such a part may be needed by nobody: one in so many records.
    private static let unusedPart = 4

    /// All that waits in one row, and what holds only that.
    func inOneRow(cutoff: Int64, _ names: CallNames) -> (waiting: WaitingCalls, row: WaitingRow) {
        var writer = WaitingRowWriter(cutoff: cutoff, names, expecting: count)
        var records: [CallRecord] = []
        for trace in traces {
            records.removeAll(keepingCapacity: true)
            append(trace, to: &records)
            _ = records.withUnsafeBufferPointer {
                writer.add(
                    traceIDLow: trace.traceIDLow, firstArrival: trace.firstArrival, lastArrival: trace.lastArrival,
                    $0)
            }
        }
        let row = writer.finish()
        let nothing = WaitingCalls()
        return (nothing.next(keeping: nothing.wholes(with: row.groups), adding: row, names), row)
    }

    /// The same with other numbers of sites.
    func renamed(from old: CallNames, to names: inout CallNames) -> WaitingCalls {
        var numbers = [UInt32?](repeating: nil, count: old.sites.count)
        var renamed = self
        for place in renamed.chunks.indices {
            renamed.chunks[place].renumber { site in
                let number =
                    numbers[Int(site)] ?? names.number(of: old.sites[Int(site)].renamed(from: old, to: &names))
                numbers[Int(site)] = number
                return number
            }
        }
        return renamed
    }
}
