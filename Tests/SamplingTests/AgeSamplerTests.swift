import Configuration
import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct AgeSamplerTests {
    private static let hour: Int64 = 3_600_000_000_000

    private func stages(_ text: String) throws -> [StagePolicy] {
        try PolicyDocument.parse(text: "ageing: \(text)", path: "p.yaml").ageing
    }

    private static let document = """
        [{until: 1h, keep: all}, {until: 24h, policies: [{type: errors}, {type: probabilistic, percent: 30}]},
         {until: 720h, policies: [{type: errors}], one-per: operation-and-version}]
        """

    /// Traces of some operations and versions, one in twenty with an error.
    private func traces(_ count: Int, seed: UInt64) -> [[SampleSpan]] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let id = TraceID(high: random.next(), low: random.next())
            return (0..<3).map { number in
                SampleSpan(
                    traceID: id, spanID: UInt64(number) + 1, operation: "op\(Int.random(in: 0..<4, using: &random))",
                    isError: random.next() % 60 == 0,
                    attributes: [("version", .string("v\(Int.random(in: 0..<3, using: &random))"))])
            }
        }
    }

    /// What a stage leaves of traces, with its thresholds.
    private func thin(_ traces: [[SampleSpan]], _ stages: [StagePolicy], stage: Int) -> [[SampleSpan]] {
        var sampler = AgeSampler(stages, stage: stage)
        let views = traces.map { Array(SpanBatch.of($0).spans) }
        if sampler.needsSurvey {
            for spans in views { sampler.survey(spans) }
        }
        var kept: [[SampleSpan]] = []
        for (spans, view) in zip(traces, views) {
            let decision = sampler.decide(view)
            guard decision.isKept else { continue }
            kept.append(
                spans.map { span in
                    var span = span
                    span.threshold = max(span.threshold, decision.threshold.rejected)
                    return span
                })
        }
        return kept
    }

    private func ids(_ traces: [[SampleSpan]]) -> Set<TraceID> { Set(traces.map { $0[0].traceID }) }

    @Test func `a stage holds up to its age`() throws {
        let stages = try stages(Self.document)
        #expect(stages.count == 3)
        #expect(AgeSampler.stage(forAge: 0, in: stages) == 0)
        #expect(AgeSampler.stage(forAge: Self.hour - 1, in: stages) == 0)
        #expect(AgeSampler.stage(forAge: Self.hour, in: stages) == 1)
        #expect(AgeSampler.stage(forAge: 719 * Self.hour, in: stages) == 2)
        #expect(AgeSampler.stage(forAge: 720 * Self.hour, in: stages) == nil)
        #expect(AgeSampler.stage(forAge: .max, in: try self.stages("[{keep: all}]")) == 0)
        #expect(AgeSampler(stages, stage: 0).keepsEverything && !AgeSampler(stages, stage: 1).keepsEverything)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `stages are nested, and twice is as once`(seed: UInt64) throws {
        let stages = try stages(Self.document)
        let all = traces(500, seed: seed)
        #expect(thin(all, stages, stage: 0).count == all.count)
        let day = thin(all, stages, stage: 1)
        let month = thin(day, stages, stage: 2)
        #expect(ids(month).isSubset(of: ids(day)) && month.count < day.count && day.count < all.count)
        #expect(ids(thin(day, stages, stage: 1)) == ids(day))
        let again = thin(month, stages, stage: 2)
        #expect(ids(again) == ids(month))
        #expect(again.map { $0.map(\.threshold) } == month.map { $0.map(\.threshold) })
        // Nobody came by between: the same.
        #expect(ids(thin(all, stages, stage: 2)) == ids(month))
        let failed = all.filter { $0.contains { $0.isError } }
        #expect(ids(failed).isSubset(of: ids(month)))
        #expect(month.filter { $0.contains { $0.isError } }.allSatisfy { $0.allSatisfy { $0.threshold == 0 } })
    }

    @Test func `of each operation and version that was there one stays`() throws {
        let stages = try stages("[{one-per: operation-and-version}]")
        let all = traces(400, seed: 4)
        let kept = thin(all, stages, stage: 0)
        func groups(_ traces: [[SampleSpan]]) -> Set<String> {
            Set(traces.joined().map { "\($0.operation) \($0.attributes)" })
        }
        #expect(groups(kept) == groups(all) && groups(all).count == 12)
        #expect(kept.count <= 12)
    }

    @Test func `the order of a segment's traces does not matter, nor does a part that is shown twice`() throws {
        let stages = try stages("[{one-per: operation-and-version}]")
        let all = traces(300, seed: 5)
        var random = SeededGenerator(seed: 6)
        let expected = ids(thin(all, stages, stage: 0))
        #expect(ids(thin(all.shuffled(using: &random), stages, stage: 0)) == expected)
        var sampler = AgeSampler(stages, stage: 0)
        for trace in (all + all).shuffled(using: &random) { sampler.survey(Array(SpanBatch.of(trace).spans)) }
        let kept = all.filter { sampler.decide(Array(SpanBatch.of($0).spans)).isKept }
        #expect(ids(kept) == expected)
    }

    @Test func `the weights of stages estimate the true count`() throws {
        let stages = try stages("[{policies: [{type: errors}, {type: probabilistic, percent: 10}]}]")
        var estimates: [Double] = []
        for seed in UInt64(50)..<130 {
            let kept = thin(traces(200, seed: seed), stages, stage: 0)
            estimates.append(kept.reduce(0) { $0 + SamplingThreshold(rejected: $1[0].threshold).weight })
        }
        let mean = estimates.reduce(0, +) / 80
        let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 79
        #expect(abs(mean - 200) < 4 * (variance / 80).squareRoot(), "\(mean)")
    }

    @Test func `segments that are merged keep one of each still`() throws {
        let stages = try stages("[{one-per: operation-and-version}]")
        let parts = [traces(200, seed: 7), traces(200, seed: 8)]
        let apart = parts.flatMap { thin($0, stages, stage: 0) }
        let merged = thin(apart, stages, stage: 0)
        #expect(ids(merged) == ids(thin(parts[0] + parts[1], stages, stage: 0)))
    }
}
