import Catalog
import TestSupport
import Testing
import TraceModel

@testable import TopologyStore

@Suite struct TopologyStoreTests {
    private static let second = CallTraffic.second
    private static let window = CallTraffic.begin - 60 * second..<CallTraffic.begin + 600 * second
    private static let seeds: [UInt64] = [1, 2, 3]

    @Test(arguments: seeds)
    func `however spans are batched and sealed the sum is that of all in one go`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed &+ 1000)
        var traffic = CallTraffic(seed: seed, traceCount: 250, seconds: 90)
        let batches = traffic.batches(sizes: 1...Int.random(in: 1...60, using: &random))
        let model = try SealingModel()
        for (place, batch) in batches.enumerated() {
            model.append(batch)
            guard Int.random(in: 0..<max(4, batches.count / 12), using: &random) == 0 else { continue }
            if Bool.random(using: &random) {
                try model.seal(now: batch.arrival)
            }
            let counts = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
            #expect(counts == NamedCounts(of: batches[...place]))
        }
        let truth = NamedCounts(of: batches)
        #expect(truth.callCount > 1000)
        try model.seal(now: CallTraffic.begin + 100 * Self.second)
        #expect(try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed) == truth)
        try model.settle(now: CallTraffic.begin + 200 * Self.second)
        #expect(try NamedCounts(of: model.store, within: Self.window) == truth)
        #expect(model.store.statistics.waitingSpanCount == 0)
        #expect(try model.catalog.topologyWaiting().isEmpty)
    }

    @Test(arguments: seeds)
    func `neither a crash nor a failure loses or doubles a call`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed &+ 2000)
        var traffic = CallTraffic(seed: seed, traceCount: 250, seconds: 90)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for (place, batch) in batches.enumerated() {
            model.append(batch)
            guard Int.random(in: 0..<max(4, batches.count / 15), using: &random) == 0 else { continue }
            let outcome = SealingModel.Outcome.allCases.randomElement(using: &random) ?? .done
            try model.seal(now: batch.arrival, outcome)
            let counts = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
            #expect(counts == NamedCounts(of: batches[...place]), "after \(outcome) at \(place)")
        }
        while model.unsealed.contains(where: { !$0.batches.isEmpty }) {
            try model.seal(now: CallTraffic.begin + 100 * Self.second)
        }
        try model.reopen()
        try model.settle(now: CallTraffic.begin + 200 * Self.second)
        try model.reopen()
        #expect(try NamedCounts(of: model.store, within: Self.window) == NamedCounts(of: batches))
    }
}
