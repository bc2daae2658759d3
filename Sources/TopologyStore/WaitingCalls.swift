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
        var firstPart: UInt32
        var partCount: UInt32
    }

    /// Records of one trace that lie together.
    struct Part: BitwiseCopyable, Sendable {
        var chunk: UInt32
        var start: UInt32
        var count: UInt32
    }

    private(set) var traces: [Waiting] = []
    private var parts: [Part] = []
    /// Records as they came with one sealing, trace by trace. Some may belong to nobody any more.
    private var chunks: [[CallRecord]] = []
    private var index = TraceIndex()
    /// Records that wait.
    private(set) var count = 0
    /// When the last of that trace came of which longest nothing has come; nil if nothing waits.
    private(set) var earliestLastArrival: Int64?

    /// Memory in bytes.
    var byteCount: Int {
        chunks.reduce(0) { $0 + $1.count } * MemoryLayout<CallRecord>.stride
            + traces.count * (MemoryLayout<Waiting>.stride + 32) + parts.count * MemoryLayout<Part>.stride
    }

    // MARK: Traces with what came since

    /// A trace: what waits of it, and what came.
    struct Whole: BitwiseCopyable {
        var firstArrival: Int64
        var lastArrival: Int64
        var count: UInt32
        /// Places in `traces` and in the groups; -1: nothing of it.
        var waiting: Int32
        var group: Int32
    }

    /// Every trace that waits or came, once.
    func wholes(with fresh: CallGroups) -> [Whole] {
        var wholes: [Whole] = []
        wholes.reserveCapacity(traces.count + fresh.groups.count)
        for (number, trace) in traces.enumerated() {
            wholes.append(
                Whole(
                    firstArrival: trace.firstArrival, lastArrival: trace.lastArrival, count: trace.count,
                    waiting: Int32(number), group: -1))
        }
        for (number, group) in fresh.groups.enumerated() {
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

    func traceIDLow(_ whole: Whole, _ fresh: CallGroups) -> UInt64 {
        whole.waiting >= 0
            ? traces[Int(whole.waiting)].traceIDLow : fresh.groups[Int(whole.group)].traceIDLow
    }

    /// Appends all records of a trace.
    func gather(_ whole: Whole, _ fresh: CallGroups, into records: inout [CallRecord]) {
        if whole.waiting >= 0 {
            for part in parts(of: traces[Int(whole.waiting)]) { records.append(contentsOf: rows(of: part)) }
        }
        if whole.group >= 0 { records.append(contentsOf: fresh.records[fresh.groups[Int(whole.group)].rows]) }
    }

    private func parts(of trace: Waiting) -> ArraySlice<Part> {
        parts[Int(trace.firstPart)..<Int(trace.firstPart) + Int(trace.partCount)]
    }

    private func rows(of part: Part) -> ArraySlice<CallRecord> {
        chunks[Int(part.chunk)][Int(part.start)..<Int(part.start) + Int(part.count)]
    }

    // MARK: What follows

    /// What waits when only `kept` still does, and of that what is new.
    func next(keeping kept: [Whole], of fresh: CallGroups) -> (waiting: WaitingCalls, added: CallGroups) {
        var next = WaitingCalls()
        var added = CallGroups()
        next.index = TraceIndex(expecting: kept.count)
        next.traces.reserveCapacity(kept.count)
        next.parts.reserveCapacity(kept.count)
        added.reserve(
            groupCount: kept.count { $0.group >= 0 },
            recordCount: kept.reduce(0) { $0 + ($1.group >= 0 ? Int(fresh.groups[Int($1.group)].count) : 0) })
        var useCounts = [Int](repeating: 0, count: chunks.count)
        for whole in kept {
            var trace = Waiting(
                traceIDLow: traceIDLow(whole, fresh), firstArrival: whole.firstArrival,
                lastArrival: whole.lastArrival, count: whole.count, firstPart: UInt32(next.parts.count),
                partCount: 0)
            if whole.waiting >= 0 {
                for part in parts(of: traces[Int(whole.waiting)]) {
                    next.parts.append(part)
                    useCounts[Int(part.chunk)] += Int(part.count)
                }
            }
            if whole.group >= 0 {
                let group = fresh.groups[Int(whole.group)]
                next.parts.append(
                    Part(chunk: UInt32(chunks.count), start: UInt32(added.records.count), count: group.count))
                added.append(group, fresh.records[group.rows])
            }
            trace.partCount = UInt32(next.parts.count) - trace.firstPart
            _ = next.index.number(of: trace.traceIDLow, orNew: next.traces.count)
            next.traces.append(trace)
            next.count += Int(whole.count)
            next.earliestLastArrival = min(next.earliestLastArrival ?? .max, whole.lastArrival)
        }
        next.take(chunks + [added.records], useCounts: useCounts + [added.records.count])
        return (next, added)
    }

    /// Takes over those chunks that are used; puts the records together where too few of them are.
    private mutating func take(_ old: [[CallRecord]], useCounts: [Int]) {
        var numbers = [UInt32](repeating: 0, count: old.count)
        for (number, chunk) in old.enumerated() where useCounts[number] > 0 {
            numbers[number] = UInt32(chunks.count)
            chunks.append(chunk)
        }
        for place in parts.indices { parts[place].chunk = numbers[Int(parts[place].chunk)] }
        let held = chunks.reduce(0) { $0 + $1.count }
        if held - count > count / 4 + Self.unusedCountMax || chunks.count > Self.chunkCountMax { compact() }
    }

    /// Records that nobody needs may take a fifth of the room, and so many more.
    private static let unusedCountMax = 8192
    private static let chunkCountMax = 64

    /// Puts all records into one piece.
    private mutating func compact() {
        var records: [CallRecord] = []
        records.reserveCapacity(count)
        var newParts: [Part] = []
        newParts.reserveCapacity(traces.count)
        for place in traces.indices {
            let start = records.count
            for part in parts(of: traces[place]) {
                records.append(contentsOf: rows(of: part))
            }
            traces[place].firstPart = UInt32(newParts.count)
            traces[place].partCount = 1
            newParts.append(
                Part(chunk: 0, start: UInt32(start), count: UInt32(records.count - start)))
        }
        parts = newParts
        chunks = [records]
    }

    /// The same with other numbers of sites.
    func renamed(from old: CallNames, to names: inout CallNames) -> WaitingCalls {
        var numbers = [UInt32?](repeating: nil, count: old.sites.count)
        var renamed = self
        renamed.compact()
        for place in renamed.chunks[0].indices {
            let site = Int(renamed.chunks[0][place].site)
            let number = numbers[site] ?? names.number(of: old.sites[site].renamed(from: old, to: &names))
            numbers[site] = number
            renamed.chunks[0][place].site = number
        }
        return renamed
    }

    /// All that waits, trace by trace.
    var groups: CallGroups {
        var groups = CallGroups()
        var rows: [CallRecord] = []
        for trace in traces {
            rows.removeAll(keepingCapacity: true)
            for part in parts(of: trace) { rows.append(contentsOf: self.rows(of: part)) }
            groups.append(
                CallGroup(
                    traceIDLow: trace.traceIDLow, firstArrival: trace.firstArrival, lastArrival: trace.lastArrival,
                    start: 0, count: 0), rows[...])
        }
        return groups
    }
}
