internal import Catalog
internal import SegmentStore

extension TraceStore {
    /// Reads all segments and holds them against their checksums, and against the catalog.
    /// - Parameter progress: called with the segments done and all there are.
    /// - Returns: what is wrong, a line each; empty if nothing is.
    public func verify(progress: (_ done: Int, _ total: Int) -> Void) throws(StoreError) -> [String] {
        var problems: [String] = []
        let segments = state.snapshot().segments
        problems += try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.checkIntegrity() }
        let records = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.segments() }
        let readable = Set(segments.map(\.id))
        for record in records where !readable.contains(record.id) {
            problems.append("\(record.fileName): the catalog names it, but it cannot be read")
        }
        for (number, segment) in segments.enumerated() {
            progress(number, segments.count)
            problems += segment.reader.verify()
            segment.reader.releaseMemory()
        }
        progress(segments.count, segments.count)
        return problems
    }
}
