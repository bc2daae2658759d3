import Foundation
import HTTPAPI
import TestSupport
import Testing
import TraceStore

/// The program's own query API over TCP, with a real store behind.
@Suite(.serialized, .onBothStores) struct SkeinRoutesTests {
    private static let start = Int64(Date().timeIntervalSince1970 * 1000) * 1000 - 60_000_000

    /// - Parameter at: microseconds behind the start of all.
    private static func span(
        trace: String, id: String, parent: String? = nil, service: String, name: String = "get", at: Int64 = 0,
        tags: String = "{}"
    ) -> String {
        """
        {"traceId":"\(trace)","id":"\(id)",\(parent.map { "\"parentId\":\"\($0)\"," } ?? "")"kind":"SERVER",
        "name":"\(name)","timestamp":\(start + at),"duration":2000,"localEndpoint":{"serviceName":"\(service)"},
        "tags":\(tags)}
        """
    }

    private static let posts = [
        "["
            + [
                span(
                    trace: "a", id: "1", service: "web", name: "page", tags: #"{"zone":"x","http.status_code":"200"}"#),
                span(trace: "a", id: "2", parent: "1", service: "cart", at: 500, tags: #"{"error":"oh","size":"7"}"#),
                span(trace: "b", id: "3", service: "web", name: "page", at: 1000, tags: #"{"http.status_code":"503"}"#),
                span(trace: "c", id: "4", parent: "99", service: "reviews.shop", at: 2000),
            ].joined(separator: ",") + "]"
    ]

    private func get(_ server: QueryServer, _ path: String, _ parameters: [(String, String)] = []) throws -> (
        status: Int, body: [String: Any]
    ) {
        var components = URLComponents()
        components.queryItems = parameters.isEmpty ? nil : parameters.map { URLQueryItem(name: $0.0, value: $0.1) }
        let query = components.percentEncodedQuery.map { "?" + $0.replacing("+", with: "%2B") } ?? ""
        let response = try server.jaeger.request("GET", "/api/skein/v1/" + path + query)
        #expect(response.header("content-type") == "application/json")
        let body = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        return (response.status, try #require(body))
    }

    private func message(_ answer: (status: Int, body: [String: Any])) -> String? {
        (answer.body["error"] as? [String: Any])?["message"] as? String
    }

    @Test func `a search tells of each trace what a list shows, and how many there are`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let query = "{ .service.name = \"web\" && span.http.status_code < 600 } | select(name, duration)"
            let (status, body) = try get(server, "search", [("q", query), ("limit", "1")])
            #expect(status == 200)
            let traces = try #require(body["traces"] as? [[String: Any]])
            #expect(traces.count == 1)
            let trace = try #require(traces.first)
            #expect(trace["traceID"] as? String == "000000000000000b")
            #expect(trace["startTimeUnixNano"] as? String == "\((Self.start + 1000) * 1000)")
            #expect(trace["durationNanos"] as? Int == 2_000_000)
            #expect([trace["spanCount"], trace["errorCount"], trace["orphanCount"]].map { $0 as? Int } == [1, 0, 0])
            let root = try #require(trace["root"] as? [String: Any])
            #expect(root["service"] as? String == "web" && root["operation"] as? String == "page")
            let matched = try #require(trace["matched"] as? [String: Any])
            #expect(matched["spanCount"] as? Int == 1)
            let span = try #require((matched["spans"] as? [[String: Any]])?.first)
            #expect(span["spanID"] as? String == "0000000000000003")
            let attributes = try #require(span["attributes"] as? [String: Any])
            #expect(attributes["span.http.status_code"] as? String == "503")
            #expect(attributes["name"] as? String == "page" && attributes["duration"] as? String == "2ms")
            let count = try #require(body["count"] as? [String: Any])
            #expect(count["value"] as? Int == 2 && count["isExact"] as? Bool == true)
            let scanned = try #require(body["scanned"] as? [String: Any])
            #expect(Set(scanned.keys) == ["segments", "blocks", "traces", "spans"])
            #expect(body["notes"] as? [String] == [])

            let cursor = try #require(body["cursor"] as? String)
            let next = try get(server, "search", [("q", query), ("limit", "1"), ("cursor", cursor)]).body
            let second = try #require((next["traces"] as? [[String: Any]])?.first)
            #expect(second["traceID"] as? String == "000000000000000a")
            #expect(second["errorCount"] as? Int == 1)
            let services = try #require(second["services"] as? [[String: Any]])
            #expect(services.map { $0["name"] as? String } == ["cart", "web"])
            #expect(services.map { $0["spanCount"] as? Int } == [1, 1])
            #expect(services.map { $0["errorCount"] as? Int } == [1, 0])
            #expect(next["cursor"] is NSNull)
        }
    }

    @Test func `what finds nothing says why`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func notes(_ parameters: [(String, String)]) throws -> [String] {
                try #require(try get(server, "search", parameters).body["notes"] as? [String])
            }
            #expect(
                try notes([("q", "{ .service.name = \"card\" }")]) == ["no service is called card; there are cart"])
            #expect(
                try notes([("q", "{ .service.name = \"review\" }")])
                    == ["no service is called review; there are reviews.shop"])
            #expect(
                try notes([("q", "{ span.zones = \"x\" }")]) == ["no span within the window has an attribute zones"])
            #expect(try notes([("q", "{ span.zone = \"y\" }")]).isEmpty)
            let old = try notes([("end", "-30d"), ("start", "-60d")])
            #expect(old.count == 1 && old[0].contains("is without data"), "\(old)")
        }
        try await QueryServer.serving([]) { server throws in
            #expect(try get(server, "search").body["notes"] as? [String] == ["nothing is stored"])
        }
    }

    @Test(arguments: [
        ("q", "{ name", "q: 1:7: "), ("limit", "x", "limit: "), ("limit", "1001", "limit: "),
        ("start", "soon", "start: "),
        ("cursor", "1-2", "cursor: "), ("foo", "1", "unknown parameter foo"), ("count", "-1", "count: "),
        ("start", "2040-01-01T00:00:00Z", "start: later"),
    ])
    func `a wrong parameter is refused with its name`(name: String, value: String, message start: String) async throws {
        try await QueryServer.serving([]) { server throws in
            let answer = try get(server, "search", [(name, value)])
            #expect(answer.status == 400)
            #expect(message(answer)?.hasPrefix(start) == true, "\(message(answer) ?? "none")")
        }
    }

    @Test(arguments: [
        "now", "-1h", "1700000000", "1700000000000", "1700000000000000", "1700000000000000000",
        "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00",
    ])
    func `times are written in every usual way`(text: String) throws {
        let now: Int64 = 1_800_000_000_000_000_000
        let time = try SkeinQueryParameters.time("start", QueryParameters([("start", text)]), now: now)
        let expected: Int64 =
            switch text {
            case "now": now
            case "-1h": now - 3_600_000_000_000
            default: 1_700_000_000_000_000_000
            }
        #expect(time == expected)
    }

    @Test func `a trace is told as a drawing, some rows at a time`() async throws {
        let spans = (1...30).map { (number: Int) -> String in
            let parent: String? = number == 1 ? nil : String(number / 2, radix: 16)
            return Self.span(
                trace: "d", id: String(number, radix: 16), parent: parent, service: number % 2 == 0 ? "even" : "odd",
                name: "op \(number)", at: Int64(number) * 10, tags: number == 7 ? #"{"error":"x"}"# : "{}")
        }
        try await QueryServer.serving(["[" + spans.joined(separator: ",") + "]"]) { server throws in
            let whole = try get(server, "traces/d").body
            #expect([whole["spanCount"], whole["errorCount"], whole["orphanCount"]].map { $0 as? Int } == [30, 1, 0])
            #expect(whole["depth"] as? Int == 5)
            #expect(whole["durationNanos"] as? Int == 2_290_000)
            let buckets = try #require(whole["buckets"] as? [[String: Int]])
            #expect(buckets.count == 100 && buckets.compactMap { $0["spanCount"] }.reduce(0, +) == 30)
            let rows = try #require((whole["rows"] as? [String: Any])?["spans"] as? [[String: Any]])
            #expect(
                rows.prefix(6).map { $0["operation"] as? String } == [
                    "op 1", "op 2", "op 4", "op 8", "op 16", "op 17",
                ])
            #expect(rows.prefix(6).map { $0["depth"] as? Int } == [0, 1, 2, 3, 4, 4])
            #expect(rows[0]["childCount"] as? Int == 2 && rows[4]["childCount"] as? Int == 0)
            #expect(rows[1]["startNanos"] as? Int == 10_000 && rows[1]["service"] as? Int == 0)
            let part = try #require(
                try get(server, "traces/d", [("offset", "2"), ("limit", "3")]).body["rows"] as? [String: Any])
            #expect(part["offset"] as? Int == 2)
            #expect(
                (part["spans"] as? [[String: Any]])?.map { $0["operation"] as? String } == ["op 4", "op 8", "op 16"])
            let around = try #require(
                try get(server, "traces/d", [("span", "11"), ("limit", "2")]).body["rows"] as? [String: Any])
            #expect((around["spans"] as? [[String: Any]])?.contains { $0["operation"] as? String == "op 17" } == true)
            let missing = try get(server, "traces/dd")
            #expect(missing.status == 404 && message(missing) == "no span of trace 00000000000000dd is stored")
            #expect(try get(server, "traces/xyz").status == 400)
        }
    }

    @Test func `one span is told whole`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let (status, body) = try get(server, "traces/a/spans/2")
            #expect(status == 200)
            let resources = try #require(body["resourceSpans"] as? [[String: Any]])
            let spans = (resources.first?["scopeSpans"] as? [[String: Any]])?.first?["spans"] as? [[String: Any]]
            #expect(spans?.count == 1 && spans?.first?["name"] as? String == "get")
            #expect(try get(server, "traces/a/spans/77").status == 404)
        }
    }

    @Test(arguments: ["jaeger", "zipkin", "otlp"])
    func `a trace is exported in each format`(format: String) async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let response = try server.jaeger.request("GET", "/api/skein/v1/traces/a/export?format=\(format)")
            #expect(response.status == 200)
            let name = "attachment; filename=\"trace-000000000000000a-\(format).json\""
            #expect(response.header("content-disposition") == name)
            let body = try JSONSerialization.jsonObject(with: Data(response.body))
            switch format {
            case "jaeger":
                let data = (body as? [String: Any])?["data"] as? [[String: Any]]
                #expect((data?.first?["spans"] as? [Any])?.count == 2)
            case "zipkin": #expect((body as? [[String: Any]])?.map { $0["id"] as? String }.count == 2)
            default: #expect(((body as? [String: Any])?["resourceSpans"] as? [Any])?.isEmpty == false)
            }
            #expect(try get(server, "traces/a/export", [("format", "xml")]).status == 400)
            #expect(try get(server, "traces/77/export").status == 404)
        }
    }

    @Test func `names are listed`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            #expect(try get(server, "services").body["services"] as? [String] == ["cart", "reviews.shop", "web"])
            let operations = try get(server, "services/reviews/operations").body["operations"] as? [[String: String]]
            #expect(operations == [["name": "get", "kind": "server"]], "the one that is meant")
        }
    }
}
