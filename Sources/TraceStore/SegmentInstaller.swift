internal import Catalog
internal import SegmentStore
internal import Threads
internal import TraceModel

/// Makes a segment of batches: first the file, whole and synced, then the catalog's entry.
struct SegmentInstaller {
    let folder: DataFolder
    let catalog: Catalog
    let options: StoreOptions

    /// Shapes of batches in a segment, about: plans and directories take memory for each, and senders can make up as
    /// many as they like.
    private static let shapeCountMax = 20_000

    /// Makes one segment of the batches, or several if their spans have very many shapes.
    /// - Parameter firstJournalPart: the first part that has none of the batches.
    func install(_ batches: [SpanBatch], firstJournalPart: UInt64) throws(StoreError) -> [StoredSegment] {
        var segments: [StoredSegment] = []
        var first = 0
        while first < batches.count {
            var end = first
            var shapeCount = 0
            while end < batches.count, end == first || shapeCount + batches[end].shapeCount <= Self.shapeCountMax {
                shapeCount += batches[end].shapeCount
                end += 1
            }
            // The journal's parts are superfluous only when the last of the segments is there.
            let isLast = end == batches.count
            let some = Array(batches[first..<end])
            if some.contains(where: { $0.spanCount > 0 }) {
                segments.append(try installOne(some, firstJournalPart: isLast ? firstJournalPart : nil))
            }
            first = end
        }
        return segments
    }

    private func installOne(
        _ batches: [SpanBatch], firstJournalPart: UInt64?
    ) throws(StoreError) -> StoredSegment {
        let createdAt = SystemClock.nanosecondsSince1970()
        let origin = SegmentOrigin(firstJournalPart: firstJournalPart ?? 0)
        let segment = try install(createdAt, replacing: [], firstJournalPart: firstJournalPart) {
            (file) throws(SegmentError) in
            try SegmentWriter.write(
                batches, to: file, createdAt: createdAt, origin: origin, options: segmentOptions)
        }
        guard let segment else { preconditionFailure("batches with spans make a segment") }
        return segment
    }

    enum MergeOutcome {
        case merged(StoredSegment)
        case emptied  // no trace is left, and so no segment
        case stopped
    }

    /// Makes one segment of several, and has the catalog replace them.
    func merge(
        _ inputs: [StoredSegment], dropping dropped: Set<TraceID>, blockWritten: () -> Bool
    ) throws(StoreError) -> MergeOutcome {
        let ids = inputs.map(\.id)
        var origin = SegmentOrigin(replacedIDs: ids)
        for input in inputs {
            let own = try StoreError.wrapSegment { () throws(SegmentError) in try input.reader.origin() }
            origin.firstJournalPart = max(origin.firstJournalPart, own.firstJournalPart)
        }
        // Spans are kept for as long as their segment: as long as the latest of them asks for.
        let createdAt = inputs.map(\.reader.createdAt).max() ?? 0
        var isStopped = false
        let segment = try install(createdAt, replacing: ids, firstJournalPart: nil) { (file) throws(SegmentError) in
            try SegmentMerger(inputs.map(\.reader), options: segmentOptions, dropping: dropped)
                .merge(to: file, createdAt: createdAt, origin: origin) {
                    if !blockWritten() { isStopped = true }
                    return !isStopped
                }
        }
        for input in inputs { input.reader.releaseMemory() }
        if let segment { return .merged(segment) }
        if isStopped { return .stopped }
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.remove(segmentIDs: ids) }
        return .emptied
    }

    private var segmentOptions: SegmentOptions {
        var segmentOptions = SegmentOptions()
        segmentOptions.blockSpanCount = options.blockSpanCount
        segmentOptions.compressionLevel = options.compressionLevel
        return segmentOptions
    }

    /// Writes a file and enters it; nil if `write` gives nothing.
    private func install(
        _ createdAt: Int64, replacing: [Int64], firstJournalPart: UInt64?,
        _ write: (UnfinishedSegment) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames)?
    ) throws(StoreError) -> StoredSegment? {
        let id = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.allocateSegmentID() }
        let name = SegmentDirectory.fileName(id)
        guard let (reader, statistics, names) = try self.write(as: name, write) else { return nil }
        let summary = SegmentSummary(id: id, fileName: name, createdAt: createdAt, statistics, names)
        do throws(CatalogError) {
            try catalog.add(summary, replacing: replacing, firstJournalPart: firstJournalPart)
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
        as name: String,
        _ write: (UnfinishedSegment) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames)?
    ) throws(StoreError) -> (SegmentReader, SegmentStatistics, SegmentNames)? {
        do throws(SegmentError) {
            let file = try folder.segments.create(name)
            guard let written = try write(file) else {
                file.abandon()
                return nil
            }
            try file.finish()
            return (try SegmentReader(try folder.segments.open(name)), written.statistics, written.names)
        } catch {
            try? folder.segments.remove(name)
            throw StoreError(error)
        }
    }
}
