import Sampling
import TestSupport
import Testing
import TraceModel

/// What explanations say, and that it is what the samplers do.
@Suite struct SamplingExplanationTests {
    private static func policy(_ type: String, _ keys: [(String, PolicyNode)] = []) -> PolicyNode {
        .keys([("type", .text(type))] + keys)
    }

    private static func tail(_ policies: [PolicyNode]) throws -> PolicyDocument {
        try PolicyDocument.parse(.keys([("tail", .keys([("policies", .items(policies))]))]))
    }

    /// Half of all percentages keep it.
    private static let traceID = TraceID(high: 1, low: 0x80_0000_0000_0000)

    private static func spans(isError: Bool = false, duration: Int64 = 812_000_000) -> [SpanView] {
        var span = SampleSpan(traceID: traceID, service: "shop.default")
        span.duration = duration
        span.isError = isError
        return Array(SpanBatch.of([span]).spans)
    }

    @Test func `an ID alone tells what the rules for arriving spans decide`() throws {
        let rule = PolicyNode.keys([("name", .text("some")), ("service", .text("a")), ("percent", .text("60"))])
        let fast = PolicyNode.keys([("service", .text("b")), ("traces-per-second", .text("5"))])
        let document = try PolicyDocument.parse(
            .keys([("percent", .text("10")), ("head", .keys([("rules", .items([rule, fast]))]))]))
        let said = SamplingExplanation(Self.traceID, [], document)
        #expect(!said.isStored)
        #expect(said.randomness.hex == "80000000000000")
        #expect(said.randomness.keptFromPercent == 50)
        #expect(said.head.map(\.outcome) == [.kept, .depends, .leftOut])
        #expect(said.head[0].rule == "some")
        #expect(said.head[0].reason == "60 % are kept; this trace is among them from 50 % on")
        #expect(said.head[1].reason.contains("5 traces a second"))
        #expect(said.notes.first?.contains("not stored") == true)
    }

    @Test func `policies are explained in words, and the one that counts is named`() throws {
        let document = try Self.tail([
            Self.policy("errors"), Self.policy("latency", [("over", .text("500ms"))]),
            Self.policy("span-count", [("min", .text("3"))]),
        ])
        let tail = try #require(SamplingExplanation(Self.traceID, Self.spans(), document).tail)
        #expect(tail.policies.map(\.outcome) == [.leftOut, .kept, .leftOut])
        #expect(
            tail.policies.map(\.reason) == [
                "no span has an error", "latency 812 ms is over 500 ms", "1 spans are not 3 or more",
            ])
        #expect(tail.outcome == .kept)
        #expect(tail.policy == "latency")
        #expect(tail.weight == 1)
    }

    @Test func `what depends on other traces is said to`() throws {
        let document = try Self.tail([
            Self.policy("errors"), Self.policy("per-version", [("traces-per-minute", .text("10"))]),
        ])
        let open = try #require(SamplingExplanation(Self.traceID, Self.spans(), document).tail)
        #expect(open.outcome == .depends)
        #expect(open.weight == nil)
        let sure = try #require(SamplingExplanation(Self.traceID, Self.spans(isError: true), document).tail)
        #expect(sure.outcome == .kept)
        #expect(sure.policy == "errors")
    }

    @Test func `ages are explained`() throws {
        let some = PolicyNode.keys([("until", .text("1h")), ("policies", .items([Self.policy("errors")]))])
        let few = PolicyNode.keys([("one-per", .text("operation-and-version"))])
        let document = try PolicyDocument.parse(.keys([("ageing", .items([some, few]))]))
        let plain = SamplingExplanation(Self.traceID, Self.spans(), document).ageing
        #expect(plain.map(\.outcome) == [.leftOut, .leftOut])
        let failed = SamplingExplanation(Self.traceID, Self.spans(isError: true), document).ageing
        #expect(failed.map(\.outcome) == [.kept, .depends])
    }

    @Test(arguments: [UInt64(11), 12, 13]) func `an explanation says what the samplers do`(seed: UInt64) throws {
        let policies = [
            Self.policy("errors"), Self.policy("span-count", [("min", .text("4")), ("max", .text("6"))]),
            Self.policy("probabilistic", [("percent", .text("20"))]),
            Self.policy("not", [("policy", Self.policy("status", [("codes", .items([.text("unset")]))]))]),
        ]
        let document = try PolicyDocument.parse(
            .keys([
                ("percent", .text("40")), ("tail", .keys([("policies", .items(policies))])),
                ("ageing", .items([.keys([("policies", .items(Array(policies.prefix(2))))])])),
            ]))
        let policy = try #require(document.tail)
        var generator = SpanGenerator(seed: seed)
        var byTrace: [TraceID: [SpanView]] = [:]
        for span in generator.batch(spanCount: 2000).spans { byTrace[span.traceID, default: []].append(span) }
        for (traceID, spans) in byTrace {
            let said = SamplingExplanation(traceID, spans, document)
            let decision = TailSampler(policy).decide(spans, now: 0)
            #expect(said.tail?.outcome == (decision.isKept ? .kept : .leftOut), "\(traceID) of seed \(seed)")
            #expect(said.tail?.policy == decision.policy)
            var ages = AgeSampler(document.ageing, stage: 0)
            #expect(said.ageing.first?.outcome == (ages.decide(spans).isKept ? .kept : .leftOut))
            var builder = SpanBatchBuilder()
            for span in spans { builder.append(span, samplingThreshold: 0) }
            let split = HeadSampler(document.head).split(builder.makeBatch(), worker: 0, now: 0)
            let kept = said.head.filter { $0.outcome == .kept }.reduce(0) { $0 + ($1.spanCount ?? 0) }
            #expect(kept == split.kept?.spanCount ?? 0, "\(traceID) of seed \(seed)")
        }
    }
}
