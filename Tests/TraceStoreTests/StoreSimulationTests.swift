import FoundationEssentials
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// Random operations on a real store, held against a dictionary.
@Suite struct StoreSimulationTests {
    @Test(arguments: [11, 12, 13, 14, 15, 16])
    func `a store agrees with a plain dictionary through sealing, closing and crashes`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var generator = SpanGenerator(seed: seed)
        let harness = try StoreHarness { $0.blockSpanCount = 32 }
        var model: [TraceID: Set<String>] = [:]
        for _ in 0..<40 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let batch = generator.batch(spanCount: Int.random(in: 1...30, using: &random))
                for span in batch.spans { model[span.traceID, default: []].insert(span.canonicalText) }
                try harness.append(batch)
            case 6: harness.store.sealAll()
            case 7: _ = try harness.store.compact()
            case 8: try harness.reopen()
            default: try harness.crash()
            }
            for traceID in model.keys.shuffled(using: &random).prefix(3) {
                let found = Set(try harness.store.trace(traceID)?.spans.map(\.canonicalText) ?? [])
                #expect(found == model[traceID], "seed \(seed), trace \(traceID)")
            }
        }
        for (traceID, texts) in model {
            let found = Set(try harness.store.trace(traceID)?.spans.map(\.canonicalText) ?? [])
            #expect(found == texts, "seed \(seed), trace \(traceID)")
        }
        #expect(try harness.store.verify { _, _ in }.isEmpty)
    }

    /// A few for every run; thousands when the long version is asked for; one when a failure is to be had again.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SKEIN_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return environment["SKEIN_TORTURE"] == "1" ? Array(1...5000) : Array(1...14)
    }()

    @Test(arguments: seeds)
    func `a store keeps its promises through faults, kills and power cuts`(seed: UInt64) throws {
        try StoreSimulation(seed: seed).run(stepCount: 60)
    }
}
