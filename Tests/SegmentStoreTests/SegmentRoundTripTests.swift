import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

@Suite struct SegmentRoundTripTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func `whatever spans go in come out by their trace`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let batches = (0..<20).map { _ in generator.batch(spanCount: 40) }
        var options = SegmentOptions()
        options.blockSpanCount = 64
        let segment = try SegmentWriter.encode(batches, createdAt: 1, options: options)
        #expect(segment.statistics.spanCount == 800)
        let reader = try SegmentReader(SegmentInMemory(name: "segment", bytes: segment.bytes))
        var expected: [TraceID: [String]] = [:]
        for span in batches.flatMap(\.spans) { expected[span.traceID, default: []].append(span.canonicalText) }
        #expect(segment.statistics.traceCount == expected.count)
        for (traceID, texts) in expected {
            var builder = SpanBatchBuilder()
            let count = try reader.readTrace(traceID, into: &builder)
            #expect(count == texts.count)
            #expect(builder.makeBatch().spans.map(\.canonicalText).sorted() == texts.sorted(), "seed \(seed)")
        }
    }

    /// Spans at the edges of what can be kept, each in a trace of its own.
    private static func oddSpans() -> SpanBatch {
        var builder = SpanBatchBuilder()
        func intern(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { builder.intern($0) } }
        func intern(_ text: String) -> UInt32 { intern(Array(text.utf8)) }
        var next: UInt64 = 0
        func span(_ body: () -> Void) {
            next += 1
            builder.beginSpan()
            builder.traceID = TraceID(high: next % 2 == 0 ? .max : 0, low: next == 3 ? .max : next)
            builder.spanID = next == 4 ? .max : next
            body()
            builder.endSpan()
        }
        span {}
        span { builder.start = 0 }
        for start in [Int64.min + 1, -1, 1, 999, 1_790_000_000_000_000_001, .max] {
            for duration in [0, 1, 1_000, .max, -1, SpanBatch.absentTime] {
                span {
                    builder.start = start
                    builder.duration = duration
                }
            }
        }
        span { builder.duration = 5 }
        span { for number in 0..<1000 { builder.addAttribute(key: intern("tag \(number)"), string: intern("v")) } }
        for isOrdered in [false, true] {
            span {
                builder.traits.hasOrderedAttributes = isOrdered
                for value in ["b", "a", "b"] { builder.addAttribute(key: intern("twice"), string: intern(value)) }
                builder.addAttribute(key: intern("twice"), int: -1)
                builder.addAttributeWithoutValue(key: intern("twice"))
            }
        }
        span {
            builder.addAttribute(key: intern(""), string: intern(""))
            builder.addAttribute(key: intern([0xff, 0xfe, 0x80]), string: intern([0xc0, 0x00, 0xff]))
            builder.addAttribute(key: intern("long"), string: intern([UInt8](repeating: 0x61, count: 65_536)))
            builder.addAttribute(key: intern("nan"), double: .nan)
            builder.addAttribute(key: intern("zero"), double: -0.0)
            builder.addAttribute(key: intern("least"), int: .min)
            builder.addAttribute(key: intern("flag"), bool: true)
            builder.addAttribute(key: intern("bytes"), type: .bytes, reference: intern([0, 1, 2]))
        }
        for text in [
            "007", "-5", "1e3", "00000000-0000-0000-0000-000000000000", "ABCDEF", "abcdef", "999999999999999999",
        ] {
            span { builder.addAttribute(key: intern("looks like something"), string: intern(text)) }
        }
        span {
            builder.start = 10
            builder.addEvent(name: intern(""), time: .min)
            builder.addEvent(name: intern("late"), time: .max, attributes: intern([1, 2]))
            builder.addEvent(name: intern("late"), time: 10)
        }
        span { builder.setField(.links, reference: intern([9, 9])) }
        return builder.makeBatch()
    }

    @Test func `odd spans come out as they went in, sealed and merged`() throws {
        let batch = Self.oddSpans()
        var expected: [TraceID: [String]] = [:]
        for span in batch.spans { expected[span.traceID, default: []].append(span.canonicalText) }
        let bytes = try SegmentWriter.encode([batch], createdAt: 1, options: SegmentOptions()).bytes
        let sealed = try SegmentReader(SegmentInMemory(name: "sealed", bytes: bytes))
        var generator = SpanGenerator(seed: 51)
        let others = try SegmentWriter.encode(
            [generator.batch(spanCount: 100)], createdAt: 1, options: SegmentOptions())
        let other = try SegmentReader(SegmentInMemory(name: "other", bytes: others.bytes))
        let merged = try #require(try SegmentMerger([sealed, other], options: SegmentOptions()).encode(createdAt: 1))
        for reader in [sealed, try SegmentReader(SegmentInMemory(name: "merged", bytes: merged.bytes))] {
            for (traceID, texts) in expected {
                var builder = SpanBatchBuilder()
                #expect(try reader.readTrace(traceID, into: &builder) == texts.count)
                #expect(builder.makeBatch().spans.map(\.canonicalText) == texts)
            }
            #expect(reader.verify().isEmpty)
        }
    }
}
