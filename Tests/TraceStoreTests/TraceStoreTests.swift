import FoundationEssentials
import Journal
import Synchronization
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct TraceStoreTests {
    @Test func `equal spans appear once, the halves of a shared ID twice`() throws {
        let harness = try StoreHarness()
        let client = StoreHarness.span(trace: "a", id: "1", kind: "CLIENT")
        let server = StoreHarness.span(trace: "a", id: "1", kind: "SERVER", service: "cart", shared: true)
        try harness.post([client, server, client])
        harness.store.sealAll()
        try harness.post([client])
        #expect(try harness.spanIDs("a") == ["0000000000000001", "0000000000000001"])
    }

    @Test func `trace IDs of 64 and 128 bits with one low half are two traces`() throws {
        let harness = try StoreHarness()
        try harness.post([
            StoreHarness.span(trace: "000000000000000a", id: "1"),
            StoreHarness.span(trace: "0000000000000001000000000000000a", id: "2"),
        ])
        for _ in 0..<2 {
            #expect(try harness.spanIDs("a") == ["0000000000000001"])
            #expect(try harness.spanIDs("1000000000000000a") == ["0000000000000002"])
            harness.store.sealAll()
        }
    }

    @Test func `what was kept is there after a close, and after a crash`() throws {
        let harness = try StoreHarness()
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "a", id: "2", parent: "1"), StoreHarness.span(trace: "b", id: "3")])
        try harness.crash()
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b")?.count == 1)
        #expect(harness.store.statistics().liveSpanCount == 2)
        let closed = try StoreHarness()
        try closed.post([StoreHarness.span(trace: "c", id: "1")])
        try closed.reopen()
        #expect(try closed.spanIDs("c")?.count == 1)
        #expect(closed.store.statistics().liveSpanCount == 0)
        #expect(closed.store.statistics().segmentSpanCount == 1)
    }

    @Test func `a segment that the catalog no longer names is removed at start`() throws {
        let harness = try StoreHarness()
        let segments = harness.folder.path + "/segments/"
        for trace in ["a", "b"] {
            try harness.post([StoreHarness.span(trace: trace, id: "1")])
            harness.store.sealAll()
        }
        let expired = try Data(contentsOf: URL(filePath: segments + "0000000001.segment"))
        harness.options.retentionByteCount = expired.count + 1
        try harness.reopen()
        harness.store.expire()
        harness.store.close()
        try expired.write(to: URL(filePath: segments + "0000000001.segment"))
        try "half".write(toFile: segments + "0000000078.segment.unfinished", atomically: false, encoding: .utf8)
        let store = try TraceStore(path: harness.folder.path, options: harness.options, logger: StoreHarness.logger)
        #expect(try FileManager.default.contentsOfDirectory(atPath: segments) == ["0000000002.segment"])
        #expect(store.statistics().segmentSpanCount == 1)
        store.close()
    }

    @Test func `a damaged segment is reported and the rest is served`() throws {
        let harness = try StoreHarness()
        for trace in ["a", "b"] {
            try harness.post([StoreHarness.span(trace: trace, id: "1")])
            harness.store.sealAll()
        }
        let path = harness.folder.path + "/segments/0000000001.segment"
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[40] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
        #expect(throws: StoreError.self) { _ = try harness.spanIDs("a") }
        #expect(try harness.spanIDs("b")?.count == 1)
        #expect(try harness.store.verify { _, _ in }.count > 0)
        #expect(try harness.find { _ in } == ["b"])
    }

    @Test func `a second store on the folder is refused`() throws {
        let harness = try StoreHarness()
        do {
            _ = try TraceStore(path: harness.folder.path, options: harness.options, logger: StoreHarness.logger)
            Issue.record("two stores have one folder")
        } catch {
            #expect(error.code == .inUse)
        }
    }

    @Test func `a store at work has spans for which there is no room wait for the sealing`() throws {
        let harness = try StoreHarness {
            $0.liveByteCountMax = 20_000
            $0.appendWait = 60
        }
        try harness.store.start()
        for number in 1...300 { try harness.post([StoreHarness.span(trace: "a", id: "\(number)")]) }
        #expect(try harness.spanIDs("a")?.count == 300)
        #expect(harness.store.statistics().segmentCount > 0)
        harness.store.close()
    }

    @Test func `spans that have waited for too long are refused, and those that still wait at the end`() throws {
        let waiting = WaitingAppends()
        let outcomes = Mutex<[Int: Bool]>([:])
        func entry(_ number: Int, since: Double) throws -> WaitingAppends.Entry {
            let batch = SpanBatchBuilder().makeBatch()
            return WaitingAppends.Entry(
                batches: OfferedBatches(first: batch, second: nil),
                record: try batch.withBytes { try JournalRecord.pack($0) },
                completion: { result in
                    outcomes.withLock { $0[number] = (try? result.get()) != nil }
                }, since: since)
        }
        #expect(!waiting.add(try entry(0, since: 0), byteCountMax: 1 << 20), "nobody would serve it")
        waiting.open()
        for number in 1...3 { #expect(waiting.add(try entry(number, since: Double(number)), byteCountMax: 1 << 20)) }
        #expect(!waiting.add(try entry(4, since: 4), byteCountMax: 10), "no more bytes than allowed wait")
        waiting.expire(after: 2, now: 3.5)
        #expect(outcomes.withLock { $0 } == [1: false])
        waiting.admit { entry in
            guard entry.since == 2 else { return false }
            entry.completion(.success(()))
            return true
        }
        #expect(outcomes.withLock { $0 } == [1: false, 2: true])
        waiting.close()
        #expect(outcomes.withLock { $0 } == [1: false, 2: true, 3: false])
        #expect(!waiting.add(try entry(5, since: 5), byteCountMax: 1 << 20))
    }

    @Test func `more live spans than allowed are refused until they are sealed`() throws {
        let harness = try StoreHarness { $0.liveByteCountMax = 20_000 }
        var accepted = 0
        #expect(throws: TraceStore.Refusal.self) {
            for number in 1...1000 {
                try harness.post([StoreHarness.span(trace: "a", id: "\(number)")])
                accepted += 1
            }
        }
        #expect(accepted > 5)
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "a", id: "ffff")])
        #expect(try harness.spanIDs("a")?.count == accepted + 1)
    }

    @Test func `a journal larger than may be live is sealed while it is read`() throws {
        let harness = try StoreHarness { $0.journal.partByteCountMax = 4096 }
        var generator = SpanGenerator(seed: 3)
        var expected: Set<String> = []
        for _ in 0..<60 {
            let batch = generator.batch(spanCount: 10)
            for span in batch.spans { expected.insert(span.canonicalText) }
            try harness.append(batch)
        }
        harness.options.liveByteCountMax = 60_000
        try harness.crash()
        #expect(harness.store.statistics().segmentCount > 0)
        #expect(try harness.storedTexts(of: generator) == expected)
        #expect(harness.store.statistics().liveSpanCount + harness.store.statistics().segmentSpanCount == 600)
    }

    @Test func `segments go by age and by size, the oldest first`() {
        var segments: [(createdAt: Int64, byteCount: Int, isHeld: Bool)] = [(30, 10), (10, 10), (20, 10)]
            .map { (Int64($0.0) * 1_000_000_000, $0.1, false) }
        let now: Int64 = 31_000_000_000
        #expect(RetentionPolicy().expired(segments, now: now) == [])
        #expect(RetentionPolicy(age: 15).expired(segments, now: now) == [1])
        #expect(RetentionPolicy(byteCount: 20).expired(segments, now: now) == [1])
        #expect(RetentionPolicy(byteCount: 19).expired(segments, now: now) == [1, 2])
        #expect(RetentionPolicy(age: 0.5, byteCount: 0).expired(segments, now: now) == [0, 1, 2])
        segments[1].isHeld = true
        #expect(RetentionPolicy(age: 15).expired(segments, now: now) == [])
        #expect(RetentionPolicy(byteCount: 20).expired(segments, now: now) == [2])
        #expect(RetentionPolicy(byteCount: 0).expired(segments, now: now) == [0, 2])
    }

    @Test func `expired segments are gone from answers, from the lists of names and from the disk`() throws {
        let harness = try StoreHarness { $0.retentionByteCount = 0 }
        try harness.post([StoreHarness.span(trace: "a", id: "1", service: "old")])
        harness.store.sealAll()
        harness.store.expire()
        #expect(try harness.spanIDs("a") == nil)
        #expect(try harness.store.serviceNames().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: harness.folder.path + "/segments").isEmpty)
        #expect(harness.store.statistics().expiredSpanCount == 1)
    }
}

extension StoreHarness {
    /// The content of every span stored of the traces that the generator made.
    func storedTexts(of generator: SpanGenerator) throws -> Set<String> {
        var texts: Set<String> = []
        for traceID in generator.traceIDs {
            for span in try store.trace(traceID)?.spans ?? [] { texts.insert(span.canonicalText) }
        }
        return texts
    }
}
