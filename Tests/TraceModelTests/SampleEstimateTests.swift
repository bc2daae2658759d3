import TestSupport
import Testing
import TraceModel

@Suite struct SampleEstimateTests {
    @Test func `everything kept is exact`() {
        var estimate = SampleEstimate()
        for _ in 0..<7 { estimate.add(probability: 1) }
        #expect(estimate.isExact)
        #expect(estimate.value == 7)
        #expect(estimate.interval == 7...7)
    }

    @Test func `the interval holds the true number in 95 of 100 cases`() {
        var generator = SeededGenerator(seed: 3)
        var hits = 0
        var sum = 0.0
        for _ in 0..<400 {
            var estimate = SampleEstimate()
            for trace in 0..<2000 {
                let probability = trace % 10 == 0 ? 1 : 0.1
                if Double.random(in: 0..<1, using: &generator) < probability { estimate.add(probability: probability) }
            }
            if estimate.interval.contains(2000) { hits += 1 }
            sum += estimate.value
        }
        #expect((366...394).contains(hits), "\(hits) of 400")
        #expect(abs(sum / 400 - 2000) < 20)
    }

    @Test func `one trace of a hundred may stand for five hundred`() {
        var estimate = SampleEstimate()
        estimate.add(probability: 0.01)
        #expect(estimate.value == 100)
        #expect(estimate.interval.lowerBound < 20)
        #expect(estimate.interval.upperBound > 500)
    }

    @Test(arguments: [60, 120, 200]) func `the interval holds where few are kept, too`(trueCount: Int) {
        var generator = SeededGenerator(seed: UInt64(trueCount))
        var (hits, rounds) = (0, 0)
        while rounds < 2000 {
            var estimate = SampleEstimate()
            for _ in 0..<trueCount where Double.random(in: 0..<1, using: &generator) < 0.05 {
                estimate.add(probability: 0.05)
            }
            if estimate.sampleCount == 0 { continue }
            rounds += 1
            if estimate.interval.contains(Double(trueCount)) { hits += 1 }
        }
        #expect(hits > 1800, "\(hits) of 2000")
    }
}
