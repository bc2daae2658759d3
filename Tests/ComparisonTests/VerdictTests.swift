import Comparison
import TestSupport
import Testing
import TraceModel

@testable import Comparison

@Suite struct VerdictTests {
    private func figures(_ requests: Int, errors: Int, milliseconds: ClosedRange<Int>) -> RequestFigures {
        var sketch = DurationSketch()
        for request in 0..<requests {
            sketch.add(
                Int64(milliseconds.lowerBound) * 1_000_000
                    + Int64(request * milliseconds.count * 1_000_000 / max(1, requests)))
        }
        return RequestFigures(requests: requests, errors: errors, durations: sketch)
    }

    private func verdict(
        _ operations: [OperationFigures], candidate: String = "v2", _ thresholds: VerdictThresholds = .init()
    ) -> Verdict {
        Verdict(base: "v1", candidate: candidate, operations: operations, thresholds: thresholds)
    }

    @Test func `a slower version is worse, and the reason says so in words`() throws {
        let operation = OperationFigures(
            "GET /reviews", base: figures(171, errors: 0, milliseconds: 10...42),
            candidate: figures(160, errors: 0, milliseconds: 30...129))
        let verdict = verdict([operation], candidate: "v3")
        #expect(verdict.outcome == .worse)
        let reason = try #require(verdict.reasons.first)
        #expect(reason.outcome == .worse && reason.operation == "GET /reviews" && reason.p < 0.01)
        #expect(
            reason.words
                == "v3 slower on GET /reviews: p50 27 -> 79 ms, interval 22-31 against 67-93, 171 and 160 requests")
        #expect(verdict.operations.count == 1 && verdict.total.operation == "GET /reviews")
        let p95 = try #require(verdict.total.quantiles.first { $0.part == 0.95 })
        #expect(p95.outcome == .worse && p95.change.ratio > 2.5 && p95.change.ratios.lower > 1.5)
        #expect(verdict.total.distribution.superiority > 0.9)
    }

    @Test func `the other way round it is better, once errors are known to be as few`() {
        func operations(_ count: Int) -> [OperationFigures] {
            [
                OperationFigures(
                    "GET /reviews", base: figures(count, errors: 0, milliseconds: 30...129),
                    candidate: figures(count, errors: 0, milliseconds: 10...42))
            ]
        }
        let early = verdict(operations(160))
        #expect(early.outcome == .tooLittleData)
        #expect(early.reasons.first?.words.hasPrefix("v2 faster on GET /reviews: p") == true)
        #expect(early.needs.map(\.measure) == [.errors])
        #expect(verdict(operations(3000)).outcome == .better)
    }

    @Test func `failures of 10 requests decide nothing, and of 600 they do`() throws {
        func verdict(_ count: Int, errors: Int) -> Verdict {
            self.verdict([
                OperationFigures(
                    "GET /reviews", base: figures(count, errors: 0, milliseconds: 10...20),
                    candidate: figures(count, errors: errors, milliseconds: 10...20))
            ])
        }
        let early = verdict(10, errors: 1)
        #expect(early.outcome == .tooLittleData)
        let need = try #require(early.needs.first { $0.measure == .errors })
        #expect(need.words == "about \(need.requests) more requests of v2 for a 1 % change in errors")
        #expect(need.requests > 1000)
        #expect(
            early.reasons.first?.words
                == "v2 not decided on GET /reviews: errors 0 -> 10 %, difference -32 to 56 %, not yet within 1 %, "
                + "10 and 10 requests")
        let late = verdict(600, errors: 30)
        #expect(late.outcome == .worse)
        #expect(
            late.reasons.first?.words
                == "v2 fails more on GET /reviews: errors 0 -> 5 %, interval 0-0.88 % against 2.5-8.6 %, "
                + "600 and 600 requests")
        #expect(late.total.errors.singleLookP < 1e-6)
    }

    @Test func `what is shown to differ by less than matters is the same`() {
        let base = figures(20_000, errors: 40, milliseconds: 20...60)
        let candidate = figures(20_000, errors: 44, milliseconds: 20...61)
        let verdict = verdict([OperationFigures("GET /", base: base, candidate: candidate)])
        #expect(verdict.outcome == .same && verdict.needs.isEmpty)
        #expect(verdict.reasons.first?.words.hasPrefix("v2 fails as often on GET /: errors 0.2 -> 0.22 %") == true)
        #expect(verdict.reasons.contains { $0.words.contains("v2 as fast on GET /: p95 ") })

        // Durations of less than the smallest difference that matters are the same, whatever their ratio.
        let tiny = RequestFigures(requests: 20_000, errors: 40, durations: sketch(100_000, 20_000))
        let less = RequestFigures(requests: 20_000, errors: 40, durations: sketch(300_000, 20_000))
        #expect(self.verdict([OperationFigures("GET /", base: tiny, candidate: less)]).outcome == .same)
    }

    private func sketch(_ nanoseconds: Int64, _ count: Int) -> DurationSketch {
        var sketch = DurationSketch()
        sketch.add(nanoseconds, times: count)
        return sketch
    }

    @Test func `a version that gets more of the slow operations is not slower for that`() {
        let (fast, slow) = (10...20, 100...200)
        let verdict = verdict([
            OperationFigures(
                "GET /fast", base: figures(9000, errors: 0, milliseconds: fast),
                candidate: figures(1000, errors: 0, milliseconds: fast)),
            OperationFigures(
                "GET /slow", base: figures(1000, errors: 300, milliseconds: slow),
                candidate: figures(9000, errors: 2700, milliseconds: slow)),
        ])
        #expect(verdict.outcome != .worse)
        #expect(abs(verdict.total.errors.difference) < 1e-9)
        #expect(verdict.total.quantiles.allSatisfy { $0.findings.worseP == 1 })
        #expect(verdict.total.operation == nil && verdict.operations.count == 2)
    }

    @Test func `one bad operation among many makes the version worse, and is named first`() {
        var operations = (0..<20).map { number in
            OperationFigures(
                "GET /\(number)", base: figures(300, errors: 0, milliseconds: 10...30),
                candidate: figures(300, errors: 0, milliseconds: 10...30))
        }
        operations[7] = OperationFigures(
            "GET /7", base: figures(300, errors: 0, milliseconds: 10...30),
            candidate: figures(300, errors: 60, milliseconds: 10...30))
        let verdict = verdict(operations)
        #expect(verdict.outcome == .worse)
        #expect(verdict.reasons.first?.operation == "GET /7" && verdict.reasons.first?.measure == .errors)
        #expect(verdict.operations.filter { $0.outcome == .worse }.count == 1)
    }

    @Test func `nothing at all, and operations of one version alone, are too little data`() {
        let nothing = RequestFigures(requests: 0, errors: 0, durations: DurationSketch())
        let some = figures(5000, errors: 100, milliseconds: 10...20)
        #expect(verdict([]).outcome == .tooLittleData)
        #expect(verdict([]).operations.isEmpty)
        for operations in [
            [OperationFigures("a", base: nothing, candidate: nothing)],
            [OperationFigures("a", base: some, candidate: nothing)],
            [
                OperationFigures("a", base: some, candidate: nothing),
                OperationFigures("b", base: nothing, candidate: some),
            ],
        ] {
            #expect(verdict(operations).outcome == .tooLittleData)
            #expect(verdict(operations).total.quantiles.isEmpty)
        }
    }

    @Test func `weighted requests say as much as they are, not as they stand for`() {
        func figures(_ weight: Double, failed: Int) -> RequestFigures {
            var errors = WeightedShare()
            errors.having.add(weight, times: failed)
            errors.lacking.add(weight, times: 60 - failed)
            return RequestFigures(errors: errors, durations: sketch(10_000_000, Int(60 * weight)))
        }
        let weighted = verdict([
            OperationFigures("a", base: figures(100, failed: 0), candidate: figures(100, failed: 3))
        ])
        #expect(weighted.outcome == .tooLittleData)
        #expect(weighted.total.candidateRequests == 6000)
        let unweighted = verdict([
            OperationFigures("a", base: figures(1, failed: 0), candidate: figures(1, failed: 3))
        ])
        #expect(
            abs(
                weighted.total.errors.differenceInterval.upperBound
                    - unweighted.total.errors.differenceInterval.upperBound) < 1e-6)
        let needs = [weighted, unweighted].map { $0.needs.first { $0.measure == .errors }?.requests ?? 0 }
        #expect(needs[0] > needs[1] * 90 && needs[0] < needs[1] * 110, "\(needs)")
    }

    @Test(arguments: [
        (0.0, "0"), (1.23456, "1.2"), (0.5, "0.5"), (0.0123, "0.012"), (41.4, "41"), (9.97, "10"), (-3.04, "-3"),
        (1234.5, "1235"), (0.99949, "1"), (1e-9, "0"), (.infinity, "∞"),
    ]) func `numbers have the digits that count`(value: Double, text: String) {
        #expect(NumberWords.text(value) == text)
    }

    @Test func `quantiles and rounded counts are as people say them`() {
        #expect(Measure.duration(quantile: 0.95).words == "p95")
        #expect(Measure.duration(quantile: 0.999).words == "p99.9")
        #expect([0, 7, 99, 100, 101, 412, 12_001].map(NumberWords.rounded) == [0, 7, 99, 100, 110, 420, 13_000])
    }
}
