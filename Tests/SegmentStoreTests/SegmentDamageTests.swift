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

    @Test func `any flipped byte is reported by verify, and never read wrongly`() throws {
        let (bytes, texts) = try Self.segment(spanCount: 60)
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
