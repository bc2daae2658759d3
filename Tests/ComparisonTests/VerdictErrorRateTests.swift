import Comparison
import Foundation
import TestSupport
import Testing

/// How often verdicts are wrong, and how soon they are right, in traffic of which the truth is known.
@Suite struct VerdictErrorRateTests {
    private static let mesh = [
        SyntheticOperation(name: "GET /productpage", errorShare: 0.01, medianMilliseconds: 60, spread: 0.4, weight: 3),
        SyntheticOperation(name: "GET /reviews", errorShare: 0.05, medianMilliseconds: 20, spread: 0.7, weight: 3),
        SyntheticOperation(name: "GET /health", errorShare: 0, medianMilliseconds: 0.5, spread: 0.3, weight: 1),
    ]

    /// More than this many of the repetitions would be seen once in 10,000 times if 5 % were true.
    private func mostFalse(of repetitions: Int) -> Int {
        let mean = 0.05 * Double(repetitions)
        return Torture.isOn ? repetitions / 20 : Int(mean + 3.7 * (mean * 0.95).squareRoot())
    }

    @Test(arguments: [
        (seed: UInt64(1), candidatePart: 0.5, hasOutage: false), (seed: 2, candidatePart: 0.1, hasOutage: false),
        (seed: 8, candidatePart: 0.3, hasOutage: true),
    ])
    func `one version under two random labels, looked at every minute of an hour, is hardly ever called worse`(
        seed: UInt64, candidatePart: Double, hasOutage: Bool
    ) {
        let repetitions = Torture.isOn ? 1000 : 30
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var (worse, better) = (0, 0)
        for _ in 0..<repetitions {
            var traffic = SyntheticTraffic(Self.mesh)
            var (isWorse, isBetter) = (false, false)
            for minute in 0..<60 {
                let isOut = hasOutage && (20..<25).contains(minute)
                for _ in 0..<30 {
                    let isCandidate = Double.random(in: 0..<1, using: &generator) < candidatePart
                    traffic.add(
                        1, toCandidate: isCandidate, slowdown: isOut ? 5 : 1, failing: isOut ? 0.5 : 0, &generator)
                }
                let outcome = traffic.verdict().outcome
                isWorse = isWorse || outcome == .worse
                isBetter = isBetter || outcome == .better
            }
            worse += isWorse ? 1 : 0
            better += isBetter ? 1 : 0
        }
        print("of \(repetitions) hours: worse \(worse), better \(better)")
        #expect(worse <= mostFalse(of: repetitions))
        #expect(better <= mostFalse(of: repetitions))
    }

    /// Requests of the candidate after which each repetition first has an outcome, sorted; nil if it never has.
    private func requestsUntil(
        _ outcome: Outcome, seed: UInt64, _ operations: [SyntheticOperation], slowdown: Double = 1, failing: Double = 0,
        max: Int, step: Int, basePerCandidate: Int = 1
    ) -> [Int?] {
        var generator = SeededGenerator(seed: seed)
        return (0..<(Torture.isOn ? 400 : 20)).map { _ in
            var traffic = SyntheticTraffic(operations)
            for count in stride(from: step, through: max, by: step) {
                traffic.add(step * basePerCandidate, toCandidate: false, &generator)
                traffic.add(step, toCandidate: true, slowdown: slowdown, failing: failing, &generator)
                if traffic.verdict().outcome == outcome { return count }
            }
            return nil
        }.sorted { ($0 ?? .max) < ($1 ?? .max) }
    }

    private func told(_ counts: [Int?], _ part: Double) -> Int? {
        counts[Int((part * Double(counts.count)).rounded(.up)) - 1]
    }

    @Test func `a version three times slower is worse within 200 requests of each`() {
        let counts = requestsUntil(.worse, seed: 3, Self.mesh, slowdown: 3, max: 200, step: 10)
        print("three times slower: median \(told(counts, 0.5) ?? -1), 95 % \(told(counts, 0.95) ?? -1)")
        #expect(counts.allSatisfy { $0 != nil })
    }

    @Test func `a version that fails 5 % against none is worse with the stated power`() throws {
        let operations = [SyntheticOperation()]
        let counts = requestsUntil(.worse, seed: 4, operations, failing: 0.05, max: 600, step: 20)
        print("failing 5 %: median \(told(counts, 0.5) ?? -1), 80 % \(told(counts, 0.8) ?? -1)")
        #expect(try #require(told(counts, 0.8)) <= 400)
        let few = requestsUntil(.worse, seed: 5, operations, failing: 0.05, max: 10, step: 10)
        #expect(few.allSatisfy { $0 == nil })
    }

    @Test func `of nine requests in ten to the old version the new one needs the fewer`() throws {
        let counts = requestsUntil(
            .worse, seed: 9, [SyntheticOperation()], failing: 0.05, max: 300, step: 10, basePerCandidate: 9)
        print("failing 5 % of one in ten: median \(told(counts, 0.5) ?? -1), 80 % \(told(counts, 0.8) ?? -1)")
        #expect(try #require(told(counts, 0.8)) <= 160)
    }

    @Test func `two versions that are the same are shown to be`() throws {
        let operations = [SyntheticOperation(errorShare: 0.002)]
        let counts = requestsUntil(.same, seed: 6, operations, max: 16_000, step: 1000)
        print("same: median \(told(counts, 0.5) ?? -1), 80 % \(told(counts, 0.8) ?? -1)")
        #expect(told(counts, 0.8) != nil)
    }

    @Test func `with as many requests as are said to be needed a difference that matters is found`() throws {
        // What is asked of 100 requests is the need for a difference of 5 % from the 2 % that fail.
        var thresholds = VerdictThresholds()
        thresholds.errorShare = 0.05
        var generator = SeededGenerator(seed: 7)
        var (found, told) = (0, 0)
        let repetitions = Torture.isOn ? 1000 : 60
        for _ in 0..<repetitions {
            var traffic = SyntheticTraffic([SyntheticOperation(errorShare: 0.02)])
            traffic.add(400, toCandidate: false, &generator)
            traffic.add(100, toCandidate: true, failing: 0.05, &generator)
            let verdict = traffic.verdict(thresholds)
            guard verdict.outcome == .tooLittleData, let need = verdict.needs.first(where: { $0.measure == .errors })
            else {
                found += verdict.outcome == .worse ? 1 : 0
                continue
            }
            traffic.add(4 * need.requests, toCandidate: false, &generator)
            traffic.add(need.requests, toCandidate: true, failing: 0.05, &generator)
            told += need.requests
            found += traffic.verdict(thresholds).outcome == .worse ? 1 : 0
        }
        print("found \(found) of \(repetitions), mean need \(told / repetitions)")
        #expect(Double(found) >= 0.7 * Double(repetitions))
    }
}
