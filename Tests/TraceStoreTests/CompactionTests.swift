import Catalog
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct CompactionPolicyTests {
    private func candidates(_ spanCounts: [Int]) -> [CompactionPolicy.Candidate] {
        spanCounts.enumerated().map {
            .init(id: Int64($0.offset + 1), createdAt: Int64($0.offset), spanCount: $0.element)
        }
    }

    private let policy = CompactionPolicy(spanCountMax: 2_000_000, blockSpanCount: 8192)

    @Test func `nothing is merged while segments are few`() {
        #expect(policy.next(candidates(Array(repeating: 115_000, count: 15))) == nil)
    }

    @Test func `sixteen of the size that sealing makes become one, the oldest first`() {
        #expect(policy.next(candidates(Array(repeating: 115_000, count: 20))) == Array(1...16))
    }

    @Test func `large segments are left alone, and are no neighbours of small ones`() {
        let mixed =
            [1_900_000] + Array(repeating: 100_000, count: 8) + [1_800_000] + Array(repeating: 100_000, count: 9)
        #expect(policy.next(candidates(mixed)) == nil)
        #expect(policy.next(candidates([1_900_000] + Array(repeating: 115_000, count: 16))) == Array(2...17))
    }

    @Test func `tiny segments become middling ones before they become large ones`() {
        #expect(
            policy.next(candidates(Array(repeating: 115_000, count: 3) + Array(repeating: 50, count: 16)))
                == Array(4...19))
    }

    @Test func `a merged segment never has more spans than allowed`() {
        let large = candidates(Array(repeating: 240_000, count: 20))
        let chosen = policy.next(large) ?? []
        #expect(chosen.count == 8)
        #expect(policy.nextOfAll(candidates([1_500_000, 600_000])) == nil)
        #expect(policy.nextOfAll(candidates([1_500_000, 500_000, 500_000])) == [1, 2])
    }

    @Test func `segments that others lack, or that are being handed on, are no neighbours`() {
        var segments = candidates(Array(repeating: 115_000, count: 32))
        for place in 0..<8 { segments[place].forwarding.lackedBy = [1] }
        #expect(policy.next(segments) == Array(9...24))
        #expect(policy.nextOfAll(segments) == Array(1...8))
        segments[8].forwarding.isBegun = true
        #expect(policy.next(segments) == Array(10...25))
    }

    @Test func `order is that of time, not of numbers`() {
        var segments = candidates(Array(repeating: 115_000, count: 16))
        segments[15].createdAt = -1
        #expect(policy.next(segments)?.first == 16)
    }
}

@Suite struct CompactionTests {
    @Test func `late spans of a trace come to the others`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(trace: "a1", id: "1"), StoreHarness.span(trace: "b1", id: "1")])
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "a1", id: "2", parent: "1", at: 1_790_000_000_000_100)])
        harness.store.sealAll()
        #expect(harness.store.statistics().segmentCount == 2)
        #expect(try harness.store.compact() == 2)
        let statistics = harness.store.statistics()
        #expect(statistics.segmentCount == 1 && statistics.segmentSpanCount == 3 && statistics.segmentTraceCount == 2)
        #expect(try harness.spanIDs("a1") == ["0000000000000001", "0000000000000002"])
        try harness.reopen()
        #expect(try harness.spanIDs("a1") == ["0000000000000001", "0000000000000002"])
        #expect(try harness.store.verify { _, _ in }.isEmpty)
    }

    @Test func `a query that began before a merge reads on`() throws {
        let harness = try StoreHarness()
        for number in 1...3 {
            try harness.post([StoreHarness.span(trace: "c\(number)", id: "1")])
            harness.store.sealAll()
        }
        let snapshot = harness.store.state.snapshot()
        #expect(try harness.store.compact() == 3)
        let reader = TraceReader(snapshot, StoreHarness.logger)
        #expect(try reader.trace(TraceID(hex: "c2") ?? TraceID(high: 0, low: 1))?.spans.count == 1)
    }

    @Test func `a dropped trace is in no file, and stays gone`() throws {
        let harness = try StoreHarness()
        try harness.post([
            StoreHarness.span(trace: "d1", id: "1", service: "secret-service", tags: ["user": "alice the great"]),
            StoreHarness.span(trace: "d2", id: "1", tags: ["user": "bob"]),
        ])
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "d1", id: "2", tags: ["user": "alice the great"])])
        let traceID = try #require(TraceID(hex: "d1"))
        #expect(try harness.store.drop([traceID]) == [traceID])
        #expect(try harness.spanIDs("d1") == nil)
        #expect(try harness.spanIDs("d2") == ["0000000000000001"])
        #expect(try harness.store.serviceNames() == ["shop"])
        #expect(try harness.folder.files(containing: "alice the great").isEmpty)
        #expect(try harness.store.drop([traceID]).isEmpty)
        try harness.reopen()
        #expect(try harness.spanIDs("d1") == nil)
    }

    @Test func `a search finds what the catalog has just replaced`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        try harness.store.seal()
        let id = try #require(harness.store.state.snapshot().segments.first?.id)
        #expect(harness.store.state.beginRewriting(id: id) != nil)
        // The moment between the catalog's transaction and the end of the rewriting.
        try harness.store.catalog.remove(segmentIDs: [id])
        #expect(try harness.find { $0.serviceName = "shop" } == ["a"])
        harness.store.state.endRewriting([id], replacement: [])
        #expect(try harness.find { $0.serviceName = "shop" } == [])
    }

    @Test func `senders with a service of their own for every span get segments of bounded shapes`() throws {
        let harness = try StoreHarness()
        for part in 0..<5 {
            var builder = SpanBatchBuilder()
            for number in 0..<9000 {
                var name = "service \(part) \(number)"
                builder.beginSpan()
                builder.traceID = TraceID(high: 1, low: UInt64(part * 10_000 + number + 1))
                builder.spanID = 1
                builder.start = Int64(number)
                builder.serviceName = name.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
                builder.endSpan()
            }
            try harness.append(builder.makeBatch())
        }
        harness.store.sealAll()
        #expect(harness.store.statistics().segmentCount == 3)
        #expect(harness.store.statistics().segmentSpanCount == 45_000)
        #expect(harness.store.statistics().liveSpanCount == 0)
    }
}
