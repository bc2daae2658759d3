import Configuration
import Glibc
import Sampling
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct AgeingTests {
    private func harness(_ policy: String) throws -> StoreHarness {
        let document = try PolicyDocument.parse(text: policy, path: "policy")
        return try StoreHarness { options in
            options.sampling = SamplingRules(document)
            options.blockSpanCount = 16
        }
    }

    private func post(_ harness: StoreHarness, _ traces: Range<Int>) throws {
        try harness.post(
            traces.flatMap { number in
                let trace = String(UInt64(number) &* 0x9e37_79b9_7f4a_7c15 | 1, radix: 16)
                return [
                    StoreHarness.span(trace: trace, id: "1", name: "page \(number % 3)"),
                    StoreHarness.span(
                        trace: trace, id: "2", parent: "1", tags: number % 10 == 0 ? ["error": "true"] : [:]),
                ]
            })
    }

    private func traces(_ harness: StoreHarness) throws -> [Trace] {
        try harness.store.find(TraceQuery(rules: .anySpans, startMin: 0, startMax: .max, limit: 10_000)).traces
    }

    /// Thins what is due, and waits before for the stages to come.
    private func age(_ harness: StoreHarness) throws {
        usleep(20_000)
        while case .merged = harness.store.ageIfDue(isStopping: { false }) {}
    }

    @Test func `older segments keep what their stage keeps, and say what it stands for`() throws {
        let harness = try harness(
            "ageing: [{until: 1ms, keep: all}, "
                + "{until: 1h, policies: [{type: errors}, {type: probabilistic, percent: 50}]}]")
        try post(harness, 0..<400)
        try harness.store.seal()
        try age(harness)
        let left = try traces(harness)
        #expect(left.filter { $0.spans.contains(where: \.isError) }.count == 40)
        var estimate = SampleEstimate()
        for trace in left {
            #expect(trace.spans.count == 2)
            estimate.add(probability: trace.samplingProbability)
        }
        #expect(left.count < 300)
        #expect(estimate.interval.contains(400), "\(estimate)")
    }

    @Test func `thinning twice changes nothing, and a restart neither`() throws {
        let harness = try harness(
            "ageing: [{until: 1ms, keep: all}, {until: 1h, policies: [{type: probabilistic, percent: 30}]}]")
        try post(harness, 0..<100)
        try harness.store.seal()
        try age(harness)
        let ids = try traces(harness).map(\.traceID)
        #expect(!ids.isEmpty && ids.count < 100)
        try harness.reopen()
        #expect(try traces(harness).map(\.traceID) == ids)
        #expect(harness.store.ageIfDue(isStopping: { false }) == .nothingDue)
    }

    @Test func `a trace of which another segment has the error stays whole`() throws {
        let harness = try harness("ageing: [{until: 1ms, keep: all}, {until: 1h, policies: [{type: errors}]}]")
        try harness.post([
            StoreHarness.span(trace: "a", id: "1"), StoreHarness.span(trace: "b", id: "1"),
        ])
        try harness.store.seal()
        try harness.post([StoreHarness.span(trace: "a", id: "2", parent: "1", tags: ["error": "true"])])
        try harness.store.seal()
        try age(harness)
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b") == nil)
    }

    @Test func `one trace of each operation and version stays`() throws {
        let harness = try harness(
            "ageing: [{until: 1ms, keep: all}, {until: 1h, policies: [{type: errors}], one-per: operation-and-version}]"
        )
        try post(harness, 1..<10)
        try harness.store.seal()
        try age(harness)
        let left = try traces(harness)
        #expect((3...4).contains(left.count))
        #expect(Set(left.map { String(decoding: $0.spans[0].operationName, as: UTF8.self) }).count == 3)
    }

    @Test func `a segment of which nothing stays goes`() throws {
        let harness = try harness("ageing: [{until: 1ms, keep: all}, {until: 1h, policies: [{type: errors}]}]")
        try post(harness, 1..<9)
        try harness.store.seal()
        try age(harness)
        #expect(harness.store.statistics().segmentCount == 0)
        try harness.reopen()
        #expect(try traces(harness).isEmpty)
    }

    @Test func `a thinning that is stopped leaves everything as it was`() throws {
        let harness = try harness("ageing: [{until: 1ms, keep: all}, {until: 1h, policies: [{type: errors}]}]")
        try post(harness, 0..<100)
        try harness.store.seal()
        usleep(20_000)
        #expect(harness.store.ageIfDue(isStopping: { true }) == .stopped)
        #expect(try traces(harness).count == 100)
        #expect(harness.store.statistics().segmentCount == 1)
    }
}
