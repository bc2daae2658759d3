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
}
