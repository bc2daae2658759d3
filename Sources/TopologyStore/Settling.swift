/// Which traces are counted now, and which wait on.
struct Settling {
    /// Of the traces that wait on, the last of each came after this: nanoseconds since 1970.
    private(set) var cutoff: Int64
    private(set) var settled: [WaitingCalls.Whole] = []
    private(set) var kept: [WaitingCalls.Whole] = []
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
    init(
        _ waiting: WaitingCalls, with fresh: CallGroups, now: Int64, settleTime: Int64, waitingCountMax: Int
    ) {
        func before(_ time: Int64) -> Int64 {
            let (moment, overflows) = now.subtractingReportingOverflow(time)
            return overflows ? .min : moment
        }
        cutoff = before(settleTime)
        let oldest = before(settleTime.multipliedReportingOverflow(by: Self.settleTimesMax).partialValue)
        var keptCount = 0
        for whole in waiting.wholes(with: fresh) {
            if whole.lastArrival <= cutoff {
                settled.append(whole)
            } else if whole.firstArrival < oldest || whole.count > Self.traceRecordCountMax {
                settled.append(whole)
                restless.append(waiting.traceIDLow(whole, fresh))
                earlyCount += 1
            } else {
                kept.append(whole)
                keptCount += Int(whole.count)
            }
        }
        if keptCount > waitingCountMax { raiseCutoff(keptCount - waitingCountMax) }
    }

    /// Settles traces with that many records at least: those of which longest nothing has come.
    private mutating func raiseCutoff(_ excess: Int) {
        var left = excess
        for whole in kept.sorted(by: { $0.lastArrival < $1.lastArrival }) {
            guard left > 0 else { break }
            left -= Int(whole.count)
            cutoff = whole.lastArrival
        }
        let waited = kept
        kept.removeAll(keepingCapacity: true)
        for whole in waited {
            if whole.lastArrival <= cutoff { settled.append(whole) } else { kept.append(whole) }
        }
        earlyCount += waited.count - kept.count
    }
}
