import Configuration
import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct TailSamplerTests {
    private func sampler(_ policies: String) throws -> TailSampler {
        let document = try PolicyDocument.parse(text: "tail:\n  policies: \(policies)", path: "p.yaml")
        return TailSampler(try #require(document.tail))
    }

    private func isKept(_ policies: String, _ spans: SampleSpan...) throws -> Bool {
        try sampler(policies).decide(Array(SpanBatch.of(spans).spans), now: 0).isKept
    }

    @Test func `errors are kept, and a trace that no policy keeps is not`() throws {
        let sampler = try sampler("[{type: errors}]")
        let plain = SampleSpan()
        let bad = SampleSpan(spanID: 2, isError: true)
        let kept = sampler.decide(Array(SpanBatch.of([plain, bad]).spans), now: 0)
        #expect(kept == TailDecision(isKept: true, threshold: .all, policy: "errors"))
        let left = sampler.decide(Array(SpanBatch.of([plain]).spans), now: 0)
        #expect(left == TailDecision(isKept: false, threshold: .none, policy: TailDecision.noPolicy))
        #expect(try isKept("[{type: errors}]", SampleSpan(status: .error)))
    }

    @Test func `each condition says what it is named for`() throws {
        let second: Int64 = 1_000_000_000
        let start: Int64 = 1_790_000_000_000_000_000
        let late = SampleSpan(spanID: 2, parentID: 1, start: start + second, duration: second)
        #expect(try isKept("[{type: latency, over: 1500ms}]", SampleSpan(), late))
        #expect(try !isKept("[{type: latency, over: 1500ms, of: spans}]", SampleSpan(), late))
        #expect(try isKept("[{type: latency, over: 900ms, of: spans}]", SampleSpan(), late))
        #expect(try !isKept("[{type: latency, over: 2s}]", SampleSpan(), late))
        #expect(try isKept("[{type: status, codes: [ok, error]}]", SampleSpan(), SampleSpan(status: .ok)))
        #expect(try !isKept("[{type: status, codes: [ok]}]", SampleSpan()))
        #expect(try isKept("[{type: span-count, min: 2}]", SampleSpan(), late))
        #expect(try !isKept("[{type: span-count, max: 1}]", SampleSpan(), late))
        #expect(
            try isKept(
                "[{type: traceql, query: '{ name = \"GET /\" } | count() > 1'}]", SampleSpan(), SampleSpan(spanID: 2)))
        #expect(try !isKept("[{type: traceql, query: '{ name = \"PUT /\" }'}]", SampleSpan()))
    }

    @Test func `attributes are matched by value, pattern and bounds, whatever their type`() throws {
        func rule(_ test: String) -> String { "[{type: attribute, key: k\(test.isEmpty ? "" : ", " + test)}]" }
        func span(_ value: SampleSpan.Value) -> SampleSpan { SampleSpan(attributes: [("k", value)]) }
        #expect(try isKept(rule(""), span(.bool(false))))
        #expect(try !isKept(rule(""), SampleSpan()))
        #expect(try isKept(rule("values: [a, 503]"), span(.int(503))))
        #expect(try isKept(rule("values: [a, 503]"), span(.string("503"))))
        #expect(try isKept(rule("values: 0.5"), span(.double(0.5))))
        #expect(try isKept(rule("values: true"), span(.bool(true))))
        #expect(try !isKept(rule("values: true"), span(.bool(false))))
        #expect(try !isKept(rule("values: [a]"), span(.string("ab"))))
        #expect(try isKept(rule("matches: 'a.*'"), span(.string("ab"))))
        #expect(try !isKept(rule("matches: a"), span(.string("ab"))))
        #expect(try isKept(rule("matches: '5..'"), span(.int(503))))
        #expect(try isKept(rule("min: 500, max: 599"), span(.string("503"))))
        #expect(try isKept(rule("min: 500"), span(.double(500))))
        #expect(try !isKept(rule("max: 499.5"), span(.int(500))))
        #expect(try !isKept(rule("min: 0"), span(.string("x"))))
        #expect(try isKept(rule("values: v"), SampleSpan(resource: [("k", "v")])))
    }

    @Test func `policies are combined`() throws {
        let both = "[{type: and, policies: [{type: errors}, {type: span-count, min: 2}]}]"
        #expect(try !isKept(both, SampleSpan(isError: true)))
        #expect(try isKept(both, SampleSpan(isError: true), SampleSpan(spanID: 2)))
        let either = "[{type: or, policies: [{type: errors}, {type: span-count, min: 2}]}]"
        #expect(try isKept(either, SampleSpan(isError: true)))
        #expect(try !isKept(either, SampleSpan()))
        let neither = "[{type: not, policy: {type: or, policies: [{type: errors}, {type: span-count, min: 2}]}}]"
        #expect(try !isKept(neither, SampleSpan(isError: true)))
        #expect(try isKept(neither, SampleSpan()))
    }

    @Test func `the policy that keeps the most gives the weight`() throws {
        let sampler = try sampler(
            "[{type: probabilistic, percent: 50}, {type: errors}, {type: probabilistic, percent: 10}]")
        let id = TraceID(high: 0, low: 0xff_ffff_ffff_ffff)
        let bad = sampler.decide(Array(SpanBatch.of([SampleSpan(traceID: id, isError: true)]).spans), now: 0)
        #expect(bad == TailDecision(isKept: true, threshold: .all, policy: "errors"))
        let good = sampler.decide(Array(SpanBatch.of([SampleSpan(traceID: id)]).spans), now: 0)
        #expect(good.isKept && good.threshold.weight == 2 && good.policy == "probabilistic")
    }

    @Test func `what the head sampler left out counts too`() throws {
        let sampler = try sampler("[{name: half, type: probabilistic, percent: 50}, {type: errors}]")
        let quarter = SamplingThreshold(probability: 0.25).rejected
        let id = TraceID(high: 0, low: 0xf0_0000_0000_0000)
        var spans = [SampleSpan(traceID: id, threshold: quarter), SampleSpan(traceID: id, threshold: quarter + 1)]
        #expect(sampler.decide(Array(SpanBatch.of(spans).spans), now: 0).threshold.weight == 4)
        spans[0].isError = true
        let bad = sampler.decide(Array(SpanBatch.of(spans).spans), now: 0)
        #expect(bad.isKept && bad.threshold.weight == 4)
        // What is left of a quarter at one in eight.
        let few = try self.sampler("[{type: probabilistic, percent: 12.5}]")
        #expect(few.decide(Array(SpanBatch.of(spans).spans), now: 0).threshold.weight == 8)
    }

    @Test func `a trace that is asked for is kept`() throws {
        let never = "[{type: probabilistic, percent: 0}]"
        #expect(try isKept(never, SampleSpan(), SampleSpan(spanID: 2, isDebug: true)))
        #expect(try isKept(never, SampleSpan(attributes: [("sampling.priority", .int(1))])))
        #expect(try !isKept(never, SampleSpan(attributes: [("sampling.priority", .int(0))])))
    }

    @Test func `slow is what is unusual for the operation`() throws {
        let sampler = try sampler("[{type: latency, above-percentile: 99}]")
        var random = SeededGenerator(seed: 1)
        func decide(_ operation: String, _ milliseconds: Int64) -> Bool {
            let span = SampleSpan(
                traceID: TraceID(high: 1, low: random.next()), operation: operation, duration: milliseconds * 1_000_000)
            return sampler.decide(Array(SpanBatch.of([span]).spans), now: 0).isKept
        }
        let first = (0..<100).map { _ in decide("fast", Int64.random(in: 10...20, using: &random)) }
        #expect(first.allSatisfy { $0 }, "until it is known what is usual, all are kept")
        for _ in 0..<400 { _ = decide("fast", Int64.random(in: 10...20, using: &random)) }
        for _ in 0..<400 { _ = decide("slow", Int64.random(in: 1000...2000, using: &random)) }
        let usual = (0..<1000).count { _ in decide("fast", Int64.random(in: 10...20, using: &random)) }
        #expect(usual < 40, "\(usual) of 1000 usual ones")
        #expect(decide("fast", 40))
        #expect(!decide("slow", 1500))
        #expect(decide("slow", 4000))
        // An operation that nobody knows is measured by its service.
        #expect(!decide("new", 30))
        #expect(decide("new", 4000))
        let constant = (0..<500).map { _ in decide("constant", 100) }
        #expect(!constant[200...].contains(true), "what takes the same time always is not slow")
    }
}
