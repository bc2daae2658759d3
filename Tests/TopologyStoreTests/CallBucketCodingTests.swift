import Bytes
import Catalog
import TestSupport
import Testing
import Topology
import TopologyStore
import TraceModel

@Suite struct CallBucketCodingTests {
    private func damage(_ store: TemporaryCallBuckets, _ level: TopologyChange.Level, _ content: [UInt8]) throws {
        var change = TopologyChange()
        change.buckets = [TopologyChange.Bucket(level: level, start: Time.start, content: content)]
        try store.catalog.change(change)
        try store.reopen()
    }

    @Test func `a damaged row is reported once and passed over`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([
            Time.start: [.call("a", "b"): .calls(1)], Time.start + Time.minute: [.call("a", "b"): .calls(2)],
            // Later, so that a longer bucket has more than the window.
            Time.start + Time.hour: [.call("b", "c"): .calls(3)],
        ])
        try damage(store, .minute, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
        let window = Time.start..<Time.start + 2 * Time.minute
        #expect(try store.sum(window).series == [.call("a", "b"): .calls(2)])
        #expect(try store.sum(window).series == [.call("a", "b"): .calls(2)])
        let findings = store.buckets.takeFindings()
        #expect(findings.count == 1)
        #expect(findings.first?.contains("its version is 9") == true)
        #expect(store.buckets.statistics.damagedBucketCount == 1)
    }

    @Test func `in the place of a damaged row stand the shorter ones, and the next change mends it`() throws {
        let store = try TemporaryCallBuckets()
        try store.add([
            Time.start: [.call("a", "b"): .calls(1)], Time.start + 3 * Time.hour: [.call("b", "c"): .calls(2)],
        ])
        try damage(store, .day, [1])
        #expect(try store.sum(0..<Int64.max).series == store.modelSum(0..<Int64.max))
        try store.add([Time.start: [.call("a", "b"): .calls(4)]])
        try store.reopen()
        #expect(try store.sum(0..<Int64.max).series == store.modelSum(0..<Int64.max))
        #expect(store.buckets.takeFindings() == [])
    }

    @Test func `any flipped bit of a row is detected`() throws {
        var generator = SeededGenerator(seed: 5)
        let store = try TemporaryCallBuckets()
        for number in 0..<6 {
            try store.add([Time.start: [.call("a", "b\(number)"): .random(using: &generator)]])
        }
        let whole = try #require(try store.catalog.topologyBucket(.minute, start: Time.start))
        for place in whole.indices {
            var content = whole
            content[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            #expect(CallBuckets.problem(of: content) != nil, "byte \(place)")
            #expect(CallBuckets.problem(of: [UInt8](whole[..<place])) != nil)
        }
        #expect(CallBuckets.problem(of: whole) == nil)
    }

    @Test func `what is wrong behind a right checksum is an error, never a crash`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        func content(_ entries: [UInt8], packing: UInt8 = 0, size: Int? = nil) -> [UInt8] {
            var writer = ByteWriter()
            writer.write(1 as UInt8)
            writer.write(packing)
            writer.write(UInt32(size ?? entries.count))
            let checksum = CRC32C.checksum(entries, seed: CRC32C.checksum(writer.bytes))
            writer.write(checksum)
            writer.write(entries)
            return writer.bytes
        }
        // One series, 2 calls, 1 error, a client's bin of 2, no server's bin, no example.
        let sound: [UInt8] = [1, 1, 2, 1, 1, 20, 2, 0x80, 0x01, 0, 0]
        #expect(CallBuckets.problem(of: content(sound)) == nil)
        let wrong: [(entries: [UInt8], problem: String)] = [
            ([2] + sound[1...], "1 more bytes expected"),
            (sound + [0], "bytes behind the last series"),
            ([1, 0] + sound[2...], "series out of order"),
            ([1, 1, 2, 1, 1, 20, 0, 0, 0, 0], "a bin of durations that cannot be"),
            ([1, 1, 2, 1, 1, 0xff, 0x7f, 2, 0, 0, 0], "a bin of durations that cannot be"),
            ([1, 1, 2, 1, 2, 20, 2, 1, 2, 0, 0, 0], "a bin of durations that cannot be"),
            ([1, 1, 2, 1, 0, 0, 9], "count 9 is over the limit of 3"),
            ([1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "is over the limit"),
            ([0xff, 0xff, 0xff, 0xff, 0x0f], "is over the limit"),
        ]
        for (entries, problem) in wrong {
            let found = CallBuckets.problem(of: content(entries))
            #expect(found?.contains(problem) == true, "\(entries): \(found ?? "nothing")")
        }
        #expect(CallBuckets.problem(of: content(sound, size: 5))?.contains("its size does not match") == true)
        #expect(CallBuckets.problem(of: content(sound, packing: 1, size: 1 << 30))?.contains("size") == true)
        #expect(CallBuckets.problem(of: content(sound, packing: 1, size: 100))?.contains("unpacked") == true)
        for _ in 0..<20_000 {
            var entries = sound
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                entries[Int.random(in: 0..<entries.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = CallBuckets.problem(of: content(entries))
        }
    }

    @Test func `the page's example is what is written`() throws {
        let page = try Repository.text(of: "storage/topology-format.md")
        let store = try TemporaryCallBuckets()
        var totals = CallTotals.calls(2)
        totals.errorCount = 1
        totals.clientDurations.add(0)
        totals.callCount += 1
        totals.addExample(TraceID(high: 0, low: 0x0102_0304_0506_0708))
        try store.add([Time.start: [.call("a", "b"): totals]])
        let content = try #require(try store.catalog.topologyBucket(.minute, start: Time.start))
        #expect(HexDump.text(content) == page.firstCodeBlock(after: "## Example"))
    }
}
