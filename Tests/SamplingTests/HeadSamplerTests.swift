import Configuration
import QueryLanguage
import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct HeadSamplerTests {
    private func sampler(_ text: String) throws -> HeadSampler {
        HeadSampler(try PolicyDocument.parse(text: text, path: "p.yaml").head)
    }

    /// Traces with random IDs, of some spans each.
    private func traces(_ count: Int, spans: Int = 1, seed: UInt64, _ change: (inout SampleSpan) -> Void = { _ in })
        -> [SampleSpan]
    {
        var random = SeededGenerator(seed: seed)
        return (0..<count).flatMap { _ in
            let traceID = TraceID(high: random.next(), low: random.next())
            return (0..<spans).map { number in
                var span = SampleSpan(traceID: traceID, spanID: UInt64(number) + 1)
                change(&span)
                return span
            }
        }
    }

    @Test func `without a rule that leaves anything out the batch itself comes back`() throws {
        let batch = SpanBatch.of(traces(100, seed: 1))
        let sampler = try sampler("{percent: 100, head: {rules: [{service: 'shop*', percent: 100}]}}")
        #expect(sampler.keepsEverything)
        let split = sampler.split(batch, worker: 0, now: 0)
        #expect(split.kept === batch && split.counted == nil && split.droppedCounts.isEmpty)
    }

    @Test func `what is kept and what is counted make up all, in their order`() throws {
        let batch = SpanBatch.of(traces(500, spans: 3, seed: 2))
        let split = try sampler("percent: 10").split(batch, worker: 0, now: 0)
        let kept = try #require(split.kept)
        let counted = try #require(split.counted)
        #expect(kept.spanCount + counted.spanCount == batch.spanCount)
        #expect(!kept.isCountOnly && counted.isCountOnly)
        #expect(split.droppedCounts.map(\.policy) == ["default"])
        #expect(split.droppedCounts.map(\.count) == [counted.spanCount])
        let keptIDs = Set(kept.spans.map(\.traceID))
        #expect(keptIDs.isDisjoint(with: counted.spans.map(\.traceID)), "traces stay together")
        #expect(kept.spans.map(\.traceID) == batch.spans.map(\.traceID).filter { keptIDs.contains($0) })
        for span in kept.spans { #expect(abs(span.weight - 10) < 1e-9) }
    }

    @Test func `every collector decides alike, in any batches and any order`() throws {
        let spans = traces(300, spans: 4, seed: 3)
        let policy = "percent: 30"
        let whole = try #require(try sampler(policy).split(SpanBatch.of(spans), worker: 0, now: 0).kept)
        let expected = Set(whole.spans.map(\.traceID))
        let other = try sampler(policy)
        var random = SeededGenerator(seed: 4)
        var found: Set<TraceID> = []
        for (index, span) in spans.shuffled(using: &random).enumerated() {
            let split = other.split(SpanBatch.of([span]), worker: index, now: Int64(index))
            #expect((split.kept != nil) == expected.contains(span.traceID))
            if split.kept != nil { found.insert(span.traceID) }
        }
        #expect(found == expected)
    }

    @Test func `weights add up to what arrived`() throws {
        for (seed, percent) in [(5, 10.0), (6, 1.0), (7, 0.5), (8, 50.0)] {
            let count = 20_000
            let batch = SpanBatch.of(traces(count, seed: UInt64(seed)))
            let kept = try sampler("percent: \(percent)").split(batch, worker: 0, now: 0).kept
            let estimate = kept?.spans.reduce(0) { $0 + $1.weight } ?? 0
            let probability = percent / 100
            let deviation = (Double(count) * (1 - probability) / probability).squareRoot()
            #expect(abs(estimate - Double(count)) < 4 * deviation, "seed \(seed)")
        }
    }

    @Test func `the first rule that matches counts`() throws {
        let sampler = try sampler(
            """
            percent: 0
            head:
              rules:
                - {service: "checkout*", operation: "*/pay/*", percent: 100}
                - {service: "checkout*", percent: 0}
                - {name: canary, service: reviews, version: v3, percent: 100}
                - {namespace: "team-*", percent: 100}
            """)
        func isKept(_ change: (inout SampleSpan) -> Void) -> Bool {
            var span = SampleSpan()
            change(&span)
            let split = sampler.split(SpanBatch.of([span]), worker: 0, now: 0)
            return split.kept != nil && split.counted == nil
        }
        #expect(isKept { ($0.service, $0.operation) = ("checkout.shop", "POST /pay/now") })
        #expect(!isKept { ($0.service, $0.operation) = ("checkout.shop", "POST /pay") })
        #expect(!isKept { $0.service = "reviews" })
        #expect(isKept { ($0.service, $0.attributes) = ("reviews", [("istio.canonical_revision", .string("v3"))]) })
        #expect(!isKept { ($0.service, $0.attributes) = ("reviews", [("istio.canonical_revision", .string("v2"))]) })
        #expect(isKept { ($0.service, $0.resource) = ("reviews", [("x", "y"), ("service.version", "v3")]) })
        #expect(isKept { $0.attributes = [("istio.namespace", .string("team-a"))] })
        #expect(isKept { $0.resource = [("k8s.namespace.name", "team-b")] })
        #expect(isKept { $0.service = "a.team-c" })
        #expect(!isKept { $0.service = "a.team" })
    }

    @Test func `spans of one shape may match different rules`() throws {
        let sampler = try sampler("{percent: 100, head: {rules: [{version: v1, percent: 0}]}}")
        let spans = (0..<100).map { index in
            var span = SampleSpan(traceID: TraceID(high: 1, low: UInt64(index) + 1))
            span.attributes = [("version", .string("v\(index % 3)"))]
            return span
        }
        let split = sampler.split(SpanBatch.of(spans), worker: 0, now: 0)
        #expect(split.counted?.spanCount == 33)
        #expect(split.droppedCounts.first?.policy == "rule 1")
    }

    @Test func `a span that is asked for is kept and stands for itself`() throws {
        let sampler = try sampler("percent: 0")
        var forced: [SampleSpan] = []
        forced.append(SampleSpan(isDebug: true))
        for value in [SampleSpan.Value.int(1), .string("1"), .double(0.5), .int(2)] {
            forced.append(SampleSpan(attributes: [("sampling.priority", value)]))
        }
        let kept = try #require(sampler.split(SpanBatch.of(forced), worker: 0, now: 0).kept)
        #expect(kept.spanCount == forced.count)
        #expect(kept.spans.allSatisfy { $0.weight == 1 })
        for value in [SampleSpan.Value.int(0), .string("0"), .string("x"), .int(-1)] {
            let span = SampleSpan(attributes: [("sampling.priority", value)])
            #expect(sampler.split(SpanBatch.of([span]), worker: 0, now: 0).kept == nil)
        }
        let zero = SampleSpan(attributes: [("sampling.priority", .int(0))])
        let all = HeadSampler(.keepingEverything)
        #expect(all.split(SpanBatch.of([zero]), worker: 0, now: 0).kept != nil, "0 is no drop by itself")
    }

    @Test(arguments: [("percent: 100", 4.0), ("percent: 50", 4), ("percent: 25", 4), ("percent: 10", 10)])
    func `what a sender has left out counts too`(policy: String, weight: Double) throws {
        // One in four: the greatest quarter of the randomness.
        let span = SampleSpan(traceID: TraceID(high: 0, low: 0xff_ff00_0000_0000), traceState: "a=b, ot=th:c ,c=d")
        let kept = try #require(try sampler(policy).split(SpanBatch.of([span]), worker: 0, now: 0).kept)
        #expect(abs(SpanView(batch: kept, row: 0).weight - weight) < 1e-9)
    }

    @Test func `the randomness of the trace state counts before the ID's`() throws {
        let low = TraceID(high: 0, low: 1)
        let high = TraceID(high: 0, low: 0xff_ffff_ffff_ffff)
        let sampler = try sampler("percent: 50")
        func isKept(_ id: TraceID, _ state: String) -> Bool {
            let span = SampleSpan(traceID: id, traceState: state)
            return sampler.split(SpanBatch.of([span]), worker: 0, now: 0).kept != nil
        }
        #expect(isKept(low, "ot=rv:ffffffffffffff"))
        #expect(!isKept(high, "x=y,ot=foo:bar;rv:00000000000001;th:0"))
        // Malformed, and so not there.
        for state in [
            "ot=rv:fff", "ot=rv:fffffffffffffg", "ot=rv:FFFFFFFFFFFFFF", "ot", "ot=", "ot=;;rv", "ot=rv:",
            "vot=rv:ffffffffffffff",
        ] {
            #expect(!isKept(low, state), "\(state)")
            #expect(isKept(high, state), "\(state)")
        }
        // A threshold that the randomness contradicts.
        let span = SampleSpan(traceID: TraceID(high: 0, low: 0x90_0000_0000_0000), traceState: "ot=th:c")
        #expect(sampler.split(SpanBatch.of([span]), worker: 0, now: 0).kept?.spans.first?.weight == 2)
    }

    @Test func `what was counted only passes through`() throws {
        var builder = SpanBatchBuilder()
        builder.add(SampleSpan())
        let batch = builder.makeBatch(isCountOnly: true)
        let split = try sampler("percent: 50").split(batch, worker: 0, now: 0)
        #expect(split.counted === batch && split.kept == nil)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `a name pattern matches what the regular expression does`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        func text(_ letters: String, _ count: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: count, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
        }
        for _ in 0..<150 {
            let pattern = text("ab**", 1...6)
            let policy = PolicyNode.keys([
                ("percent", .text("0")),
                (
                    "head",
                    .keys([("rules", .items([.keys([("service", .text(pattern)), ("percent", .text("100"))])]))])
                ),
            ])
            let sampler = HeadSampler(try PolicyDocument.parse(policy).head)
            let expected = try Pattern(
                pattern.split(separator: "*", omittingEmptySubsequences: false).joined(separator: ".*"))
            for _ in 0..<20 {
                var name = text("ab", 0...7)
                let split = sampler.split(SpanBatch.of([SampleSpan(service: name)]), worker: 0, now: 0)
                let matches = name.withUTF8 { expected.matches(UnsafeRawBufferPointer($0)) }
                #expect((split.kept != nil) == matches, "\(pattern) and \(name), seed \(seed)")
            }
        }
    }
}
