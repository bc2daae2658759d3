import Catalog
import TestSupport
import Testing
import Topology
import TopologyStore
import TraceModel

@Suite struct CallBucketsExpiryTests {
    private let text = SeriesText.call("a", "b")

    @Test func `short buckets go first, and windows are widened to what is left`() throws {
        let store = try TemporaryCallBuckets()
        for minute in stride(from: 0, to: 24 * 60, by: 7) as StrideTo<Int64> {
            try store.add([Time.start + minute * Time.minute: [text: .calls(1)]])
        }
        let window = Time.start + 90 * Time.minute + 1..<Time.start + 95 * Time.minute + 1
        #expect(try store.sum(window).window == Time.start + 90 * Time.minute..<Time.start + 96 * Time.minute)
        try store.buckets.expire(now: Time.start + Time.day)
        for isOpenedAgain in [false, true] {
            if isOpenedAgain { try store.reopen() }
            let first = try store.catalog.topologyBucketStarts(.minute).first
            #expect(first == Time.start + 18 * Time.hour + 5 * Time.minute)
            let (series, widened) = try store.sum(window)
            #expect(widened == Time.start + 90 * Time.minute..<Time.start + 100 * Time.minute)
            #expect(series == store.modelSum(widened))
        }
        try store.buckets.expire(now: Time.start + 10 * Time.day)
        #expect(try store.sum(window).window == Time.start + Time.hour..<Time.start + 2 * Time.hour)
        try store.buckets.expire(now: Time.start + 50 * Time.day)
        let (series, widened) = try store.sum(window)
        #expect(widened == Time.start..<Time.start + Time.day)
        #expect(series == store.modelSum(widened))
        #expect(try store.buckets.expire(now: Time.start + 50 * Time.day) == 0)
    }

    @Test func `late counts into removed minutes are in the longer buckets only`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [text: .calls(1)], Time.start + Time.day: [text: .calls(1)]])
        try store.buckets.expire(now: Time.start + Time.day)
        for isOpenedAgain in [false, true] {
            if isOpenedAgain { try store.reopen() }
            try store.add([Time.start + Time.minute: [text: .calls(10)]])
            #expect(try store.catalog.topologyBucketStarts(.minute) == [Time.start + Time.day])
        }
        let (series, window) = try store.sum(Time.start..<Time.start + Time.second)
        #expect(window == Time.start..<Time.start + 10 * Time.minute)
        #expect(series == [text: .calls(21)])
    }

    @Test func `calls from before all buckets are counted as such`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [text: .calls(1)]])
        try store.buckets.expire(now: Time.start + 500 * Time.day)
        try store.add([Time.start: [text: .calls(7)]])
        #expect(try store.sum(0..<Int64.max).series.isEmpty)
        #expect(store.buckets.statistics.expiredCallCount == 7)
        #expect(store.buckets.statistics.bucketCount == 0)
    }

    @Test func `series go with their last day, and their IDs come back`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [.call("a", "b"): .calls(1), .call("a", "c"): .calls(1)]])
        try store.add([Time.start + 300 * Time.day: [.call("a", "c"): .calls(1), .call("a", "d"): .calls(1)]])
        try store.reopen()
        try store.buckets.expire(now: Time.start + 450 * Time.day)
        #expect(try Set(store.catalog.topologySeries().map { $0.names[4] }) == ["c", "d"])
        #expect(store.buckets.statistics.seriesCount == 2)
        try store.add([Time.start + 300 * Time.day: [.call("a", "e"): .calls(4)]])
        #expect(try store.catalog.topologySeries().map(\.id) == [1, 2, 3])
        try store.reopen()
        let expected: [SeriesText: CallTotals] = [
            .call("a", "c"): .calls(1), .call("a", "d"): .calls(1), .call("a", "e"): .calls(4),
        ]
        #expect(try store.sum(0..<Int64.max).series == expected)
    }

    @Test func `a series that was counted late after a restart stays as long as its latest day`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [.call("a", "b"): .calls(1)]])
        try store.add([Time.start + 300 * Time.day: [.call("a", "c"): .calls(1)]])
        try store.reopen()
        try store.add([Time.start: [.call("a", "c"): .calls(1)]])
        try store.buckets.expire(now: Time.start + 450 * Time.day)
        #expect(try store.sum(0..<Int64.max).series == [.call("a", "c"): .calls(1)])
    }

    @Test func `windows lose nothing where a level had nothing left to remove`() throws {
        var options = TopologyOptions()
        options.minuteRetention = 3_600
        options.tenMinutesRetention = 4 * 3_600
        let store = try TemporaryCallBuckets(options: options)
        try store.add([Time.start + 65 * Time.minute: [text: .calls(1)]])
        try store.buckets.expire(now: Time.start + 130 * Time.minute)
        try store.buckets.expire(now: Time.start + 10 * Time.hour)
        try store.add([Time.start + 80 * Time.minute: [text: .calls(2)]])
        let (series, window) = try store.sum(Time.start..<Time.start + 85 * Time.minute)
        #expect(window == Time.start..<Time.start + 2 * Time.hour)
        #expect(series == [text: .calls(3)])
    }

    @Test func `series of a damaged day stay if shorter buckets have them`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [text: .calls(1)]])
        try store.add([Time.start + 10 * Time.day: [.call("b", "c"): .calls(1)]])
        var change = TopologyChange()
        change.buckets = [
            TopologyChange.Bucket(level: .day, start: Time.start + 10 * Time.day, content: [1, 2, 3])
        ]
        try store.catalog.change(change)
        try store.reopen()
        try store.buckets.expire(now: Time.start + 405 * Time.day)
        #expect(try store.catalog.topologySeries().map { $0.names[4] } == ["c"])
    }

    @Test func `nothing is removed while a change is underway`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([Time.start: [text: .calls(1)]])
        var change = TopologyChange()
        let prepared = try store.prepare([Time.start: [text: .calls(2)]], into: &change)
        #expect(try store.buckets.expire(now: Time.start + 500 * Time.day) == 0)
        try store.catalog.change(change)
        store.buckets.commit(prepared)
        #expect(try store.sum(0..<Int64.max).series == [text: .calls(3)])
        #expect(try store.buckets.expire(now: Time.start + 500 * Time.day) == 4)
    }
}
