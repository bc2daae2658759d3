public import FileSystem
internal import Threads

/// Records kept safe before their sender is answered: files that only grow, read again at the next start.
///
/// Records lie in numbered parts, in the order in which they were appended. A part goes when what it holds is safe
/// elsewhere. One journal at a time may use a folder: the caller locks it. Layout of the files:
/// storage/journal-format.md.
public final class Journal: Sendable {
    /// What was found on opening.
    public let recovery: JournalRecovery

    private let core: JournalCore
    private let committer: Committer
    private let threads: [WorkerThread]

    /// Opens the journal of `directory`, creating it if there is none, and replays what it holds: `replay` gets each
    /// record with the number of its part; the bytes are valid for the call. New records go to a new part.
    /// - Throws: `JournalError`, with `.unsupportedFormat` if a newer release wrote any part (nothing is changed
    ///   then), or what `replay` throws.
    public convenience init(
        directory: String, options: JournalOptions = JournalOptions(), fileSystem: any FileSystem = LocalFileSystem(),
        observer: JournalObserver = JournalObserver(),
        replay: (_ partNumber: UInt64, _ record: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try self.init(
            directory: directory, options: options, fileSystem: fileSystem, observer: observer,
            makeSalt: { UInt32.random(in: .min ... .max) }, now: { UInt64(SystemClock.nanosecondsSince1970()) },
            replay: replay)
    }

    init(
        directory path: String, options: JournalOptions, fileSystem: any FileSystem, observer: JournalObserver,
        makeSalt: @escaping @Sendable () -> UInt32, now: @escaping @Sendable () -> UInt64,
        replay body: (UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let directory = PartDirectory(path: path, fileSystem: fileSystem)
        var replay = try JournalReplay(directory)
        try replay.checkFormats()
        try replay.run(body)
        if options.syncMode != .never {
            do throws(JournalError) { try replay.syncParts() } catch { observer.failed(error) }
        }
        let number = max(replay.lastPartNumber + 1, options.firstPartNumber)
        let core = JournalCore(
            directory: directory, options: options, observer: observer,
            monitor: Monitor(JournalState(assignedPart: number, rotatedThrough: number - 1)), makeSalt: makeSalt,
            now: now)
        self.core = core
        do throws(FileSystemError) {
            let first = try core.createPart(number)
            try fileSystem.sync(first.descriptor)
            try fileSystem.syncDirectory(path)
            core.monitor.withLock { $0.firstPart = first }
        } catch {
            throw JournalError("cannot start part \(number)", error)
        }
        try replay.removeEmptyParts()
        recovery = replay.recovery
        let committer = Committer(core)
        self.committer = committer
        threads = try Self.startThreads(core, committer)
    }

    private static func startThreads(
        _ core: JournalCore, _ committer: Committer
    ) throws(JournalError) -> [WorkerThread] {
        let commits = try start { committer.run() }
        guard case .interval = core.options.syncMode else { return [commits] }
        do throws(JournalError) {
            return [commits, try start { Syncer(core: core).run() }]
        } catch {
            core.monitor.withLock { $0.isClosing = true }
            core.monitor.signal(.work)
            commits.join()
            throw error
        }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) throws(JournalError) -> WorkerThread {
        do throws(ThreadError) {
            return try WorkerThread(body: body)
        } catch {
            throw JournalError(code: .failed, message: "journal: \(error)", cause: error)
        }
    }

    deinit { close() }

    /// Queues the record and has it written. `completion` gets its place once it is as safe as the sync mode promises,
    /// on any thread, or at once, on this one, if the record is refused with `.overloaded` or `.closed`.
    public func append(
        _ record: JournalRecord, completion: @Sendable @escaping (Result<JournalPosition, JournalError>) -> Void
    ) {
        enqueue(record, completion: completion)
        commit()
    }

    /// Queues the record, as `append`, and leaves it to a call of `commit` to have it written.
    public func enqueue(
        _ record: JournalRecord, completion: @Sendable @escaping (Result<JournalPosition, JournalError>) -> Void
    ) {
        let byteCount = record.frameByteCount
        let refusal = core.monitor.withLock { state -> JournalError? in
            if state.isClosing { return JournalError(code: .closed, message: "journal: closed") }
            if state.waitingByteCount > 0 && state.waitingByteCount + byteCount > core.options.queuedByteCountMax {
                state.statistics.overloadedRecordCount += 1
                return JournalError(
                    code: .overloaded, message: "journal: \(state.waitingByteCount) bytes wait to be written")
            }
            if state.assignedByteCount > JournalFormat.partHeaderByteCount
                && state.assignedByteCount + byteCount > core.options.partByteCountMax
            {
                state.switchPart()
            }
            state.assignedByteCount += byteCount
            state.waitingByteCount += byteCount
            state.waitingRecordCount += 1
            state.queue.append(QueueEntry(record: record, completion: completion, partNumber: state.assignedPart))
            return nil
        }
        if let refusal { completion(.failure(refusal)) }
    }

    /// Has what is queued written: on this thread, with all completions, if nobody else is at it and nothing can take
    /// long. Not to be called with a lock that a completion takes.
    public func commit() { committer.commitHere() }

    /// Ends the present part, without waiting for anything.
    ///
    /// Records appended before the call are in parts up to the number returned, later ones in parts after it. 0, or
    /// the number of the part before, if the present part has no records.
    public func rotate() -> UInt64 {
        let number = core.monitor.withLock { state in
            if state.assignedByteCount > JournalFormat.partHeaderByteCount { state.switchPart() }
            state.rotatedThrough = state.assignedPart - 1
            return state.rotatedThrough
        }
        core.monitor.signal(.work)
        return number
    }

    /// Removes the parts up to `number`, which an earlier `rotate` returned or an earlier run wrote.
    ///
    /// Waits until all that was appended to them is written and answered; not to be called from a completion.
    public func removeParts(through number: UInt64) throws(JournalError) {
        guard number > 0 else { return }
        let isClosedPart: Bool = core.monitor.wait(for: .progress) { state in
            if number >= state.assignedPart { return .done(false) }
            if let oldest = state.oldestWaitingPart, oldest <= number { return .wait }
            state.unsyncedParts.removeAll { $0.file.number <= number && !$0.syncsDirectory }
            return .done(true)
        }
        precondition(isClosedPart, "only parts that were rotated out are removed")
        do {
            try core.directory.removeParts(through: number)
        } catch {
            throw JournalError("cannot remove parts up to \(number)", error)
        }
    }

    /// Writes and syncs what is queued, answers it, and ends. Records appended afterwards are refused. Returns when
    /// all is done; not to be called from a completion.
    public func close() {
        let isFirst = core.monitor.withLock { state in
            defer { state.isClosing = true }
            return !state.isClosing
        }
        guard isFirst else { return core.monitor.wait(for: .progress) { $0.isClosed ? .done(()) : .wait } }
        core.monitor.signal(.work)
        for thread in threads { thread.join() }
        core.monitor.withLock { $0.isClosed = true }
        core.monitor.signal(.progress)
    }

    public var statistics: JournalStatistics {
        core.monitor.withLock { state in
            var statistics = state.statistics
            statistics.queuedRecordCount = state.waitingRecordCount
            statistics.queuedByteCount = state.waitingByteCount
            statistics.partNumber = state.assignedPart
            return statistics
        }
    }
}
