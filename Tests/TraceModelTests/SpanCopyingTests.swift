import Bytes
import TestSupport
import Testing
import TraceModel

@Suite struct SpanCopyingTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4]

    @Test(arguments: seeds) func `a copy says the same as its original, to the byte`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let batches = (0..<3).map { _ in generator.batch(spanCount: 200) }
        var builder = SpanBatchBuilder()
        // Spans of several batches, in turns.
        for row in 0..<200 {
            for batch in batches { builder.append(SpanView(batch: batch, row: row), samplingThreshold: 0) }
        }
        let copy = try checked(builder.makeBatch())
        for row in 0..<200 {
            for (index, batch) in batches.enumerated() {
                let original = SpanView(batch: batch, row: row)
                let own = SpanView(batch: copy, row: row * 3 + index)
                #expect(own.hasEqualContent(to: original))
                // Events and their attributes lie in their places too.
                #expect(own.fieldAndEventText == original.fieldAndEventText)
            }
        }
        #expect(copy.earliestStart == batches.map(\.earliestStart).min())
        #expect(copy.latestEnd == batches.map(\.latestEnd).max())
    }

    @Test func `the greater threshold is kept, and none if there is none`() {
        var generator = SpanGenerator(seed: 5)
        let original = SpanView(batch: generator.batch(spanCount: 1), row: 0)
        let first = copy(original, 100)
        #expect(first.samplingThreshold == 100)
        #expect(copy(first, 50).samplingThreshold == 100)
        #expect(copy(first, 200).samplingThreshold == 200)
        #expect(copy(first, 0).samplingThreshold == 100)
        #expect(copy(original, 0).samplingThreshold == nil)
        #expect(copy(first, 100).canonicalText.contains("i:100"))
    }

    @Test(arguments: seeds) func `of a counted span what the topology asks for is left`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        let batch = generator.batch(spanCount: 300)
        var builder = SpanBatchBuilder()
        var asked = 0
        for span in batch.spans {
            builder.appendCounted(span) { key in
                asked += 1
                return key.elementsEqual("few".utf8)
            }
        }
        #expect(asked <= batch.stringCount, "each key is asked for once")
        let counted = try checked(builder.makeBatch(isCountOnly: true))
        #expect(counted.isCountOnly)
        #expect(counted.byteCount < batch.byteCount)
        for (own, original) in zip(counted.spans, batch.spans) {
            #expect(own.traceID == original.traceID && own.spanID == original.spanID)
            #expect(own.parentID == original.parentID && own.traits == original.traits)
            #expect(own.start == original.start && own.duration == original.duration)
            #expect(own.serviceName.elementsEqual(original.serviceName))
            #expect(own.operationName.elementsEqual(original.operationName))
            #expect(own.remoteServiceName.map { Array($0) } == original.remoteServiceName.map { Array($0) })
            #expect(own.text(of: .resource) == original.text(of: .resource))
            let hasAddress = original.traits.isShared
            #expect(own.text(of: .localIPv4) == (hasAddress ? original.text(of: .localIPv4) : "none"))
            var keys: Set<String> = []
            own.forEachAttribute { key, _ in keys.insert(String(decoding: key, as: UTF8.self)) }
            #expect(keys.isSubset(of: ["few"]))
            own.forEachEvent { _, _, _ in Issue.record("an event was kept") }
        }
    }

    @Test func `a builder that is used again takes nothing over`() throws {
        var generator = SpanGenerator(seed: 6)
        let batch = generator.batch(spanCount: 50)
        var builder = SpanBatchBuilder()
        for round in 0..<3 {
            builder.removeAll()
            for span in batch.spans.dropFirst(round * 10) { builder.append(span, samplingThreshold: 0) }
            let copy = try checked(builder.makeBatch())
            #expect(copy.spans.map(\.canonicalText) == batch.spans.dropFirst(round * 10).map(\.canonicalText))
        }
    }

    private func copy(_ span: SpanView, _ threshold: UInt64) -> SpanView {
        var builder = SpanBatchBuilder()
        builder.append(span, samplingThreshold: threshold)
        return SpanView(batch: builder.makeBatch(), row: 0)
    }

    /// Keeps every rule of an image.
    private func checked(_ batch: SpanBatch) throws -> SpanBatch {
        try batch.withBytes { image in try SpanBatch(copying: image) }
    }
}

extension SpanView {
    fileprivate var samplingThreshold: Int64? {
        if case .int(let value) = value(of: .samplingThreshold) { value } else { nil }
    }

    fileprivate func text(of field: SpanField) -> String { "\(FieldText(value(of: field)))" }

    fileprivate var fieldAndEventText: String {
        var texts: [String] = []
        forEachValue { column, value in
            if column.role != .attribute { texts.append("\(column.rawValue) \(FieldText(value))") }
        }
        return texts.joined(separator: "\n")
    }
}

/// A value by what it holds, not by where it lies.
private struct FieldText: CustomStringConvertible {
    let description: String

    init(_ value: SpanValue) {
        description =
            switch value {
            case .string(let bytes), .bytes(let bytes), .array(let bytes), .map(let bytes): "\(Array(bytes))"
            case .int(let number): "\(number)"
            case .double(let number): "\(number)"
            case .bool(let flag): "\(flag)"
            case .none: "none"
            }
    }
}
