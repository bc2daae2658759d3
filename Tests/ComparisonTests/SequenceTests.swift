import Comparison
import Foundation
import TestSupport
import Testing
import TraceModel

@testable import Comparison

/// What is said of growing counts has to be true at all looks together.
@Suite struct SequenceTests {
    /// More than this many of the repetitions would be seen once in 10,000 times if 5 % were true.
    private func mostFalse(of repetitions: Int) -> Int {
        let mean = 0.05 * Double(repetitions)
        return Int(mean + 3.7 * (mean * 0.95).squareRoot())
    }

    @Test(arguments: [(0.0, 0.0), (0.01, 0.01), (0.3, 0.3), (0.02, 0.1)])
    func `the true difference of shares stays in the interval at each of 100 looks`(base: Double, candidate: Double) {
        var generator = SeededGenerator(seed: 43)
        let repetitions = Torture.isOn ? 1000 : 60
        var missed = 0
        for _ in 0..<repetitions {
            var (failed, failedOfBase, isOutside) = (0, 0, false)
            for look in 1...100 {
                for _ in 0..<10 {
                    if Double.random(in: 0..<1, using: &generator) < base { failedOfBase += 1 }
                    if Double.random(in: 0..<1, using: &generator) < candidate { failed += 1 }
                }
                let sequence = ShareSequence(
                    base: Share(count: failedOfBase, total: look * 10),
                    candidate: Share(count: failed, total: look * 10))
                isOutside = isOutside || sequence.rulesOut(difference: candidate - base, confidence: 0.95)
            }
            missed += isOutside ? 1 : 0
        }
        print("missed \(missed) of \(repetitions)")
        #expect(missed <= mostFalse(of: repetitions))
    }

    @Test func `an interval ends where differences are ruled out`() {
        let sequence = ShareSequence(base: Share(count: 3, total: 200), candidate: Share(count: 22, total: 150))
        let interval = sequence.difference(confidence: 0.95)
        for (bound, step) in [(interval.lowerBound, -1e-6), (interval.upperBound, 1e-6)] {
            #expect(sequence.rulesOut(difference: bound + step, confidence: 0.95))
            #expect(!sequence.rulesOut(difference: bound - step, confidence: 0.95))
        }
        #expect(interval.lowerBound > 0 && sequence.p(.greater) < 0.05 && sequence.p(.less) == 1)
        let nothing = ShareSequence(base: Share(count: 0, total: 0), candidate: Share(count: 0, total: 0))
        #expect(nothing.difference() == -1...1 && nothing.p(.greater) == 1)
    }

    @Test(arguments: [0.5, 0.95, 0.99]) func `the true quantiles stay in the intervals at each of 60 looks`(
        part: Double
    ) {
        var generator = SeededGenerator(seed: 47)
        let repetitions = Torture.isOn ? 1000 : 60
        let truth = -log(1 - part) * 10e6
        var (missed, misordered) = (0, 0)
        for _ in 0..<repetitions {
            var (base, candidate) = (DurationSketch(), DurationSketch())
            var (isOutside, isWrong) = (false, false)
            for _ in 0..<60 {
                for _ in 0..<20 {
                    base.add(Int64(-log(1 - Double.random(in: 0..<1, using: &generator)) * 10e6))
                    candidate.add(Int64(-log(1 - Double.random(in: 0..<1, using: &generator)) * 20e6))
                }
                let sequence = QuantileSequence(
                    base: DurationDistribution(base), candidate: DurationDistribution(candidate), part: part)
                guard let estimate = sequence.candidate(), let change = sequence.change() else { continue }
                let upper = estimate.upper.map(Double.init) ?? .infinity
                // The ratio is known to 2 %, the width of a bin.
                isOutside = isOutside || Double(estimate.lower) > 2 * truth || upper < 2 * truth
                isOutside = isOutside || change.ratios.lower > 2.04 || change.ratios.upper < 1.96
                isWrong = isWrong || sequence.p(.less) <= 0.05
            }
            missed += isOutside ? 1 : 0
            misordered += isWrong ? 1 : 0
        }
        print("missed \(missed), misordered \(misordered) of \(repetitions)")
        // Two intervals, each of which may miss.
        #expect(missed <= 2 * mostFalse(of: repetitions))
        #expect(misordered <= mostFalse(of: repetitions))
    }

    @Test func `durations that are all alike, or all nothing, are told apart only by their bins`() throws {
        func sequence(_ base: Int64, _ candidate: Int64, _ count: Int = 500) -> QuantileSequence {
            var (one, two) = (DurationSketch(), DurationSketch())
            one.add(base, times: count)
            two.add(candidate, times: count)
            return QuantileSequence(base: DurationDistribution(one), candidate: DurationDistribution(two), part: 0.5)
        }
        #expect(sequence(1_000_000, 1_000_000).p(.greater) == 1)
        #expect(sequence(0, 0).p(.greater) == 1)
        #expect(sequence(1_000_000, 1_100_000).p(.greater) < 1e-6)
        #expect(sequence(1_100_000, 1_000_000).p(.less) < 1e-6)
        #expect(sequence(1_100_000, 1_000_000).p(.different) < 1e-6)
        #expect(sequence(0, 1_000_000).p(.greater) < 1e-6)
        #expect(sequence(0, 1_000_000).p(.less) == 1)
        #expect(sequence(1, 1_000_000_000, 3).p(.greater) > 0.05)
        let change = try #require(sequence(1_000_000, 2_000_000).change())
        #expect(abs(change.ratio - 2) < 0.05 && change.ratios.lower > 1.9 && change.ratios.upper < 2.1)
        #expect(!change.isWithin(ratio: 1.5, difference: 500_000) && change.isWithin(ratio: 1, difference: 1_100_000))
        let empty = QuantileSequence(
            base: DurationDistribution(DurationSketch()), candidate: DurationDistribution(DurationSketch()), part: 0.5)
        #expect(empty.p(.greater) == 1 && empty.change() == nil && empty.base() == nil)
    }
}
