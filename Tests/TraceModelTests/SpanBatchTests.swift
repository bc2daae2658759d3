import TestSupport
import Testing

@testable import TraceModel

@Suite struct SpanBatchTests {
    private func batch(of spans: [PlainSpan]) -> SpanBatch {
        var builder = SpanBatchBuilder()
        for span in spans { span.add(to: &builder) }
        return builder.makeBatch()
    }

    @Test func `an empty batch is read back`() throws {
        let batch = try SpanBatch.read(SpanBatchBuilder().makeBatch().image)
        #expect(batch.spanCount == 0 && batch.shapeCount == 0 && batch.stringCount == 1)
        #expect(batch.earliestStart == .max && batch.latestEnd == .min)
        #expect(batch.spans.isEmpty)
    }

    @Test func `a span without anything has nothing`() {
        let span = SpanView(batch: batch(of: [PlainSpan()]), row: 0)
        #expect(span.start == nil && span.duration == nil && span.parentID == nil && span.remoteServiceName == nil)
        #expect(span.serviceName.isEmpty && span.operationName.isEmpty && span.traits == SpanTraits())
        #expect(PlainSpan(span) == PlainSpan())
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `random spans are given back, also from the image`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let spans = (0..<Int.random(in: 1...20, using: &random)).map { _ in PlainSpan.random(&random) }
            let built = batch(of: spans)
            let read = try SpanBatch.read(built.image)
            #expect(read.image == built.image)
            for (row, span) in spans.enumerated() {
                for batch in [built, read] {
                    let found = PlainSpan(SpanView(batch: batch, row: row))
                    #expect(span.matches(found), "seed \(seed), round \(round), span \(row)")
                }
            }
            let starts = spans.compactMap(\.start)
            #expect(read.earliestStart == starts.min() ?? .max)
        }
    }

    @Test func `of equal keys the last counts, at the place of its key`() {
        var span = PlainSpan()
        for (key, value) in [("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5), ("b", 6)] as [(String, Int64)] {
            span.attributes.append(.init(key: key, value: .int(value)))
        }
        span.attributes.append(.init(key: "c", value: .string("s")))
        let found = PlainSpan(SpanView(batch: batch(of: [span]), row: 0)).attributes
        #expect(
            found == [
                .init(key: "b", value: .int(6)), .init(key: "a", value: .int(5)), .init(key: "c", value: .string("s")),
            ])
    }

    @Test func `ordered attributes keep their order and their equal keys`() {
        var span = PlainSpan()
        span.traits.hasOrderedAttributes = true
        for key in ["z", "a", "z", "m"] { span.attributes.append(.init(key: key, value: .string(key))) }
        #expect(PlainSpan(SpanView(batch: batch(of: [span]), row: 0)) == span)
    }

    @Test func `spans with the same keys in any order have one shape`() {
        var first = PlainSpan()
        for key in ["a", "b", "c", "d"] { first.attributes.append(.init(key: key, value: .string("1"))) }
        var second = first
        second.attributes.reverse()
        #expect(batch(of: [first, second]).shapeCount == 1)
        second.attributes[0].value = .int(1)
        #expect(batch(of: [first, second]).shapeCount == 2)
    }

    @Test func `many attributes in any order are sorted`() {
        var random = SeededGenerator(seed: 9)
        let keys = (0..<1_024).map { "key \($0)" }
        var spans: [PlainSpan] = []
        for order in [keys, keys.reversed(), keys.shuffled(using: &random)] {
            var span = PlainSpan()
            span.attributes = order.map { .init(key: $0, value: .string($0)) }
            spans.append(span)
        }
        let batch = batch(of: spans)
        #expect(batch.shapeCount == 1)
        for (row, span) in spans.enumerated() { #expect(span.matches(PlainSpan(SpanView(batch: batch, row: row)))) }
    }

    @Test(arguments: [10, 64, 65, 200, 1_000])
    func `of many equal keys the last counts, in the order of their first coming`(count: Int) {
        var span = PlainSpan()
        let keyCount = max(count / 4, 1)
        for index in 0..<count {
            let key = index < keyCount ? index : (index * 7) % keyCount
            span.attributes.append(.init(key: "key \(key)", value: .int(Int64(index))))
        }
        let found = PlainSpan(SpanView(batch: batch(of: [span]), row: 0))
        #expect(span.matches(found))
        #expect(found.attributes.map(\.key) == (0..<keyCount).map { "key \($0)" })
    }

    @Test func `a span that was not ended leaves nothing in the next`() {
        var builder = SpanBatchBuilder()
        builder.beginSpan()
        builder.spanID = 7
        builder.traits.isDebug = true
        builder.addAttribute(key: builder.intern("a"), bool: true)
        builder.addEvent(name: builder.intern("e"), time: 1)
        PlainSpan().add(to: &builder)
        #expect(PlainSpan(SpanView(batch: builder.makeBatch(), row: 0)) == PlainSpan())
    }

    @Test func `the earliest start and the latest end bound all spans`() {
        func span(_ start: Int64?, _ duration: Int64?) -> PlainSpan {
            var span = PlainSpan()
            span.start = start
            span.duration = duration
            return span
        }
        let some = batch(of: [span(50, 10), span(20, nil), span(nil, 999), span(30, 100)])
        #expect(some.earliestStart == 20 && some.latestEnd == 130)
        #expect(batch(of: [span(.max, .max)]).latestEnd == .max)
        #expect(batch(of: [span(nil, 5)]).latestEnd == .min)
    }

    @Test func `a batch of many spans, strings and shapes is read back`() throws {
        var builder = SpanBatchBuilder()
        let count = 60_000
        for index in 0..<count {
            builder.beginSpan()
            builder.traceID = TraceID(high: UInt64(index), low: 1)
            builder.spanID = UInt64(index) + 1
            builder.serviceName = builder.intern("service \(index % 3_000)")
            builder.addAttribute(key: builder.intern("id"), string: builder.intern("value \(index)"))
            builder.addAttribute(key: builder.intern("n"), int: Int64(index))
            builder.endSpan()
        }
        let batch = try SpanBatch.read(builder.makeBatch().image)
        #expect(batch.spanCount == count && batch.shapeCount == 3_000)
        #expect(batch.stringCount == 1 + 3_000 + 2 + count)
        for row in stride(from: 0, to: count, by: 997) {
            let span = PlainSpan(SpanView(batch: batch, row: row))
            #expect(span.serviceName == "service \(row % 3_000)")
            #expect(span.attributes.map(\.value) == [.string("value \(row)"), .int(Int64(row))])
        }
    }

    @Test func `an emptied builder starts again, small or big before`() throws {
        var builder = SpanBatchBuilder()
        var random = SeededGenerator(seed: 21)
        for size in [3, 5_000, 2, 40_000, 1] {
            builder.removeAll()
            #expect(builder.spanCount == 0 && builder.stringCount == 1)
            let spans = (0..<min(size, 50)).map { _ in PlainSpan.random(&random) }
            for index in 0..<size {
                spans[index % spans.count].add(to: &builder)
                _ = builder.intern("string \(index) of \(size)")
            }
            let batch = try SpanBatch.read(builder.makeBatch().image)
            #expect(batch.spanCount == size)
            for row in 0..<min(size, 200) {
                #expect(spans[row % spans.count].matches(PlainSpan(SpanView(batch: batch, row: row))))
            }
        }
    }

    @Test func `a string stands once and is found by its bytes`() {
        var builder = SpanBatchBuilder()
        let texts = (0..<3_000).map { String(repeating: "x", count: $0 % 70) + "\($0)" }
        let numbers = texts.map { builder.intern($0) }
        #expect(numbers == texts.map { builder.intern($0) })
        #expect(builder.intern("") == 0)
        #expect(builder.stringCount == texts.count + 1)
        let batch = builder.makeBatch()
        for (text, number) in zip(texts, numbers) {
            #expect(batch.text(number) == text)
            #expect(Array(text.utf8).withUnsafeBytes { batch.number(of: $0) } == number)
        }
        #expect(Array("nothing".utf8).withUnsafeBytes { batch.number(of: $0) } == nil)
    }
}
