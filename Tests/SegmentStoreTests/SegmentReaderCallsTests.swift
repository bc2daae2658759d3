import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

@Suite struct SegmentReaderCallsTests {
    /// Gives names numbers, and texts back.
    private final class Names {
        private var numbers: [String: UInt32] = ["": 0]
        private(set) var texts = [""]

        func number(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
            let text = String(decoding: bytes, as: UTF8.self)
            if let known = numbers[text] { return known }
            numbers[text] = UInt32(texts.count)
            texts.append(text)
            return UInt32(texts.count - 1)
        }
    }

    private static func segment(seed: UInt64, spanCount: Int) throws -> (bytes: [UInt8], batch: SpanBatch) {
        var generator = SpanGenerator(seed: seed)
        let batch = generator.batch(spanCount: spanCount)
        var options = SegmentOptions()
        options.blockSpanCount = 16
        return (try SegmentWriter.encode([batch], createdAt: 1, options: options).bytes, batch)
    }

    /// What each block tells of its spans, in words; nil for blocks that report damage, or for all.
    private func calls(_ bytes: [UInt8]) -> [[String]?]? {
        let names = Names()
        guard let reader = try? SegmentReader(SegmentInMemory(name: "s", bytes: bytes)),
            let calls = try? SegmentCalls(reader, number: names.number), let blocks = try? reader.callBlocks()
        else { return nil }
        return blocks.map { block in try? lines(of: calls.read(block: block.number), calls.shapes, names) }
    }

    private func lines(
        of block: BlockCalls, _ shapes: [SegmentCalls.Shape], _ names: Names
    ) throws -> [String] {
        var lines: [String] = []
        for trace in 0..<block.traceCount {
            let rootStart = try block.rootStart(ofTrace: trace)
            for span in block.spans(trace) {
                let shape = shapes[block.shape(ofSpan: span)]
                lines.append(
                    "\(block.traceIDLow(trace)) \(block.spanIDs[span]) \(block.parentIDs[span]) "
                        + "\(names.texts[Int(shape.serviceName)])>"
                        + "\(names.texts[Int(block.remoteServiceName(ofSpan: span))]) \(shape.traits.rawValue) "
                        + "\(block.address(ofSpan: span) != 0) \(rootStart ?? -1)")
            }
        }
        return lines
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `calls are those of the spans that were written`(seed: UInt64) throws {
        let (bytes, batch) = try Self.segment(seed: seed, spanCount: 200)
        let found = try #require(calls(bytes)).flatMap { $0 ?? ["damaged"] }
        var expected: [String] = []
        for span in batch.spans {
            let roots = batch.spans.filter { $0.traceID == span.traceID && $0.parentID == nil }.compactMap(\.start)
            var hasAddress = false
            for field in [SpanField.localIPv4, .localIPv6, .localPort] where span.traits.isShared {
                if case .none = span.value(of: field) { continue }
                hasAddress = true
            }
            let remote = span.remoteServiceName.map { String(decoding: $0, as: UTF8.self) } ?? ""
            expected.append(
                "\(span.traceID.low) \(span.spanID.value) \(span.parentID?.value ?? 0) "
                    + "\(String(decoding: span.serviceName, as: UTF8.self))>\(remote) \(span.traits.rawValue) "
                    + "\(hasAddress) \(roots.min() ?? -1)")
        }
        // A trace of more spans than a block holds is in parts, of which each knows its own roots.
        let traces = Dictionary(grouping: batch.spans, by: \.traceID.low)
        func isWhole(_ line: String) -> Bool { (traces[UInt64(line.prefix { $0 != " " }) ?? 0]?.count ?? 0) <= 16 }
        #expect(found.count == expected.count)
        #expect(found.filter(isWhole).sorted() == expected.filter(isWhole).sorted(), "seed \(seed)")
    }

    @Test func `any flipped byte is reported, or changes nothing`() throws {
        let (bytes, _) = try Self.segment(seed: 5, spanCount: 40)
        let expected = try #require(calls(bytes))
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(place % 8)
            guard let found = calls(damaged) else { continue }
            #expect(found.count == expected.count)
            for (number, lines) in found.enumerated() where lines != nil {
                #expect(lines == expected[number], "block \(number) after the flip of byte \(place)")
            }
        }
    }
}
