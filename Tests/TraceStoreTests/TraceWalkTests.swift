import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// All traces, one after the other, as a simulation reads them.
@Suite struct TraceWalkTests {
    private func walk(
        _ store: TraceStore, _ window: ClosedRange<Int64> = 0...(.max), service: String? = nil
    ) throws -> [(traceID: TraceID, start: Int64, spanCount: Int)] {
        var found: [(traceID: TraceID, start: Int64, spanCount: Int)] = []
        var progress: [Int] = []
        try store.forEachTrace(
            startingWithin: window, serviceName: service, QueryWork(), progress: { done, _ in progress.append(done) }
        ) { spans in
            found.append((spans[0].traceID, spans.compactMap(\.start).min() ?? 0, spans.count))
        }
        #expect(progress == progress.sorted())
        return found
    }

    @Test(arguments: [UInt64(5), 6, 7])
    func `every trace comes once, whole and in order, wherever its parts are`(seed: UInt64) throws {
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        var generator = SpanGenerator(seed: seed)
        // Traces go on from one batch to the next: into other segments, and into what is live.
        for _ in 0..<6 {
            try harness.append(generator.batch(spanCount: 200))
            try harness.store.seal()
        }
        try harness.append(generator.batch(spanCount: 200))
        let found = try walk(harness.store)
        #expect(Set(found.map(\.traceID)).count == found.count, "seed \(seed)")
        var expectedCount = 0
        for traceID in generator.traceIDs {
            guard let trace = try harness.store.trace(traceID) else { continue }
            let start = trace.spans.compactMap(\.start).min()
            guard let start, start >= 0 else { continue }
            expectedCount += 1
            let own = found.first { $0.traceID == traceID }
            #expect(own?.spanCount == trace.spans.count, "\(traceID) of seed \(seed)")
            #expect(own?.start == start)
        }
        #expect(found.count == expectedCount)
        // Only parts that lie apart come late.
        let ordered = zip(found, found.dropFirst()).count { $0.start <= $1.start }
        #expect(ordered >= found.count - 1 - 20)
        harness.store.close()
    }

    @Test func `a window and a service choose whole traces`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 9, everySpanHasStart: true)
        try harness.append(generator.batch(spanCount: 500))
        try harness.store.seal()
        let all = try walk(harness.store)
        let (low, high) = (all[all.count / 4].start, all[all.count / 2].start)
        let some = try walk(harness.store, low...high)
        #expect(some.map(\.traceID) == all.filter { (low...high).contains($0.start) }.map(\.traceID))
        let named = try walk(harness.store, service: "a.default")
        #expect(!named.isEmpty && named.count < all.count)
        #expect(try walk(harness.store, service: "nobody").isEmpty)
        #expect((harness.store.byteCountPerSpan ?? 0) > 1)
        harness.store.close()
    }

    @Test func `a query that nobody waits for ends`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 10)
        try harness.append(generator.batch(spanCount: 500))
        #expect(throws: StoreError.self) {
            try harness.store.forEachTrace(
                startingWithin: 0...(.max), serviceName: nil, QueryWork(isWanted: { false })
            ) { _ in }
        }
        harness.store.close()
    }
}
