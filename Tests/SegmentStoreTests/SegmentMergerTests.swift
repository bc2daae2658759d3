import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

@Suite struct SegmentMergerTests {
    private static func options(_ blockSpanCount: Int) -> SegmentOptions {
        var options = SegmentOptions()
        options.blockSpanCount = blockSpanCount
        return options
    }

    /// Segments of a generator's batches, and the spans of each trace in all of them.
    private static func segments(
        _ generator: inout SpanGenerator, count: Int, blockSpanCount: Int
    ) throws -> (readers: [SegmentReader], texts: [TraceID: [String]]) {
        var readers: [SegmentReader] = []
        var texts: [TraceID: [String]] = [:]
        for number in 0..<count {
            let batches = (0..<8).map { _ in generator.batch(spanCount: 30) }
            for span in batches.flatMap(\.spans) { texts[span.traceID, default: []].append(span.canonicalText) }
            let bytes = try SegmentWriter.encode(batches, createdAt: 1, options: options(blockSpanCount)).bytes
            readers.append(try SegmentReader(SegmentInMemory(name: "input \(number)", bytes: bytes)))
        }
        return (readers, texts)
    }

    private static func texts(_ reader: SegmentReader, _ traceID: TraceID) throws -> [String] {
        var builder = SpanBatchBuilder()
        _ = try reader.readTrace(traceID, into: &builder)
        return builder.spanCount == 0 ? [] : builder.makeBatch().spans.map(\.canonicalText)
    }

    @Test(arguments: [21, 22, 23, 24, 25, 26])
    func `merged segments hold the same spans, each trace in one place`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let (readers, texts) = try Self.segments(&generator, count: 5, blockSpanCount: 64)
        let merged = try #require(try SegmentMerger(readers, options: Self.options(64)).encode(createdAt: 7))
        let reader = try SegmentReader(SegmentInMemory(name: "merged", bytes: merged.bytes))
        #expect(reader.createdAt == 7)
        #expect(reader.verify().isEmpty)
        #expect(merged.statistics.spanCount == texts.values.reduce(0) { $0 + $1.count })
        #expect(merged.statistics.traceCount == texts.count)
        for (traceID, expected) in texts {
            #expect(try Self.texts(reader, traceID).sorted() == expected.sorted(), "seed \(seed), trace \(traceID)")
        }
        // What was merged once can be merged again.
        let (others, more) = try Self.segments(&generator, count: 2, blockSpanCount: 16)
        let again = try #require(try SegmentMerger([reader] + others, options: Self.options(32)).encode(createdAt: 8))
        let last = try SegmentReader(SegmentInMemory(name: "merged again", bytes: again.bytes))
        for (traceID, expected) in texts.merging(more, uniquingKeysWith: +) {
            #expect(try Self.texts(last, traceID).sorted() == expected.sorted(), "seed \(seed), trace \(traceID)")
        }
    }

    @Test func `names and numbers of a merged segment are those of all its spans`() throws {
        var generator = SpanGenerator(seed: 31)
        let batches = (0..<6).map { _ in generator.batch(spanCount: 50) }
        let whole = try SegmentWriter.encode(batches, createdAt: 1, options: Self.options(64))
        let readers = try batches.map { batch in
            let bytes = try SegmentWriter.encode([batch], createdAt: 1, options: Self.options(64)).bytes
            return try SegmentReader(SegmentInMemory(name: "input", bytes: bytes))
        }
        let merged = try #require(try SegmentMerger(readers, options: Self.options(64)).encode(createdAt: 1))
        #expect(merged.names == whole.names)
        #expect(merged.statistics.spanCount == whole.statistics.spanCount)
        #expect(merged.statistics.errorCount == whole.statistics.errorCount)
        #expect(merged.statistics.earliestStart == whole.statistics.earliestStart)
        #expect(merged.statistics.latestStart == whole.statistics.latestStart)
        #expect(merged.statistics.latestEnd == whole.statistics.latestEnd)
    }

    @Test func `spans of a trace that several segments have stand in the order of their starts`() throws {
        var readers: [SegmentReader] = []
        for part in 0..<3 {
            var builder = SpanBatchBuilder()
            for span in 0..<4 {
                builder.beginSpan()
                builder.traceID = TraceID(high: 1, low: 2)
                builder.spanID = UInt64(10 * span + part + 1)
                builder.parentID = span == 0 && part == 0 ? 0 : 1
                builder.start = Int64(1000 * (3 * span + part))
                builder.endSpan()
            }
            let bytes = try SegmentWriter.encode([builder.makeBatch()], createdAt: 1, options: SegmentOptions()).bytes
            readers.append(try SegmentReader(SegmentInMemory(name: "part \(part)", bytes: bytes)))
        }
        let merged = try #require(try SegmentMerger(readers, options: SegmentOptions()).encode(createdAt: 1))
        var builder = SpanBatchBuilder()
        let reader = try SegmentReader(SegmentInMemory(name: "merged", bytes: merged.bytes))
        #expect(try reader.readTrace(TraceID(high: 1, low: 2), into: &builder) == 12)
        let spans = Array(builder.makeBatch().spans)
        #expect(spans.map { $0.start ?? -1 } == (0..<12).map { Int64(1000 * $0) })
        #expect(spans.dropFirst().allSatisfy { $0.parentID == SpanID(1) })
    }

    @Test func `a trace longer than a block is merged in parts`() throws {
        var builder = SpanBatchBuilder()
        func addSpan(_ number: Int) {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: 5)
            builder.spanID = UInt64(number + 1)
            builder.start = Int64(number)
            builder.endSpan()
        }
        for number in 0..<100 { addSpan(number) }
        let first = builder.makeBatch()
        builder.removeAll()
        for number in 100..<150 { addSpan(number) }
        let readers = try [first, builder.makeBatch()].map { batch in
            let bytes = try SegmentWriter.encode([batch], createdAt: 1, options: Self.options(16)).bytes
            return try SegmentReader(SegmentInMemory(name: "input", bytes: bytes))
        }
        let merged = try #require(try SegmentMerger(readers, options: Self.options(16)).encode(createdAt: 1))
        let reader = try SegmentReader(SegmentInMemory(name: "merged", bytes: merged.bytes))
        builder.removeAll()
        #expect(try reader.readTrace(TraceID(high: 0, low: 5), into: &builder) == 150)
        #expect(Set(builder.makeBatch().spans.map(\.spanID.value)) == Set(1...150))
        #expect(reader.verify().isEmpty)
    }

    @Test func `a dropped trace leaves nothing, not even in the dictionary`() throws {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for trace in 1...300 {
            let isSecret = trace == 77
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: UInt64(trace))
            builder.spanID = UInt64(trace)
            builder.start = Int64(trace) * 1000
            builder.serviceName = intern(isSecret ? "service-of-alice" : "shop")
            builder.addAttribute(key: intern("user"), string: intern(isSecret ? "alice-in-the-list" : "u\(trace % 3)"))
            builder.addAttribute(key: intern("note"), string: intern(isSecret ? "only alice wrote this" : "n\(trace)"))
            builder.addAttribute(key: intern(isSecret ? "key-of-alice" : "key"), string: intern("x"))
            builder.endSpan()
        }
        let bytes = try SegmentWriter.encode([builder.makeBatch()], createdAt: 1, options: Self.options(64)).bytes
        let reader = try SegmentReader(SegmentInMemory(name: "input", bytes: bytes))
        let dropped: Set = [TraceID(high: 0, low: 77)]
        let merged = try #require(
            try SegmentMerger([reader], options: Self.options(64), dropping: dropped).encode(createdAt: 1))
        let rest = try SegmentReader(SegmentInMemory(name: "merged", bytes: merged.bytes))
        #expect(rest.verify().isEmpty)
        #expect(merged.statistics.spanCount == 299)
        #expect(try Self.texts(rest, TraceID(high: 0, low: 77)).isEmpty)
        #expect(try Self.texts(rest, TraceID(high: 0, low: 78)).count == 1)
        let dictionary = try rest.dictionary()
        for number in 0..<dictionary.count {
            let text = dictionary.withString(UInt32(number)) { String(decoding: $0, as: UTF8.self) }
            #expect(!text.contains("alice"))
        }
        #expect(!merged.names.services.contains { $0.name.contains("alice") })
        #expect(!merged.names.attributeKeys.contains { $0.contains("alice") })
    }

    @Test func `dropping every trace leaves no segment`() throws {
        var generator = SpanGenerator(seed: 41)
        let (readers, texts) = try Self.segments(&generator, count: 1, blockSpanCount: 64)
        #expect(
            try SegmentMerger(readers, options: Self.options(64), dropping: Set(texts.keys)).encode(createdAt: 1)?.bytes
                == nil)
    }
}
