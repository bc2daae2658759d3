public import Catalog
internal import Topology

extension TopologyStore {
    /// What sealing these batches changes of the topology. One preparation at a time; a commit or a discard of it
    /// follows.
    ///
    /// - Parameters:
    ///   - generation: that of the batches; nil without any, to settle what has waited long enough.
    ///   - now: nanoseconds since 1970. All that came before it was handed over earlier or is among the batches:
    ///     traces are settled of which nothing came for the settle time before it.
    ///   - settling: which traces are settled.
    public func prepare(
        generation: UInt64?, _ batches: [ArrivedBatch], now: Int64, settling: TopologySettling = .rested
    ) throws(CatalogError) -> PreparedTopology {
        withState { state in
            precondition(!state.isPreparing, "one preparation at a time")
            state.isPreparing = true
        }
        do throws(CatalogError) {
            return try work(generation: generation, batches, now: now, extent: settling)
        } catch {
            withState { $0.isPreparing = false }
            throw error
        }
    }

    private func work(
        generation: UInt64?, _ batches: [ArrivedBatch], now: Int64, extent: TopologySettling
    ) throws(CatalogError) -> PreparedTopology {
        if let generation {
            while !withState({ $0.extract(batches, of: generation) }) {}
        }
        // Only a commit changes what waits, so that it holds while the work is done.
        let (waiting, fresh, rows, names) = withState { state in
            let fresh = state.groups(of: generation.map { [$0] } ?? [], arrivedBy: now)
            return (state.waiting, fresh, state.rows, state.names)
        }
        var settling = Settling(
            waiting, with: fresh.groups, now: now, settleTime: extent == .all ? 0 : settleTime,
            waitingCountMax: extent == .all ? 0 : options.waitingCountMax, isHolding: extent == .none)
        let counted = Self.count(settling.wholes, waiting, fresh, names)
        let added = settling.writeRow(fresh, names)
        var change = TopologyChange()
        let next = rows.change(
            waiting.next(keeping: settling.wholes, adding: added, names), added,
            isForgetting: settling.isForgetting, names, &change)
        let prepared = try withBuckets { buckets, _ throws(CatalogError) in
            try buckets.prepare(counted, names, into: &change)
        }
        let work = PreparedTopology.Work(
            generation: generation, buckets: prepared, counted: counted, waiting: next.waiting, rows: next.rows,
            settling, earlyTraceCount: extent == .all ? 0 : settling.earlyCount)
        return PreparedTopology(change: change, work: work)
    }

    private static func count(
        _ wholes: [WaitingCalls.Whole], _ waiting: WaitingCalls, _ fresh: CallGroups, _ names: CallNames
    ) -> [Int64: [CallSeries: CallTotals]] {
        var counter = CallCounter()
        var records: [CallRecord] = []
        for whole in wholes where whole.isSettled {
            records.removeAll(keepingCapacity: true)
            waiting.append(whole, fresh, to: &records)
            counter.add(&records, names)
        }
        return counter.buckets
    }

    /// The change is in the catalog.
    public func commit(_ prepared: PreparedTopology) { finish(prepared.work, isCommitted: true) }

    /// The change was not made; the same batches may be prepared again.
    public func discard(_ prepared: PreparedTopology) { finish(prepared.work, isCommitted: false) }

    /// Whether a preparation without batches would settle something that has waited long enough.
    public func isSettlingDue(now: Int64) -> Bool {
        let (cutoff, overflows) = now.subtractingReportingOverflow(settleTime)
        return withState { state in
            guard let earliest = state.waiting.earliestLastArrival else { return false }
            return earliest <= (overflows ? .min : cutoff)
        }
    }
}
