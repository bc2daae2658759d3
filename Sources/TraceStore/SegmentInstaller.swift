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
        let encoded = SegmentWriter.encode(batches, createdAt: createdAt, options: segmentOptions)
        let id = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.allocateSegmentID() }
        let name = SegmentDirectory.fileName(id)
        let reader = try StoreError.wrapSegment { () throws(SegmentError) in
            try folder.segments.write(encoded.bytes, as: name)
            return try SegmentReader(try folder.segments.open(name))
        }
        let summary = SegmentSummary(id: id, fileName: name, createdAt: createdAt, encoded.statistics, encoded.names)
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.add(summary, firstJournalPart: firstJournalPart)
        }
        return StoredSegment(id: id, reader: reader, statistics: encoded.statistics)
    }
}
