import Catalog
import TestSupport
import Testing
import Topology
import TopologyStore
import TraceModel

@Suite struct CallBucketsTests {
    @Test(arguments: [UInt64.random(in: 0 ... .max), 1, 2])
    func `random operations give what a dictionary gives, whenever it is opened again`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var options = TopologyOptions()
        options.minuteRetention = 3_600
        options.tenMinutesRetention = 4 * 3_600
        options.hourRetention = 2 * 86_400
        options.dayRetention = 5 * 86_400
        // Now and then nothing fits.
        options.cacheByteCountMax = Bool.random(using: &generator) ? 8 << 20 : 20_000
        let store = try TemporaryCallBuckets(options: options)
        let series = (0..<40).map { _ in SeriesText.random(using: &generator) }
        var now = Time.start
        for _ in 0..<220 {
            now += Int64.random(in: 0...5000, using: &generator) * Time.second
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: try store.reopen()
            case 1: try expire(store, now)
            case 2, 3, 4: try expectSum(store, now, &generator)
            default: try count(store, series, now, &generator)
            }
        }
        try store.reopen()
        for _ in 0..<20 { try expectSum(store, now, &generator) }
        #expect(try store.sum(0..<Int64.max).series == store.modelSum(0..<Int64.max))
        #expect(try store.catalog.checkIntegrity() == [])
        #expect(store.buckets.takeFindings() == [])
        #expect(store.buckets.statistics.cachedByteCount <= options.cacheByteCountMax)
    }

    private func count(
        _ store: TemporaryCallBuckets, _ series: [SeriesText], _ now: Int64, _ generator: inout SeededGenerator
    ) throws {
        var counts: [Int64: [SeriesText: CallTotals]] = [:]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let isLate = Int.random(in: 0..<4, using: &generator) == 0
            let time = now - Int64.random(in: 0...(isLate ? 7 * 86_400 : 200), using: &generator) * Time.second
            let minute = time / Time.minute * Time.minute
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let text = series.randomElement(using: &generator) ?? series[0]
                counts[minute, default: [:]][text, default: CallTotals()].merge(.random(using: &generator))
            }
        }
        if Int.random(in: 0..<5, using: &generator) == 0 {
            var change = TopologyChange()
            store.buckets.discard(try store.prepare(counts, into: &change))
        }
        try store.add(counts)
        // What came after its day was removed is counted nowhere.
        if let first = store.buckets.keptFrom(.day) { store.model = store.model.filter { $0.key >= first } }
    }

    private func expire(_ store: TemporaryCallBuckets, _ now: Int64) throws {
        try store.buckets.expire(now: now)
        if let first = store.buckets.keptFrom(.day) { store.model = store.model.filter { $0.key >= first } }
        #expect(try store.catalog.checkIntegrity() == [])
    }

    private func expectSum(
        _ store: TemporaryCallBuckets, _ now: Int64, _ generator: inout SeededGenerator
    ) throws {
        let longest: Int64 = [60, 5000, 90_000, 800_000].randomElement(using: &generator) ?? 60
        let length = Int64.random(in: 0...longest, using: &generator)
        let end = now - Int64.random(in: -100...400_000, using: &generator) * Time.second
        let window = end - length * Time.second..<end
        let (series, widened) = try store.sum(window)
        #expect(series == store.modelSum(widened))
        let kept = store.buckets.keptFrom(.day) ?? Int64.min
        #expect(widened.lowerBound <= max(window.lowerBound, kept))
        #expect(window.isEmpty || widened.upperBound >= min(window.upperBound, max(kept, widened.upperBound)))
        #expect(widened.upperBound - window.upperBound < Time.day || widened.isEmpty)
        #expect(window.lowerBound - widened.lowerBound < Time.day)
        if window.lowerBound >= store.buckets.keptFrom(.minute) ?? Int64.min, !window.isEmpty {
            #expect(widened.lowerBound == window.lowerBound / Time.minute * Time.minute)
            #expect(widened.upperBound == (window.upperBound + Time.minute - 1) / Time.minute * Time.minute)
        }
        for level in TopologyChange.Level.allCases {
            let steps = try store.buckets.steps(window: window, level: level)
            #expect(steps.map(\.window.lowerBound) == steps.map(\.window.lowerBound).sorted())
            for step in steps {
                #expect(window.contains(step.window.lowerBound))
                #expect(store.texts(step.series) == store.modelSum(step.window))
            }
        }
    }

    @Test func `a change that was discarded leaves nothing, and its series can be counted afterwards`() throws {
        let store = try TemporaryCallBuckets()
        let text = SeriesText.call("a", "b")
        var change = TopologyChange()
        let prepared = try store.prepare([Time.start: [text: .calls(3)]], into: &change)
        #expect(change.series.count == 1)
        #expect(change.buckets.map(\.level) == TopologyChange.Level.allCases)
        store.buckets.discard(prepared)
        #expect(try store.sum(0..<Int64.max).series.isEmpty)
        try store.add([Time.start: [text: .calls(2)]])
        try store.add([Time.start: [.call("b", "c"): .calls(1)]])
        try store.reopen()
        #expect(try store.sum(0..<Int64.max).series == [text: .calls(2), .call("b", "c"): .calls(1)])
        #expect(try store.catalog.topologySeries().map(\.id) == [1, 2])
    }

    @Test func `a series that is known is not entered again`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [.call("a", "b"): .calls(1)]])
        try store.reopen()
        var change = TopologyChange()
        let prepared = try store.prepare([Time.start: [.call("a", "b"): .calls(1)]], into: &change)
        #expect(change.series.isEmpty)
        store.buckets.discard(prepared)
    }

    @Test func `only the series that are wanted are summed`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [.call("a", "b"): .calls(1), .call("b", "c"): .calls(2)]])
        try store.add([Time.start + Time.minute: [.call("b", "c"): .calls(3)]])
        let wanted = store.series(.call("b", "c"))
        let sum = try store.buckets.sum(window: 0..<Int64.max) { $0 == wanted }
        #expect(store.texts(sum.series) == [.call("b", "c"): .calls(5)])
        let steps = try store.buckets.steps(window: 0..<Int64.max, level: .minute) { $0 == wanted }
        #expect(steps.map { store.texts($0.series) } == [[.call("b", "c"): .calls(2)], [.call("b", "c"): .calls(3)]])
    }

    @Test func `times at the ends of what a number holds are counted`() throws {
        let store = try TemporaryCallBuckets()
        let text = SeriesText.call("a", "b")
        try store.add([Int64.min: [text: .calls(1)]])
        try store.add([Int64.max: [text: .calls(2)], -1: [text: .calls(4)]])
        #expect(try store.sum(Int64.min..<Int64.max).series == [text: .calls(7)])
        #expect(try store.sum(-5..<5).series == [text: .calls(4)])
        #expect(try store.sum(-5..<5).window == -Time.minute..<Time.minute)
        try store.buckets.expire(now: Int64.max)
        try store.buckets.expire(now: Int64.min)
    }

    @Test func `beyond the limit operations, then services, are counted together and no call is lost`() throws {
        var options = TopologyOptions()
        options.seriesCountMax = 20
        let store = try TemporaryCallBuckets(options: options)
        var called = 0
        for number in 0..<200 {
            try store.add([
                Time.start: [
                    .call("a", "b\(number / 10)", operation: "op\(number)"): .calls(2, duration: Int64(number))
                ]
            ])
            called += 2
            #expect(store.buckets.statistics.seriesCount <= 20 + 16 + 1)
        }
        try store.reopen()
        let sum = try store.sum(0..<Int64.max).series
        #expect(sum.values.reduce(0) { $0 + $1.callCount } == called)
        #expect(sum.values.reduce(0) { $0 + $1.clientDurations.count } == called)
        #expect(sum[.call("a", "b0", operation: "op7")]?.callCount == 2)
        #expect(sum[.call("a", "b5")]?.callCount == 20)
        #expect((sum[.call("(other)", "(other)")]?.callCount ?? 0) > 0)
        try store.add([Time.start: [.call("a", "b19", operation: "op199"): .calls(5)]])
        #expect(store.buckets.statistics.foldedCallCount == 5)
    }
}
