internal import Catalog
package import FileSystem
internal import Journal
public import Logging
internal import Synchronization
internal import Threads
internal import TopologyStore
public import TraceModel

/// The one door to stored spans: takes batches in, keeps them in a folder, finds them again.
///
/// A batch goes to the journal and, once that has it, to the generation at hand, where it is found at once. A
/// generation that is large, old or idle enough is sealed into a segment; then its part of the journal goes. What
/// is read is the live generations and the segments, merged by trace.
public final class TraceStore: Sendable {
    let options: StoreOptions
    let logger: Logger
    let folder: DataFolder
    let catalog: Catalog
    let journal: Journal
    let state: StoreState
    let topology: TopologyStore
    let sealer: GenerationSealer
    private let sampling: Mutex<SamplingRules>
    /// Used and changed under `sealingLock`. Nil: everything is stored.
    nonisolated(unsafe) var tail: TailDecider?
    private nonisolated(unsafe) let decisions: DecisionMemory
    let expiredSpanCount = Atomic<Int>(0)
    /// Merges done, and segments that they replaced.
    let compactionCount = Atomic<Int>(0)
    let compactedSegmentCount = Atomic<Int>(0)
    let compactor = Compactor()
    let remover: SegmentRemover
    let pendingObservers = PendingObservers()
    /// Held while generations are sealed: one thread at a time takes the oldest.
    let sealingLock = PthreadLock()
    let cache: SegmentCache
    private let background: BackgroundWork
    private let waiting = WaitingAppends()
    private let refusalLog: RefusalLog

    /// Opens the folder, or makes it, and reads what the journal has beyond the segments.
    /// - Throws: `StoreError`; `inUse` if another process has the folder.
    public convenience init(path: String, options: StoreOptions, logger: Logger) throws(StoreError) {
        try self.init(path: path, options: options, fileSystem: LocalFileSystem(), logger: logger)
    }

    /// - Parameter fileSystem: holds segments, journal and lock; the catalog is SQLite's own file at `path`.
    package init(
        path: String, options: StoreOptions, fileSystem: any FileSystem, logger: Logger
    ) throws(StoreError) {
        self.options = options
        self.logger = logger
        folder = try DataFolder(path: path, fileSystem: fileSystem)
        let opened: StoreOpening
        do throws(StoreError) {
            opened = try StoreOpening.open(folder, options, logger)
        } catch {
            folder.unlock()
            throw error
        }
        catalog = opened.catalog
        journal = opened.journal
        state = opened.state
        topology = opened.topology
        sealer = opened.sealer
        sampling = Mutex(options.sampling)
        tail = opened.tail
        decisions = opened.decisions
        cache = SegmentCache(byteCountMax: options.cacheByteCountMax)
        background = BackgroundWork()
        refusalLog = RefusalLog(logger)
        remover = SegmentRemover(folder.segments, logger)
    }

    /// Starts sealing, retention and compaction. Without it the store only takes in and reads.
    public func start() throws(StoreError) {
        do throws(ThreadError) {
            try background.start(self)
            waiting.open()
            try compactor.start(self)
        } catch {
            throw StoreError(.unusable, "store: \(error)")
        }
    }

    /// Seals what is live and closes the folder. Nothing may be appended any more.
    public func close() {
        compactor.stop()
        background.stop()
        waiting.close()
        sealAll()
        journal.close()
        catalog.close()
        folder.unlock()
    }

    // MARK: Taking in

    /// Why a batch was not taken.
    public enum Refusal: Error, Sendable {
        case overloaded  // there was no room for it in time; again in a second
        case diskFull(String)  // again when there is room
        case tooLarge(String)  // never

        init(_ error: JournalError) {
            switch error.code {
            case .overloaded, .closed: self = .overloaded
            case .recordTooLarge: self = .tooLarge(error.message)
            case .diskFull, .failed, .unsupportedFormat: self = .diskFull(error.message)
            }
        }
    }

    /// Journals a batch and makes it findable; where there is no room for it, waits for some. Never blocks.
    /// - Parameters:
    ///   - batch: may be one that is only counted.
    ///   - counted: spans of the same request that are only counted, beside those that are stored.
    ///   - completion: called once, from any thread, when both are as durable as the options ask for.
    public func append(
        _ batch: SpanBatch, counted: SpanBatch? = nil,
        completion: @escaping @Sendable (Result<Void, Refusal>) -> Void
    ) {
        let batches = OfferedBatches(first: batch, second: counted)
        let record: JournalRecord
        do throws(JournalError) {
            record = try batches.record()
        } catch {
            completion(.failure(Refusal(error)))
            return
        }
        let entry = WaitingAppends.Entry(
            batches: batches, record: record, completion: completion, since: StoreState.now())
        if waiting.isEmpty, admit(entry) { return }
        guard waiting.add(entry, byteCountMax: options.liveByteCountMax) else {
            completion(.failure(.overloaded))
            return
        }
        background.wake()
    }

    /// Hands a batch to the journal and the generation at hand. False: more would be live than is allowed.
    private func admit(_ entry: WaitingAppends.Entry) -> Bool {
        let (batches, completion) = (entry.batches, entry.completion)
        // Not the store itself: the journal's thread must not be the last to let it go.
        let (state, refusalLog) = (state, refusalLog)
        let generation = state.beginAppend(
            batches, liveByteCountMax: options.liveByteCountMax,
            enqueue: { generation in
                journal.enqueue(entry.record) { outcome in
                    switch outcome {
                    case .success:
                        state.endAppend(batches, to: generation, isKept: true)
                        completion(.success(()))
                    case .failure(let error):
                        state.endAppend(batches, to: generation, isKept: false)
                        refusalLog.note(error)
                        completion(.failure(Refusal(error)))
                    }
                }
            })
        guard let generation else { return false }
        // Outside of the state's lock, which the answers take.
        journal.commit()
        if generation.byteCount >= options.liveByteCountMax / 2 { background.wake() }
        return true
    }

    /// Takes in what waits, as far as there is room, and refuses what has waited for too long.
    func serveWaiting() {
        waiting.admit(admit)
        waiting.expire(after: options.appendWait, now: StoreState.now())
    }

    /// Whether traces are left out: what is not found may have come all the same.
    public var isSampled: Bool { samplingRules.leavesOut }

    var samplingRules: SamplingRules { sampling.withLock { $0 } }

    /// Puts other rules in force, from the next sealing on. What was decided of a trace before holds.
    public func changeSampling(_ rules: SamplingRules) {
        sealingLock.withLock {
            tail = rules.tail.map { TailDecider($0, decisions, report: options.traceDecided) }
            sampling.withLock { $0 = rules }
        }
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    // MARK: Reading

    /// The trace with this ID; nil if no span of it is stored.
    public func trace(_ traceID: TraceID) throws(StoreError) -> Trace? {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        return try TraceReader(snapshot, logger).trace(traceID)
    }

    /// Calls `body` with each trace that matches, those that start last first, as soon as it is known to be next.
    /// - Throws: `StoreError`, and what `body` throws.
    public func find(
        _ query: TraceQuery, _ work: QueryWork, _ body: (FoundTrace) throws -> Void
    ) throws -> TraceSearchOutcome {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var search = try TraceSearch(query, snapshot, work, logger)
        let outcome = try search.run(catalog, state, body)
        guard outcome.count == .exactly(0), let other = try queryByOtherNames(query) else { return outcome }
        var otherSearch = try TraceSearch(other.query, snapshot, work, logger)
        var otherOutcome = try otherSearch.run(catalog, state, body)
        otherOutcome.notes += other.notes
        return otherOutcome
    }
}
