import Comparison
import Foundation
import TestSupport
import Testing
import TraceModel

@testable import Comparison

@Suite struct DurationDistributionTests {
    private func sketch(_ milliseconds: some Sequence<Double>) -> DurationSketch {
        var sketch = DurationSketch()
        for value in milliseconds { sketch.add(Int64(value * 1e6)) }
        return sketch
    }

    private func exponential(_ count: Int, mean: Double, _ generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { _ in -mean * log(1 - Double.random(in: 0..<1, using: &generator)) }
    }

    @Test(arguments: [(0.5, 40), (0.95, 200), (0.99, 600)])
    func `the interval of a quantile covers the true one as often as it says`(part: Double, count: Int) throws {
        var generator = SeededGenerator(seed: 19)
        let truth = -10e6 * log(1 - part)
        var covered = 0
        for _ in 0..<400 {
            let durations = DurationDistribution(sketch(exponential(count, mean: 10, &generator)))
            let estimate = try #require(durations.quantile(part))
            let upper = estimate.upper.map(Double.init) ?? .infinity
            covered += Double(estimate.lower) <= truth && truth <= upper ? 1 : 0
        }
        #expect(covered >= 368, "of 400")
    }

    @Test func `few durations leave far quantiles without an upper bound, and none have no quantile`() {
        let ten = DurationDistribution(sketch((1...10).map(Double.init)))
        #expect(ten.quantile(0.95)?.upper == nil)
        #expect(ten.quantile(0.95)?.lower ?? 0 > 0)
        #expect(ten.quantile(0.5)?.upper != nil)
        #expect(DurationDistribution(DurationSketch()).quantile(0.5) == nil)
        let zero = DurationDistribution(sketch([0, 0, 0, 0, 0, 0, 0]))
        #expect(zero.quantile(0.5) == DurationEstimate(value: 0, lower: 0, upper: 0))
    }

    @Test func `the quantile is that of the sketch, also of durations that stand for several`() {
        var generator = SeededGenerator(seed: 23)
        let sketch = sketch(exponential(999, mean: 20, &generator))
        for part in [0.01, 0.5, 0.9, 0.95, 0.999] {
            #expect(DurationDistribution(sketch).quantile(part)?.value == sketch.quantile(part))
        }
        let weighted = DurationDistribution(sketch, effectiveTotal: 50)
        #expect(abs((weighted.quantile(0.5)?.value ?? 0) - (sketch.quantile(0.5) ?? 0)) < 1_000_000)
        #expect(weighted.quantile(0.95)?.upper == nil)
        #expect(abs(weighted.total - 50) < 1e-9)
    }

    @Test func `the interval of a difference of quantiles covers the true one`() throws {
        var generator = SeededGenerator(seed: 29)
        let truth = 10e6 * log(2.0)
        var covered = 0
        for _ in 0..<300 {
            let base = DurationDistribution(sketch(exponential(80, mean: 10, &generator)))
            let candidate = DurationDistribution(sketch(exponential(60, mean: 20, &generator)))
            let estimate = try #require(candidate.difference(from: base, at: 0.5))
            covered += Double(estimate.lower) <= truth && truth <= Double(estimate.upper ?? .max) ? 1 : 0
        }
        #expect(covered >= 276, "of 300")
    }

    @Test func `those slower than a limit are counted, exactly at powers of two of a millisecond`() {
        let durations = DurationDistribution(sketch([1, 1.5, 2, 2.1, 8, 8.5, 40]))
        #expect(durations.slower(than: 2_000_000) == Share(count: 4, total: 7))
        #expect(durations.slower(than: 8_000_000) == Share(count: 2, total: 7))
        #expect(durations.slower(than: 0) == Share(count: 7, total: 7))
    }

    @Test func `superiority is the part of pairs in which the candidate is longer`() {
        let test = RankSumTest(
            base: DurationDistribution(sketch([1, 2, 4])), candidate: DurationDistribution(sketch([2, 8])))
        // Of six pairs four, and one of equal durations.
        #expect(abs(test.superiority - 4.5 / 6) < 1e-12)
        #expect(abs(test.distance - 0.5) < 1e-12)
        let none = RankSumTest(base: DurationDistribution(sketch([1])), candidate: DurationDistribution(sketch([])))
        #expect(none.superiority == 0.5 && none.p(.different) == 1 && none.distanceP == 1)
        #expect(none.superiorityInterval() == 0...1)
    }

    @Test func `its interval covers the true superiority, also where nearly all are longer`() {
        var generator = SeededGenerator(seed: 31)
        for ratio in [1.0, 3, 30] {
            var covered = 0
            for _ in 0..<300 {
                let test = RankSumTest(
                    base: DurationDistribution(sketch(exponential(30, mean: 5, &generator))),
                    candidate: DurationDistribution(sketch(exponential(40, mean: 5 * ratio, &generator))))
                covered += test.superiorityInterval().contains(ratio / (1 + ratio)) ? 1 : 0
            }
            #expect(covered >= 276, "of 300 at \(ratio)")
        }
    }

    @Test func `a million durations cost no more than their bins`() {
        var sketch = DurationSketch()
        for power in 0..<300 { sketch.add(Int64(1e6 * exp2(Double(power) / 35)), times: 1 << 40) }
        let durations = DurationDistribution(sketch)
        #expect(durations.bins.count == 300)
        #expect(durations.quantile(0.5)?.value == sketch.quantile(0.5))
        let test = RankSumTest(base: durations, candidate: durations)
        #expect(abs(test.superiority - 0.5) < 1e-9 && test.p(.different) > 0.99)
        let sequence = QuantileSequence(base: durations, candidate: durations, part: 0.95)
        #expect(sequence.change()?.isWithin(ratio: 1.03, difference: 0) == true)
    }
}
