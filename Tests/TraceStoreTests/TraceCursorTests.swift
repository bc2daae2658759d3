import FoundationEssentials
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct TraceCursorTests {
    /// What a cursor that reads no trace whole gives of one.
    private func pieces(of traceID: TraceID, in store: TraceStore) throws -> (spans: [SpanView], outline: TraceOutline)?
    {
        let reader = TraceReader(store.state.snapshot(), StoreHarness.logger)
        guard let cursor = try reader.open(traceID, QueryWork(), wholeSpanCountMax: 0) else { return nil }
        #expect(cursor.trace == nil)
        var spans: [SpanView] = []
        while let piece = try cursor.next() {
            #expect(piece.place == spans.count)
            #expect(!piece.spans.isEmpty)
            spans += piece.spans
        }
        #expect(try cursor.next() == nil)
        #expect(cursor.spanCount == spans.count)
        return (spans, cursor.outline)
    }

    private func expectSame(_ traceIDs: [TraceID], in store: TraceStore, _ what: Comment) throws {
        for traceID in traceIDs {
            let whole = try #require(try store.trace(traceID), what)
            let found = try #require(try pieces(of: traceID, in: store), what)
            #expect(found.spans.map(\.canonicalText) == whole.spans.map(\.canonicalText), what)
            let expected = TraceOutline(whole)
            let outline = found.outline
            #expect(outline.spanIDs == expected.spanIDs && outline.parentIDs == expected.parentIDs, what)
            #expect(outline.starts == expected.starts && outline.durations == expected.durations, what)
            for place in whole.spans.indices {
                #expect(outline.traits(place) == whole.spans[place].traits, what)
                #expect(outline.serviceName(place).elementsEqual(whole.spans[place].serviceName), what)
            }
        }
    }

    @Test(arguments: [UInt64](1...6))
    func `a cursor gives what the store gives at once, wherever the spans are`(seed: UInt64) throws {
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        var generator = SpanGenerator(seed: seed)
        var random = SeededGenerator(seed: seed ^ 0x5eed)
        var batches: [SpanBatch] = []
        for round in 0..<6 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Some come again: the same spans, in other parts.
                let isAgain = Int.random(in: 0..<4, using: &random) == 0
                let batch = batches.randomElement(using: &random).flatMap { isAgain ? $0 : nil }
                let next = batch ?? generator.batch(spanCount: Int.random(in: 1...150, using: &random))
                batches.append(next)
                try harness.append(next)
            }
            let traceIDs = Array(Set(batches.flatMap { $0.spans.map(\.traceID) }))
            try expectSame(traceIDs, in: harness.store, "seed \(seed), round \(round), with live spans")
            if Bool.random(using: &random) { harness.store.sealAll() }
            if Int.random(in: 0..<3, using: &random) == 0 { _ = try harness.store.compact() }
            try expectSame(traceIDs, in: harness.store, "seed \(seed), round \(round)")
        }
        harness.store.close()
    }

    @Test func `a long trace comes in pieces, from parts that lie across each other, equal spans once`() throws {
        let harness = try StoreHarness { $0.blockSpanCount = 1000 }
        let numbers = Array(1...6000)
        func span(_ number: Int) -> String {
            StoreHarness.span(
                trace: "a1", id: String(number, radix: 16), parent: number > 1 ? "1" : nil,
                at: number % 50 == 0 ? nil : 1_790_000_000_000_000 + number,
                tags: ["guid": "01234567-89ab-4cde-8f01-23456789abcd", "number": "\(number / 3)"])
        }
        // Every third in a part of its own, and some in two.
        for part in 0..<3 {
            let own = numbers.filter { $0 % 3 == part || $0 % 100 == 7 }.reversed()
            for some in Array(own).chunked(400) { try harness.post(some.map(span)) }
            if part < 2 { harness.store.sealAll() }
        }
        let traceID = try #require(TraceID(hex: "a1"))
        try expectSame([traceID], in: harness.store, "two segments and live spans")
        let cursor = try #require(try harness.store.openTrace(traceID, QueryWork()))
        #expect(cursor.trace == nil)
        #expect(cursor.spanCount == numbers.count)
        var counts: [Int] = []
        while let piece = try cursor.next() { counts.append(piece.spans.count) }
        #expect(counts.count > 3 && counts.reduce(0, +) == numbers.count)
        harness.store.sealAll()
        try expectSame([traceID], in: harness.store, "three segments")
        #expect(try harness.store.compact() > 0)
        try expectSame([traceID], in: harness.store, "one segment")
    }

    @Test func `a damaged block costs its own spans only`() throws {
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        for first in [1, 1001] {
            try harness.post(
                (first..<first + 300).map { number in
                    StoreHarness.span(
                        trace: "a1", id: String(number, radix: 16), at: 1_790_000_000_000_000 + number,
                        tags: ["text": "text number \(number) of many, and no two the same: \(number * number)"])
                })
            harness.store.sealAll()
        }
        harness.store.close()
        let path = harness.folder.path + "/segments/0000000001.segment"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let traceID = try #require(TraceID(hex: "a1"))
        var lostCounts: Set<Int> = []
        for place in stride(from: 40, to: bytes.count / 2, by: 97) {
            var damaged = bytes
            damaged[place] ^= 0x10
            try Data(damaged).write(to: URL(filePath: path))
            try harness.open()
            let found = try #require(try pieces(of: traceID, in: harness.store))
            let ids = Set(found.spans.map(\.spanID.value))
            #expect(ids.count == found.spans.count && ids.isSuperset(of: (1001..<1301).map { UInt64($0) }))
            lostCounts.insert(600 - ids.count)
            harness.store.close()
        }
        #expect(lostCounts.contains(64), "the spans of one block: \(lostCounts)")
    }

    @Test func `an unknown trace has no cursor, and one of few spans is whole`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        #expect(try harness.store.openTrace(TraceID(high: 0, low: 11), QueryWork()) == nil)
        let cursor = try #require(try harness.store.openTrace(TraceID(high: 0, low: 10), QueryWork()))
        #expect(cursor.trace?.spans.count == 1)
        #expect(try cursor.next()?.spans.count == 1)
        #expect(try cursor.next() == nil)
    }

    @Test func `a query that nobody waits for ends between pieces`() throws {
        let harness = try StoreHarness()
        let ids = Array(1...5000)
        for some in ids.chunked(500) {
            try harness.post(some.map { StoreHarness.span(trace: "a1", id: String($0, radix: 16)) })
        }
        let deadline = ContinuousClock.now.advanced(by: .seconds(-1))
        #expect(throws: StoreError.self) {
            _ = try harness.store.openTrace(TraceID(high: 0, low: 0xa1), QueryWork(deadline: deadline))
        }
        harness.store.sealAll()
        let isWanted = Flag()
        let work = QueryWork(isWanted: { isWanted.value })
        let cursor = try #require(try harness.store.openTrace(TraceID(high: 0, low: 0xa1), work))
        #expect(try cursor.next() != nil)
        isWanted.value = false
        #expect(throws: StoreError.self) { _ = try cursor.next() }
    }
}

/// Read and written by one thread.
private final class Flag: @unchecked Sendable {
    var value = true
}

extension Array {
    fileprivate func chunked(_ count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
