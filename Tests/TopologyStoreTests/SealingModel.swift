import Catalog
import Logging
import TestSupport

@testable import TopologyStore

/// A store of traces as the topology sees it: batches come, are journaled, and are sealed generation by generation.
final class SealingModel {
    private let folder: TemporaryFolder
    private(set) var catalog: Catalog
    private(set) var store: TopologyStore
    let options: TopologyOptions
    private let provisionalAgeMax: UInt64

    /// Generations not sealed, the last of them growing.
    private var live: [(generation: UInt64, batches: [ArrivedBatch])] = [(1, [])]

    init(_ options: TopologyOptions = TopologyOptions(), provisionalAgeMax: UInt64 = 0) throws {
        folder = try TemporaryFolder(isInMemory: true)
        self.options = options
        self.provisionalAgeMax = provisionalAgeMax
        catalog = try Catalog(path: folder.path + "/catalog.db")
        store = try TopologyStore(
            catalog: catalog, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            provisionalAgeMax: provisionalAgeMax)
    }

    var unsealed: [UnsealedBatches] {
        live.map { UnsealedBatches(generation: $0.generation, batches: $0.batches) }
    }

    func append(_ batch: ArrivedBatch) { live[live.count - 1].batches.append(batch) }

    enum Outcome: CaseIterable {
        case done, failed, crashedBefore, crashedBetween, crashedAfter
    }

    /// Seals the generation at hand, or what an earlier failure left.
    func seal(now: Int64, _ outcome: Outcome = .done) throws {
        if live.count == 1 { live.append((live[0].generation + 1, [])) }
        // What came since is not handed over.
        let next = live.dropFirst().compactMap { $0.batches.first?.arrival }.min() ?? now
        let prepared = try store.prepare(
            generation: live[0].generation, live[0].batches, now: min(now, next))
        switch outcome {
        case .done:
            try catalog.change(prepared.change)
            store.commit(prepared)
            live.removeFirst()
        case .failed:
            store.discard(prepared)
        case .crashedBefore:
            try reopen()
        case .crashedBetween:
            try catalog.change(prepared.change)
            live.removeFirst()
            try reopen()
        case .crashedAfter:
            try catalog.change(prepared.change)
            store.commit(prepared)
            live.removeFirst()
            try reopen()
        }
    }

    /// Settles what has waited long enough, or all.
    func settle(now: Int64, all: Bool = false) throws {
        let prepared = try store.prepare(generation: nil, [], now: now, settlesAll: all)
        try catalog.change(prepared.change)
        store.commit(prepared)
    }

    /// A new process, to which the journal gives the batches that are in no segment.
    func reopen() throws {
        catalog.close()
        catalog = try Catalog(path: folder.path + "/catalog.db")
        store = try TopologyStore(
            catalog: catalog, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            provisionalAgeMax: provisionalAgeMax)
        live = [(1, live.flatMap(\.batches))]
    }
}
