import Foundation
import HTTPAPI
import Releases
import TestSupport
import Testing

/// Comparisons of versions that are sent copies of requests, over recorded traffic.
@Suite(.onBothStores, .serialized) struct MirrorRoutesTests {
    private func mirror(_ folder: String, base: String = "v1", _ more: String = "") async throws
        -> ComparisonReport.Mirror?
    {
        let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(folder)/posts.jsonl.gz")
        let bodies = try Gzip.unpacked(Array(try Data(contentsOf: file))).split(separator: 10)
        let all = bodies.map { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }.joined(separator: ",")
        var mirror: ComparisonReport.Mirror?
        try await QueryServer.serving(["[\(all)]"], QueryServer.Settings()) { server in
            let query = "service=reviews.default&base=\(base)&candidate=v3"
            // All that was recorded.
            let window = "since=1790000000000000000&until=1800000000000000000&readingSeconds=60"
            let response = try server.jaeger.request("GET", "/api/skein/v1/compare?\(query)&\(window)\(more)")
            #expect(response.status == 200, "\(response.text)")
            mirror = try JSONDecoder().decode(ComparisonReport.self, from: Data(response.body)).mirror
        }
        return mirror
    }

    @Test func `copies are told of beside their requests`() async throws {
        for (base, count, median) in [("v1", 29, Int64(8_930_000)), ("v2", 31, 4_888_000)] {
            let mirror = try #require(try await mirror("bookinfo-mirror-inherit", base: base))
            #expect(mirror.unpairedCount == 0, "\(mirror.notes)")
            let call = try #require(mirror.repeatedCalls.first)
            #expect(mirror.repeatedCalls.count == 1 && call.service == "ratings.default")
            #expect(call.words.hasSuffix("it is touched twice") == (base == "v2"))
            #expect(mirror.pairCount == count && mirror.durationDifference?.p50 == median)
            #expect(mirror.disagreements.map { "\($0.base) \($0.candidate)" } == ["200 503"])
        }
    }

    @Test func `where no copy is traced it is said what to switch on`() async throws {
        let mirror = try #require(try await mirror("bookinfo-mirror-off"))
        #expect(mirror.pairCount == 0 && mirror.notes.contains { $0.contains("request_mirror_policies") })
    }

    @Test func `nothing is told of copies where nothing is told of stored requests`() async throws {
        #expect(try await mirror("bookinfo-mirror-inherit", "&evidence=false") == nil)
    }
}
