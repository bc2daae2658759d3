import TestSupport
import Testing
import TraceModel

@testable import Terminal

@Suite struct TraceForestTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `every span has one row, whatever its parents and twins are`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...40, using: &generator)
        var builder = SpanBatchBuilder()
        for _ in 0..<count {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: 1)
            builder.spanID = UInt64.random(in: 1...20, using: &generator)
            builder.parentID = UInt64.random(in: 0...24, using: &generator)
            if Bool.random(using: &generator) { builder.start = Int64.random(in: 0...50, using: &generator) }
            builder.traits.kind = SpanKind.allCases.randomElement(using: &generator) ?? .local
            builder.traits.isShared = Int.random(in: 0..<4, using: &generator) == 0
            builder.endSpan()
        }
        let spans = Array(builder.makeBatch().spans)
        let forest = TraceForest(spans, linedDepthMax: 5)
        let shown = forest.rows.compactMap { row -> Int? in
            if case .span(let index) = row.item { index } else { nil }
        }
        #expect(shown.sorted() == Array(0..<count), "seed \(seed)")
        #expect(forest.rows.allSatisfy { $0.hasNext.count == min($0.depth, 5) }, "seed \(seed)")
        #expect(!TraceTree(Trace(traceID: TraceID(high: 0, low: 1), spans: spans)).lines().isEmpty)
    }
}
