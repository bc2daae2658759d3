import Catalog
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TopologyStore

@Suite struct CallBucketsGraphTests {
    @Test(arguments: [UInt64.random(in: 0 ... .max), 1, 2])
    func `graphs of random windows and groupings are those of a plain sum`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var options = TopologyOptions()
        options.minuteRetention = 3_600
        options.tenMinutesRetention = 4 * 3_600
        options.hourRetention = 2 * 86_400
        options.dayRetention = 5 * 86_400
        options.cacheByteCountMax = Bool.random(using: &generator) ? 8 << 20 : 4_000
        let store = try TemporaryCallBuckets(options: options)
        let series = (0..<60).map { _ in Self.series(&generator) }
        var now = Time.start
        for _ in 0..<120 {
            now += Int64.random(in: 0...5000, using: &generator) * Time.second
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: try store.reopen()
            case 1:
                try store.buckets.expire(now: now)
                if let first = store.buckets.keptFrom(.day) { store.model = store.model.filter { $0.key >= first } }
            case 2...7: try expectGraph(store, now, &generator)
            default: try count(store, series, now, &generator)
            }
        }
        #expect(store.buckets.takeFindings() == [])
        #expect(store.buckets.statistics.cachedByteCount <= options.cacheByteCountMax)
    }

    /// Parties that may be meant by others' names, or not.
    private static func series(_ generator: inout SeededGenerator) -> SeriesText {
        func one(_ texts: [String]) -> String { texts.randomElement(using: &generator) ?? "" }
        func party() -> [String] {
            [
                one(["shop", "shop.a", "shop.b", "cart", "cart.a", "db", "web.b", ""]), one(["", "", "a", "b"]),
                one(["", "v1", "v2"]), one(["", "get", "put"]),
            ]
        }
        let kind = CallSeries.Kind.allCases.randomElement(using: &generator) ?? .rpc
        let kinds: [SpanKind] = [.server, .consumer, .client, .local]
        return SeriesText(
            kind: kind, spanKind: kind == .operation ? kinds.randomElement(using: &generator) ?? .server : .unspecified,
            isMirrored: kind == .operation && Int.random(in: 0..<4, using: &generator) == 0,
            names: (kind == .operation ? ["", "", "", ""] : party()) + party())
    }

    private func counts(_ series: [SeriesText], _ generator: inout SeededGenerator) -> [SeriesText: CallTotals] {
        var counts: [SeriesText: CallTotals] = [:]
        // At times only some services send anything.
        let many = Int.random(in: 1...30, using: &generator)
        for _ in 0..<many {
            let text = series.randomElement(using: &generator) ?? series[0]
            counts[text, default: CallTotals()].merge(.random(using: &generator))
        }
        return counts
    }

    private func count(
        _ store: TemporaryCallBuckets, _ series: [SeriesText], _ now: Int64, _ generator: inout SeededGenerator
    ) throws {
        var counted: [Int64: [SeriesText: CallTotals]] = [:]
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let isLate = Int.random(in: 0..<4, using: &generator) == 0
            let time = now - Int64.random(in: 0...(isLate ? 7 * 86_400 : 3_000), using: &generator) * Time.second
            counted[time / Time.minute * Time.minute] = counts(series, &generator)
        }
        try store.add(counted)
        if let first = store.buckets.keptFrom(.day) { store.model = store.model.filter { $0.key >= first } }
    }

    private func expectGraph(
        _ store: TemporaryCallBuckets, _ now: Int64, _ generator: inout SeededGenerator
    ) throws {
        let longest: Int64 = [60, 5000, 90_000, 800_000].randomElement(using: &generator) ?? 60
        let length = Int64.random(in: 0...longest, using: &generator)
        let end = now - Int64.random(in: -100...100_000, using: &generator) * Time.second
        for grouping in TopologyQuery.Grouping.allCases {
            let window = store.buckets.widened(end - length * Time.second..<end)
            let query = TopologyQuery(window: window, grouping: grouping)
            let graph = try store.buckets.graph(query, ProvisionalCalls(ageMax: 0), store.names)
            #expect(graph == PlainGraph(store.modelSum(window), grouping).graph(window))
        }
    }

    @Test func `durations that would take too much memory make no graph of this kind`() throws {
        let store = try TemporaryCallBuckets()
        var counts: [SeriesText: CallTotals] = [:]
        for number in 0..<1_200 {
            var totals = CallTotals()
            totals.callCount = 2
            for duration in [1, Int64.max] {
                totals.clientDurations.add(duration)
                totals.serverDurations.add(duration)
            }
            counts[.call("a", "b\(number)")] = totals
        }
        try store.add([Time.start: counts])
        let window = Time.start..<Time.start + Time.minute
        let query = TopologyQuery(window: window)
        for _ in 0..<2 { #expect(try store.buckets.graph(query, ProvisionalCalls(ageMax: 0), store.names) == nil) }
        #expect(store.buckets.totals.byteCount < 1 << 20)
    }
}
