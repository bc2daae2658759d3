internal import Catalog
internal import Journal
internal import Logging
internal import SegmentStore
internal import Synchronization
internal import TopologyStore
internal import TraceModel

/// Opens a folder: holds catalog and segment files against each other, and brings back what only the journal has.
struct StoreOpening {
    var catalog: Catalog
    var journal: Journal
    var topology: TopologyStore
    var sealer: GenerationSealer
    var decisions: DecisionMemory
    var tail: TailDecider?
    var state: StoreState

    static func open(
        _ folder: DataFolder, _ options: StoreOptions, _ logger: Logger
    ) throws(StoreError) -> StoreOpening {
        let catalog = try StoreError.wrapCatalog { () throws(CatalogError) in try Catalog(path: folder.catalogPath) }
        var segments = try reconcile(folder, catalog, logger)
        var forwarding = try forwarding(options, catalog)
        let firstPart = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.firstJournalPart }
        let topology = try StoreError.wrapCatalog { () throws(CatalogError) in
            try TopologyStore(catalog: catalog, options: options.topology, logger: logger)
        }
        let sealer = GenerationSealer(
            installer: SegmentInstaller(folder: folder, catalog: catalog, options: options), topology: topology)
        let decisions = DecisionMemory(
            try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.samplingDecisions() }
        ) { error in
            logger.error(
                "what was decided of traces cannot be read; what comes of them is decided on its own",
                metadata: ["reason": "\(error)"])
        }
        let tail = options.sampling.tail.map { TailDecider($0, decisions, report: options.traceDecided) }
        let replay = JournalReplay(firstPart: firstPart, options: options, sealer: sealer, tail: tail)
        var journalOptions = options.journal
        journalOptions.firstPartNumber = max(firstPart, 1)
        let isSealingUrgent = UrgentSealing()
        let observer = JournalObserver(
            synced: options.journalSynced,
            failed: { error in
                // What was acknowledged since the last good sync is safe from a power cut only in a segment.
                isSealingUrgent.isSet.store(true, ordering: .relaxed)
                logger.error("the journal could not be synced; sealing what is live", metadata: ["reason": "\(error)"])
            })
        let journal: Journal
        do {
            journal = try Journal(
                directory: folder.journalPath, options: journalOptions, fileSystem: folder.fileSystem,
                observer: observer
            ) { part, bytes in try replay.take(part: part, bytes) }
        } catch let error as JournalError {
            throw StoreError(error)
        } catch {
            throw error as? StoreError ?? StoreError(.unusable, "\(error)")
        }
        if firstPart > 1 {
            try StoreError.wrapJournal { () throws(JournalError) in try journal.removeParts(through: firstPart - 1) }
        }
        report(journal.recovery, replay, logger)
        segments += replay.sealed
        forwarding.enter(replay.sealed)
        return StoreOpening(
            catalog: catalog, journal: journal, topology: topology, sealer: sealer, decisions: decisions,
            tail: tail,
            state: StoreState(
                segments: segments, active: replay.generation, forwarding: forwarding,
                isSealingUrgent: isSealingUrgent))
    }

    /// What destinations lack, once those are entered that are new.
    private static func forwarding(
        _ options: StoreOptions, _ catalog: Catalog
    ) throws(StoreError) -> ForwardState {
        try StoreError.wrapCatalog { () throws(CatalogError) in
            let known = Set(try catalog.forwardDestinations().map(\.name))
            let new = options.destinations.filter { !known.contains($0.name) }
            if !new.isEmpty { try catalog.enterForwardDestinations(new.map { ($0.name, $0.takesStored) }) }
            return ForwardState(
                options.destinations, known: try catalog.forwardDestinations(),
                pending: try catalog.pendingForwards())
        }
    }

    /// The segments that can be read. A file that the catalog does not know is what a crash left between writing it
    /// and entering it, or between replacing it and removing it: its spans are in the journal or in other segments. An
    /// entry without a file, or with one that cannot be read,
    /// is reported.
    private static func reconcile(
        _ folder: DataFolder, _ catalog: Catalog, _ logger: Logger
    ) throws(StoreError) -> [StoredSegment] {
        let records = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.segments() }
        let names = try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.names() }
        let known = Set(records.map(\.fileName))
        try refuseForeignCatalog(names.filter { !known.contains($0) }, folder, catalog)
        for name in names where !known.contains(name) {
            logger.notice("removed a segment that was not finished, or was replaced", metadata: ["file": "\(name)"])
            try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.remove(name) }
        }
        var segments: [StoredSegment] = []
        for record in records {
            do throws(SegmentError) {
                let reader = try SegmentReader(try folder.segments.open(record.fileName))
                segments.append(
                    StoredSegment(
                        id: record.id, reader: reader, statistics: SegmentStatistics(record),
                        thinnedForAge: record.thinnedForAge))
            } catch {
                if error.code == .unsupportedFormat { throw StoreError(.unsupportedFormat, error.message) }
                logger.critical(
                    "a segment cannot be read; its spans are missing from all answers",
                    metadata: ["segment": "\(record.id)", "spans": "\(record.spanCount)", "reason": "\(error)"])
            }
        }
        return segments
    }

    /// A segment is given its number by the catalog before it is written: one with a number to come is of another
    /// catalog, which was lost or put in the place of this one. Its spans are nowhere else.
    private static func refuseForeignCatalog(
        _ unknown: [String], _ folder: DataFolder, _ catalog: Catalog
    ) throws(StoreError) {
        let next = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.nextSegmentID }
        let foreign = unknown.filter { (SegmentDirectory.segmentID(ofFile: $0) ?? 0) >= next }
        guard let first = foreign.first else { return }
        throw StoreError(
            .corrupt,
            "\(folder.catalogPath): it never knew \(foreign.count) of the segments in \(folder.segments.path), "
                + "\(first) for one: put the right catalog back, or take this one away; \(StoreError.rebuildAdvice)")
    }

    private static func report(_ recovery: JournalRecovery, _ replay: JournalReplay, _ logger: Logger) {
        if replay.spanCount > 0 {
            logger.notice("brought spans back from the journal", metadata: ["spans": "\(replay.spanCount)"])
        }
        if recovery.cutByteCount > 0 {
            logger.notice(
                "cut off the journal's end, which is no whole record: it was being written when the last run ended",
                metadata: ["bytes": "\(recovery.cutByteCount)"])
        }
        for damage in recovery.damages {
            logger.critical(
                "part of the journal is damaged; its spans are lost",
                metadata: [
                    "part": "\(damage.partNumber)", "offset": "\(damage.offset)", "bytes": "\(damage.byteCount)",
                ])
        }
        if replay.damagedRecordCount > 0 {
            logger.critical(
                "records of the journal are no spans; they are lost",
                metadata: ["records": "\(replay.damagedRecordCount)"])
        }
    }
}

/// Takes back what the journal has, and seals it, part by part, when it is more than should stay in memory.
private final class JournalReplay {
    private let firstPart: UInt64
    private let options: StoreOptions
    private let sealer: GenerationSealer
    private let tail: TailDecider?
    private var lastPart: UInt64 = 0
    private(set) var generation = Generation(number: 1)
    private(set) var sealed: [StoredSegment] = []
    private(set) var spanCount = 0
    private(set) var damagedRecordCount = 0

    init(firstPart: UInt64, options: StoreOptions, sealer: GenerationSealer, tail: TailDecider?) {
        self.firstPart = firstPart
        self.options = options
        self.sealer = sealer
        self.tail = tail
    }

    func take(part: UInt64, _ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        guard part >= firstPart else { return }
        if part != lastPart && generation.byteCount >= options.liveByteCountMax / 2 {
            // Only whole parts are sealed: the catalog then gives up all parts before this one.
            let whole = GenerationSnapshot(
                generation: generation, batches: generation.batches, arrived: generation.arrived)
            sealed += try sealer.seal(whole, tail, later: [], firstJournalPart: part, isReplay: true)
            generation = Generation(number: generation.number + 1)
        }
        lastPart = part
        do throws(SpanBatchError) {
            for batch in try SpanBatch.batches(copying: bytes) {
                generation.add(batch)
                if !batch.isCountOnly { spanCount += batch.spanCount }
            }
        } catch {
            damagedRecordCount += 1
        }
    }
}
