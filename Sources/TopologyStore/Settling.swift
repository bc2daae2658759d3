internal import Topology

/// Which traces a sealing settles.
public enum TopologySettling: Sendable {
    /// Those of which nothing came for the settle time.
    case rested
    /// Every trace, whenever its last span came.
    case all
    /// As few as memory allows: what came earlier is still to be handed over.
    case none
}

/// Which traces are counted now, and which wait on.
struct Settling {
    /// Of the traces that wait on, the last of each came after this: nanoseconds since 1970.
    private(set) var cutoff: Int64
    /// Every trace, once.
    private(set) var wholes: [WaitingCalls.Whole]
    /// Of those settled the ones that the cutoff does not tell: low halves of their IDs.
    private(set) var restless: [UInt64] = []
    /// Of those settled the ones that had not rested long enough.
    private(set) var earlyCount = 0

    /// A trace of more records is counted in pieces.
    static let traceRecordCountMax = 100_000
    /// A trace that came over more times the settle time is counted in pieces.
    static let settleTimesMax: Int64 = 20

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - settleTime: nanoseconds.
    ///   - isHolding: traces wait on however long they have rested.
    init(
        _ waiting: WaitingCalls, with groups: [CallGroup], now: Int64, settleTime: Int64, waitingCountMax: Int,
        isHolding: Bool = false
    ) {
        func before(_ time: Int64) -> Int64 {
            let (moment, overflows) = now.subtractingReportingOverflow(time)
            return overflows ? .min : moment
        }
        cutoff = isHolding ? 0 : before(settleTime)
        let oldest =
            isHolding ? .min : before(settleTime.multipliedReportingOverflow(by: Self.settleTimesMax).partialValue)
        wholes = waiting.wholes(with: groups)
        var keptCount = 0
        for place in wholes.indices {
            let whole = wholes[place]
            if whole.lastArrival <= cutoff {
                wholes[place].isSettled = true
            } else if whole.firstArrival < oldest || whole.count > Self.traceRecordCountMax {
                wholes[place].isSettled = true
                restless.append(waiting.traceIDLow(whole, groups))
                earlyCount += 1
            } else {
                keptCount += Int(whole.count)
            }
        }
        if keptCount > waitingCountMax { raiseCutoff(keptCount - waitingCountMax) }
    }

    /// Settles traces with that many records at least: those of which longest nothing has come.
    private mutating func raiseCutoff(_ excess: Int) {
        var kept: [(lastArrival: Int64, count: UInt32)] = []
        kept.reserveCapacity(wholes.count)
        for whole in wholes where !whole.isSettled { kept.append((whole.lastArrival, whole.count)) }
        kept.sort { $0.lastArrival < $1.lastArrival }
        var left = excess
        for trace in kept {
            guard left > 0 else { break }
            left -= Int(trace.count)
            cutoff = trace.lastArrival
        }
        for place in wholes.indices where !wholes[place].isSettled && wholes[place].lastArrival <= cutoff {
            wholes[place].isSettled = true
            earlyCount += 1
        }
    }

    var settledTraceCount: Int { wholes.count { $0.isSettled } }
    var settledSpanCount: Int { wholes.reduce(0) { $0 + ($1.isSettled ? Int($1.count) : 0) } }
    /// Whether a trace that waited is settled.
    var isForgetting: Bool { wholes.contains { $0.isSettled && $0.waiting >= 0 } }

    // MARK: What waits on

    /// Writes what came of the traces that wait on; the wholes then tell it as groups of the row.
    mutating func writeRow(_ fresh: CallGroups, _ names: CallNames) -> WaitingRow {
        let count = wholes.reduce(0) {
            $0 + (!$1.isSettled && $1.group >= 0 ? Int(fresh.groups[Int($1.group)].count) : 0)
        }
        var writer = WaitingRowWriter(cutoff: cutoff, names, expecting: count)
        var records: [CallRecord] = []
        for place in wholes.indices where !wholes[place].isSettled && wholes[place].group >= 0 {
            let group = fresh.groups[Int(wholes[place].group)]
            records.removeAll(keepingCapacity: true)
            fresh.append(group, to: &records)
            wholes[place].group = Int32(writer.groups.count)
            _ = records.withUnsafeBufferPointer {
                writer.add(
                    traceIDLow: group.traceIDLow, firstArrival: group.firstArrival, lastArrival: group.lastArrival,
                    $0)
            }
        }
        return writer.finish(settled: restless)
    }
}
