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
    private static let freshCompressionLevelMax = 4

    /// Segments of batches as files that the catalog does not know yet.
    struct Files {
        fileprivate var written: [Written] = []
        fileprivate let firstJournalPart: UInt64
    }

    /// Makes one segment of the batches, or several if their spans have very many shapes; none of none. `enter` or
    /// `remove` follows.
    /// - Parameter firstJournalPart: the first part that has none of the batches.
    func write(_ batches: [SpanBatch], firstJournalPart: UInt64) throws(StoreError) -> Files {
        var files = Files(firstJournalPart: firstJournalPart)
        let groups = groups(batches)
        for (number, group) in groups.enumerated() {
            // Files alone are to say it only when all of them are there: the last is written last.
            let isLast = number == groups.count - 1
            do throws(StoreError) {
                files.written.append(try write(group, SegmentOrigin(firstJournalPart: isLast ? firstJournalPart : 0)))
            } catch {
                remove(files)
                throw error
            }
        }
        return files
    }

    /// Has the catalog know the segments.
    ///
    /// The rest is entered in the same moment.
    func enter(
        _ files: Files, topology: TopologyChange, decisions: DecisionChange?
    ) throws(StoreError) -> [StoredSegment] {
        try enter(files.written, replacing: [], firstJournalPart: files.firstJournalPart, topology, decisions)
    }

    func remove(_ files: Files) { remove(files.written) }

    fileprivate func remove(_ written: [Written]) {
        for own in written { try? folder.segments.remove(own.summary.record.fileName) }
    }

    /// Batches that make a segment each, in order.
    private func groups(_ batches: [SpanBatch]) -> [[SpanBatch]] {
        var groups: [[SpanBatch]] = []
        var shapeCount = 0
        for batch in batches where batch.spanCount > 0 {
            if groups.isEmpty || shapeCount + batch.shapeCount > Self.shapeCountMax {
                groups.append([])
                shapeCount = 0
            }
            groups[groups.count - 1].append(batch)
            shapeCount += batch.shapeCount
        }
        return groups
    }

    fileprivate func write(
        _ batches: [SpanBatch], _ origin: SegmentOrigin, createdAt: Int64 = SystemClock.nanosecondsSince1970(),
        thinnedForAge: Int64 = 0
    ) throws(StoreError) -> Written {
        // A merge packs them again: until then 0.2 % of the size (mesh spans) is worth less than the time.
        var freshOptions = segmentOptions
        freshOptions.compressionLevel = min(freshOptions.compressionLevel, Self.freshCompressionLevelMax)
        let written = try write(createdAt, thinnedForAge: thinnedForAge) { [freshOptions] (file) throws(SegmentError) in
            try SegmentWriter.write(batches, to: file, createdAt: createdAt, origin: origin, options: freshOptions)
        }
        guard let written else { preconditionFailure("batches with spans make a segment") }
        return written
    }

    /// Writes what stays of a segment when it is thinned: segments of some batches each.
    struct Thinning: ~Copyable {
        fileprivate let installer: SegmentInstaller
        fileprivate let input: StoredSegment
        fileprivate let age: Int64
        fileprivate var written: [Written] = []

        mutating func add(_ batches: [SpanBatch]) throws(StoreError) {
            var origin = try StoreError.wrapSegment { () throws(SegmentError) in try input.reader.origin() }
            origin.replacedIDs.append(input.id)
            written.append(
                try installer.write(batches, origin, createdAt: input.reader.createdAt, thinnedForAge: age))
        }

        /// Puts what was written in the place of the segment.
        consuming func finish() throws(StoreError) -> [StoredSegment] {
            if written.isEmpty {
                try StoreError.wrapCatalog { () throws(CatalogError) in
                    try installer.catalog.remove(segmentIDs: [input.id])
                }
                return []
            }
            return try installer.enter(written, replacing: [input.id])
        }

        /// Leaves the segment as it is.
        consuming func giveUp() { installer.remove(written) }
    }

    func beginThinning(_ input: StoredSegment, forAge age: Int64) -> Thinning {
        Thinning(installer: self, input: input, age: age)
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
            // Those whose files could not be removed yet may be there still.
            origin.replacedIDs += own.replacedIDs
        }
        // Spans are kept for as long as their segment: as long as the latest of them asks for.
        let createdAt = inputs.map(\.reader.createdAt).max() ?? 0
        var isStopped = false
        let thinnedForAge = inputs.map(\.thinnedForAge).min() ?? 0
        let written = try write(createdAt, thinnedForAge: thinnedForAge) { (file) throws(SegmentError) in
            try SegmentMerger(inputs.map(\.reader), options: segmentOptions, dropping: dropped)
                .merge(to: file, createdAt: createdAt, origin: origin) {
                    if !blockWritten() { isStopped = true }
                    return !isStopped
                }
        }
        for input in inputs { input.reader.releaseMemory() }
        if let written {
            return .merged(try enter([written], replacing: ids)[0])
        }
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

    /// A segment's file that the catalog does not know yet.
    fileprivate struct Written {
        var summary: SegmentSummary
        var segment: StoredSegment
    }

    /// Writes a file; nil if `body` gives nothing. One that the catalog will never name is not left behind.
    private func write(
        _ createdAt: Int64, thinnedForAge: Int64,
        _ body: (UnfinishedSegment) throws(SegmentError) -> (statistics: SegmentStatistics, names: SegmentNames)?
    ) throws(StoreError) -> Written? {
        let id = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.allocateSegmentID() }
        let name = SegmentDirectory.fileName(id)
        do throws(SegmentError) {
            let file = try folder.segments.create(name)
            guard let (statistics, names) = try body(file) else {
                file.abandon()
                return nil
            }
            try file.finish()
            let reader = try SegmentReader(try folder.segments.open(name))
            return Written(
                summary: SegmentSummary(
                    id: id, fileName: name, createdAt: createdAt, thinnedForAge: thinnedForAge, statistics, names),
                segment: StoredSegment(
                    id: id, reader: reader, statistics: statistics, thinnedForAge: thinnedForAge))
        } catch {
            try? folder.segments.remove(name)
            throw StoreError(error)
        }
    }

    /// Has the catalog know the segments, and no longer those that they replace.
    fileprivate func enter(
        _ written: [Written], replacing: [Int64], firstJournalPart: UInt64? = nil, _ topology: TopologyChange? = nil,
        _ decisions: DecisionChange? = nil
    ) throws(StoreError) -> [StoredSegment] {
        let pending: [PendingForward]
        do throws(CatalogError) {
            pending = try catalog.add(
                written.map(\.summary), replacing: replacing, firstJournalPart: firstJournalPart, topology: topology,
                decisions: decisions)
        } catch {
            // On a full disk each attempt would leave files. After any other failure they stay until the next start:
            // what SQLite could not confirm may yet be found in its log then, and needs them.
            if error.code == .diskFull { remove(written) }
            throw StoreError(error)
        }
        return written.map { own in
            var segment = own.segment
            segment.lackedBy = pending.filter { $0.segmentID == segment.id }.map(\.destinationID)
            return segment
        }
    }
}
