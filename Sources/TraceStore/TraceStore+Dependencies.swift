public import Topology

extension TraceStore {
    /// Who called whom, how often and how often in vain, in the traces that begin within the window: by parent, then
    /// child. What begins is the root, or the earliest span if there is no root.
    ///
    /// Parts of a trace are put together wherever they are, also if some carry only the low half of its ID. They are
    /// sought as far from the window as spans reach that begin within it or end within it. Blocks that cannot be read
    /// are left out, with a line in the log.
    /// - Parameter window: nanoseconds since 1970.
    /// - Throws: `StoreError`; `timedOut` or `cancelled` when the work is to end, because links of a part of the traces
    ///   would be too few.
    public func dependencies(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [DependencyLink] {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        let search = try DependencySearch(snapshot, window, work, logger)
        return try search.links()
    }
}
