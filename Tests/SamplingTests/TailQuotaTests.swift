import Configuration
import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct TailQuotaTests {
    private static let minute: Int64 = 60_000_000_000
    private static let start: Int64 = 1_790_000_040_000_000_000

    private struct Found {
        var kept = 0
        var weight = 0.0
    }

    private struct Case {
        var minute: Int
        var version: String
    }

    /// Decides on traces in their order and tells, by minute and version, what was kept.
    private func run(_ policies: String, _ traces: [(minute: Int, version: String)], seed: UInt64, step: Int64 = 0)
        throws
        -> [String: Found]
    {
        let document = try PolicyDocument.parse(text: "tail:\n  policies: \(policies)", path: "p.yaml")
        let sampler = TailSampler(try #require(document.tail))
        var random = SeededGenerator(seed: seed)
        var found: [String: Found] = [:]
        var now = Self.start
        for trace in traces {
            let begin = Self.start + Int64(trace.minute) * Self.minute + Int64(random.next() % 60_000_000_000)
            let span = SampleSpan(
                traceID: TraceID(high: 1, low: random.next()), start: begin,
                attributes: [("version", .string(trace.version))])
            let decision = sampler.decide(Array(SpanBatch.of([span]).spans), now: now)
            now += step
            guard decision.isKept else { continue }
            found["\(trace.minute) \(trace.version)", default: Found()].kept += 1
            found["\(trace.minute) \(trace.version)", default: Found()].weight += decision.threshold.weight
        }
        return found
    }

    private let perVersion = "[{type: per-version, traces-per-minute: 10}]"

    @Test(arguments: [UInt64(1), 2, 3]) func `of each version so many a minute are kept at least, in any order`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        var traces: [(minute: Int, version: String)] = []
        for minute in 0..<5 {
            traces += (0..<2000).map { _ in (minute, "v1") }
            traces += (0..<50).map { _ in (minute, "v2") }
            traces += (0..<7).map { _ in (minute, "v3") }
        }
        for order in [traces, traces.shuffled(using: &random)] {
            let found = try run(perVersion, order, seed: seed)
            for minute in 0..<5 {
                #expect(found["\(minute) v1"]?.kept ?? 0 >= 10)
                #expect(found["\(minute) v2"]?.kept ?? 0 >= 10)
                #expect(found["\(minute) v3"]?.kept == 7)
                #expect(found["\(minute) v3"]?.weight == 7)
                #expect(found["\(minute) v1"]?.kept ?? 0 < 120, "of 2000")
            }
        }
    }

    @Test func `weights of a guarantee estimate the true count`() throws {
        let traces = (0..<3).flatMap { minute in (0..<400).map { _ in (minute: minute, version: "v1") } }
        var estimates: [Double] = []
        for seed in UInt64(1000)..<1150 {
            estimates.append(try run(perVersion, traces, seed: seed).values.reduce(0) { $0 + $1.weight })
        }
        expectMean(1200, estimates)
    }

    @Test func `weights of a rate limit estimate the true count, and the rate is kept`() throws {
        let limit = "[{type: rate-limit, traces-per-second: 2}]"
        let traces = (0..<4).flatMap { minute in (0..<1200).map { _ in (minute: minute, version: "v1") } }
        var estimates: [Double] = []
        var kept = 0
        for seed in UInt64(2000)..<2060 {
            // Decided as they come: 20 traces a second.
            let found = try run(limit, traces, seed: seed, step: 50_000_000)
            estimates.append(found.values.reduce(0) { $0 + $1.weight })
            kept += found.filter { !$0.key.hasPrefix("0") }.values.reduce(0) { $0 + $1.kept }
        }
        expectMean(4800, estimates)
        let perSecond = Double(kept) / 60 / 180
        #expect((1...3).contains(perSecond), "\(perSecond) a second")
    }

    @Test func `a composite shares its rate`() throws {
        let policy = """
            [{type: composite, traces-per-second: 10, policies: [
              {type: attribute, key: version, values: gold, share: 80},
              {type: probabilistic, percent: 100, share: 20}]}]
            """
        // 100 and 100 a second.
        let traces = (0..<12_000).map { (minute: $0 / 6000, version: $0 % 2 == 0 ? "gold" : "tin") }
        let found = try run(policy, traces, seed: 7, step: 10_000_000)
        let gold = Double(found["1 gold"]?.kept ?? 0) / 60
        let tin = Double(found["1 tin"]?.kept ?? 0) / 60
        #expect((5...15).contains(gold) && (0.4...3).contains(tin), "\(gold) and \(tin) a second")
    }

    private func expectMean(_ expected: Double, _ estimates: [Double]) {
        let count = Double(estimates.count)
        let mean = estimates.reduce(0, +) / count
        let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        #expect(abs(mean - expected) < 4 * (variance / count).squareRoot(), "mean \(mean) of \(expected)")
        #expect(variance.squareRoot() < expected / 2, "an estimate is of use")
    }
}
