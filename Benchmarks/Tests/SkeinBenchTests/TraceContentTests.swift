import Testing
import Workload

@testable import skein_bench

@Suite struct TraceContentTests {
    private static let workload = Workload(
        WorkloadConfiguration(profile: .mesh, seed: 5, spanCount: 500, lastStart: 1_700_000_000_000_000))

    @Test func `spans and traces of Zipkin's answers are counted`() throws {
        let truths = (0..<3).map { Self.workload.truth(ofTrace: $0) }
        let body = (0..<3).flatMap { Self.workload.json(ofTrace: $0) + [UInt8(ascii: ",")] }
        let content = try TraceContent.read(body, .zipkin)
        #expect(content.traceIDs == Set(truths.map { TraceContent.id($0.traceID) }))
        #expect(content.spanCount == truths.reduce(0) { $0 + $1.spans.count })
        #expect(TraceContent.isAnyTrace(in: body) && !TraceContent.isAnyTrace(in: Array("[]".utf8)))
    }

    @Test func `spans of merged messages are counted`() throws {
        let span = ProtobufParts.field(1, [0, 0xAB] + [UInt8](repeating: 1, count: 14)) + ProtobufParts.field(6, 300)
        let chunk = ProtobufParts.field(1, span) + ProtobufParts.field(1, span)
        let merged = try TraceContent.read(chunk + chunk, .jaegerChunks)
        #expect(merged == TraceContent(traceIDs: ["ab" + String(repeating: "01", count: 14)], spanCount: 4))
        let scope = ProtobufParts.field(2, ProtobufParts.field(2, span))
        let trace = ProtobufParts.field(1, ProtobufParts.field(1, scope))
        #expect(try TraceContent.read(trace + trace, .tempoTrace).spanCount == 2)
        #expect(throws: BenchError.self) { try TraceContent.read(Array(trace.dropLast()), .tempoTrace) }
    }

    @Test func `messages are found wherever frames are cut`() throws {
        let bytes: [UInt8] = [0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9]
        for size in 1...bytes.count {
            var (splitter, body) = (GRPCMessageSplitter(), [UInt8]())
            for start in stride(from: 0, to: bytes.count, by: size) {
                try splitter.take(bytes[start..<min(start + size, bytes.count)], &body)
            }
            #expect(body == [7, 8, 9], "pieces of \(size)")
        }
    }

    @Test func `every API is asked in its own words`() {
        let id = "00112233445566778899aabbccddeeff"
        #expect(TraceAPI.jaegerGRPC.trace(id).message.prefix(4) == [0x0A, 16, 0x00, 0x11])
        #expect(TraceAPI.tempo.trace(id).accept == "application/protobuf")
        let search = TraceAPI.jaegerV3.search(service: "a b", 0...59).path
        #expect(
            search.contains("serviceName=a%20b") && search.hasSuffix("query.startTimeMax=1970-01-01T00:00:59.999999Z"))
        #expect(TraceAPI.zipkin.search(service: "a", 1...2).path.hasSuffix("endTs=2999&lookback=1999"))
        for api in TraceAPI.allCases { #expect(api.trace(id).path.hasPrefix("/")) }
    }
}
