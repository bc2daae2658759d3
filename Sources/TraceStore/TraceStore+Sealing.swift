internal import Catalog
internal import Journal
internal import Logging
internal import SegmentStore
internal import Threads
internal import TraceModel

extension TraceStore {
    /// Seals the generation at hand if it is due, and what could not be sealed before. A failure is logged; the spans
    /// stay live and in the journal.
    /// - Returns: false if something could not be sealed.
    func sealIfDue() -> Bool {
        while state.isDue(options, isRoomWanted: hasWaiting) {
            guard sealOldest(turning: true) else { return false }
        }
        return sealOldest(turning: false)
    }

    /// Seals everything that is live.
    /// - Returns: false if something could not be sealed.
    @discardableResult
    func sealAll() -> Bool { sealOldest(turning: true) }

    /// Seals what an earlier failure left, and the generation at hand if `turning`.
    /// - Returns: whether all of it is sealed.
    private func sealOldest(turning: Bool) -> Bool {
        sealingLock.withLock {
            do throws(StoreError) {
                if turning { state.turn { journal.rotate() } }
                while let next = state.oldestTurned {
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
        let batches = state.settledBatches(of: generation)
        guard batches.contains(where: { $0.spanCount > 0 }) else {
            state.replaceOldestTurned(by: [])
            return
        }
        let started = StoreState.now()
        let segments = try SegmentInstaller(folder: folder, catalog: catalog, options: options)
            .install(batches, firstJournalPart: part + 1)
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
    }
}
