import FoundationEssentials
import Glibc
import Journal
import Synchronization
import TestSupport
import TraceModel

@testable import TraceStore

/// A store on a simulated disk, random operations on it, and the model that says what it must answer.
///
/// The catalog is a real file, copied at the moment of a crash: each of its changes is durable when it returns.
final class StoreSimulation {
    /// What may happen at one step. A new operation needs a case, a weight, and a branch in `perform`; what it may do
    /// to the answers it does to `model` too.
    enum Operation: CaseIterable {
        case append, appendUnderCrash, seal, expire, settle, reopen, crashAtRest, crashAtWork, troubleBegins
        case troubleEnds, look, compact, drop

        var weight: Int {
            switch self {
            case .append: 34
            case .look: 12
            case .seal: 12
            case .troubleBegins, .troubleEnds: 8
            case .expire, .settle, .crashAtRest, .reopen: 4
            case .crashAtWork: 5
            case .appendUnderCrash: 3
            case .compact: 8
            case .drop: 3
            }
        }
    }

    let seed: UInt64
    var random: SeededGenerator
    var model = StoreModel()
    let faults: FaultPlan
    private(set) var options = StoreOptions()
    private(set) var folder: TemporaryFolder
    private(set) var files = FaultInjectingFileSystem()
    private(set) var openStore: TraceStore?
    private(set) var log: [String] = []
    var isTroubled = false
    var nextTag = 0
    var pending: [SpanBatch] = []
    var recentTraces: [TraceID] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        faults = FaultPlan(seed: seed)
        folder = try TemporaryFolder(isInMemory: true)
        configure()
        open()
    }

    private func configure() {
        options.blockSpanCount = 16
        options.sealAge = 1e9
        options.sealIdle = 1e9
        options.journal.partByteCountMax = [700, 3000, 1 << 20].randomElement(using: &random) ?? 3000
        options.journal.syncMode =
            [.always, .always, .interval(milliseconds: 0), .never].randomElement(using: &random) ?? .always
        if chance(30) { options.liveByteCountMax = Int.random(in: 8_000...40_000, using: &random) }
        if chance(40) { options.retentionByteCount = Int.random(in: 0...30_000, using: &random) }
        note("\(options.journal.syncMode), parts of \(options.journal.partByteCountMax)")
    }

    var store: TraceStore {
        guard let openStore else { preconditionFailure("a store is open between operations") }
        return openStore
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func note(_ line: String) { log.append(line) }

    // MARK: Steps

    func run(stepCount: Int) throws {
        for step in 0..<stepCount {
            let operation = nextOperation()
            note("step \(step): \(operation)")
            try perform(operation)
        }
        try perform(.troubleEnds)
        try perform(.settle)
        try perform(.crashAtRest)
        try perform(.reopen)
    }

    private func nextOperation() -> Operation {
        var place = Int.random(in: 0..<Operation.allCases.reduce(0) { $0 + $1.weight }, using: &random)
        for operation in Operation.allCases {
            place -= operation.weight
            if place < 0 { return operation }
        }
        return .look
    }

    private func perform(_ operation: Operation) throws {
        switch operation {
        case .append: try append(count: chance(70) ? 1 : Int.random(in: 2...4, using: &random))
        case .appendUnderCrash: try crash(whileAppending: Int.random(in: 1...4, using: &random))
        case .seal: try seal()
        case .expire: try expire()
        case .settle: try settle()
        case .reopen: try reopen()
        case .crashAtRest: try crash(whileAppending: 0)
        case .crashAtWork: try crashAtWork()
        case .troubleBegins: beginTrouble()
        case .troubleEnds: endTrouble()
        case .look: try look()
        case .compact: try compact()
        case .drop: try drop()
        }
    }

    private func compact() throws {
        let segmentCount = store.statistics().segmentCount
        let outcome = Result { try store.compact() }
        note("compacted \(outcome) of \(segmentCount)")
        guard !isTroubled, segmentCount > 1 else { return }
        try check((try? outcome.get()) == segmentCount, "segments were not merged without a fault")
        try check(store.statistics().segmentCount == 1, "several segments are left of a merge of all")
    }

    /// Removes a trace, from a disk that works: what a failure leaves is some of it.
    private func drop() throws {
        guard let traceID = recentTraces.randomElement(using: &random) else { return }
        try withoutTrouble {
            let isThere = !model.spans(of: traceID).isEmpty
            let dropped = try store.drop([traceID])
            note("dropped \(traceID)")
            try check(dropped == (isThere ? [traceID] : []), "what was dropped is not what there was")
            model.forget(traceID)
            noteSealing()
        }
        try lookAtEverything(after: .none, isJustOpened: false)
    }

    private func seal() throws {
        store.sealAll()
        noteSealing()
        if !isTroubled { try check(store.statistics().liveSpanCount == 0, "spans stay live without a fault") }
    }

    /// What is in segments is safe, and a failed sync of the journal no longer matters.
    private func noteSealing() {
        guard store.statistics().liveSpanCount == 0 else { return }
        model.markKeptSafe()
        faults.forgetSyncFailures()
        faults.forgetDoubts()
    }

    private func expire() throws {
        store.expire()
        try withoutTrouble {
            let found = try everything()
            let mistake = model.adoptExpiry(found, liveSpanCount: store.statistics().liveSpanCount)
            try check(mistake == nil, mistake ?? "")
        }
    }

    /// Waits until the journal has synced what it has to; a sync that failed must have the store seal.
    private func settle() throws {
        try withoutTrouble {
            guard case .interval = options.journal.syncMode else { return }
            let isSynced = eventually { files.unsyncedByteCount() == 0 || faults.backgroundSyncFailureCount > 0 }
            try check(isSynced, "the journal is not synced")
            if faults.backgroundSyncFailureCount > 0 {
                let isSealed = eventually { store.sealIfDue() && store.statistics().liveSpanCount == 0 }
                try check(isSealed, "a failed sync of the journal did not make the store seal")
                noteSealing()
            }
            if !faults.hasDoubtfulBytes { model.markKeptSafe() }
        }
    }

    private func reopen() throws {
        let usedByteCount = files.usedByteCount()
        store.close()
        openStore = nil
        open()
        note("reopened with \(usedByteCount) bytes")
        try lookAtEverything(after: .none)
    }

    /// Opens the folder; with a fault on the way, and then again without.
    private func open() {
        files.setFault { [faults] operation, path in faults.decide(operation, path) }
        if isTroubled {
            let attempt = try? TraceStore(
                path: folder.path, options: options, fileSystem: files, logger: StoreHarness.logger)
            note("opened under trouble: \(attempt != nil)")
            attempt?.close()
            endTrouble()
        }
        do {
            openStore = try TraceStore(
                path: folder.path, options: options, fileSystem: files, logger: StoreHarness.logger)
        } catch {
            note("cannot be opened: \(error)")
        }
        faults.forgetSyncFailures()
    }

    // MARK: Trouble

    private func beginTrouble() {
        isTroubled = true
        var rates: [FaultInjectingFileSystem.Operation: Int] = [:]
        for operation: FaultInjectingFileSystem.Operation in [
            .open, .write, .read, .sync, .truncate, .rename, .remove, .list, .syncDirectory,
        ] where chance(25) {
            rates[operation] = [20, 200, 600, 1000].randomElement(using: &random) ?? 200
        }
        faults.setRates(rates)
        if chance(40) { files.setCapacity(files.usedByteCount() + Int.random(in: -500...3000, using: &random)) }
        if chance(30) { files.setWriteByteCountMax(Int.random(in: 1...300, using: &random)) }
        note("trouble: \(rates.map { "\($0.key) \($0.value)" }.sorted())")
    }

    private func endTrouble() {
        isTroubled = false
        faults.setRates([:])
        files.setCapacity(.max)
        files.setWriteByteCountMax(.max)
    }

    /// Runs `body` on a disk that works. Trouble ends with it.
    private func withoutTrouble(_ body: () throws -> Void) throws {
        endTrouble()
        try body()
    }

    // MARK: Crashes

    private typealias Left = (files: FaultInjectingFileSystem, folder: TemporaryFolder)

    /// What the machine holds at this moment, were it to crash.
    private func left(after crash: StoreModel.Crash, _ seed: UInt64) throws -> Left {
        let copy = try TemporaryFolder(isInMemory: true)
        var generator = SeededGenerator(seed: seed)
        let disk = crash == .powerCut ? files.afterPowerCut(using: &generator) : files.afterKill()
        for name in ["catalog.db", "catalog.db-wal"] where access(folder.path + "/" + name, F_OK) == 0 {
            try FileManager.default.copyItem(atPath: folder.path + "/" + name, toPath: copy.path + "/" + name)
        }
        return (disk.renamingFolder(folder.path, to: copy.path), copy)
    }

    private func goOn(with left: Left, after crash: StoreModel.Crash) throws {
        endTrouble()
        openStore = nil
        (files, folder) = left
        if crash == .powerCut { faults.forgetDoubts() }
        // The generator's state, not the test's course, decides whether the new start meets trouble too.
        if chance(15) { beginTrouble() }
        open()
        try lookAtEverything(after: crash)
    }

    private func crash(whileAppending count: Int) throws {
        let crash: StoreModel.Crash = chance(50) ? .kill : .powerCut
        let seed = random.next()
        let appended = try startAppending(count: count)
        if count > 0 { usleep(UInt32.random(in: 0...300, using: &random)) }
        // Answers that came before the crash count; those that come between this line and the next do not.
        take(appended)
        let left = try left(after: crash, seed)
        note("\(crash) while \(count) batches are on their way")
        try goOn(with: left, after: crash)
    }

    /// Crashes amidst sealing, expiry, merging or opening, before one of their operations on files.
    private func crashAtWork() throws {
        let crash: StoreModel.Crash = chance(50) ? .kill : .powerCut
        let seed = random.next()
        let result = Mutex<Left?>(nil)
        nonisolated(unsafe) let simulation = self
        let place = Int.random(in: 0..<14, using: &random)
        faults.crash(after: place) {
            let left = try? simulation.left(after: crash, seed)
            result.withLock { $0 = left }
        }
        let work = Int.random(in: 0..<5, using: &random)
        switch work {
        case 0, 1: store.sealAll()
        case 2: store.expire()
        case 3: _ = try? store.compact()
        default:
            store.close()
            openStore = nil
            open()
        }
        faults.forgetCrash()
        if work == 2 {
            // Only the catalog's change counts, which came before all operations on files.
            try withoutTrouble {
                let mistake = model.adoptExpiry(try everything(), liveSpanCount: store.statistics().liveSpanCount)
                try check(mistake == nil, mistake ?? "")
            }
        }
        let left = try result.withLock { $0.take() } ?? self.left(after: crash, seed)
        note("\(crash) amidst work \(work), before operation \(place)")
        try goOn(with: left, after: crash)
    }
}
