import OpenSearch
import OpenSearchStore
import TestSupport
import Testing
import Threads
import Topology
import TraceStore
import WireFormats

/// Calls between services, counted from what is in the cluster.
@Suite(.serialized, .enabled(if: OsmemServer.isInstalled)) struct DependencyWriterTests {
    private static let minute: Int64 = 60_000_000_000
    /// The start of an interval that is over.
    private static let start = (SystemClock.nanosecondsSince1970() / (5 * minute) - 4) * 5 * minute

    private static func spans(at time: Int64) -> String {
        let microseconds = time / 1000
        return """
            [{"traceId":"\(time / minute)","id":"1","kind":"CLIENT","name":"a","timestamp":\(microseconds),"duration":9,
              "localEndpoint":{"serviceName":"web"},"tags":{"error":"true"}},
             {"traceId":"\(time / minute)","parentId":"1","id":"2","kind":"SERVER","name":"a",
              "timestamp":\(microseconds + 1),"duration":5,"localEndpoint":{"serviceName":"app"}},
             {"traceId":"\(time / minute)","parentId":"2","id":"3","kind":"CLIENT","name":"a",
              "timestamp":\(microseconds + 2),"duration":2,"localEndpoint":{"serviceName":"app"},
              "remoteEndpoint":{"serviceName":"db"}}]
            """
    }

    @Test func `each interval is counted once, by whoever claims it first`() throws {
        let cluster = try ClusterFixture()
        for time in [Self.start + 1_000_000, Self.start + 2 * Self.minute, Self.start + 5 * Self.minute] {
            try cluster.write(zipkin: Self.spans(at: time))
        }
        let writers = (0..<2).map { _ in
            DependencyWriter(cluster.store, cluster.client, logger: ClusterFixture.logger)
        }
        let now = Self.start + 11 * Self.minute
        for writer in writers { try writer.look(now: now) }
        try SharedOsmem.refresh()
        func links(_ first: Int64, _ last: Int64) throws -> [DependencyLink] {
            try cluster.store.dependencies(within: first...last, QueryWork())
        }
        #expect(
            try links(Self.start, Self.start + 5 * Self.minute - 1) == [
                DependencyLink(parent: "app", child: "db", callCount: 2, errorCount: 0),
                DependencyLink(parent: "web", child: "app", callCount: 2, errorCount: 2),
            ])
        let all = try links(Self.start - 60 * Self.minute, now)
        #expect(all.map(\.callCount) == [3, 3])
        let graph = try cluster.store.topology(
            TopologyQuery(window: Self.start - 60 * Self.minute..<now, focus: "web", depth: 1))
        #expect(graph.nodes.map(\.id) == ["app", "web"])
        #expect(graph.nodes.map(\.isReporting) == [true, true])
        #expect(graph.edges.map(\.callCount) == [3] && graph.edges.map(\.errorCount) == [3])
    }

    @Test func `what was claimed but not done is done by another, later`() throws {
        let cluster = try ClusterFixture()
        try cluster.write(zipkin: Self.spans(at: Self.start))
        let now = Self.start + 6 * Self.minute
        let claim = "{\"time\":\(now),\"isDone\":false}"
        let path = "/\(cluster.naming.name(of: "skein-claim"))/_doc/skein-\(Self.start / 1_000_000_000)"
        _ = try cluster.client.perform(.init("PUT", path, body: Array(claim.utf8)))
        let writer = DependencyWriter(cluster.store, cluster.client, logger: ClusterFixture.logger)
        try writer.look(now: now)
        try SharedOsmem.refresh()
        let window = Self.start...now
        #expect(try cluster.store.dependencies(within: window, QueryWork()) == [])
        try writer.look(now: now + 10 * Self.minute)
        try SharedOsmem.refresh()
        #expect(try cluster.store.dependencies(within: window, QueryWork()).count == 2)
    }
}
