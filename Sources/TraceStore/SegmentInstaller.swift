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
        var written: (statistics: SegmentStatistics, names: SegmentNames)?
        let reader = try StoreError.wrapSegment { () throws(SegmentError) in
            let file = try folder.segments.create(name)
            written = try SegmentWriter.write(batches, to: file, createdAt: createdAt, options: segmentOptions)
            try file.finish()
            return try SegmentReader(try folder.segments.open(name))
        }
        guard let written else { preconditionFailure("a segment that was finished was written") }
        let summary = SegmentSummary(id: id, fileName: name, createdAt: createdAt, written.statistics, written.names)
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.add(summary, firstJournalPart: firstJournalPart)
        }
        return StoredSegment(id: id, reader: reader, statistics: written.statistics)
    }
}
