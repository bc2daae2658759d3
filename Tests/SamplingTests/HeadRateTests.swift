import Configuration
import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct HeadRateTests {
    /// Sends traces at a rate, and tells what came out of each second.
    private struct Load {
        var sampler: HeadSampler
        var random: SeededGenerator
        var now: Int64 = 0

        init(_ policy: String, seed: UInt64) throws {
            sampler = HeadSampler(try PolicyDocument.parse(text: policy, path: "p.yaml").head)
            random = SeededGenerator(seed: seed)
        }

        /// - Returns: spans kept, and the sum of their weights.
        mutating func second(_ count: Int, batchSize: Int = 20, service: String = "shop") -> (kept: Int, weight: Double)
        {
            var kept = 0
            var weight = 0.0
            for start in stride(from: 0, to: count, by: batchSize) {
                let spans = (start..<min(start + batchSize, count)).map { _ in
                    SampleSpan(traceID: TraceID(high: 0, low: random.next()), service: service)
                }
                let time = now + Int64(Double(start) / Double(count) * 1e9)
                let split = sampler.split(SpanBatch.of(spans), worker: 0, now: time)
                kept += split.kept?.spanCount ?? 0
                weight += split.kept?.spans.reduce(0) { $0 + $1.weight } ?? 0
            }
            now += 1_000_000_000
            return (kept, weight)
        }
    }

    private static let policy = "{percent: 0, head: {rules: [{traces-per-second: 50}]}}"

    @Test func `below the rate everything is kept`() throws {
        var load = try Load(Self.policy, seed: 1)
        for _ in 0..<10 { #expect(load.second(40).kept == 40) }
    }

    @Test(arguments: [500, 5000]) func `a steady load is kept at the rate`(perSecond: Int) throws {
        var load = try Load(Self.policy, seed: 2)
        _ = load.second(perSecond)
        let kept = (0..<20).map { _ in load.second(perSecond).kept }
        let mean = Double(kept.reduce(0, +)) / 20
        #expect((35...55).contains(mean), "\(kept)")
    }

    @Test(arguments: [500, 5000, 50_000]) func `the first second of a burst is bounded`(count: Int) throws {
        var load = try Load(Self.policy, seed: 3)
        let kept = load.second(count).kept
        var bound = 50.0
        var reached = 50.0
        while reached < Double(count) {
            bound += 25
            reached *= 2
        }
        // Within the bound's own scatter.
        #expect(Double(kept) < bound * 1.5, "\(kept) of \(count)")
        #expect(kept >= 50)
    }

    @Test func `weights estimate what arrived without bias, also in bursts`() throws {
        let loads = [100, 3000, 20, 0, 800, 800, 5000, 60]
        let total = Double(loads.reduce(0, +))
        var estimates: [Double] = []
        for seed in UInt64(100)..<160 {
            var load = try Load(Self.policy, seed: seed)
            estimates.append(loads.reduce(0) { $0 + load.second($1).weight })
        }
        let mean = estimates.reduce(0, +) / Double(estimates.count)
        let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(estimates.count - 1)
        let error = (variance / Double(estimates.count)).squareRoot()
        #expect(abs(mean - total) < 4 * error, "mean \(mean) ± \(error) of \(total), seeds 100 to 159")
        #expect(variance.squareRoot() < total / 4, "an estimate is of use")
    }

    @Test func `the spans of a trace stay together while the probability changes`() throws {
        var load = try Load(Self.policy, seed: 4)
        var outcomes: [TraceID: Set<Bool>] = [:]
        let ids = (0..<2000).map { _ in TraceID(high: 0, low: load.random.next()) }
        for round in 0..<4 {
            for (index, id) in ids.enumerated() {
                let now = Int64(round) * 2_000_000_000 + Int64(index) * 1_000_000
                let split = load.sampler.split(SpanBatch.of([SampleSpan(traceID: id)]), worker: 0, now: now)
                outcomes[id, default: []].insert(split.kept != nil)
            }
        }
        #expect(outcomes.values.allSatisfy { $0.count == 1 })
    }

    @Test func `each service has a rate of its own if it is asked for`() throws {
        var load = try Load("{head: {rules: [{service: '*', traces-per-second: 10, per: service}]}}", seed: 5)
        for service in ["a", "b", "c"] {
            let time = load.now
            let kept = load.second(1000, service: service).kept
            load.now = time
            #expect(kept >= 10 && kept < 100, "\(service) \(kept)")
        }
    }

    @Test func `a clock that goes back does no harm`() throws {
        var load = try Load(Self.policy, seed: 6)
        load.now = 5_000_000_000
        _ = load.second(1000)
        load.now = .min
        #expect(load.second(1000).kept < 500)
        load.now = .max - 2_000_000_000
        _ = load.second(1000)
    }
}
