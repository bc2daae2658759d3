import Foundation
import Testing

@testable import skein_bench

@Suite struct ReleaseLoadTests {
    private struct Span: Decodable {
        let traceId: String
        let kind: String
        let tags: [String: String]
        let localEndpoint: [String: String]
        let timestamp: Int64
    }

    @Test func `posts have the requests that the load tells of, spread over the window`() throws {
        let load = ReleaseLoad(requestCount: 1_010, window: 1_000_000..<3_601_000_000)
        var body: [UInt8] = []
        let spans = try (0..<load.postCount).flatMap { number in
            load.write(post: number, into: &body)
            return try JSONDecoder().decode([Span].self, from: Data(body))
        }
        #expect(spans.count == load.spanCount)
        #expect(Set(spans.map(\.traceId)).count == 1_010)
        let served = spans.filter { $0.kind == "SERVER" && $0.localEndpoint["serviceName"] == "compared" }
        #expect(served.count == 1_010)
        #expect(served.count { $0.tags["version"] == "v2" } == load.candidateCount)
        #expect((60...150).contains(load.candidateCount))
        #expect(served.contains { $0.tags["error"] == "true" })
        #expect(spans.allSatisfy { load.window.contains($0.timestamp) })
        #expect(served.map(\.timestamp).max() ?? 0 > 3_590_000_000)
    }
}
