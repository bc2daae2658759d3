internal import Catalog
internal import Logging
internal import SegmentStore
internal import Synchronization
public import TraceModel

extension TraceStore {
    enum CompactionOutcome {
        case merged
        case nothingDue
        case stopped
        case failed
    }

    /// Merges the segments that are due, if any.
    /// - Parameter isStopping: asked after each block.
    func compactIfDue(isStopping: () -> Bool) -> CompactionOutcome {
        do throws(StoreError) {
            return try compact(policy.next, share: options.compactionShare, isStopping: isStopping)
        } catch {
            logger.error("segments could not be merged; they stay as they are", metadata: ["reason": "\(error)"])
            return .failed
        }
    }

    /// Merges all neighbouring segments that are not too large together, as fast as it goes.
    /// - Parameter progress: called after each block with the blocks written.
    /// - Returns: how many segments were merged into fewer.
    public func compact(progress: (_ blockCount: Int) -> Void = { _ in }) throws(StoreError) -> Int {
        let before = compactedSegmentCount.load(ordering: .relaxed)
        var blockCount = 0
        while try compact(
            policy.nextOfAll, share: 1,
            isStopping: {
                blockCount += 1
                progress(blockCount)
                return false
            }) == .merged
        {}
        return compactedSegmentCount.load(ordering: .relaxed) - before
    }

    private var policy: CompactionPolicy {
        CompactionPolicy(spanCountMax: options.segmentSpanCountMax, blockSpanCount: options.blockSpanCount)
    }

    private func compact(
        _ choose: ([CompactionPolicy.Candidate]) -> [Int64]?, share: Double, isStopping: () -> Bool
    ) throws(StoreError) -> CompactionOutcome {
        guard let inputs = state.beginRewriting(choose) else { return .nothingDue }
        let started = StoreState.now()
        let outcome = try rewrite(inputs, dropping: [], share: share, isStopping: isStopping)
        guard case .merged(let segment) = outcome else { return .stopped }
        compactionCount.add(1, ordering: .relaxed)
        compactedSegmentCount.add(inputs.count, ordering: .relaxed)
        logger.info(
            "merged segments",
            metadata: [
                "segments": "\(inputs.count)", "into": "\(segment.id)", "spans": "\(segment.statistics.spanCount)",
                "bytes_before": "\(inputs.reduce(0) { $0 + $1.statistics.byteCount })",
                "bytes": "\(segment.statistics.byteCount)",
                "seconds": "\(((StoreState.now() - started) * 1000).rounded() / 1000)",
            ])
        return .merged
    }

    /// Removes traces from everything that is stored. When this returns no file has anything of them.
    /// - Returns: which of them there were.
    public func drop(_ traceIDs: Set<TraceID>) throws(StoreError) -> Set<TraceID> {
        remover.remove([])
        guard sealAll() else { throw StoreError(.unusable, "live spans could not be sealed; nothing was dropped") }
        var dropped: Set<TraceID> = []
        for id in state.snapshot().segments.map(\.id) {
            // A segment that a merge has replaced meanwhile is come upon by its new ID.
            guard let segment = state.beginRewriting(id: id) else { continue }
            var own: Set<TraceID> = []
            do throws(StoreError) {
                own = try StoreError.wrapSegment { () throws(SegmentError) in
                    try segment.reader.tracesContained(in: traceIDs)
                }
                guard !own.isEmpty else {
                    state.endRewriting([id], replacement: nil)
                    continue
                }
            } catch {
                state.endRewriting([id], replacement: nil)
                throw error
            }
            _ = try rewrite([segment], dropping: own, share: 1, isStopping: { false })
            dropped.formUnion(own)
        }
        try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.sync() }
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.scrub() }
        return dropped
    }

    /// Puts one segment in the place of others, which are marked as being rewritten.
    private func rewrite(
        _ inputs: [StoredSegment], dropping dropped: Set<TraceID>, share: Double, isStopping: () -> Bool
    ) throws(StoreError) -> SegmentInstaller.MergeOutcome {
        let ids = inputs.map(\.id)
        let outcome: SegmentInstaller.MergeOutcome
        do throws(StoreError) {
            var pace = ProcessorPace(share: share)
            outcome = try SegmentInstaller(folder: folder, catalog: catalog, options: options)
                .merge(inputs, dropping: dropped) {
                    pace.pause()
                    return !isStopping()
                }
        } catch {
            state.endRewriting(ids, replacement: nil)
            throw error
        }
        switch outcome {
        case .stopped:
            state.endRewriting(ids, replacement: nil)
            return outcome
        case .merged(let segment): state.endRewriting(ids, replacement: [segment])
        case .emptied: state.endRewriting(ids, replacement: [])
        }
        pendingObservers.call()
        guard remover.remove(ids) || dropped.isEmpty else {
            throw StoreError(.unusable, "the trace is in no answer any more, but its file could not be removed yet")
        }
        return outcome
    }
}
