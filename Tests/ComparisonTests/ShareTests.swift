import Comparison
import TestSupport
import Testing

@testable import Comparison

@Suite struct ShareTests {
    private func isNear(_ a: Double, _ b: Double, _ distance: Double = 0.00005) -> Bool { abs(a - b) <= distance }

    /// Newcombe: "Interval estimation for the difference between independent proportions", 1998, table II, method 10.
    @Test(arguments: [
        (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926), (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1), (10, 10, 0, 10, 0.6075, 1),
    ]) func `intervals of a difference are the published ones`(
        count: Int, total: Int, baseCount: Int, baseTotal: Int, lower: Double, upper: Double
    ) {
        let interval = Share(count: count, total: total)
            .difference(from: Share(count: baseCount, total: baseTotal))
        #expect(isNear(interval.lowerBound, lower) && isNear(interval.upperBound, upper), "\(interval)")
    }

    @Test func `no failure among n bounds the share by about 3 / n on one side`() {
        let interval = Share(count: 0, total: 300).interval(confidence: 0.9)
        #expect(interval.lowerBound == 0)
        #expect(isNear(interval.upperBound, 0.00994))
        #expect(Share(count: 0, total: 0).interval() == 0...1)
    }

    @Test func `the exact interval covers every true share at least as often as it says`() {
        let total = 40
        for percent in 1..<100 {
            let share = Double(percent) / 100
            let covered = (0...total).reduce(0.0) { sum, count in
                let probability =
                    Distributions.binomialUpTo(Double(count), of: Double(total), share)
                    - Distributions.binomialUpTo(Double(count - 1), of: Double(total), share)
                return Share(count: count, total: total).interval().contains(share) ? sum + probability : sum
            }
            #expect(covered >= 0.95 - 1e-9, "\(covered) at \(share)")
        }
    }

    @Test func `the lady who tastes four cups of eight right finds milk first by chance once in 70`() {
        let test = FisherTest(base: Share(count: 0, total: 4), candidate: Share(count: 4, total: 4))
        #expect(isNear(test.p(.greater), 1.0 / 70))
        #expect(isNear(test.p(.different), 2.0 / 70))
        #expect(isNear(test.midP(.greater), 0.5 / 70))
        #expect(test.p(.less) == 1)
    }

    @Test func `tables in which nothing or everything failed, or nothing came, differ from nothing`() {
        for (base, candidate) in [(Share(count: 0, total: 10), 0.0), (Share(count: 10, total: 10), 90)] {
            let test = FisherTest(base: base, candidate: Share(count: candidate, total: 90))
            #expect(test.p(.different) == 1 && test.p(.greater) == 1 && test.p(.less) == 1)
        }
        #expect(FisherTest(base: Share(count: 0, total: 0), candidate: Share(count: 0, total: 0)).p(.greater) == 1)
    }

    @Test func `weights cost what Kish says, and a sampler that keeps every failure costs little`() {
        var sum = WeightSum()
        sum.add(1, times: 50)
        sum.add(10, times: 50)
        #expect(isNear(sum.effectiveCount, 550.0 * 550 / 5050))
        var equal = WeightSum()
        equal.add(7, times: 30)
        #expect(isNear(equal.effectiveCount, 30))
        #expect(WeightSum().effectiveCount == 0)

        var shares = WeightedShare()
        shares.having.add(20, times: 5)
        shares.lacking.add(20, times: 95)
        #expect(isNear(shares.share.count, 5, 1e-9) && isNear(shares.share.total, 100, 1e-9))
        var kept = WeightedShare()
        kept.having.add(1, times: 50)
        kept.lacking.add(100, times: 100)
        #expect(isNear(kept.share.value, 50.0 / 10_050, 1e-12))
        #expect(kept.share.total > 6000 && kept.share.total < 7000)
        kept.having = WeightSum()
        #expect(kept.share == Share(count: 0, total: 100))
        #expect(WeightedShare().share.total == 0)
    }

    @Test func `clusters of one say what as many things say, and larger ones what as many clusters say at least`() {
        var (things, clusters) = (WeightedShare(), ClusteredShare())
        for (weight, times, isHaving) in [(1.0, 50, true), (100, 100, false), (10, 7, true), (3, 9, false)] {
            if isHaving { things.having.add(weight, times: times) } else { things.lacking.add(weight, times: times) }
            for _ in 0..<times { clusters.add(having: isHaving ? 1 : 0, of: 1, weight: weight) }
        }
        #expect(isNear(clusters.share.value, things.share.value, 1e-12))
        #expect(isNear(clusters.share.total, things.share.total, 1e-6))
        #expect(isNear(clusters.sum, things.all.sum, 1e-9) && isNear(clusters.havingSum, things.having.sum, 1e-9))
        #expect(isNear(clusters.effectiveCount, things.all.effectiveCount, 1e-9))

        // Of a cluster all or none.
        var alike = ClusteredShare()
        for number in 0..<100 { alike.add(having: number < 20 ? 5 : 0, of: 5, weight: 2) }
        #expect(isNear(alike.share.count, 20, 1e-9) && isNear(alike.share.total, 100, 1e-9))
        #expect(isNear(alike.effectiveCount, 100, 1e-9) && isNear(alike.sum, 1_000))
        var none = ClusteredShare()
        for _ in 0..<40 { none.add(having: 0, of: 3, weight: 10) }
        #expect(none.share == Share(count: 0, total: 40))
        #expect(isNear(alike.among(none).share.value, 200.0 / 1_200))
        // Of each the same part: no surer than as many things apart.
        var equal = ClusteredShare()
        for _ in 0..<5 { equal.add(having: 1, of: 2, weight: 10) }
        #expect(isNear(equal.share.count, 5, 1e-9) && isNear(equal.share.total, 10, 1e-9))
        #expect(ClusteredShare().share.total == 0 && ClusteredShare().effectiveCount == 0)
    }

    @Test func `intervals by clusters hold the true share as often as they say`() {
        var generator = SeededGenerator(seed: 3)
        var missed = 0
        let repetitions = 150
        for _ in 0..<repetitions {
            var share = ClusteredShare()
            for _ in 0..<60 {
                // Calls of a trace fail together, most often; those of half of the traces are one in four.
                let count = Int.random(in: 1...4, using: &generator)
                let isBad = Double.random(in: 0..<1, using: &generator) < 0.2
                let failed = (0..<count).count { _ in
                    Double.random(in: 0..<1, using: &generator) < (isBad ? 0.9 : 0.02)
                }
                share.add(having: failed, of: count, weight: Bool.random(using: &generator) ? 4 : 1)
            }
            if !share.share.interval().contains(0.2 * 0.9 + 0.8 * 0.02) { missed += 1 }
        }
        #expect(Double(missed) / Double(repetitions) < 0.1, "\(missed)")
    }

    /// Holm 1979; Benjamini, Hochberg 1995, whose example has 15 probabilities of which they reject four, and
    /// Bonferroni's procedure three.
    @Test func `probabilities are adjusted as published`() {
        #expect(MultipleComparisons.holm([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02])
        let published = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1,
        ]
        #expect(MultipleComparisons.benjaminiHochberg(published).filter { $0 <= 0.05 }.count == 4)
        #expect(MultipleComparisons.holm(published).filter { $0 <= 0.05 }.count == 3)
        #expect(MultipleComparisons.holm([]) == [] && MultipleComparisons.benjaminiHochberg([]) == [])
    }
}
