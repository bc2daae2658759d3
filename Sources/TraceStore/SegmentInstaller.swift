internal import Catalog
internal import SegmentStore
internal import Threads
internal import TraceModel

/// Makes a segment of batches: first the file, whole and synced, then the catalog's entry.
struct SegmentInstaller {
    let folder: DataFolder
    let catalog: Catalog
    let options: StoreOptions

    func install(_ batches: [SpanBatch], firstJournalPart: UInt64?) throws(StoreError) -> StoredSegment {
        var segmentOptions = SegmentOptions()
        segmentOptions.blockSpanCount = options.blockSpanCount
        segmentOptions.compressionLevel = options.compressionLevel
        let createdAt = SystemClock.nanosecondsSince1970()
        let id = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.allocateSegmentID() }
        let name = SegmentDirectory.fileName(id)
        let (reader, statistics, names) = try write(batches, as: name, createdAt, segmentOptions)
        let summary = SegmentSummary(id: id, fileName: name, createdAt: createdAt, statistics, names)
        do throws(CatalogError) {
            try catalog.add(summary, firstJournalPart: firstJournalPart)
        } catch {
            // On a full disk each attempt would leave a file. After any other failure the file stays until the next
            // start: what SQLite could not confirm may yet be found in its log then, and needs the file.
            if error.code == .diskFull { try? folder.segments.remove(name) }
            throw StoreError(error)
        }
        return StoredSegment(id: id, reader: reader, statistics: statistics)
    }

    /// A file that the catalog will never name is not left behind.
    private func write(
        _ batches: [SpanBatch], as name: String, _ createdAt: Int64, _ segmentOptions: SegmentOptions
    ) throws(StoreError) -> (SegmentReader, SegmentStatistics, SegmentNames) {
        do throws(SegmentError) {
            let file = try folder.segments.create(name)
            let written = try SegmentWriter.write(batches, to: file, createdAt: createdAt, options: segmentOptions)
            try file.finish()
            return (try SegmentReader(try folder.segments.open(name)), written.statistics, written.names)
        } catch {
            try? folder.segments.remove(name)
            throw StoreError(error)
        }
    }
}
