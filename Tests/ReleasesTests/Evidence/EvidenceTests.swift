import Comparison
import TestSupport
import Testing
import Topology
import TraceModel
import TraceStore

@testable import Releases

/// Why two versions differ, from stores that hold their requests.
@Suite struct EvidenceTests {
    private typealias Evidence = ComparisonReport.Evidence

    private static func pair(
        _ store: RequestStore, _ service: String = "shop", base: String = "v1", candidate: String = "v2",
        limits: StoredRequestLimits = .ample
    ) throws -> StoredRequestPair {
        try StoredRequestPair(
            of: service, base: base, candidate: candidate, within: 0..<Int64.max, from: store.store, limits: limits,
            QueryWork())
    }

    /// Requests of two versions in turn, as `make` has them.
    private static func requests(
        _ count: Int, seed: UInt64 = 1, _ make: (inout MadeRequest, Int, inout SeededGenerator) -> Void
    ) -> [MadeRequest] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            var request = MadeRequest(version: number.isMultiple(of: 2) ? "v1" : "v2", time: Double(number) / 10)
            request.milliseconds = Double.random(in: 8...12, using: &generator)
            make(&request, number, &generator)
            return request
        }
    }

    // MARK: Recordings

    @Test func `a status that only the new version answers is new, with its share`() throws {
        let evidence = Evidence(try Self.pair(RequestStore(recording: "bookinfo"), "reviews.default"))
        let kind = try #require(evidence.errorKinds.first)
        #expect(kind.key == "http.status_code" && kind.value == "503")
        #expect(kind.isNew)
        #expect(kind.baseCount == 0 && kind.candidateCount == 11)
        #expect(abs(kind.candidate - 11.0 / Double(evidence.candidateRequestCount)) < 1e-9)
        #expect(kind.p < 0.01)
        #expect(kind.words.hasPrefix("HTTP status 503: 8.3 % of v2 (11 of 132 requests), none of "))
        #expect(kind.words.hasSuffix(" requests of v1: new"))
        #expect(!evidence.isSampled)
    }

    @Test func `of a recording the examples are requests of the versions, and pairs ask for the same`() throws {
        let store = try RequestStore(recording: "bookinfo")
        let evidence = Evidence(try Self.pair(store, "reviews.default"))
        for version in ["v1", "v2"] {
            let own = evidence.examples.filter { $0.version == version }
            #expect(own.count { $0.role == "typical" } == 3)
            #expect(own.count { $0.role == "slowest" } == 3)
            #expect(own.count { $0.role == "failed" } == (version == "v2" ? 3 : 0))
        }
        for example in evidence.examples {
            let traceID = try #require(TraceID(hex: example.traceID))
            let trace = try #require(try store.store.trace(traceID))
            let span = try #require(trace.spans.first { $0.spanID.description == example.spanID })
            #expect(CallAttributes.version(of: span)?.elementsEqual(example.version.utf8) == true)
            #expect(span.duration == example.duration && span.start == example.startTime)
            #expect(span.isError == example.isError)
            #expect(example.url?.hasPrefix("http://reviews:9080/reviews/") == true)
        }
        #expect(!evidence.pairs.isEmpty)
        for pair in evidence.pairs {
            #expect(pair.path == "/reviews/*")
            #expect(pair.base.version == "v1" && pair.candidate.version == "v2")
        }
        #expect(evidence.pairs.first?.candidate.isError == true)
        #expect(evidence.pairs.first?.base.isError == false)
    }

    @Test func `a version that served copies only is looked at by these`() throws {
        let pair = try Self.pair(RequestStore(recording: "bookinfo-mirror"), "reviews.default", candidate: "v3")
        let evidence = Evidence(pair)
        #expect(evidence.candidateRequestCount == 43)
        #expect(evidence.baseRequestCount == 68)
        #expect(ReleaseComparison(pair).isMirrored)
        // Ratings' only version serves requests of v2 and copies of requests of v3: only the former count.
        let ratings = try Self.pair(
            RequestStore(recording: "bookinfo-mirror"), "ratings.default", base: "v0", candidate: "v1")
        #expect(Evidence(ratings).candidateRequestCount == 12)
    }

    @Test func `identities of a mesh are no reason`() throws {
        for recording in ["bookinfo", "bookinfo-mirror"] {
            let pair = try Self.pair(RequestStore(recording: recording), "reviews.default")
            let keys = Set(pair.names.features.indices.map { pair.names.key(ofFeature: $0) })
            #expect(
                keys.isDisjoint(with: ["node_id", "guid:x-request-id", "peer.address", "istio.canonical_revision"]))
            #expect(keys.isSuperset(of: ["user_agent", "http.method", "zone", "path", "operation"]))
        }
    }

    // MARK: Made requests

    @Test func `an attribute of slow requests is found, and no identity`() throws {
        let requests = Self.requests(4_000) { request, number, generator in
            let isEurope = Bool.random(using: &generator)
            request.attributes = [
                "region": isEurope ? "eu" : "us", "k8s.pod.name": "shop-\(request.version)-\(number % 3)",
                "host.name": "node-\(number % 5)", "request_id": "\(number)", "user.id": "user-\(number)",
                "client.ip": "10.0.0.\(number % 250)", "source": "10.1.2.\(number % 250):443",
                "user_agent": ["curl", "firefox", "safari"][number % 3], "http.url": "http://shop/items/\(number)?q=1",
            ]
            if request.version == "v2", isEurope { request.milliseconds *= 3 }
        }
        let evidence = Evidence(try Self.pair(try RequestStore(requests)))
        let slow = try #require(evidence.attributes.first)
        #expect(slow.among == "slow" && slow.key == "region" && slow.value == "eu")
        #expect(slow.candidate > 0.9 && slow.base < 0.65)
        #expect(slow.words.hasPrefix("region=eu: "))
        #expect(slow.words.contains("of the slow requests of v2"))
        #expect(Set(evidence.attributes.map(\.key)) == ["region"])
        #expect(evidence.attributes.allSatisfy { $0.among == "slow" })
    }

    @Test func `an attribute of failed requests is found where the base has none that failed`() throws {
        let requests = Self.requests(3_000) { request, number, generator in
            let tenant = "t\(Int.random(in: 0..<4, using: &generator))"
            request.attributes = ["tenant": tenant]
            if request.version == "v2", tenant == "t2", Bool.random(using: &generator) {
                request.isError = true
                request.exception = "java.lang.IllegalStateException"
                request.attributes["error"] = "row \(number) is gone"
                request.attributes["response_flags"] = "UF"
                request.attributes["grpc.status_code"] = "14"
            } else {
                request.attributes["response_flags"] = "-"
                request.attributes["grpc.status_code"] = "0"
            }
        }
        let evidence = Evidence(try Self.pair(try RequestStore(requests)))
        let failed = try #require(evidence.attributes.first { $0.among == "failed" })
        #expect(failed.key == "tenant" && failed.value == "t2" && failed.candidate == 1)
        #expect(abs(failed.base - 0.25) < 0.05)
        #expect(failed.words.contains("of all requests of v1"))
        let kinds = Dictionary(uniqueKeysWithValues: evidence.errorKinds.map { ($0.key, $0) })
        #expect(kinds["exception.type"]?.value == "java.lang.IllegalStateException")
        #expect(kinds["error"]?.value == "row * is gone")
        #expect(kinds["response_flags"]?.value == "UF")
        #expect(kinds["grpc.status_code"]?.value == "14")
        #expect(evidence.errorKinds.allSatisfy { $0.isNew })
    }

    @Test func `between two labels of the same requests there is no reason`() throws {
        for seed: UInt64 in 1...5 {
            let requests = Self.requests(2_000, seed: seed) { request, number, generator in
                request.attributes = [
                    "region": ["eu", "us", "asia"].randomElement(using: &generator) ?? "", "zone": "a",
                    "user_agent": "agent-\(Int.random(in: 0..<20, using: &generator))",
                    "http.status_code": Int.random(in: 0..<50, using: &generator) == 0 ? "500" : "200",
                ]
                request.isError = request.attributes["http.status_code"] == "500"
            }
            let evidence = Evidence(try Self.pair(try RequestStore(requests)))
            #expect(evidence.attributes.isEmpty, "seed \(seed)")
            #expect(!evidence.errorKinds.contains { $0.isNew || $0.p < 0.01 }, "seed \(seed)")
        }
    }

    @Test func `a kind of error that might be chance is not called new`() throws {
        let requests = Self.requests(200) { request, number, _ in
            request.attributes["http.status_code"] = number == 1 ? "500" : "200"
        }
        let kind = try #require(Evidence(try Self.pair(try RequestStore(requests))).errorKinds.first)
        #expect(kind.value == "500" && kind.candidateCount == 1 && !kind.isNew)
    }

    @Test func `where nearly all are slow no attribute is blamed`() throws {
        let requests = Self.requests(1_000) { request, number, generator in
            request.attributes = ["region": number % 20 < 2 ? "eu" : "us"]
            if request.version == "v2" { request.milliseconds *= 3 }
            if request.version == "v1", request.attributes["region"] == "eu" { request.milliseconds *= 2 }
        }
        let evidence = Evidence(try Self.pair(try RequestStore(requests)))
        #expect(!evidence.attributes.contains { $0.among == "slow" })
        #expect(evidence.notes.contains { $0.contains("nearly all requests of v2 are slow") })
    }

    @Test func `where there is no time to look, nothing is said to be missing`() throws {
        let store = try RequestStore(Self.requests(100) { _, _, _ in })
        try store.store.seal()
        var limits = StoredRequestLimits()
        limits.time = .zero
        let notes = try Self.pair(store, limits: limits).notes
        #expect(notes == ["v1", "v2"].map { "there was no time to look at all stored requests of \($0)" })
    }

    @Test func `of many requests some of each part of the time are looked at, and it says so`() throws {
        // Of 20 minutes the fifth went wrong.
        let requests = Self.requests(12_000) { request, number, _ in
            request.isError = request.version == "v2" && request.time >= 240 && request.time < 300
            request.attributes["http.status_code"] = request.isError ? "503" : "200"
        }
        let store = try RequestStore(requests)
        var limits = StoredRequestLimits.ample
        limits.requestCountMax = 1_500
        let pair = try Self.pair(store, limits: limits)
        let evidence = Evidence(pair)
        #expect((1_300...1_500).contains(evidence.baseRequestCount))
        #expect((1_300...1_500).contains(evidence.candidateRequestCount))
        for version in ["v1", "v2"] {
            #expect(evidence.notes.contains { $0.hasPrefix("of \(version) 1") && $0.hasSuffix("spread over the time") })
        }
        #expect(abs(pair.base.storedCount - 6_000) < 300)
        let kind = try #require(evidence.errorKinds.first)
        #expect(kind.isNew && kind.value == "503")
        #expect(abs(kind.candidate - 0.05) < 0.02)
        #expect(!evidence.isSampled)
        #expect(Evidence(try Self.pair(store)).notes.isEmpty)
    }

    @Test func `of a version without stored requests it says that`() throws {
        let evidence = Evidence(try Self.pair(RequestStore(Self.requests(100) { _, _, _ in }), candidate: "v9"))
        #expect(evidence.notes == ["no request of v9 is stored of this time"])
        #expect(evidence.candidateRequestCount == 0 && evidence.pairs.isEmpty && evidence.attributes.isEmpty)
        #expect(!evidence.errorKinds.contains { $0.isNew })
    }
}
