import Catalog
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TopologyStore

@Suite struct TopologyStoreTests {
    private static let second = CallTraffic.second
    private static let window = CallTraffic.begin - 60 * second..<CallTraffic.begin + 600 * second
    private static let seeds: [UInt64] = [1, 2, 3]

    @Test(arguments: seeds)
    func `however spans are batched and sealed the sum is that of all in one go`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed &+ 1000)
        var traffic = CallTraffic(seed: seed, traceCount: 250, seconds: 90)
        let batches = traffic.batches(sizes: 1...Int.random(in: 1...60, using: &random))
        let model = try SealingModel()
        for (place, batch) in batches.enumerated() {
            model.append(batch)
            guard Int.random(in: 0..<max(4, batches.count / 12), using: &random) == 0 else { continue }
            if Bool.random(using: &random) {
                try model.seal(now: batch.arrival)
            }
            let counts = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
            #expect(counts.difference(from: NamedCounts(of: batches[...place])) == "")
        }
        let truth = NamedCounts(of: batches)
        #expect(truth.callCount > 1000)
        try model.seal(now: CallTraffic.begin + 100 * Self.second)
        let sealed = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
        #expect(sealed.difference(from: truth) == "")
        try model.settle(now: CallTraffic.begin + 200 * Self.second)
        #expect(try NamedCounts(of: model.store, within: Self.window).difference(from: truth) == "")
        #expect(model.store.statistics.waitingSpanCount == 0)
        #expect(try model.catalog.topologyWaiting().isEmpty)
    }

    @Test(arguments: seeds)
    func `neither a crash nor a failure loses or doubles a call`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed &+ 2000)
        var traffic = CallTraffic(seed: seed, traceCount: 250, seconds: 90)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for (place, batch) in batches.enumerated() {
            model.append(batch)
            guard Int.random(in: 0..<max(4, batches.count / 15), using: &random) == 0 else { continue }
            let outcome = SealingModel.Outcome.allCases.randomElement(using: &random) ?? .done
            try model.seal(now: batch.arrival, outcome)
            let counts = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
            #expect(counts.difference(from: NamedCounts(of: batches[...place])) == "", "after \(outcome) at \(place)")
        }
        while model.unsealed.contains(where: { !$0.batches.isEmpty }) {
            try model.seal(now: CallTraffic.begin + 100 * Self.second)
        }
        try model.reopen()
        try model.settle(now: CallTraffic.begin + 200 * Self.second)
        try model.reopen()
        let counts = try NamedCounts(of: model.store, within: Self.window)
        #expect(counts.difference(from: NamedCounts(of: batches)) == "")
    }

    @Test func `what is discarded can be prepared again`() throws {
        var traffic = CallTraffic(seed: 7, traceCount: 60, seconds: 30)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for batch in batches { model.append(batch) }
        let now = CallTraffic.begin + 32 * Self.second
        for _ in 0..<3 { try model.seal(now: now, .failed) }
        let before = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
        #expect(before.difference(from: NamedCounts(of: batches)) == "")
        #expect(model.store.statistics.settledSpanCount == 0)
        try model.seal(now: now)
        #expect(model.store.statistics.settledSpanCount > 0)
        #expect(model.store.statistics.waitingSpanCount > 0)
        let after = try NamedCounts(of: model.store, within: Self.window, unsealed: model.unsealed)
        #expect(after.difference(from: NamedCounts(of: batches)) == "")
    }

    @Test func `a generation that is committed counts once, whoever still takes it for live`() throws {
        var traffic = CallTraffic(seed: 8, traceCount: 60, seconds: 30)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for batch in batches { model.append(batch) }
        let seen = model.unsealed
        try model.seal(now: CallTraffic.begin + 32 * Self.second)
        let counts = try NamedCounts(of: model.store, within: Self.window, unsealed: seen)
        #expect(counts.difference(from: NamedCounts(of: batches)) == "")
    }

    @Test func `what comes after its trace was settled counts by itself, and stays counted`() throws {
        var traffic = CallTraffic(seed: 9, traceCount: 20, seconds: 1)
        traffic.keepLongestTrace()
        var builder = SpanBatchBuilder()
        let early = Array(traffic.spans.prefix(2))
        let late = Array(traffic.spans.dropFirst(2))
        #expect(!late.isEmpty)
        let model = try SealingModel()
        let arrivals = (CallTraffic.begin, CallTraffic.begin + 100 * Self.second)
        model.append(ArrivedBatch(CallTraffic.batch(early, &builder), arrival: arrivals.0))
        try model.seal(now: arrivals.0)
        #expect(!model.store.isSettlingDue(now: arrivals.0 + 14 * Self.second))
        #expect(model.store.isSettlingDue(now: arrivals.0 + 15 * Self.second))
        try model.settle(now: arrivals.0 + 15 * Self.second)
        #expect(model.store.statistics.waitingSpanCount == 0)
        model.append(ArrivedBatch(CallTraffic.batch(late, &builder), arrival: arrivals.1))
        try model.seal(now: arrivals.1)
        try model.reopen()
        try model.settle(now: arrivals.1, all: true)
        let counts = try NamedCounts(of: model.store, within: Self.window)
        var expected = NamedCounts(of: [ArrivedBatch(CallTraffic.batch(early, &builder), arrival: 0)])
        expected.merge(NamedCounts(of: [ArrivedBatch(CallTraffic.batch(late, &builder), arrival: 0)]))
        #expect(counts.difference(from: expected) == "")
    }

    @Test func `while the journal is read nothing is settled, however long the program was down`() throws {
        var traffic = CallTraffic(seed: 12, traceCount: 20, seconds: 1)
        traffic.keepLongestTrace()
        var builder = SpanBatchBuilder()
        let first = ArrivedBatch(
            CallTraffic.batch(Array(traffic.spans.prefix(2)), &builder), arrival: CallTraffic.begin)
        let later = CallTraffic.begin + 60 * Self.second
        let rest = ArrivedBatch(CallTraffic.batch(Array(traffic.spans.dropFirst(2)), &builder), arrival: later)
        let other = ArrivedBatch(
            CallTraffic.batch(CallTraffic(seed: 13, traceCount: 1, seconds: 1).spans, &builder), arrival: later)
        let model = try SealingModel()
        model.append(first)
        try model.seal(now: CallTraffic.begin)
        try model.reopen()
        model.append(other)
        try model.seal(now: later, settling: .none)
        try model.reopen()
        model.append(rest)
        try model.seal(now: later)
        try model.settle(now: later, all: true)
        let counts = try NamedCounts(of: model.store, within: Self.window)
        #expect(counts.difference(from: NamedCounts(of: [first, other, rest])) == "")
    }

    @Test func `beyond the limit those that wait longest are settled early`() throws {
        var options = TopologyOptions()
        options.waitingCountMax = 100
        var traffic = CallTraffic(seed: 10, traceCount: 150, seconds: 10)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel(options)
        for batch in batches {
            model.append(batch)
            if batch.arrival % 4 == 0 { try model.seal(now: batch.arrival) }
        }
        let now = CallTraffic.begin + 15 * Self.second
        try model.seal(now: now)
        let statistics = model.store.statistics
        #expect(statistics.waitingSpanCount <= 100)
        #expect(statistics.waitingSpanCount > 0)
        #expect(statistics.earlyTraceCount > 0)
        #expect(statistics.waitingSpanCount + statistics.settledSpanCount == traffic.spans.count)
        // Nothing is lost: each span is of some operation.
        try model.reopen()
        #expect(model.store.statistics.waitingSpanCount == statistics.waitingSpanCount)
        try model.settle(now: now, all: true)
        #expect(
            try NamedCounts(of: model.store, within: Self.window).operationCount == traffic.spans.count)
    }

    @Test func `a trace that never rests is counted in pieces`() throws {
        var options = TopologyOptions()
        options.settleTime = 1
        let traffic = CallTraffic(seed: 11, traceCount: 1, seconds: 1)
        var builder = SpanBatchBuilder()
        let model = try SealingModel(options)
        var last = CallTraffic.begin
        for step in 0..<50 {
            var span = traffic.spans[0]
            span.spanID &+= UInt64(step) << 8
            last = CallTraffic.begin + Int64(step) * Self.second * 9 / 10
            model.append(ArrivedBatch(CallTraffic.batch([span], &builder), arrival: last))
            if step % 3 == 2 { try model.seal(now: last, step % 2 == 0 ? .crashedAfter : .done) }
        }
        let settled =
            50 - model.unsealed.reduce(0) { $0 + $1.batches.count }
            - model.store.statistics.waitingSpanCount
        #expect(settled > 20)
        try model.seal(now: last)
        try model.reopen()
        try model.settle(now: last, all: true)
        #expect(try NamedCounts(of: model.store, within: Self.window).operationCount == 50)
    }

    @Test func `names that nobody needs any more are forgotten`() throws {
        let model = try SealingModel()
        var traffic = CallTraffic(seed: 14, traceCount: 40, seconds: 5)
        let batches = traffic.batches(sizes: 1...20)
        for batch in batches { model.append(batch) }
        try model.seal(now: CallTraffic.begin)
        #expect(model.store.statistics.waitingSpanCount == traffic.spans.count)
        var builder = SpanBatchBuilder()
        let count = 1000
        model.store.withState { $0.siteCountMax = count / 2 }
        var span = traffic.spans[0]
        let spans = (0..<count).map { number in
            span.operationName = "operation \(number)"
            span.traceID.low = ~UInt64(number)
            return span
        }
        model.append(
            ArrivedBatch(CallTraffic.batch(spans, &builder), arrival: CallTraffic.begin - 20 * Self.second))
        let window = CallTraffic.begin..<CallTraffic.begin + 1
        let before = try NamedCounts(of: model.store, within: window, unsealed: model.unsealed)
        try model.seal(now: CallTraffic.begin)
        #expect(model.store.withState { $0.names.sites.count } < count)
        let after = try NamedCounts(of: model.store, within: window, unsealed: model.unsealed)
        #expect(after.difference(from: before) == "")
        #expect(model.store.totals().reduce(0) { $0 + $1.totals.callCount } >= count)
        try model.settle(now: CallTraffic.begin, all: true)
        #expect(try NamedCounts(of: model.store, within: window).difference(from: before) == "")
    }

    @Test func `while generations are sealed readers see each call once`() throws {
        var traffic = CallTraffic(seed: 15, traceCount: 300, seconds: 60)
        let batches = traffic.batches(sizes: 1...20)
        let truth = NamedCounts(of: batches)
        let model = try SealingModel()
        for batch in batches { model.append(batch) }
        let all = model.unsealed[0].batches
        // Ten generations, which a reader takes for live until it is told otherwise.
        let size = (all.count + 9) / 10
        let generations = (0..<10).map { number in
            UnsealedBatches(
                generation: UInt64(number + 1),
                batches: Array(all[min(all.count, number * size)..<min(all.count, (number + 1) * size)]))
        }
        let store = model.store
        let readers = (0..<3).map { _ in
            BackgroundThread {
                (0..<12).map { _ in
                    (try? NamedCounts(of: store, within: Self.window, unsealed: generations))?
                        .difference(from: truth) ?? "it failed"
                }
            }
        }
        for generation in generations {
            let prepared = try store.prepare(
                generation: generation.generation, generation.batches,
                now: generation.batches.last?.arrival ?? 0)
            try model.catalog.change(prepared.change)
            store.commit(prepared)
        }
        for reader in readers { #expect(reader.join() == Array(repeating: "", count: 12)) }
    }

    @Test func `a change that is in the catalog counts only from its commit on`() throws {
        var options = TopologyOptions()
        options.cacheByteCountMax = 1
        options.settleTime = 0
        var traffic = CallTraffic(seed: 16, traceCount: 60, seconds: 20)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel(options)
        for batch in batches.prefix(batches.count / 2) { model.append(batch) }
        try model.seal(now: CallTraffic.begin + 100 * Self.second)
        for batch in batches.dropFirst(batches.count / 2) { model.append(batch) }
        let unsealed = model.unsealed
        let store = model.store
        let before = try NamedCounts(of: store, within: Self.window, unsealed: unsealed)
        let graph = try store.graph(TopologyQuery(window: Self.window), unsealed: unsealed)
        let prepared = try store.prepare(
            generation: unsealed[0].generation, unsealed[0].batches, now: CallTraffic.begin + 200 * Self.second)
        try model.catalog.change(prepared.change)
        let between = try NamedCounts(of: store, within: Self.window, unsealed: unsealed)
        #expect(between.difference(from: before) == "")
        store.commit(prepared)
        let after = try NamedCounts(of: store, within: Self.window, unsealed: unsealed)
        #expect(after.difference(from: before) == "")
        #expect(try store.graph(TopologyQuery(window: Self.window), unsealed: unsealed) == graph)
    }

    @Test func `what waits after opening is what waited before`() throws {
        let seed: UInt64 = 17
        print("seed \(seed)")
        var options = TopologyOptions()
        options.waitingCountMax = 400
        var traffic = CallTraffic(seed: seed, traceCount: 500, seconds: 60)
        let model = try SealingModel(options)
        var (rowCounts, before): ([Int], Set<[Int64]>) = ([], [])
        for (place, batch) in traffic.batches(sizes: 1...10).enumerated() {
            model.append(batch)
            guard place % 7 == 6 else { continue }
            try model.seal(now: batch.arrival)
            guard place % 5 == 0 else { continue }
            before = Self.waiting(model.store)
            rowCounts.append(try model.catalog.topologyWaiting().count)
            try model.reopen()
            #expect(Self.waiting(model.store) == before)
        }
        #expect(!before.isEmpty)
        #expect((rowCounts.max() ?? 0) > 2 && (rowCounts.max() ?? 0) <= WaitingRows.countMax)
    }

    /// Each record that waits, without the numbers of names, and when its trace came.
    private static func waiting(_ store: TopologyStore) -> Set<[Int64]> {
        let calls = store.withState { $0.waiting }
        var waiting: Set<[Int64]> = []
        for trace in calls.traces {
            var records: [CallRecord] = []
            calls.append(trace, to: &records)
            for record in records {
                waiting.insert([
                    Int64(bitPattern: record.traceIDLow), Int64(bitPattern: record.traceIDHigh),
                    Int64(bitPattern: record.spanID), Int64(bitPattern: record.parentID), record.start,
                    record.duration, trace.firstArrival, trace.lastArrival,
                ])
            }
        }
        return waiting
    }

    @Test func `a damaged row of waiting calls is passed over and counted`() throws {
        var traffic = CallTraffic(seed: 12, traceCount: 40, seconds: 5)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for batch in batches { model.append(batch) }
        try model.seal(now: CallTraffic.begin + 5 * Self.second)
        let cutoff = CallTraffic.begin
        try model.catalog.change(waiting: .init(cutoff: cutoff, content: [1, 2, 3]))
        try model.catalog.change(waiting: .init(cutoff: cutoff, content: []))
        try model.reopen()
        #expect(model.store.statistics.damagedRowCount == 2)
        let counts = try NamedCounts(of: model.store, within: Self.window)
        #expect(counts.difference(from: NamedCounts(of: batches)) == "")
    }

    @Test func `what is no longer kept is removed, and the rest stays`() throws {
        var traffic = CallTraffic(seed: 13, traceCount: 60, seconds: 30)
        let batches = traffic.batches(sizes: 1...20)
        let model = try SealingModel()
        for batch in batches { model.append(batch) }
        try model.seal(now: CallTraffic.begin + 100 * Self.second)
        let query = TopologyQuery(window: Self.window)
        let links = try model.store.links(within: Self.window, unsealed: [])
        #expect(!links.isEmpty)
        #expect(try !model.store.graph(query, unsealed: []).edges.isEmpty)
        try model.store.expire(now: CallTraffic.begin + 2 * 86_400 * Self.second)
        #expect(try model.store.links(within: Self.window, unsealed: []) == links)
        #expect(try model.store.operations(within: Self.window, level: .minute, unsealed: []).isEmpty)
        try model.store.expire(now: CallTraffic.begin + 500 * 86_400 * Self.second)
        #expect(try model.store.links(within: Self.window, unsealed: []).isEmpty)
        #expect(model.store.statistics.bucketCount == 0)
    }
}

extension Catalog {
    fileprivate func change(waiting: TopologyChange.Waiting) throws {
        var change = TopologyChange()
        change.waiting = waiting
        try self.change(change)
    }
}
