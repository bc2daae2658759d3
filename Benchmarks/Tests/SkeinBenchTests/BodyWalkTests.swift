import Testing
import Workload

@testable import skein_bench

@Suite struct BodyWalkTests {
    private func walk(_ bytes: [UInt8], _ format: SpanFormat) -> Int64 {
        bytes.withUnsafeBytes { BodyWalk.walk($0, format) }
    }

    @Test(arguments: [
        ("", Int64(0)), ("[]", 0), (#"{"a":"b"}"#, 2), (#"["\"",""]"#, 2), (#"["\\","x"]"#, 2),
        (#"["0123456789abcde\"f\\"]"#, 1), (#"["0123456789abcd\\"]"#, 1), (#"["open]"#, -1),
    ])
    func `strings of JSON are found wherever escapes stand`(text: String, count: Int64) {
        // Wherever the text begins within a step of the scan.
        for blanks in 0..<40 {
            #expect(walk([UInt8](repeating: 32, count: blanks) + text.utf8, .zipkinJSON) == count)
        }
    }

    @Test func `fields of protobuf are counted with those of messages within`() {
        let tag: [UInt8] = [0x5A, 6, 0x0A, 1, 0x6B, 0x12, 1, 0x76]
        let span: [UInt8] = [0x3A, 1, 0x61] + [0x38, 0x96, 0x01] + [0x31, 1, 2, 3, 4, 5, 6, 7, 8] + tag
        let list = [0x0A, UInt8(span.count)] + span
        #expect(walk(list, .zipkinProtobuf) == 7)
        #expect(walk(list.dropLast(), .zipkinProtobuf) == -1)
        #expect(walk([0x0B], .zipkinProtobuf) == -1)
    }

    @Test func `values of Thrift are counted with those of lists within`() {
        let inner: [UInt8] = [8, 0, 2, 0, 0, 0, 1, 0]
        let batch: [UInt8] = [11, 0, 1, 0, 0, 0, 2, 0x68, 0x69, 15, 0, 2, 12, 0, 0, 0, 2] + inner + inner + [0]
        #expect(walk(batch, .jaegerThrift) == 7)
        #expect(walk(batch.dropLast(), .jaegerThrift) == -1)
        #expect(walk(batch + [0], .jaegerThrift) == -1)
        #expect(walk([12, 0, 1].flatMap { _ in [UInt8(12), 0, 1] }, .jaegerThrift) == -1)
    }

    @Test(arguments: SpanFormat.allCases) func `a workload's posts are walked`(format: SpanFormat) throws {
        let workload = Workload(
            WorkloadConfiguration(
                profile: .mesh, seed: 1, spanCount: 2_000, lastStart: 1_790_000_000_000_000, format: format))
        let walk = try BodyWalk(workload)
        #expect(walk.bytesPerSpan > 500 && walk.cpuSecondsPerMillionSpans > 0)
    }
}
