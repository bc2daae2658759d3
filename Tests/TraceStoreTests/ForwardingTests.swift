import FoundationEssentials
import Synchronization
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// Following a store: what destinations lack, through all that becomes of segments.
@Suite struct ForwardingTests {
    private func harness(
        _ names: [String] = ["main"], _ configure: (inout StoreOptions) -> Void = { _ in }
    ) throws -> StoreHarness {
        try StoreHarness { options in
            options.destinations = names.map { StoreDestination(name: $0) }
            configure(&options)
        }
    }

    /// Seals a segment of some spans, each a trace of its own.
    private func seal(_ harness: StoreHarness, _ traces: [String]) throws {
        try harness.post(traces.map { StoreHarness.span(trace: $0, id: "1") })
        try harness.store.seal()
    }

    /// The traces of what is read of a segment, as hex digits.
    private func read(_ harness: StoreHarness, _ pending: PendingSegment, from place: Int = 0) throws -> [String] {
        var traces: [String] = []
        try harness.store.readPending(pending, from: place) { part, _ in
            guard case .spans(let batch, let rows) = part else { return true }
            for row in rows { traces.append(String(SpanView(batch: batch, row: row).traceID.low, radix: 16)) }
            return true
        }
        return traces
    }

    /// Hands everything on.
    @discardableResult
    private func drain(_ harness: StoreHarness, _ name: String = "main") throws -> [String] {
        var traces: [String] = []
        while let pending = harness.store.nextPending(destination: name) {
            traces += try read(harness, pending, from: pending.doneSpanCount)
            try harness.store.markForwarded(pending, doneSpanCount: pending.spanCount)
            harness.store.endPending(pending)
        }
        return traces
    }

    @Test func `segments are handed out oldest first, each once, also after a restart`() throws {
        let harness = try harness()
        let calls = Mutex(0)
        harness.store.whenPending { calls.withLock { $0 += 1 } }
        for name in ["a", "b", "c"] { try seal(harness, [name]) }
        #expect(calls.withLock { $0 } == 3)
        let first = try #require(harness.store.nextPending(destination: "main"))
        #expect(try read(harness, first) == ["a"])
        // What somebody is at is not handed out again, until it is given back.
        let second = try #require(harness.store.nextPending(destination: "main"))
        #expect(try read(harness, second) == ["b"])
        harness.store.endPending(first)
        #expect(harness.store.nextPending(destination: "main")?.id == first.id)
        try harness.store.markForwarded(second, doneSpanCount: 1)
        #expect(harness.store.lag(destination: "main").segmentCount == 2)
        try harness.crash()
        #expect(harness.store.lag(destination: "main").spanCount == 2)
        #expect(try drain(harness) == ["a", "c"])
        try harness.reopen()
        #expect(try drain(harness) == [])
        #expect(harness.store.lag(destination: "main") == ForwardLag())
    }

    @Test func `a segment that was begun goes on where it was noted`() throws {
        let harness = try harness { $0.blockSpanCount = 4 }
        let traces = (1...10).map { String($0, radix: 16) }
        try seal(harness, traces)
        let pending = try #require(harness.store.nextPending(destination: "main"))
        let all = try read(harness, pending)
        #expect(Set(all) == Set(traces))
        try harness.store.markForwarded(pending, doneSpanCount: 6)
        #expect(harness.store.lag(destination: "main").spanCount == 4)
        try harness.crash()
        #expect(harness.store.lag(destination: "main").spanCount == 4)
        #expect(try drain(harness) == Array(all[6...]))
        #expect(try harness.store.verify { _, _ in } == [])
    }

    @Test func `what the journal brings back is lacked too`() throws {
        let harness = try harness()
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        try harness.crash()
        try harness.store.seal()
        #expect(try drain(harness) == ["a"])
    }

    @Test func `segments that differ in who lacks them do not merge, equal ones do`() throws {
        let harness = try harness(["x", "y"])
        for name in ["a", "b", "c", "d"] { try seal(harness, [name]) }
        for _ in 0..<2 {
            let pending = try #require(harness.store.nextPending(destination: "x"))
            try harness.store.markForwarded(pending, doneSpanCount: 1)
            harness.store.endPending(pending)
        }
        #expect(try harness.store.compact() == 4)
        #expect(harness.store.statistics().segmentCount == 2)
        try harness.crash()
        #expect(harness.store.lag(destination: "x").spanCount == 2)
        #expect(harness.store.lag(destination: "x").segmentCount == 1)
        #expect(harness.store.lag(destination: "y").spanCount == 4)
        #expect(try Set(drain(harness, "x")) == ["c", "d"])
        #expect(try Set(drain(harness, "y")) == ["a", "b", "c", "d"])
        // Once both have everything nothing keeps the two apart.
        #expect(try harness.store.compact() == 2)
        #expect(try drain(harness, "x") == [])
        #expect(try harness.store.verify { _, _ in } == [])
    }

    @Test func `a segment that is being handed on, or half done, is not merged`() throws {
        let harness = try harness()
        try seal(harness, ["a1", "a2"])
        for name in ["b", "c"] { try seal(harness, [name]) }
        let pending = try #require(harness.store.nextPending(destination: "main"))
        #expect(try harness.store.compact() == 2)
        try harness.store.markForwarded(pending, doneSpanCount: 1)
        harness.store.endPending(pending)
        #expect(try harness.store.compact() == 0)
        #expect(try drain(harness).count == 3)
        #expect(try harness.store.compact() == 2)
    }

    @Test func `a segment that is replaced meanwhile is read to its end`() throws {
        let harness = try harness { $0.blockSpanCount = 2 }
        try seal(harness, ["a", "b", "c", "d"])
        let pending = try #require(harness.store.nextPending(destination: "main"))
        var traces: [TraceID] = []
        try harness.store.readPending(pending, from: 0) { part, _ in
            guard case .spans(let batch, _) = part else { return true }
            traces += batch.spans.map(\.traceID)
            if traces.count == 2 { _ = try harness.store.drop([traces[0]]) }
            return true
        }
        #expect(traces.count == 4)
        // The note is of what is no longer there; what is left is handed on from its beginning.
        try harness.store.markForwarded(pending, doneSpanCount: 4)
        harness.store.endPending(pending)
        #expect(try drain(harness).count == 3)
    }

    @Test func `retention waits for a destination that holds it, and else counts what went unsent`() throws {
        let harness = try harness { $0.retentionByteCount = 0 }
        try seal(harness, ["a", "b"])
        harness.store.expire()
        #expect(harness.store.statistics().segmentCount == 1)
        harness.options.destinations[0].holdsRetention = false
        try harness.reopen()
        harness.store.expire()
        #expect(harness.store.statistics().segmentCount == 0)
        #expect(harness.store.lag(destination: "main").unsentSpanCount == 2)
        #expect(try drain(harness) == [])
    }

    @Test func `retention goes on once everything is handed on`() throws {
        let harness = try harness { $0.retentionByteCount = 0 }
        try seal(harness, ["a"])
        try drain(harness)
        harness.store.expire()
        #expect(harness.store.statistics().segmentCount == 0)
        #expect(harness.store.lag(destination: "main").unsentSpanCount == 0)
    }

    @Test func `a new destination takes what is stored, or begins with what comes`() throws {
        let harness = try harness([])
        try seal(harness, ["a"])
        harness.options.destinations = [
            StoreDestination(name: "all"), StoreDestination(name: "later", takesStored: false),
        ]
        try harness.reopen()
        try seal(harness, ["b"])
        #expect(try drain(harness, "all") == ["a", "b"])
        #expect(try drain(harness, "later") == ["b"])
    }

    @Test func `a destination that is gone loses nothing until it is forgotten, and holds nothing`() throws {
        let harness = try harness()
        try seal(harness, ["a"])
        harness.options.destinations = []
        try harness.reopen()
        try seal(harness, ["b"])
        #expect(try harness.store.knownDestinations() == ["main"])
        #expect(try harness.store.lags().map(\.lag.spanCount) == [2])
        harness.options.destinations = [StoreDestination(name: "main")]
        try harness.reopen()
        #expect(try drain(harness) == ["a", "b"])
        try seal(harness, ["c"])
        harness.options.destinations = []
        harness.options.retentionByteCount = 0
        try harness.reopen()
        #expect(try harness.store.forgetDestination("main"))
        #expect(try !harness.store.forgetDestination("main"))
        harness.store.expire()
        #expect(harness.store.statistics().segmentCount == 0)
        #expect(try harness.store.knownDestinations() == [])
    }

    @Test func `after a rebuild of the catalog everything is lacked again, and hashes stay`() throws {
        let harness = try harness()
        try seal(harness, ["a"])
        try drain(harness)
        let key = try harness.store.forwardHashKey()
        harness.store.close()
        _ = try TraceStore.rebuildCatalog(path: harness.folder.path, logger: StoreHarness.logger)
        try harness.open()
        #expect(try harness.store.forwardHashKey() == key)
        #expect(try drain(harness) == ["a"])
    }

    @Test func `the root of a trace is found wherever it is in the segment`() throws {
        let harness = try harness { $0.blockSpanCount = 16 }
        let first = 1_790_000_000_000_000
        var spans = (2...200).map {
            StoreHarness.span(trace: "f", id: String($0, radix: 16), parent: "1", at: first + $0)
        }
        spans.append(StoreHarness.span(trace: "f", id: "1", at: first + 150))
        spans.append(StoreHarness.span(trace: "e", id: "2", parent: "1"))
        try harness.post(spans)
        try harness.store.seal()
        let pending = try #require(harness.store.nextPending(destination: "main"))
        let root = try harness.store.root(of: TraceID(high: 0, low: 0xF), in: pending)
        #expect(root?.spanID == SpanID(1))
        #expect(try harness.store.root(of: TraceID(high: 0, low: 0xE), in: pending) == nil)
        #expect(try harness.store.root(of: TraceID(high: 0, low: 0xD), in: pending) == nil)
    }

    @Test func `a damaged block is told of, and the rest is read`() throws {
        let harness = try harness { $0.blockSpanCount = 4 }
        try seal(harness, (1...12).map { String($0, radix: 16) })
        harness.store.close()
        let file = try #require(
            try FileManager.default.contentsOfDirectory(atPath: harness.folder.path + "/segments").first)
        let path = harness.folder.path + "/segments/" + file
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for place in 40..<48 { bytes[place] ^= 0xFF }
        try Data(bytes).write(to: URL(filePath: path))
        try harness.open()
        let pending = try #require(harness.store.nextPending(destination: "main"))
        var spanCount = 0
        var damagedCount = 0
        try harness.store.readPending(pending, from: 0) { part, _ in
            switch part {
            case .spans(_, let rows): spanCount += rows.count
            case .damaged(let count, _): damagedCount += count
            }
            return true
        }
        #expect(damagedCount > 0 && spanCount > 0 && spanCount + damagedCount == 12)
    }
}
