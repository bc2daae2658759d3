import OpenSearchStore
import TestSupport
import Testing
import Threads
import TraceModel
import TraceStore

/// Single spans from a cluster, held against a server of another project.
@Suite(.serialized, .enabled(if: OsmemServer.isInstalled)) struct ClusterSpanTests {
    /// Whole microseconds, ascending.
    private static let now = SystemClock.nanosecondsSince1970() / 1000 * 1000

    private static func span(
        _ number: Int, parent: String? = nil, kind: String = "SERVER", _ name: String = "get", tags: String
    ) -> String {
        let start = now / 1000 - 60_000_000 + Int64(number) * 1_000
        let id = String(number + 1, radix: 16)
        return """
            {"traceId":"\(String(number / 2 + 1, radix: 16))","id":"\(id)",\(parent.map { "\"parentId\":\"\($0)\"," } ?? "")
            "kind":"\(kind)","name":"\(name)","timestamp":\(start),"duration":500,
            "localEndpoint":{"serviceName":"shop"},"tags":\(tags)}
            """
    }

    private static func spans(
        _ query: SpanQuery, _ cluster: ClusterFixture
    ) throws -> (starts: [Int64], isComplete: Bool) {
        var starts: [Int64] = []
        let outcome = try cluster.store.forEachSpan(query, QueryWork()) { starts.append($0.start ?? 0) }
        #expect(outcome.gaps.isEmpty)
        return (starts, outcome.isComplete)
    }

    private static func query(limit: Int = 1_000) -> SpanQuery {
        SpanQuery(serviceName: "shop", window: now - 3_600_000_000_000..<now, limit: limit)
    }

    @Test func `spans of a version come the latest first, page by page, and only as many as asked for`() throws {
        let cluster = try ClusterFixture()
        let spans = (0..<60).map { number in
            Self.span(
                number, kind: number % 10 == 9 ? "CLIENT" : "SERVER",
                tags: number.isMultiple(of: 2)
                    ? #"{"version":"v1"}"# : #"{"istio.canonical_revision":"v2","version":"v1"}"#)
        }
        try cluster.write(zipkin: "[" + spans.joined(separator: ",") + "]")
        var query = Self.query()
        query.version = "v1"
        let all = try Self.spans(query, cluster)
        #expect(all.isComplete && all.starts.count == 30)
        #expect(all.starts == all.starts.sorted(by: >))
        query.version = "v2"
        #expect(try Self.spans(query, cluster).starts.count == 24)
        // Half of what the cluster finds for v1 is of v2: a page is not enough.
        query.version = "v1"
        query.limit = 20
        let some = try Self.spans(query, cluster)
        #expect(!some.isComplete && some.starts == Array(all.starts.prefix(20)))
        query.window = query.window.lowerBound..<all.starts[10]
        query.limit = 1_000
        #expect(try Self.spans(query, cluster).starts == Array(all.starts.dropFirst(11)))
    }

    @Test func `copies of requests are told from requests`() throws {
        let cluster = try ClusterFixture()
        // In each trace a span above the request: every third time a proxy's copy.
        let spans = (0..<60).map { number in
            number.isMultiple(of: 2)
                ? Self.span(
                    number, kind: "CLIENT", number % 6 == 0 ? "mirror" : "get",
                    tags: number % 6 == 2 ? #"{"istio.namespace":"a"}"# : "{}")
                : Self.span(number, parent: String(number, radix: 16), tags: #"{"version":"v1"}"#)
        }
        try cluster.write(zipkin: "[" + spans.joined(separator: ",") + "]")
        var query = Self.query()
        #expect(try Self.spans(query, cluster).starts.count == 30)
        query.isMirrored = true
        let mirrored = try Self.spans(query, cluster)
        #expect(mirrored.starts.count == 10)
        query.isMirrored = false
        let others = try Self.spans(query, cluster)
        #expect(others.starts.count == 20 && Set(others.starts).isDisjoint(with: mirrored.starts))
    }
}
