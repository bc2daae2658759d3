internal import Catalog
internal import Topology
internal import TraceModel

/// What the topology has in memory, beside the counts.
struct TopologyState: Sendable {
    /// Those that all records and series at hand are numbers of.
    var names = CallNames()
    private var keptSiteCount = 0
    private var extractor = CallExtractor()
    /// Of generations that are not sealed, as far as somebody asked.
    private var extracted: [UInt64: ExtractedCalls] = [:]
    private(set) var waiting = WaitingCalls()
    private(set) var rows = WaitingRows()
    /// Generations up to this one are in the tables.
    private(set) var committedGeneration: UInt64 = 0
    /// Changes whenever calls move from one place to another.
    private(set) var epoch = 0
    var isPreparing = false
    var statistics = TopologyStatistics()

    // MARK: Rows

    /// Takes up the calls that waited, in the order of the rows.
    /// - Parameter report: is told of each row that cannot be read.
    mutating func takeUp(_ rows: [TopologyChange.Waiting], _ report: (any Error) -> Void) {
        for row in rows {
            self.rows.count += 1
            let content: WaitingRow
            do {
                content = try WaitingRow(row.content, cutoff: row.cutoff, &names)
            } catch {
                statistics.damagedRowCount += 1
                report(error)
                // What was settled then, is settled, whatever else the row said.
                content = WaitingRowWriter(cutoff: row.cutoff, names).finish(isStored: false)
            }
            let settled = Set(content.settled)
            var wholes = waiting.wholes(with: content.groups)
            for place in wholes.indices {
                wholes[place].isSettled =
                    wholes[place].lastArrival <= row.cutoff
                    || (!settled.isEmpty && settled.contains(waiting.traceIDLow(wholes[place], content.groups)))
            }
            waiting = waiting.next(keeping: wholes, adding: content, names)
            self.rows.recordCount += content.chunk.recordCount
        }
    }

    // MARK: Batches

    /// Extracts what is new of a generation, some thousands of spans at once.
    /// - Returns: whether all is extracted.
    mutating func extract(_ batches: [ArrivedBatch], of generation: UInt64) -> Bool {
        guard generation > committedGeneration else { return true }
        var calls = extracted.removeValue(forKey: generation) ?? ExtractedCalls()
        defer { extracted[generation] = calls }
        let known = calls.keepCommon(with: batches)
        let countMax = calls.sites.count + Self.sliceCount
        for place in known..<batches.count {
            if calls.sites.count >= countMax { return false }
            calls.append(batches[place], &extractor, &names)
        }
        return true
    }

    private static let sliceCount = 20_000

    /// What these generations tell, trace by trace; those that are in the tables are passed over.
    func groups(of generations: some Sequence<UInt64>, arrivedBy now: Int64 = .max) -> CallGroups {
        CallGroups(
            generations.filter { $0 > committedGeneration }.compactMap { extracted[$0] }, arrivedBy: now)
    }

    // MARK: Changes

    /// Names and sites of spans that nobody needs any more pile up. So many more than after the last change of numbers
    /// may.
    var siteCountMax = 65_536

    var hasTooManyNames: Bool { names.sites.count > keptSiteCount * 2 + siteCountMax }

    /// Takes other numbers for all names.
    /// - Parameter newNames: those that the buckets are numbers of.
    mutating func rename(_ newNames: CallNames) {
        var names = newNames
        waiting = waiting.renamed(from: self.names, to: &names)
        keptSiteCount = names.sites.count
        self.names = names
        extracted = [:]
        epoch += 1
    }

    mutating func commit(_ work: PreparedTopology.Work) {
        waiting = work.waiting
        rows = work.rows
        if let generation = work.generation { committedGeneration = max(committedGeneration, generation) }
        extracted = extracted.filter { $0.key > committedGeneration }
        epoch += 1
        statistics.settledTraceCount += work.settledTraceCount
        statistics.settledSpanCount += work.settledSpanCount
        statistics.earlyTraceCount += work.earlyTraceCount
    }
}

/// The catalog's rows of waiting calls.
struct WaitingRows: Sendable {
    var count = 0
    /// Records in all of them, whether they wait or not.
    var recordCount = 0

    static let countMax = 64
    /// Rows with so many times the records that wait are made anew.
    static let spareFactor = 8
    /// Below that, they are not worth it.
    static let recordCountMin = 10_000

    /// Enters what is to be written when `waiting` is left.
    ///
    /// - Parameters:
    ///   - added: what of it is new.
    ///   - isForgetting: whether a trace of the rows was settled.
    /// - Returns: the rows afterwards, and what is left as it is held then.
    func change(
        _ waiting: WaitingCalls, _ added: WaitingRow, isForgetting: Bool, _ names: CallNames,
        _ change: inout TopologyChange
    ) -> (rows: WaitingRows, waiting: WaitingCalls) {
        if waiting.count == 0 {
            change.replacesWaiting = count > 0
            return (WaitingRows(), waiting)
        }
        let newCount = added.chunk.recordCount
        if newCount == 0 && !isForgetting { return (self, waiting) }
        let all = recordCount + newCount
        let isRoundDue =
            count >= Self.countMax || count > 0 && all > Self.spareFactor * waiting.count + Self.recordCountMin
        if isRoundDue && waiting.count <= WaitingRow.recordCountMax {
            let (waiting, row) = waiting.inOneRow(cutoff: added.chunk.cutoff, names)
            change.waiting = .init(cutoff: row.chunk.cutoff, content: row.chunk.content)
            change.replacesWaiting = true
            return (WaitingRows(count: 1, recordCount: waiting.count), waiting)
        }
        change.waiting = .init(cutoff: added.chunk.cutoff, content: added.chunk.content)
        return (WaitingRows(count: count + 1, recordCount: all), waiting)
    }
}
