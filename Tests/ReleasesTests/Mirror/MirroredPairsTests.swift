import TestSupport
import Testing
import TraceModel

@testable import Releases

@Suite struct MirroredPairsTests {
    private func server(
        _ id: UInt64, _ parent: UInt64, _ version: String, start: Double, duration: Double = 5, status: String = "200",
        service: String = "reviews"
    ) -> MadeSpan {
        MadeSpan(
            id: id, parent: parent, kind: .server, service: service, operation: "GET", start: start, duration: duration,
            attributes: [("http.status_code", status), ("istio.canonical_revision", version)])
    }

    private func client(_ id: UInt64, _ parent: UInt64, _ name: String = "GET", start: Double) -> MadeSpan {
        let attributes = name == "mirror" ? [] : [("istio.canonical_revision", "v1")]
        return MadeSpan(
            id: id, parent: parent, kind: .client, service: "page", operation: name, start: start, duration: 20,
            attributes: attributes)
    }

    private func pairs(_ spans: [MadeSpan]) -> MirroredPairs {
        var pairs = MirroredPairs(of: "reviews", base: "v1", candidate: "v3")
        pairs.add(MadeTrace.trace(spans))
        return pairs
    }

    @Test func `of several tries the one nearest in time is the request`() {
        let found = pairs([
            client(1, 0, start: 0), server(2, 1, "v1", start: 1, status: "503"), client(3, 1, "mirror", start: 8),
            server(4, 3, "v3", start: 9, duration: 12), server(5, 1, "v1", start: 10, duration: 4),
        ])
        #expect(found.pairs.map(\.requestStatus) == ["200"] && found.pairs.map(\.copyStatus) == ["200"])
        #expect(found.pairs.map(\.difference) == [8_000_000])
    }

    @Test func `a request has one copy, and what has none left is alone`() {
        let found = pairs([
            client(1, 0, start: 0), server(2, 1, "v1", start: 1), client(3, 1, "mirror", start: 1),
            server(4, 3, "v3", start: 2), client(5, 1, "mirror", start: 3), server(6, 5, "v3", start: 4),
            // The proxy's caller has sent nothing.
            client(7, 99, "mirror", start: 5), server(8, 7, "v3", start: 6),
        ])
        #expect(found.pairs.count == 1 && found.unpairedCount == 2)
    }

    @Test func `a copy beside the call is a copy of the nearest one`() {
        let found = pairs([
            server(1, 0, "v1", start: 0, service: "page"), client(2, 1, start: 1), server(3, 2, "v1", start: 2),
            client(4, 1, start: 30), server(5, 4, "v1", start: 31, status: "500"), client(6, 1, "mirror", start: 30),
            server(7, 6, "v3", start: 32),
        ])
        #expect(found.pairs.map(\.requestStatus) == ["500"])
    }

    @Test func `only copies that the candidate served, of requests that the base served, are pairs`() {
        let found = pairs([
            client(1, 0, start: 0), server(2, 1, "v2", start: 1), client(3, 1, "mirror", start: 1),
            server(4, 3, "v3", start: 2), client(11, 0, start: 0), server(12, 11, "v1", start: 1),
            client(13, 11, "mirror", start: 1), server(14, 13, "v4", start: 2),
        ])
        #expect(found.pairs.isEmpty && found.otherCounts == ["v2": 1] && found.unpairedCount == 0)
    }

    @Test func `what both have others do, and what only copies do, is counted at any depth`() {
        func database(_ id: UInt64, _ parent: UInt64) -> MadeSpan {
            MadeSpan(
                id: id, parent: parent, kind: .client, service: "ratings", operation: "insert", start: 4, duration: 1,
                attributes: [("db.system", "mongodb"), ("db.name", "stars")])
        }
        let found = pairs([
            client(1, 0, start: 0), server(2, 1, "v1", start: 1), client(3, 1, "mirror", start: 1),
            server(4, 3, "v3", start: 2), client(5, 4, start: 3), server(6, 5, "v1", start: 3, service: "ratings"),
            database(7, 6), database(8, 6), client(9, 2, start: 3), server(10, 9, "v1", start: 3, service: "ratings"),
            MadeSpan(
                id: 11, parent: 4, kind: .producer, service: "reviews", operation: "publish", start: 4,
                attributes: [("messaging.destination.name", "orders")]),
        ])
        let mirror = ComparisonReport.Mirror(found)
        #expect(
            mirror.repeatedCalls.map { "\($0.kind) \($0.service) \($0.perRequest)" } == [
                "database stars 2.0", "sent reviews 1.0", "call ratings 1.0",
            ])
        #expect(
            mirror.repeatedCalls.map(\.words) == [
                "only copies ask the database stars insert, 2 times a request",
                "only copies send to reviews publish, once a request",
                "copies call ratings GET once a request, as requests do once: it is touched twice",
            ])
        #expect(mirror.durationDifference == nil)
        #expect(mirror.notes == ["too few pairs to say how much longer copies take: 1"])
    }

    @Test func `a copy's host is told by its end`() {
        for url in ["http://reviews-shadow:9080/reviews/0", "https://a.b-shadow", "reviews-shadow/x?y"] {
            #expect(StoredRequestPair.isOfShadow(url), "\(url)")
        }
        for url in ["http://reviews:9080/my-shadow", "", "//", "http://shadow/", "http://x/?a=b-shadow"] {
            #expect(!StoredRequestPair.isOfShadow(url), "\(url)")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `whatever spans there are, nothing traps`(seed: UInt64) {
        var generator = SpanGenerator(seed: seed)
        let spans = Array(generator.batch(spanCount: 500).spans)
        var pairs = MirroredPairs(of: "a.default", base: "v1", candidate: "v2")
        pairs.add(Trace(traceID: TraceID(high: 0, low: 1), spans: spans))
        #expect(pairs.pairs.count <= 50)
    }
}
