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
        let response = try server.jaeger.request("GET", "\(path)?\(versions)&\(window)&readingSeconds=60\(query)")
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
                "GET", "\(Self.path)?service=reviews.default&base=v1&candidate=v3&\(window)&readingSeconds=60")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            #expect(report["isMirrored"] as? Bool == true)
            let evidence = try #require(report["evidence"] as? [String: Any])
            #expect(evidence["candidateRequestCount"] as? Int == 43 && evidence["baseRequestCount"] as? Int == 68)
        }
    }

    @Test func `what callers saw and what is called is told by stored requests as it was counted`() async throws {
        try await Self.serving("bookinfo") { server in
            let stored = try Self.object(server, "&figures=stored&evidence=false")
            let caller = try #require((stored["callers"] as? [[String: Any]])?.first)
            #expect(caller["service"] as? String == "productpage.default")
            let seen = try #require(caller["candidate"] as? [String: Any])
            #expect(seen["callCount"] as? Int == 132 && seen["errorInterval"] != nil)
            let callee = try #require((stored["callees"] as? [[String: Any]])?.first)
            #expect(callee["service"] as? String == "ratings.default" && callee["change"] as? String == "added")
            #expect(callee["baseCallingInterval"] != nil)
            let steps = try #require((stored["timeline"] as? [String: Any])?["steps"] as? [[String: Any]])
            #expect(steps.reduce(0) { $0 + ($1["candidate"] as? Int ?? 0) } == 132)
        }
    }

    @Test(arguments: [
        ("bookinfo", "canary", ["v1", "v2"], [0, 0]), ("bookinfo-mirror", "mirrored", ["v1", "v2", "v3"], [0, 0, 43]),
    ])
    func `versions and their shares are found, over time of one service`(
        recording: String, kind: String, versions: [String], copies: [Int]
    ) async throws {
        try await Self.serving(recording) { server in
            let window = "since=1790000000000000000&until=1800000000000000000"
            let path = "/jaeger/api/skein/v1/releases"
            func releases(_ path: String) throws -> (all: [String: Any], releases: [[String: Any]]) {
                let response = try server.jaeger.request("GET", "\(path)?\(window)")
                #expect(response.status == 200, "\(response.text)")
                let all = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
                return (all, try #require(all["releases"] as? [[String: Any]]))
            }
            let (all, found) = try releases(path)
            #expect(all["isExact"] as? Bool == (TestedStore.current == .embedded))
            #expect((all["notes"] as? [String])?.isEmpty == (TestedStore.current == .embedded))
            #expect(found.map { $0["service"] as? String } == ["reviews.default"])
            let release = try #require(try releases(path + "/reviews.default").releases.first)
            #expect(release["namespace"] as? String == "default")
            #expect(release["kind"] as? String == kind)
            let own = try #require(release["versions"] as? [[String: Any]])
                .sorted { ($0["name"] as? String ?? "") < ($1["name"] as? String ?? "") }
            #expect(own.map { $0["name"] as? String } == versions)
            #expect(own.map { $0["mirroredRequestCount"] as? Int } == copies)
            let isBookinfo = recording == "bookinfo"
            #expect(own.map { $0["requestCount"] as? Int } == (isBookinfo ? [150, 132] : [68, 26, 0]))
            #expect(own.map { $0["errorCount"] as? Int } == (isBookinfo ? [0, 11] : [0, 14, 0]))
            let requests = own.reduce(0) { $0 + ($1["requestCount"] as? Int ?? 0) }
            let steps = try #require(release["steps"] as? [[String: Any]])
            #expect(steps.flatMap { $0["requestCounts"] as? [Int] ?? [] }.reduce(0, +) == requests)
            let missing = try server.jaeger.request("GET", "\(path)/details.default?\(window)")
            #expect(missing.status == 404)
        }
    }

    @Test(arguments: [
        "figures=guessed", "evidence=perhaps", "requests=1", "requests=many", "readingSeconds=61", "confidence=2",
        "other=1",
    ])
    func `what makes no sense is refused`(parameter: String) async throws {
        try await QueryServer.serving([]) { server in
            let response = try server.jaeger.request("GET", "\(Self.path)?\(Self.versions)&\(parameter)")
            #expect(response.status == 400)
            #expect(response.text.contains(try #require(parameter.split(separator: "=").first)))
        }
    }
}
