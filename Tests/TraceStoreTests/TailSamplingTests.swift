import Configuration
import Journal
import Sampling
import Synchronization
import TestSupport
import Testing
import Topology
import TopologyStore
import TraceModel

@testable import TraceStore

@Suite struct TailSamplingTests {
    private static let errorsOnly = "tail: {wait: 1ms, policies: [{type: errors}]}"

    private func harness(
        _ policy: String, _ configure: @escaping (inout StoreOptions) -> Void = { _ in }
    ) throws -> StoreHarness {
        let document = try PolicyDocument.parse(text: policy, path: "policy")
        return try StoreHarness { options in
            options.sampling = SamplingRules(document)
            options.topology.renewalInterval = 0
            configure(&options)
        }
    }

    /// A call from `web` to `app` in a trace of its own.
    private func call(_ trace: String, failing: Bool = false) -> [String] {
        [
            StoreHarness.span(trace: trace, id: "1", kind: "CLIENT", service: "web"),
            StoreHarness.span(
                trace: trace, id: "2", parent: "1", kind: "SERVER", service: "app",
                tags: failing ? ["error": "true"] : [:]),
        ]
    }

    private func callCount(_ harness: StoreHarness) throws -> Int {
        try harness.store.dependencies(within: .min ... .max, QueryWork()).reduce(0) { $0 + $1.callCount }
    }

    @Test func `what no policy keeps is found while it is live and left out of the segment`() throws {
        let harness = try harness(Self.errorsOnly)
        try harness.post(call("a") + call("b", failing: true))
        #expect(try harness.spanIDs("a")?.count == 2)
        try harness.store.seal()
        #expect(try harness.spanIDs("a") == nil)
        #expect(try harness.spanIDs("b")?.count == 2)
        #expect(try callCount(harness) == 2)
    }

    @Test func `a trace is decided on with what came of it later`() throws {
        let harness = try harness(Self.errorsOnly)
        let spans = call("a", failing: true)
        try harness.post([spans[0]])
        harness.store.state.turn { harness.store.journal.rotate() }
        try harness.post([spans[1]])
        try harness.store.seal()
        #expect(try harness.spanIDs("a")?.count == 2)
    }

    @Test func `what comes late follows the decision`() throws {
        let harness = try harness(Self.errorsOnly)
        let (kept, dropped) = (call("a", failing: true), call("b"))
        try harness.post([kept[1], dropped[1]])
        try harness.store.seal()
        try harness.post([kept[0], dropped[0]] + call("c", failing: true))
        try harness.store.seal()
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b") == nil)
        #expect(try callCount(harness) == 3)
    }

    @Test func `a generation waits until its traces are quiet`() throws {
        let harness = try harness("tail: {wait: 1h, policies: [{type: errors}]}") { $0.sealAge = 0 }
        try harness.post(call("a"))
        #expect(harness.store.sealIfDue())
        #expect(try harness.spanIDs("a")?.count == 2)
        try harness.store.seal()
        #expect(try harness.spanIDs("a") == nil)
    }

    @Test func `when memory is short the oldest traces are decided on early, and counted`() throws {
        let early = Mutex(0)
        let harness = try harness("tail: {wait: 1h, policies: [{type: errors}]}") { options in
            options.liveByteCountMax = 16 << 10
            options.traceDecided = { report in early.withLock { $0 += report.earlyTraceCount } }
        }
        for trace in 1...100 {
            try harness.post(call(String(trace, radix: 16)))
            #expect(harness.store.sealIfDue())
        }
        #expect(early.withLock { $0 } > 0)
        #expect(harness.store.statistics().liveByteCount <= 16 << 10)
        #expect(try callCount(harness) == 100)
    }

    @Test func `a crash changes no decision`() throws {
        let harness = try harness(Self.errorsOnly)
        try harness.post(call("a") + call("b", failing: true))
        try harness.crash()
        #expect(try harness.spanIDs("a")?.count == 2)
        try harness.store.seal()
        try harness.crash()
        #expect(try harness.spanIDs("a") == nil)
        #expect(try harness.spanIDs("b")?.count == 2)
        #expect(try callCount(harness) == 2)
    }

    @Test func `what comes late follows the decision across a crash, and when other policies are in force`() throws {
        let harness = try harness(Self.errorsOnly)
        let (kept, dropped) = (call("a", failing: true), call("b"))
        try harness.post([kept[1], dropped[0]])
        try harness.store.seal()
        try harness.crash()
        // Alone the first would go, and the second stay.
        try harness.post([kept[0], StoreHarness.span(trace: "b", id: "2", parent: "1", tags: ["error": "true"])])
        try harness.store.seal()
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b") == nil)
        harness.store.changeSampling(
            SamplingRules(try PolicyDocument.parse(text: Self.errorsOnly, path: "policy")))
        try harness.post([StoreHarness.span(trace: "a", id: "3", parent: "1")])
        try harness.store.seal()
        #expect(try harness.spanIDs("a")?.count == 3)
    }

    @Test func `a sampled trace stands for others, and a search says how many there were`() throws {
        let harness = try harness("tail: {wait: 1ms, policies: [{type: errors}, {type: probabilistic, percent: 25}]}")
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<40 {
            try harness.post(
                (0..<50).flatMap { number in
                    call(String(generator.next() | 1, radix: 16), failing: number % 10 == 0)
                })
        }
        try harness.store.seal()
        let query = TraceQuery(rules: .anySpans, startMin: 0, startMax: .max, limit: 10_000)
        let outcome = try harness.store.find(query, QueryWork()) { found in
            let isFailing = found.trace.spans.contains(where: \.isError)
            #expect(found.trace.samplingProbability == (isFailing ? 1 : 0.25))
        }
        #expect(outcome.estimate.sampleCount < 1000)
        #expect(outcome.estimate.interval.contains(2000), "\(outcome.estimate)")
        #expect(try callCount(harness) == 2000)
    }

    // MARK: Only counted

    @Test func `spans that are only counted are in the topology and nowhere else`() throws {
        let harness = try harness("percent: 100")
        let spans = try batch(call("a", failing: true))
        var builder = SpanBatchBuilder()
        for span in spans.spans { builder.appendCounted(span) { _ in false } }
        try harness.append(builder.makeBatch(isCountOnly: true))
        func expectCounted() throws {
            #expect(try harness.spanIDs("a") == nil)
            #expect(try harness.store.serviceNames().isEmpty)
            let links = try harness.store.dependencies(within: .min ... .max, QueryWork())
            #expect(links.map { "\($0.parent)>\($0.child) \($0.callCount) \($0.errorCount)" } == ["web>app 1 1"])
        }
        try expectCounted()
        try harness.crash()
        try expectCounted()
        try harness.store.seal()
        try expectCounted()
        try harness.reopen()
        try expectCounted()
        #expect(harness.store.statistics().segmentCount == 0)
    }

    @Test func `kept and counted spans of one request come back together`() throws {
        let harness = try harness("percent: 100")
        let (kept, other) = (try batch(call("a")), try batch(call("b")))
        var builder = SpanBatchBuilder()
        for span in other.spans { builder.appendCounted(span) { _ in false } }
        try harness.append(kept, counted: builder.makeBatch(isCountOnly: true))
        try harness.crash()
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b") == nil)
        #expect(try callCount(harness) == 2)
    }

    private func batch(_ spans: [String]) throws -> SpanBatch {
        try StoreHarness.batch("[" + spans.joined(separator: ",") + "]")
    }
}
