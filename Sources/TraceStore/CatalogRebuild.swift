internal import Catalog
internal import FileSystem
public import Logging
internal import SegmentStore

/// What making a catalog anew has found.
public struct RebuildReport: Sendable {
    /// A segment that cannot be read.
    public struct LostSegment: Sendable {
        /// Its file's name now, within the folder of segments.
        public let fileName: String
        public let reason: String
        /// As the catalog of before says; nil if that cannot be read either.
        public let spanCount: Int?
    }

    /// Segments that the new catalog has, and what they hold.
    public internal(set) var segmentCount = 0
    public internal(set) var spanCount = 0
    public internal(set) var traceCount = 0
    /// Files of segments whose spans are all in another one; they were removed.
    public internal(set) var removedFileCount = 0
    /// Segments left out; their files stay, under another name.
    public internal(set) var lost: [LostSegment] = []
}

extension TraceStore {
    /// Makes the catalog of a folder anew, from its segments alone, whatever state the old one is in.
    ///
    /// Broken off at any point it leaves a folder that no store opens with a wrong catalog, and that can be rebuilt.
    /// - Parameter progress: called with the segments done and all there are.
    /// - Throws: `StoreError`; `inUse` if another process has the folder, `unsupportedFormat` if a newer release wrote
    ///   a segment or the catalog: nothing is changed then.
    public static func rebuildCatalog(
        path: String, logger: Logger, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(StoreError) -> RebuildReport {
        let fileSystem = LocalFileSystem()
        let folder = try DataFolder(path: path, fileSystem: fileSystem)
        defer { folder.unlock() }
        return try CatalogRebuild(folder: folder, fileSystem: fileSystem, logger: logger).run(progress)
    }
}

/// Makes a catalog beside the old one and puts it in its place.
private struct CatalogRebuild {
    let folder: DataFolder
    let fileSystem: LocalFileSystem
    let logger: Logger

    /// Where the new catalog is made, and where the old one is until that is in place.
    private var newPath: String { folder.catalogPath + ".rebuilt" }
    private var oldPath: String { folder.catalogPath + ".before-rebuild" }

    /// A segment whose directories can be read.
    private struct Sound {
        var id: Int64
        var fileName: String
        var origin: SegmentOrigin
        var statistics: SegmentStatistics
    }

    private struct Damaged {
        var id: Int64
        var fileName: String
        var reason: String
        var spanCount: Int?
    }

    func run(_ progress: (Int, Int) -> Void) throws(StoreError) -> RebuildReport {
        let names = try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.names() }
        let aside = try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.idsSetAside() }
        var (sound, damaged) = try survey(names, progress)
        let known = try oldCatalog()
        for place in damaged.indices { damaged[place].spanCount = known?.spanCounts[damaged[place].id] }
        // Only a segment that can be read makes others superfluous.
        let replaced = Set(sound.flatMap(\.origin.replacedIDs))
        let leftovers = sound.filter { replaced.contains($0.id) }.map(\.fileName)
        let firstJournalPart = sound.map(\.origin.firstJournalPart).max() ?? 0
        let highestID = (names.compactMap(SegmentDirectory.segmentID) + aside + replaced).max() ?? 0
        sound.removeAll { replaced.contains($0.id) }

        try makeCatalog(of: sound, firstJournalPart: firstJournalPart, nextSegmentID: highestID + 1, known)
        // Before the new catalog is in place: a file that it does not know would be taken for a left-over.
        var report = RebuildReport()
        for segment in damaged { report.lost.append(try setAside(segment)) }
        try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.sync() }
        try putInPlace()
        for name in leftovers {
            try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.remove(name) }
        }
        try StoreError.wrapSegment { () throws(SegmentError) in try folder.segments.sync() }
        for path in Catalog.files(at: oldPath) { try remove(path) }
        report.segmentCount = sound.count
        report.spanCount = sound.reduce(0) { $0 + $1.statistics.spanCount }
        report.traceCount = sound.reduce(0) { $0 + $1.statistics.traceCount }
        report.removedFileCount = leftovers.count
        progress(names.count, names.count)
        return report
    }

    // MARK: What there is

    private func survey(
        _ names: [String], _ progress: (Int, Int) -> Void
    ) throws(StoreError) -> (sound: [Sound], damaged: [Damaged]) {
        var sound: [Sound] = []
        var damaged: [Damaged] = []
        for (number, name) in names.enumerated() {
            progress(number, names.count)
            guard let id = SegmentDirectory.segmentID(ofFile: name) else { continue }
            do throws(SegmentError) {
                let reader = try SegmentReader(try folder.segments.open(name))
                sound.append(
                    Sound(id: id, fileName: name, origin: try reader.origin(), statistics: try reader.statistics()))
            } catch {
                if error.code == .unsupportedFormat { throw StoreError(.unsupportedFormat, error.message) }
                damaged.append(Damaged(id: id, fileName: name, reason: error.message))
            }
        }
        return (sound, damaged)
    }

    private var isCatalogThere: Bool {
        guard let file = try? fileSystem.open(folder.catalogPath, .read) else { return false }
        defer { fileSystem.close(file) }
        return ((try? fileSystem.byteCount(of: file)) ?? 0) > 0
    }

    /// What the old catalog says that segments do not.
    private struct OldCatalog {
        var spanCounts: [Int64: Int]
        var destinations: [String]
        var hashKey: [UInt8]
    }

    /// - Returns: nil if there is none that can be read.
    private func oldCatalog() throws(StoreError) -> OldCatalog? {
        guard isCatalogThere else { return nil }
        do throws(CatalogError) {
            let catalog = try Catalog(path: folder.catalogPath)
            defer { catalog.close() }
            return OldCatalog(
                spanCounts: Dictionary(try catalog.segments().map { ($0.id, $0.spanCount) }) { first, _ in first },
                destinations: try catalog.forwardDestinations().map(\.name), hashKey: try catalog.forwardHashKey)
        } catch {
            if error.code == .unsupportedFormat { throw StoreError(error) }
            logger.info("the old catalog cannot be read", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    // MARK: The new catalog

    private func makeCatalog(
        of sound: [Sound], firstJournalPart: UInt64, nextSegmentID: Int64, _ known: OldCatalog?
    ) throws(StoreError) {
        for path in Catalog.files(at: newPath) { try remove(path) }
        let summaries = Summaries(sound.map { ($0.id, $0.fileName) }, folder.segments)
        try StoreError.wrapCatalog { () throws(CatalogError) in
            let catalog = try Catalog(path: newPath)
            defer { catalog.close() }
            try catalog.rebuild(from: summaries, firstJournalPart: firstJournalPart, nextSegmentID: nextSegmentID)
            if let known { try catalog.carryForwarding(known.destinations, hashKey: known.hashKey) }
            // Nothing of it may be in the WAL, which stays behind.
            try catalog.scrub()
        }
        if let failure = summaries.failure { throw StoreError(failure) }
        try files { () throws(FileSystemError) in
            let file = try fileSystem.open(newPath, .readWrite)
            defer { fileSystem.close(file) }
            try fileSystem.sync(file)
        }
    }

    /// Takes the old catalog away, then names the new one.
    ///
    /// Without a catalog a folder with segments is not opened, and the log of one must never lie beside another: the
    /// old one goes first and its log after it.
    private func putInPlace() throws(StoreError) {
        for path in Catalog.files(at: oldPath) { try remove(path) }
        for (path, aside) in zip(Catalog.files(at: folder.catalogPath), Catalog.files(at: oldPath)) {
            try rename(path, to: aside)
            try syncFolder()
        }
        try rename(newPath, to: folder.catalogPath)
        try syncFolder()
        for path in Catalog.files(at: newPath) { try remove(path) }
    }

    private func setAside(_ segment: Damaged) throws(StoreError) -> RebuildReport.LostSegment {
        let name = try StoreError.wrapSegment { () throws(SegmentError) in
            try folder.segments.setAside(segment.fileName)
        }
        logger.critical(
            "a segment cannot be read and was set aside", metadata: ["file": "\(name)", "reason": "\(segment.reason)"])
        return RebuildReport.LostSegment(fileName: name, reason: segment.reason, spanCount: segment.spanCount)
    }

    // MARK: Files

    private func syncFolder() throws(StoreError) {
        try files { () throws(FileSystemError) in try fileSystem.syncDirectory(folder.path) }
    }

    /// One that is not there is passed over.
    private func remove(_ path: String) throws(StoreError) {
        try files { () throws(FileSystemError) in
            do throws(FileSystemError) { try fileSystem.remove(path) } catch  where error.code == .notFound {}
        }
    }

    /// One that is not there is passed over.
    private func rename(_ path: String, to newPath: String) throws(StoreError) {
        try files { () throws(FileSystemError) in
            do throws(FileSystemError) {
                try fileSystem.rename(path, to: newPath)
            } catch  where error.code == .notFound {}
        }
    }

    private func files(_ body: () throws(FileSystemError) -> Void) throws(StoreError) {
        do throws(FileSystemError) { try body() } catch { throw StoreError(.unusable, "catalog: \(error)") }
    }
}

/// What the catalog is told of segments, read one after the other: the names of all need not fit into memory.
private final class Summaries: Sequence, IteratorProtocol {
    private let segments: [(id: Int64, fileName: String)]
    private let directory: SegmentDirectory
    private var place = 0
    /// Why the sequence ended early.
    private(set) var failure: SegmentError?

    init(_ segments: [(id: Int64, fileName: String)], _ directory: SegmentDirectory) {
        self.segments = segments
        self.directory = directory
    }

    func next() -> SegmentSummary? {
        guard place < segments.count, failure == nil else { return nil }
        let (id, fileName) = segments[place]
        place += 1
        do throws(SegmentError) {
            let reader = try SegmentReader(try directory.open(fileName))
            return SegmentSummary(
                id: id, fileName: fileName, createdAt: reader.createdAt, thinnedForAge: 0, try reader.statistics(),
                try reader.names())
        } catch {
            failure = error
            return nil
        }
    }
}
