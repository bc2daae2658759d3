import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct TracePatternsTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `traces alike but for their IDs, times and durations count as each does alone`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var names = CallNames()
        let models = (0..<40).map { _ in model(&random) }
        var together = CallCounter()
        var alone: [Int64: [CallSeries: CallTotals]] = [:]
        for traceID in 1...2000 as ClosedRange<UInt64> {
            let model = models[min(.random(in: 0..<40, using: &random), .random(in: 0..<40, using: &random))]
            var records = alike(model, &random).records(
                &names, traceID: traceID, traceIDHigh: .random(in: 0...2, using: &random))
            var own = CallCounter()
            together.add(&records, names)
            own.add(&records, names)
            for (minute, totals) in own.buckets {
                alone[minute, default: [:]].merge(totals) { $0.merging($1) }
            }
        }
        #expect(together.buckets == alone, "seed \(seed)")
    }

    /// A trace of spans with IDs of their own, most of them below another one.
    private func model(_ random: inout SeededGenerator) -> CallTrace {
        let count = Int.random(in: 1...10, using: &random)
        var trace = CallTrace.random(&random, count: count)
        for place in trace.parts.indices {
            trace.parts[place].id = UInt64(place + 1)
            trace.parts[place].parent = UInt64.random(in: 0...UInt64(place + 2), using: &random)
            trace.parts[place].isShared = false
            trace.parts[place].start = 60 + Int64.random(in: 0...20, using: &random)
        }
        return trace
    }

    /// The same with other IDs, which come in another order, and other times; now and then with something that differs.
    private func alike(_ model: CallTrace, _ random: inout SeededGenerator) -> CallTrace {
        var trace = model
        var ids: [UInt64: UInt64] = [:]
        for part in model.parts { ids[part.id] = .random(in: 100 ... .max, using: &random) }
        for place in trace.parts.indices {
            trace.parts[place].id = ids[model.parts[place].id] ?? 0
            trace.parts[place].parent = ids[model.parts[place].parent] ?? min(model.parts[place].parent, 1)
            if let duration = trace.parts[place].duration { trace.parts[place].duration = duration * 2 }
            trace.parts[place].start = trace.parts[place].start.map { $0 + 60 * Int64(trace.parts.count % 3) }
        }
        guard Int.random(in: 0..<3, using: &random) == 0 else { return trace }
        let place = trace.parts.indices.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<8, using: &random) {
        case 0: trace.parts[place].start = nil
        case 1: trace.parts[place].start? += 60
        case 2: trace.parts[place].start = trace.parts[0].start
        case 3: trace.parts[place].id = trace.parts[0].id
        case 4: trace.parts[place].isShared = true
        case 5: trace.parts.remove(at: place)
        default: trace.parts[place].parent = trace.parts.randomElement(using: &random)?.id ?? 0
        }
        return trace
    }
}
