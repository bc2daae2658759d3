import Foundation
import HTTPAPI
import NetworkTestSupport
import Synchronization
import TestSupport
import Testing
import Topology

/// The routes of the topology, over TCP, with answers that are made up.
@Suite(.serialized) struct TopologyRoutesTests {
    private static let now: Int64 = 1_800_000_000_000_000_000
    private static let hour: Int64 = 3_600_000_000_000

    /// What the store was asked.
    private final class Asked: Sendable {
        private let state = Mutex<(query: TopologyQuery?, window: Range<Int64>?)>((nil, nil))

        var query: TopologyQuery? { state.withLock { $0.query } }
        var window: Range<Int64>? { state.withLock { $0.window } }

        func note(_ query: TopologyQuery) { state.withLock { $0.query = query } }
        func note(_ window: Range<Int64>) { state.withLock { $0.window = window } }
    }

    private static func graph(_ query: TopologyQuery) -> TopologyGraph {
        let durations = TopologyGraph.Durations(p50: 1_000_000, p95: 2_000_000, p99: 3_000_000)
        return TopologyGraph(
            window: query.window, grouping: query.grouping,
            nodes: [
                .init(id: "front", serviceName: "front", callCount: 36, errorCount: 9, durations: durations),
                .init(id: "</script>", serviceName: "</script>", isReporting: false),
            ],
            edges: [.init(from: 0, to: 1, kind: .oneSided, callCount: 72, errorCount: 18, client: durations)],
            notes: ["a note"])
    }

    private static func report(_ window: Range<Int64>) -> PropagationReport {
        PropagationReport(
            window: window,
            findings: [
                .init(
                    problem: .unjoinedCalls, serviceName: "front", version: "v2", peerName: "back", count: 3, total: 4,
                    examples: ["0102030405060708090a0b0c0d0e0f10"], advice: "Hand on the headers.")
            ])
    }

    private func serving(_ body: (HTTPConnection, Asked) throws -> Void) async throws {
        let asked = Asked()
        let queries = TopologyQueries(
            graphs: { query in
                asked.note(query)
                return Self.graph(query)
            },
            reports: { window in
                asked.note(window)
                return Self.report(window)
            }, now: { Self.now })
        try await RunningServer.run(routes: { queries.register(on: &$0) }) { server in
            try body(try HTTPConnection(port: UInt16(server.port)), asked)
        }
    }

    private func object(_ response: HTTPResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    @Test func `a graph is told in JSON unless another form is asked for`() async throws {
        try await serving { connection, asked throws in
            let response = try connection.request("GET", "/api/skein/v1/topology")
            #expect(response.status == 200 && response.header("content-type") == "application/json")
            #expect(asked.query == TopologyQuery(window: Self.now - Self.hour..<Self.now))
            let graph = try object(response)
            #expect(graph["group"] as? String == "service" && graph["notes"] as? [String] == ["a note"])
            let nodes = try #require(graph["nodes"] as? [[String: Any]])
            #expect(nodes.map { $0["id"] as? String } == ["front", "</script>"])
            #expect(nodes.map { $0["isReporting"] as? Bool } == [true, false])
            #expect(nodes[0]["rate"] as? Double == 0.01 && nodes[0]["errorShare"] as? Double == 0.25)
            #expect(
                (nodes[0]["durations"] as? [String: Int]) == ["p50": 1_000_000, "p95": 2_000_000, "p99": 3_000_000])
            let edge = try #require((graph["edges"] as? [[String: Any]])?.first)
            #expect(edge["from"] as? String == "front" && edge["to"] as? String == "</script>")
            #expect(edge["kind"] as? String == "one-sided" && edge["callCount"] as? Int == 72)
            for (format, type) in [
                ("table", "text/plain; charset=utf-8"), ("dot", "text/vnd.graphviz; charset=utf-8"),
                ("mermaid", "text/vnd.mermaid; charset=utf-8"), ("csv", "text/csv; charset=utf-8"),
                ("graphml", "application/graphml+xml; charset=utf-8"), ("svg", "image/svg+xml"),
            ] {
                let drawn = try connection.request("GET", "/api/skein/v1/topology?format=\(format)")
                #expect(drawn.status == 200 && drawn.header("content-type") == type)
                #expect(!drawn.body.isEmpty)
                #expect(drawn.header("content-security-policy")?.hasPrefix("default-src 'none'") == true)
                #expect(drawn.header("x-content-type-options") == "nosniff")
            }
        }
    }

    @Test func `a question has a window, what is a node, and a focus`() async throws {
        try await serving { connection, asked throws in
            let target = "/api/skein/v1/topology?since=-2h&until=-1h&group=version&focus=a%20b&depth=3"
            #expect(try connection.request("GET", target).status == 200)
            #expect(
                asked.query
                    == TopologyQuery(
                        window: Self.now - 2 * Self.hour..<Self.now - Self.hour, grouping: .version, focus: "a b",
                        depth: 3))
            for since in ["90m", "-90m", "1799994600", "1799994600000", "2027-01-15T06:30:00Z"] {
                #expect(try connection.request("GET", "/api/skein/v1/topology?since=\(since)").status == 200)
                #expect(asked.query?.window == Self.now - Self.hour * 3 / 2..<Self.now, "\(since)")
            }
            _ = try connection.request("GET", "/api/skein/v1/topology?since=2d&until=1d")
            #expect(asked.query?.window == Self.now - 48 * Self.hour..<Self.now - 24 * Self.hour)
        }
    }

    @Test(arguments: [
        ("since=soon", "since: neither a time"), ("until=later", "until: neither a time"),
        ("since=now", "since: not earlier than until"),
        ("group=pod", "group: not one of service, version, namespace, operation: pod"),
        ("format=png", "format: not one of table, json, dot, mermaid, graphml, csv, svg: png"),
        ("depth=-1&focus=a", "depth: not a number from 0 to 100: -1"),
        ("depth=2", "depth: only around a focus"),
        ("services=a", "unknown parameter services; there are depth, focus, format, group, since, until"),
    ])
    func `a wrong parameter is refused with its name`(query: String, reason: String) async throws {
        try await serving { connection, asked throws in
            let response = try connection.request("GET", "/api/skein/v1/topology?" + query)
            let error = try #require(try object(response)["error"] as? [String: Any])
            #expect(response.status == 400 && error["status"] as? Int == 400)
            #expect((error["message"] as? String)?.hasPrefix(reason) == true, "\(error)")
            #expect(asked.query == nil)
        }
    }

    @Test func `a report of broken propagation is JSON or a table`() async throws {
        try await serving { connection, asked throws in
            let response = try connection.request("GET", "/api/skein/v1/propagation?since=30m")
            #expect(response.status == 200 && response.header("content-type") == "application/json")
            #expect(asked.window == Self.now - Self.hour / 2..<Self.now)
            let finding = try #require((try object(response)["findings"] as? [[String: Any]])?.first)
            #expect(finding["problem"] as? String == "unjoined-calls" && finding["service"] as? String == "front")
            #expect(finding["version"] as? String == "v2" && finding["peer"] as? String == "back")
            #expect(finding["count"] as? Int == 3 && finding["share"] as? Double == 0.75)
            #expect(finding["examples"] as? [String] == ["0102030405060708090a0b0c0d0e0f10"])
            let table = try connection.request("GET", "/api/skein/v1/propagation?format=table")
            #expect(table.header("content-type") == "text/plain; charset=utf-8" && table.text.contains("front@v2"))
            for query in ["format=svg", "focus=a", "since=x"] {
                #expect(try connection.request("GET", "/api/skein/v1/propagation?" + query).status == 400, "\(query)")
            }
        }
    }

    @Test func `the own API has the topology, below the prefix too`() async throws {
        try await QueryServer.serving([]) { server throws in
            for prefix in ["", "/jaeger"] {
                for name in ["topology", "propagation"] {
                    let response = try server.jaeger.request("GET", prefix + "/api/skein/v1/" + name)
                    #expect(response.status == 200 && response.header("content-type") == "application/json")
                }
            }
        }
    }
}
