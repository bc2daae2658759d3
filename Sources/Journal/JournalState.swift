internal import FileSystem
internal import Threads

/// A record on its way to the file.
struct QueueEntry {
    let record: JournalRecord
    let completion: @Sendable (Result<JournalPosition, JournalError>) -> Void
    /// Given when the record is queued, so that `rotate` has an exact answer at once.
    var partNumber: UInt64
}

/// A part with bytes that are not synced yet.
struct UnsyncedPart {
    let file: PartFile
    /// When they are to be synced at the latest, in nanoseconds of `SystemClock.monotonicNanoseconds()`.
    let deadline: UInt64
    /// True if the file's name is not durable yet.
    let syncsDirectory: Bool
}

/// All that appenders, committer and syncer share, behind one lock.
struct JournalState {
    var queue: [QueueEntry] = []
    /// Packed bytes and records not yet answered, those in the committer's hands included.
    var waitingByteCount = 0
    var waitingRecordCount = 0
    /// Whether somebody has the committer, which one thread at a time may.
    var isCommitting = false
    /// Part of the first record in the committer's hands; nil if it has none.
    var committingPart: UInt64?
    /// Whether a sync is under way, during which a write may take as long as that.
    var isSyncing = false

    /// The part of the next record, and its size with all that is queued for it.
    var assignedPart: UInt64
    var assignedByteCount = JournalFormat.partHeaderByteCount
    /// The highest number that `rotate` returned.
    var rotatedThrough: UInt64

    /// The part that was made on opening, until the committer takes it: whoever keeps it keeps its file open, and so
    /// its room on the disk taken after it was removed.
    var firstPart: PartFile?

    /// Oldest first.
    var unsyncedParts: [UnsyncedPart] = []
    /// A part whose sync failed in the background, so that nothing more may be written to it.
    var spoiledPart: UInt64?

    var isClosing = false
    var isCommitterDone = false
    var isClosed = false
    var statistics = JournalStatistics()

    /// Number of the oldest part for which records still wait.
    var oldestWaitingPart: UInt64? { committingPart ?? queue.first?.partNumber }

    mutating func switchPart() {
        assignedPart += 1
        assignedByteCount = JournalFormat.partHeaderByteCount
    }

    mutating func noteSync(nanoseconds: UInt64) {
        statistics.syncCount += 1
        statistics.syncNanosecondsLast = nanoseconds
        statistics.syncNanosecondsTotal += nanoseconds
    }
}

/// What the journal's threads work with.
struct JournalCore: Sendable {
    let directory: PartDirectory
    let options: JournalOptions
    let observer: JournalObserver
    let monitor: Monitor<JournalState>
    let makeSalt: @Sendable () -> UInt32
    let now: @Sendable () -> UInt64

    func createPart(_ number: UInt64) throws(FileSystemError) -> PartFile {
        try directory.createPart(PartHeader(salt: makeSalt(), number: number, created: now()))
    }

    /// Syncs, and counts how long it took.
    func sync(_ file: PartFile) throws(JournalError) {
        let start = SystemClock.monotonicNanoseconds()
        do {
            try directory.fileSystem.sync(file.descriptor)
        } catch {
            monitor.withLock { $0.statistics.failedSyncCount += 1 }
            throw JournalError("cannot sync part \(file.number)", error)
        }
        let nanoseconds = SystemClock.monotonicNanoseconds() - start
        monitor.withLock { $0.noteSync(nanoseconds: nanoseconds) }
        observer.synced(nanoseconds)
    }
}
