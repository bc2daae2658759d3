internal import Catalog
internal import Journal
internal import Logging
internal import SegmentStore
internal import Threads
internal import TopologyStore
internal import TraceModel

extension TraceStore {
    /// Seals what is due: generations that are large, old or idle, once their traces are quiet. A failure is logged;
    /// the spans stay live and in the journal.
    /// - Returns: false if something could not be sealed.
    func sealIfDue() -> Bool {
        while state.isDue(options, isRoomWanted: hasWaiting) {
            guard sealTurned(turning: true, afterQuiet: samplingRules.tailWait) else { return false }
        }
        return sealTurned(turning: false, afterQuiet: samplingRules.tailWait) && settleIfDue()
    }

    /// Seals everything that is live, whether or not more of its traces may come.
    /// - Returns: false if something could not be sealed.
    @discardableResult
    func sealAll() -> Bool { sealTurned(turning: true, afterQuiet: 0) }

    /// - Parameter turning: whether the generation at hand takes in no more.
    /// - Returns: whether all that should be is sealed.
    private func sealTurned(turning: Bool, afterQuiet wait: Double) -> Bool {
        sealingLock.withLock {
            do throws(StoreError) {
                if turning { state.turn { journal.rotate() } }
                while let next = state.oldestTurned(afterQuiet: wait, options, isRoomWanted: hasWaiting) {
                    try seal(next.generation, throughPart: next.journalPart)
                    serveWaiting()
                }
                return true
            } catch {
                logger.error(
                    "live spans could not be sealed; they stay in the journal", metadata: ["reason": "\(error)"])
                return false
            }
        }
    }

    private func seal(_ generation: Generation, throughPart part: UInt64) throws(StoreError) {
        let settled = state.settled(generation)
        guard settled.arrived.contains(where: { $0.batch.spanCount > 0 }) else {
            state.replaceOldestTurned(by: [])
            return
        }
        let started = StoreState.now()
        let later = state.snapshot().generations.filter { $0.generation.number > generation.number }
        let segments = try sealer.seal(settled, tail, later: later, firstJournalPart: part + 1)
        state.replaceOldestTurned(by: segments)
        try StoreError.wrapJournal { () throws(JournalError) in try journal.removeParts(through: part) }
        for segment in segments {
            logger.info(
                "sealed a segment",
                metadata: [
                    "segment": "\(segment.id)", "spans": "\(segment.statistics.spanCount)",
                    "traces": "\(segment.statistics.traceCount)", "bytes": "\(segment.statistics.byteCount)",
                    "seconds": "\(((StoreState.now() - started) * 1000).rounded() / 1000)",
                ])
        }
        compactor.wake()
        pendingObservers.call()
    }

    /// Counts the calls of traces that came to rest since the last sealing.
    private func settleIfDue() -> Bool {
        let now = SystemClock.nanosecondsSince1970()
        guard topology.isSettlingDue(now: now) else { return true }
        return sealingLock.withLock {
            do throws(StoreError) {
                // What is live may belong to the same traces; it is counted with them when it is sealed.
                if !state.hasLive { try sealer.settle(now: now) }
                return true
            } catch {
                logger.error(
                    "calls could not be counted for good; they are counted again at every question",
                    metadata: ["reason": "\(error)"])
                return false
            }
        }
    }
}
