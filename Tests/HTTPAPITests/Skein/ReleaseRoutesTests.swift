import Foundation
import HTTPAPI
import TestSupport
import Testing

/// The routes of releases over recorded traffic.
@Suite(.onBothStores, .serialized) struct ReleaseRoutesTests {
    private static let path = "/jaeger/api/skein/v1/compare"
    private static let versions = "service=reviews.default&base=v1&candidate=v2"

    private static func serving(_ folder: String, _ body: (QueryServer) throws -> Void) async throws {
        let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(folder)/posts.jsonl.gz")
        let bodies = try Gzip.unpacked(Array(try Data(contentsOf: file))).split(separator: 10)
        let all = bodies.map { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }.joined(separator: ",")
        try await QueryServer.serving(["[\(all)]"], QueryServer.Settings(), body)
    }

    private static func object(_ server: QueryServer, _ query: String) throws -> [String: Any] {
        // All that was recorded.
        let window = "since=1790000000000000000&until=1800000000000000000"
        let response = try server.jaeger.request("GET", "\(path)?\(versions)&\(window)\(query)")
        #expect(response.status == 200, "\(response.text)")
        return try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    @Test func `a comparison tells what goes wrong and which traces show it`() async throws {
        try await Self.serving("bookinfo") { server in
            let report = try Self.object(server, "")
            #expect(report["isExact"] as? Bool == (TestedStore.current == .embedded))
            #expect(report["outcome"] as? String == "worse")
            let evidence = try #require(report["evidence"] as? [String: Any])
            #expect(evidence["candidateRequestCount"] as? Int == 132)
            let kinds = try #require(evidence["errorKinds"] as? [[String: Any]])
            let kind = try #require(kinds.first)
            #expect(kind["key"] as? String == "http.status_code" && kind["value"] as? String == "503")
            #expect(kind["isNew"] as? Bool == true)
            #expect(kind["candidateCount"] as? Int == 11 && kind["baseCount"] as? Int == 0)
            let examples = try #require(evidence["examples"] as? [[String: Any]])
            let failed = try #require(examples.first { $0["role"] as? String == "failed" })
            let traceID = try #require(failed["traceID"] as? String)
            #expect(try server.jaeger.request("GET", "/jaeger/api/traces/\(traceID)").status == 200)
            let pairs = try #require(evidence["pairs"] as? [[String: Any]])
            let differences = try #require(pairs.first?["differences"] as? [String])
            #expect(differences.last == "reviews.default reviews:9080/*: 200 in v1, 503 in v2", "\(differences)")
        }
    }

    @Test func `evidence can be left out, and stored requests compared`() async throws {
        try await Self.serving("bookinfo") { server in
            #expect(try Self.object(server, "&evidence=false")["evidence"] == nil)
            let report = try Self.object(server, "&figures=stored&evidence=false")
            #expect(report["isExact"] as? Bool == false)
            let total = try #require(report["total"] as? [String: Any])
            #expect(total["candidateRequestCount"] as? Int == 132)
            let notes = try #require(report["notes"] as? [String])
            #expect(notes.contains { $0.hasPrefix("the figures are of stored requests") })
            let counted = try server.jaeger.request("GET", "\(Self.path)?\(Self.versions)&figures=counted")
            #expect(counted.status == (TestedStore.current == .embedded ? 200 : 501))
            let bounded = try Self.object(server, "&requests=100")
            #expect((bounded["evidence"] as? [String: Any])?["candidateRequestCount"] as? Int == 100)
        }
    }

    @Test func `copies of requests are looked at where a version served no others`() async throws {
        try await Self.serving("bookinfo-mirror") { server in
            let window = "since=1790000000000000000&until=1800000000000000000"
            let response = try server.jaeger.request(
                "GET", "\(Self.path)?service=reviews.default&base=v1&candidate=v3&\(window)")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            #expect(report["isMirrored"] as? Bool == true)
            let evidence = try #require(report["evidence"] as? [String: Any])
            #expect(evidence["candidateRequestCount"] as? Int == 43 && evidence["baseRequestCount"] as? Int == 68)
        }
    }

    @Test(arguments: ["figures=guessed", "evidence=perhaps", "requests=1", "requests=many", "confidence=2", "other=1"])
    func `what makes no sense is refused`(parameter: String) async throws {
        try await QueryServer.serving([]) { server in
            let response = try server.jaeger.request("GET", "\(Self.path)?\(Self.versions)&\(parameter)")
            #expect(response.status == 400)
            #expect(response.text.contains(try #require(parameter.split(separator: "=").first)))
        }
    }
}
