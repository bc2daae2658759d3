import Comparison
import Releases
import TestSupport
import Testing
import TraceModel
import TraceStore

/// What callers see and what is called, by stored requests beside all that were counted.
@Suite struct StoredNeighboursTests {
    private static func stored(
        _ store: RequestStore, _ service: String = MadeMesh.service, _ base: String = "v1", _ candidate: String = "v2",
        traceCountMax: Int = 100_000
    ) throws -> ReleaseComparison {
        var limits = StoredNeighbours.Limits()
        limits.traceCountMax = traceCountMax
        limits.time = .seconds(600)
        let pair = try StoredRequestPair(
            of: service, base: base, candidate: candidate, within: 0..<Int64.max, from: store.store, limits: .ample,
            QueryWork())
        return ReleaseComparison(pair, try StoredNeighbours(of: pair, from: store.store, limits: limits, QueryWork()))
    }

    private static func counted(
        _ store: RequestStore, _ service: String, _ base: String, _ candidate: String
    ) throws -> ReleaseComparison {
        let (totals, window) = try store.store.calls(ofService: service, within: 0..<Int64.max)
        return ReleaseComparison(
            serviceName: service, base: base, candidate: candidate, totals: totals, window: window)
    }

    private static func store(_ mesh: MadeMesh, seed: UInt64) throws -> RequestStore {
        let store = try RequestStore()
        for batch in mesh.batches(seed: seed) { try store.append(batch) }
        try store.store.seal()
        return store
    }

    // MARK: Recordings

    private static func isSame(_ a: CallFigures, _ b: CallFigures) -> Bool {
        a.callCount == b.callCount && a.errorCount == b.errorCount && a.retryCount == b.retryCount
            && [0.5, 0.95].allSatisfy { a.durations.quantile($0) == b.durations.quantile($0) }
    }

    @Test(arguments: [
        ("bookinfo", "reviews.default", "v1", "v2"), ("bookinfo", "ratings.default", "v1", "v2"),
        ("bookinfo-mirror", "reviews.default", "v1", "v3"), ("bookinfo-mirror", "reviews.default", "v1", "v2"),
    ])
    func `of recorded meshes of which all is kept both say the same`(
        recording: String, service: String, base: String, candidate: String
    ) throws {
        let store = try RequestStore(recording: recording)
        let counted = try Self.counted(store, service, base, candidate)
        let stored = try Self.stored(store, service, base, candidate)
        #expect(stored.callers.map(\.serviceName) == counted.callers.map(\.serviceName))
        for (a, b) in zip(stored.callers, counted.callers) {
            #expect(Self.isSame(a.base, b.base) && Self.isSame(a.candidate, b.candidate), "\(a) and \(b)")
        }
        func names(_ comparison: ReleaseComparison) -> [String] {
            comparison.callees.map { "\($0.serviceName) \($0.kind) \($0.change)" }
        }
        #expect(names(stored) == names(counted))
        for (a, b) in zip(stored.callees, counted.callees) {
            #expect(Self.isSame(a.base, b.base) && Self.isSame(a.candidate, b.candidate), "\(a) and \(b)")
            #expect(abs(a.basePerRequest - b.basePerRequest) < 1e-9)
            #expect(abs(a.candidatePerRequest - b.candidatePerRequest) < 1e-9)
        }
        #expect(counted.callees.allSatisfy { $0.base.bounds == nil && $0.baseCalling == nil })
    }

    // MARK: Samples

    /// Whether intervals of a sample hold what is so of all: of each figure.
    private static func isHeld(_ sample: ReleaseComparison, _ all: ReleaseComparison) -> [Bool] {
        var isHeld: [Bool] = []
        func look(_ own: CallFigures, _ truth: CallFigures) {
            guard truth.callCount > 0, let bounds = own.bounds else { return }
            isHeld.append(bounds.errorShare.contains(Double(truth.errorCount) / Double(truth.callCount)))
            for (part, estimate) in [(0.5, bounds.p50), (0.95, bounds.p95)] {
                guard let estimate, let value = truth.durations.quantile(part) else { continue }
                isHeld.append(estimate.lower <= value && value <= estimate.upper ?? .max)
            }
        }
        for own in sample.callers {
            guard let truth = all.callers.first(where: { $0.serviceName == own.serviceName }) else { continue }
            look(own.base, truth.base)
            look(own.candidate, truth.candidate)
        }
        for own in sample.callees {
            guard let truth = all.callees.first(where: { $0.serviceName == own.serviceName && $0.kind == own.kind })
            else { continue }
            look(own.base, truth.base)
            look(own.candidate, truth.candidate)
            for (interval, calling) in [
                (own.baseCalling, truth.baseCalling), (own.candidateCalling, truth.candidateCalling),
            ] {
                guard let interval, let calling else { continue }
                isHeld.append(interval.overlaps(calling))
            }
        }
        return isHeld
    }

    @Test(arguments: [false, true])
    func `of one trace in ten the figures of all lie where it says, as often as it says`(keepsFailures: Bool) throws {
        var isHeld: [Bool] = []
        var (retries, allRetries) = (0, 0)
        for seed: UInt64 in 1...4 {
            let all = try Self.stored(Self.store(MadeMesh(), seed: seed))
            let sample = try Self.stored(
                Self.store(MadeMesh(probability: 0.1, keepsFailures: keepsFailures), seed: seed))
            #expect(sample.callees.map(\.serviceName) == ["audit", "ratings"], "seed \(seed)")
            #expect(sample.callees.map(\.change) == [.added, .none], "seed \(seed)")
            #expect(abs(sample.callees[0].candidatePerRequest / all.callees[0].candidatePerRequest - 1) < 0.1)
            let caller = try #require(sample.callers.first)
            #expect(caller.serviceName == "shop")
            let truth = try #require(all.callers.first)
            for (own, all) in [(caller.base, truth.base), (caller.candidate, truth.candidate)] {
                #expect(abs(Double(own.callCount) / Double(all.callCount) - 1) < 0.5, "seed \(seed)")
                retries += own.retryCount
                allRetries += all.retryCount
            }
            isHeld += Self.isHeld(sample, all)
        }
        let missed = isHeld.count { !$0 }
        #expect(abs(Double(retries) / Double(allRetries) - 1) < 0.5)
        #expect(isHeld.count > 60 && Double(missed) < 0.05 * Double(isHeld.count), "\(missed) of \(isHeld.count)")
    }

    @Test func `of more traces than are read some stand for all, and it says so`() throws {
        let store = try Self.store(MadeMesh(), seed: 8)
        let all = try Self.stored(store)
        let some = try Self.stored(store, traceCountMax: 300)
        #expect(some.notes.contains { $0.hasPrefix("what callers saw of v1") && $0.contains("is told by 300 of the ") })
        let (own, truth) = (try #require(some.callers.first).base, try #require(all.callers.first).base)
        #expect(abs(Double(own.callCount) / Double(truth.callCount) - 1) < 0.02)
        let bounds = try #require(own.bounds)
        #expect(bounds.errorShare.contains(Double(truth.errorCount) / Double(truth.callCount)))
        #expect(some.callees.map(\.change) == [.added, .none])
    }

    @Test func `that a version calls what the other does not takes more than a few requests`() throws {
        #expect(try Self.stored(Self.store(MadeMesh(traceCount: 8), seed: 2)).callees.allSatisfy { $0.change == .none })
        // Each trace says the same as before, but stands for a hundred.
        let sample = try Self.stored(Self.store(MadeMesh(probability: 0.01, traceCount: 800), seed: 3))
        #expect(sample.baseCount + sample.candidateCount > 300)
        #expect(!sample.callees.isEmpty && sample.callees.allSatisfy { $0.change == .none })
    }

    @Test func `where there is no time nothing is told of neighbours, and it says so`() throws {
        let store = try Self.store(MadeMesh(traceCount: 100), seed: 6)
        let pair = try StoredRequestPair(
            of: MadeMesh.service, base: "v1", candidate: "v2", within: 0..<Int64.max, from: store.store, limits: .ample,
            QueryWork())
        var limits = StoredNeighbours.Limits()
        limits.time = .zero
        let comparison = ReleaseComparison(
            pair, try StoredNeighbours(of: pair, from: store.store, limits: limits, QueryWork()))
        #expect(comparison.callers.isEmpty && comparison.callees.isEmpty)
        #expect(comparison.notes.count { $0.contains("is told by 0 of the") } == 2)
    }

    @Test func `without spans of callers nothing is told of them`() throws {
        let requests = (0..<200).map { MadeRequest(version: $0.isMultiple(of: 2) ? "v1" : "v2", time: Double($0)) }
        let comparison = try Self.stored(RequestStore(requests), "shop")
        #expect(comparison.candidateCount == 100)
        #expect(comparison.callers.isEmpty && comparison.callees.isEmpty)
    }

    @Test func `weights beyond any number of requests do no harm`() throws {
        let comparison = try Self.stored(Self.store(MadeMesh(probability: 0x1p-8, traceCount: 2_000), seed: 4))
        _ = ComparisonReport(comparison)
        #expect(comparison.callees.allSatisfy { $0.change == .none })
    }
}
