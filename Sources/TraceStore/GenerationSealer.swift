internal import Catalog
internal import SegmentStore
internal import Threads
internal import TopologyStore
internal import TraceModel

/// Makes of a generation what stays of it: segments of its spans, and figures of its calls, in one change of the
/// catalog. One generation at a time.
struct GenerationSealer {
    let installer: SegmentInstaller
    let topology: TopologyStore

    /// - Parameters:
    ///   - tail: what is stored of the traces; nil: everything.
    ///   - later: the generations after it, which may have more of its traces.
    ///   - firstJournalPart: the first part that has none of its batches.
    ///   - isReplay: more of what came before is still to be read from the journal.
    func seal(
        _ generation: GenerationSnapshot, _ tail: TailDecider?, later: [GenerationSnapshot], firstJournalPart: UInt64,
        isReplay: Bool = false
    ) throws(StoreError) -> [StoredSegment] {
        let batches = tail?.batchesToStore(of: generation, later: later) ?? generation.batches
        // What came to later generations is not told of yet: their traces must not be taken for complete.
        let now = later.compactMap { $0.arrived.first?.arrival }.min() ?? SystemClock.nanosecondsSince1970()
        // Segments first: making them takes much memory, and so do calls that are being counted.
        let files = try installer.write(batches, firstJournalPart: firstJournalPart)
        let change: PreparedTopology
        do throws(StoreError) {
            change = try prepare(generation, now: now, settling: isReplay ? .none : .rested)
        } catch {
            installer.remove(files)
            throw error
        }
        let decisions = tail?.memory.change
        let segments = try finish(change) { (change) throws(StoreError) in
            try installer.enter(files, topology: change, decisions: decisions)
        }
        if let decisions { tail?.memory.commit(decisions) }
        return segments
    }

    /// Counts the calls that have waited long enough, without sealing anything.
    /// - Parameter now: nanoseconds since 1970; what came before it was sealed.
    func settle(now: Int64) throws(StoreError) {
        try finish(try prepare(nil, now: now, settling: .rested)) { (change) throws(StoreError) in
            try StoreError.wrapCatalog { () throws(CatalogError) in try installer.catalog.change(change) }
        }
    }

    private func prepare(
        _ generation: GenerationSnapshot?, now: Int64, settling: TopologySettling
    ) throws(StoreError) -> PreparedTopology {
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try topology.prepare(
                generation: generation?.generation.number, generation?.arrived ?? [], now: now, settling: settling)
        }
    }

    private func finish<Result>(
        _ prepared: PreparedTopology, _ body: (TopologyChange) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        do throws(StoreError) {
            let result = try body(prepared.change)
            topology.commit(prepared)
            return result
        } catch {
            topology.discard(prepared)
            throw error
        }
    }
}
