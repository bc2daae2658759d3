import TestSupport
import Testing
import TraceModel

@testable import SegmentStore

@Suite struct SegmentDamageTests {
    private static func segment(spanCount: Int) throws -> (bytes: [UInt8], texts: [TraceID: Set<String>]) {
        var generator = SpanGenerator(seed: 7)
        let batch = generator.batch(spanCount: spanCount)
        var options = SegmentOptions()
        options.blockSpanCount = 16
        var texts: [TraceID: Set<String>] = [:]
        for span in batch.spans { texts[span.traceID, default: []].insert(span.canonicalText) }
        return (try SegmentWriter.encode([batch], createdAt: 1, options: options).bytes, texts)
    }

    /// Reads all that can be read.
    /// - Returns: traces that were damaged. A span that was never written is an issue.
    private func read(_ bytes: [UInt8], _ texts: [TraceID: Set<String>], _ what: String) -> Int {
        guard let reader = try? SegmentReader(SegmentInMemory(name: "s", bytes: bytes)) else { return texts.count }
        var damaged = 0
        for (traceID, expected) in texts {
            var builder = SpanBatchBuilder()
            do {
                _ = try reader.readTrace(traceID, into: &builder)
                let found = Set(builder.makeBatch().spans.map(\.canonicalText))
                #expect(found == expected, "\(what) changed a trace without a word")
            } catch {
                damaged += 1
            }
        }
        return damaged
    }

    /// What a search finds in each block; nil where it reported damage.
    private func hits(_ bytes: [UInt8], _ filter: SpanFilter) -> [Int: Set<TraceID>?]? {
        let window = SegmentReader.Window(.min ... .max, lateEnd: .max)
        guard let reader = try? SegmentReader(SegmentInMemory(name: "s", bytes: bytes)) else { return nil }
        do {
            guard let scan = try reader.scan(filter, window: window) else { return [:] }
            var hits: [Int: Set<TraceID>?] = [:]
            for block in scan.blocks {
                let found = try? reader.hits(in: block.number, of: scan, BlockMemory())
                hits[block.number] = .some(found.map { Set($0.map(\.traceID)) })
            }
            return hits
        } catch {
            return nil
        }
    }

    private static let filters = [
        SpanFilter(spansForAll: [.clause(.service(.equals(Array("a.default".utf8))))]),
        SpanFilter(
            spansForAll: [
                .clause(
                    .attribute(
                        .init(.span, key: Array("few".utf8), text: Array("v1".utf8)) { value in
                            if case .string(let text) = value { text.elementsEqual("v1".utf8) } else { false }
                        }))
            ]),
    ]

    @Test func `any flipped byte is reported by a search, or changes nothing of what it finds`() throws {
        let (bytes, _) = try Self.segment(spanCount: 40)
        for filter in Self.filters {
            let expected = try #require(hits(bytes, filter))
            #expect(expected.count > 1 && expected.values.contains { $0?.isEmpty == false })
            var servedCount = 0
            for place in bytes.indices {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(place % 8)
                guard let found = hits(damaged, filter) else { continue }
                #expect(found.keys.sorted() == expected.keys.sorted(), "the flip of byte \(place)")
                for (block, traceIDs) in found {
                    guard let traceIDs else { continue }
                    servedCount += 1
                    #expect(traceIDs == expected[block], "block \(block) after the flip of byte \(place)")
                }
            }
            #expect(servedCount > bytes.count / 2, "most flips cost their own block only")
        }
    }

    @Test func `any flipped byte is reported by verify, and never read wrongly`() throws {
        let (bytes, texts) = try Self.segment(spanCount: 40)
        #expect(read(bytes, texts, "nothing") == 0)
        #expect(try SegmentReader(SegmentInMemory(name: "s", bytes: bytes)).verify().isEmpty)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(place % 8)
            _ = read(damaged, texts, "the flip of byte \(place)")
            let problems = (try? SegmentReader(SegmentInMemory(name: "s", bytes: damaged)))?.verify()
            #expect(problems?.isEmpty != true, "the flip of byte \(place) went unnoticed")
        }
    }

    @Test func `a damaged block leaves the others readable`() throws {
        let (bytes, texts) = try Self.segment(spanCount: 200)
        var damaged = bytes
        damaged[SegmentFormat.headerByteCount + 4] ^= 0x10
        let lost = read(damaged, texts, "damage in the first block")
        #expect(lost > 0)
        #expect(lost < texts.count / 2)
    }

    @Test func `a segment cut short anywhere is refused`() throws {
        let (bytes, _) = try Self.segment(spanCount: 20)
        for count in 0..<bytes.count {
            #expect(throws: SegmentError.self) {
                _ = try SegmentReader(SegmentInMemory(name: "s", bytes: Array(bytes[..<count])))
            }
        }
    }

    @Test func `a segment of a newer format is refused by name`() throws {
        var (bytes, _) = try Self.segment(spanCount: 5)
        bytes[8] = 2
        do {
            _ = try SegmentReader(SegmentInMemory(name: "s", bytes: bytes))
            Issue.record("a newer format was read")
        } catch {
            #expect(error.code == .unsupportedFormat)
        }
    }
}
