import OpenSearch
import OpenSearchStore
import Synchronization
import TestSupport
import Testing
import Threads
import Topology
import TraceModel
import TraceStore

/// Requests that a cluster counts by version, held against a server of another project.
@Suite(.serialized, .enabled(if: OsmemServer.isInstalled)) struct ServedRequestTests {
    /// A minute that has ended, in nanoseconds since 1970.
    private static let minute = SystemClock.nanosecondsSince1970() / 60_000_000_000 * 60_000_000_000 - 600_000_000_000
    private static let window = minute - 600_000_000_000..<minute + 600_000_000_000

    private static func span(
        _ id: Int, trace: Int? = nil, parent: Int? = nil, kind: String = "SERVER", name: String = "get",
        service: String = "shop", seconds: Int = 1, _ tags: [String: String]
    ) -> String {
        let time = minute / 1000 + Int64(seconds) * 1_000_000
        let tagTexts = tags.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        let above = parent.map { ",\"parentId\":\"\(String($0, radix: 16))\"" } ?? ""
        return """
            {"traceId":"\(String(trace ?? id, radix: 16))","id":"\(String(id, radix: 16))"\(above),"kind":"\(kind)",
            "name":"\(name)","timestamp":\(time),"duration":500,"localEndpoint":{"serviceName":"\(service)"},
            "tags":{\(tagTexts)}}
            """
    }

    private static func served(
        _ spans: [String], ofService service: String? = nil
    ) throws -> (counts: [String: String], requests: ServedRequests) {
        let cluster = try ClusterFixture()
        try cluster.write(zipkin: "[" + spans.joined(separator: ",") + "]")
        let requests = try cluster.store.servedRequests(
            ofService: service, within: window, stepSeconds: 60, QueryWork())
        var counts: [String: String] = [:]
        for own in requests.operations {
            let steps = own.steps.map { step in
                "\((step.start - minute) / 60_000_000_000):\(step.callCount),\(step.errorCount)"
            }
            counts["\(own.serviceName) \(own.version)\(own.isMirrored ? " copies" : "")"] =
                steps.joined(separator: " ")
        }
        return (counts, requests)
    }

    @Test func `requests are counted by the minute and by the version that the topology knows`() throws {
        let (counts, requests) = try Self.served([
            Self.span(1, ["version": "v1"]), Self.span(2, ["version": "v1"]),
            Self.span(3, seconds: 61, ["version": "v1"]),
            Self.span(4, ["istio.canonical_revision": "v2", "version": "v1"]),
            Self.span(5, ["istio.canonical_revision": "", "service.version": "v3"]),
            // Neither is served.
            Self.span(6, kind: "CLIENT", ["version": "v1"]), Self.span(7, kind: "CONSUMER", ["version": "v1"]),
            // One version, and none.
            Self.span(8, service: "other", ["version": "v1"]), Self.span(9, service: "plain", [:]),
        ])
        #expect(counts == ["shop v1": "0:3,0 1:1,0", "shop v2": "0:1,0", "shop v3": "0:1,0"])
        #expect(!requests.isExact)
        #expect(requests.notes == ["requests are counted by their spans in OpenSearch"])
    }

    @Test func `of one service all versions are told, were it one`() throws {
        let spans = [Self.span(1, ["version": "v1"]), Self.span(2, service: "other", ["version": "v2"])]
        #expect(try Self.served(spans, ofService: "shop").counts == ["shop v1": "0:1,0"])
        #expect(try Self.served(spans, ofService: "nobody").counts == [:])
        #expect(try Self.served(spans).counts == [:])
    }

    @Test func `failed requests are those that are failures when they are read`() throws {
        let statuses = [
            ["error": "true"], ["otel.status_code": "Error"], ["http.status_code": "503"], ["http.status_code": "0"],
            ["http.status_code": "503", "otel.status_code": "OK"], ["http.status_code": "404"],
            ["http.status_code": "200"], ["error": "false"], [:], ["error": "true", "otel.status_code": "OK"],
        ]
        var spans = [Self.span(99, ["version": "v0"])]
        for (number, status) in statuses.enumerated() {
            spans.append(Self.span(number + 1, status.merging(["version": "v1"]) { first, _ in first }))
        }
        let cluster = try ClusterFixture()
        try cluster.write(zipkin: "[" + spans.joined(separator: ",") + "]")
        var query = SpanQuery(serviceName: "shop", window: Self.window, limit: 100)
        query.version = "v1"
        var failed = 0
        _ = try cluster.store.forEachSpan(query, QueryWork()) { failed += $0.isError ? 1 : 0 }
        #expect(failed == 5)
        #expect(try Self.served(spans).counts["shop v1"] == "0:10,\(failed)")
    }

    @Test func `copies of requests are counted apart`() throws {
        var spans = [Self.span(1, ["version": "v1"])]
        for trace in 0..<60 {
            let id = 100 + trace * 10
            spans += [
                Self.span(id, kind: "CLIENT", service: "front", [:]),
                Self.span(id + 1, trace: id, parent: id, ["version": "v1"]),
                Self.span(id + 2, trace: id, parent: id, kind: "CLIENT", name: "mirror", service: "front", [:]),
                Self.span(
                    id + 3, trace: id, parent: id + 2, seconds: 59 + trace % 2 * 2,
                    ["version": "v2", "error": trace % 3 == 0 ? "true" : "false"]),
            ]
        }
        #expect(
            try Self.served(spans).counts == [
                "shop v1": "0:61,0", "shop v2 copies": "0:30,10 1:30,10",
            ])
    }

    @Test func `that sampling left out others is told`() throws {
        let spans = [
            Self.span(1, ["version": "v1", "w3c.tracestate": "a=b,ot=th:c"]), Self.span(2, ["version": "v2"]),
        ]
        #expect(try Self.served(spans).requests.notes.contains { $0.hasPrefix("sampling left out others") })
        let whole = [Self.span(1, ["version": "v1", "w3c.tracestate": "ot=th:0"]), Self.span(2, ["version": "v2"])]
        #expect(try Self.served(whole).requests.notes.count == 1)
    }
}

/// What is told of a cluster that does not count all that it has.
@Suite struct ServedRequestGapTests {
    /// A store over a cluster that answers with these aggregations, in turn.
    private static func store(
        _ aggregations: [String], shards: String = #"{"total":1,"failed":0}"#
    ) -> OpenSearchTraceStore {
        let next = Mutex(0)
        let cluster = Cluster(timeout: .seconds(5)) { (_, _) throws(OpenSearchError) in
            let number = next.withLock { number in
                defer { number += 1 }
                return min(number, aggregations.count - 1)
            }
            return Array(
                #"{"timed_out":false,"_shards":\#(shards),"hits":{"hits":[]},"aggregations":\#(aggregations[number])}"#
                    .utf8)
        }
        return OpenSearchTraceStore(cluster, OpenSearchTraceStore.Options())
    }

    @Test func `shards that failed are told of`() throws {
        let shards = #"{"total":5,"failed":1,"failures":[{"reason":{"type":"t","reason":"lost"}}]}"#
        let requests = try Self.store([#"{"services":{"buckets":[]}}"#], shards: shards).servedRequests(
            ofService: nil, within: 0..<1_000_000_000_000_000_000, stepSeconds: 60, QueryWork())
        #expect(requests.operations.isEmpty)
        #expect(requests.notes.contains { $0.contains("1 of 5 shards of the cluster failed") && $0.contains("lost") })
    }

    /// Of a service with one version.
    private static func store(counts: String, steps: String) -> OpenSearchTraceStore {
        let list = #"{"keys":{"values":{"buckets":[{"key":"v1"}],"sum_other_doc_count":0}}}"#
        let none = #"{"buckets":[],"sum_other_doc_count":0}"#
        let fields = #"{"key0":\#(none),"key1":\#(none),"key2":\#(none),"key3":\#(none)}"#
        let services =
            #"{"buckets":[{"key":{"value":"shop"},"span":\#(list),"process":\#(list),"spanFields":\#(fields),"#
            + #""processFields":\#(fields)}]}"#
        // Before the last one a request is asked for.
        return store([
            #"{"services":\#(services)}"#, #"{"counts":{"buckets":\#(counts)}}"#, "{}",
            #"{"v0":{"steps":{"buckets":\#(steps)}}}"#,
        ])
    }

    @Test func `counts that were not asked for are an error`() throws {
        do {
            _ = try Self.store(counts: "[]", steps: "[]").servedRequests(
                ofService: "shop", within: 0..<1_000_000_000, stepSeconds: 60, QueryWork())
            Issue.record("counts were made up")
        } catch let error as StoreError {
            #expect(error.code == .unreachable && error.message.contains("0 counts"))
        }
    }

    @Test func `numbers that no requests can have are left out`() throws {
        let buckets = [
            ("0", "3"), ("60000000", "9223372036854775807"), ("120000000", "-9223372036854775808"),
            ("9.3E18", "1"), ("-9.3E18", "1"), ("9223372036854", "1"),
        ].map { "{\"key\":\($0),\"doc_count\":\($1),\"errors\":{\"doc_count\":-5}}" }
        let store = Self.store(
            counts: #"[{"doc_count":0},{"doc_count":0}]"#, steps: "[\(buckets.joined(separator: ","))]")
        let requests = try store.servedRequests(
            ofService: "shop", within: 0..<1_000_000_000_000, stepSeconds: 60, QueryWork())
        #expect(requests.operations.map { $0.steps.map(\.callCount) } == [[3]])
        #expect(requests.operations.first?.steps.first?.errorCount == 0)
    }
}
