import Foundation
import HTTPAPI
import TestSupport
import Testing
import TraceStore

/// What Zipkin's own page, Lens, and Grafana's data source ask for and read, over TCP with a real store behind.
@Suite(.serialized, .onBothStores) struct ZipkinRoutesTests {
    /// Some seconds ago, so that traces are within any lookback.
    private static let milliseconds = Int64(Date().timeIntervalSince1970 * 1000) - 5000

    private static func span(
        trace: String = "a1", id: String, parent: String? = nil, kind: String = "SERVER", service: String,
        remote: String? = nil, at milliseconds: Int64 = milliseconds, tags: String = "{}"
    ) -> String {
        """
        {"traceId":"\(trace)","id":"\(id)",\(parent.map { "\"parentId\":\"\($0)\"," } ?? "")"kind":"\(kind)",
        "name":"get","timestamp":\(milliseconds * 1000),"duration":1000,
        "localEndpoint":{"serviceName":"\(service)","ipv4":"10.0.0.1","port":80},
        \(remote.map { "\"remoteEndpoint\":{\"serviceName\":\"\($0)\"}," } ?? "")
        "annotations":[{"timestamp":\(milliseconds * 1000 + 5),"value":"note"}],"tags":\(tags)}
        """
    }

    private static let shop = [
        "["
            + [
                span(id: "1", kind: "CLIENT", service: "web", tags: #"{"zone":"a","error":"no"}"#),
                span(id: "2", parent: "1", service: "app", tags: #"{"zone":"b"}"#),
                span(id: "3", parent: "2", kind: "CLIENT", service: "app", remote: "db"),
            ].joined(separator: ",") + "]"
    ]

    private func json(_ response: HTTPResponse) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(response.body))
    }

    // MARK: Dependencies

    @Test func `dependencies are parent, child and counts, without errors where there are none`() async throws {
        try await QueryServer.serving(Self.shop) { server throws in
            for prefix in ["", "/zipkin"] {
                func get(_ query: String) throws -> HTTPResponse {
                    try server.zipkin.request("GET", prefix + "/api/v2/dependencies?" + query)
                }
                let found = try get("endTs=\(Self.milliseconds + 1000)&lookback=60000")
                #expect(
                    found.text == #"[{"parent":"app","child":"db","callCount":1},"#
                        + #"{"parent":"web","child":"app","callCount":1,"errorCount":1}]"#)
                #expect(found.header("content-type") == "application/json")
                #expect(try get("endTs=\(Self.milliseconds + 1000)").text == found.text, "a day, if it does not say")
                #expect(try get("endTs=\(Self.milliseconds)").text == found.text, "the end is within")
                // Counted by whole minutes.
                #expect(try get("endTs=\(Self.milliseconds - 60_000)").text == "[]")
                #expect(try get("endTs=\(Self.milliseconds + 120_000)&lookback=60000").text == "[]")
            }
        }
    }

    @Test func `dependencies want a time`() async throws {
        try await QueryServer.serving([]) { server throws in
            for (query, reason) in [
                ("", "endTs parameter is missing"), ("lookback=1", "endTs parameter is missing"),
                ("endTs=x", "endTs is not a number: x"), ("endTs=0", "endTs <= 0"),
                ("endTs=1&lookback=0", "lookback <= 0"),
            ] {
                let refused = try server.zipkin.request("GET", "/api/v2/dependencies?" + query)
                #expect(refused.status == 400 && refused.text == reason, "\(query)")
            }
            let longest = try server.zipkin.request(
                "GET", "/api/v2/dependencies?endTs=\(Int64.max)&lookback=\(Int64.max)")
            #expect(longest.text == "[]")
        }
    }

    // MARK: Autocomplete

    @Test func `tags with few values are offered, and their values`() async throws {
        try await QueryServer.serving(Self.shop) { server throws in
            func get(_ target: String) throws -> HTTPResponse { try server.zipkin.request("GET", "/api/v2/" + target) }
            #expect(try get("autocompleteKeys").text == #"["error","zone"]"#)
            #expect(try get("autocompleteValues?key=zone").text == #"["a","b"]"#)
            #expect(try get("autocompleteValues?key=none").text == "[]")
            let refused = try get("autocompleteValues")
            #expect(refused.status == 400 && refused.text == "key parameter is missing")
            try server.seal()
            #expect(try get("autocompleteKeys").text == #"["error","zone"]"#)
            #expect(try get("autocompleteValues?key=zone").text == #"["a","b"]"#)
        }
    }

    @Test func `keys that are set are offered in the place of others`() async throws {
        let settings = QueryServer.Settings(autocompleteKeys: ["zone", "cluster"])
        try await QueryServer.serving(Self.shop, settings) { server throws in
            func get(_ target: String) throws -> HTTPResponse { try server.zipkin.request("GET", "/api/v2/" + target) }
            #expect(try get("autocompleteKeys").text == #"["zone","cluster"]"#)
            #expect(try get("autocompleteValues?key=zone").text == #"["a","b"]"#)
            #expect(try get("autocompleteValues?key=cluster").text == "[]")
            #expect(try get("autocompleteValues?key=error").text == "[]")
        }
    }

    @Test func `tags may be kept once a fourth service reported`() async throws {
        let fourth = "[" + (1...4).map { Self.span(id: "\($0)", service: "s\($0)") }.joined(separator: ",") + "]"
        for (posts, expected) in [(Self.shop, nil), ([fourth], "max-age=300, must-revalidate")] {
            try await QueryServer.serving(posts) { server throws in
                for target in ["autocompleteKeys", "autocompleteValues?key=zone"] {
                    let response = try server.zipkin.request("GET", "/api/v2/" + target)
                    #expect(response.header("cache-control") == expected, "\(target)")
                }
            }
        }
    }

    // MARK: What Lens and watchers ask

    @Test func `Lens finds its configuration at the root and below its prefix`() async throws {
        try await QueryServer.serving([]) { server throws in
            for prefix in ["", "/zipkin"] {
                let response = try server.zipkin.request("GET", prefix + "/config.json")
                let object = try #require(try json(response) as? [String: Any])
                #expect(object["environment"] as? String == "")
                #expect(object["queryLimit"] as? Int == 10)
                #expect(object["defaultLookback"] as? Int == 900_000)
                #expect(object["searchEnabled"] as? Bool == true)
                for key in ["logsUrl", "supportUrl", "archivePostUrl", "archiveUrl"] { #expect(object[key] is NSNull) }
                let dependency = try #require(object["dependency"] as? [String: Any])
                #expect(dependency["enabled"] as? Bool == true)
                #expect(dependency["lowErrorRate"] as? Double == 0.5)
                #expect(dependency["highErrorRate"] as? Double == 0.75)
                #expect(response.header("cache-control") == "max-age=600")
            }
        }
    }

    @Test func `the version is told`() async throws {
        try await QueryServer.serving([]) { server throws in
            let object = try json(try server.zipkin.request("GET", "/info")) as? [String: [String: String]]
            #expect(object?["zipkin"]?["version"] == "9.8.7")
        }
    }

    @Test func `health is 200 once requests are served, and 503 before`() async throws {
        for (isReady, status, word) in [(true, 200, "UP"), (false, 503, "DOWN")] {
            try await QueryServer.serving([], QueryServer.Settings(isReady: isReady)) { server throws in
                for path in ["/health", "/zipkin/health", "/actuator/health"] {
                    let response = try server.zipkin.request("GET", path)
                    let object = try #require(try json(response) as? [String: Any])
                    #expect(response.status == status && object["status"] as? String == word)
                    #expect((object["zipkin"] as? [String: Any])?["status"] as? String == word)
                }
            }
        }
    }

    // MARK: Traces

    @Test func `spans have the fields that Lens and Grafana read`() async throws {
        try await QueryServer.serving(Self.shop) { server throws in
            for target in ["trace/a1", "traces?serviceName=app&spanName=get", "traceMany?traceIds=a1,b2"] {
                let answer = try json(try server.zipkin.request("GET", "/api/v2/" + target))
                let spans = try #require((answer as? [[[String: Any]]])?.first ?? answer as? [[String: Any]])
                #expect(spans.count == 3, "\(target)")
                let last = try #require(spans.first { $0["id"] as? String == "0000000000000003" })
                #expect(last["traceId"] as? String == "00000000000000a1")
                #expect(last["parentId"] as? String == "0000000000000002")
                #expect(last["kind"] as? String == "CLIENT" && last["name"] as? String == "get")
                #expect(last["timestamp"] as? Int64 == Self.milliseconds * 1000 && last["duration"] as? Int == 1000)
                let local = try #require(last["localEndpoint"] as? [String: Any])
                #expect(local["serviceName"] as? String == "app" && local["ipv4"] as? String == "10.0.0.1")
                #expect(local["port"] as? Int == 80)
                #expect((last["remoteEndpoint"] as? [String: Any])?["serviceName"] as? String == "db")
                let note = try #require((last["annotations"] as? [[String: Any]])?.first)
                #expect(note["timestamp"] is Int64 && note["value"] as? String == "note")
                let tags = spans.compactMap { $0["tags"] as? [String: String] }
                #expect(tags.contains { $0["error"] == "no" })
            }
        }
    }

    @Test func `long answers come in pieces, whole and well formed`() async throws {
        let count = 20_000
        let trace = (1...count).map { Self.span(id: String($0, radix: 16), parent: $0 > 1 ? "1" : nil, service: "app") }
        let posts = stride(from: 0, to: count, by: 1000).map { start in
            "[" + trace[start..<start + 1000].joined(separator: ",") + "]"
        }
        try await QueryServer.serving(posts + ["[" + Self.span(trace: "b2", id: "1", service: "app") + "]"]) {
            server throws in
            for (target, expected) in [
                ("trace/a1", [count]), ("traces?limit=5", [1, count]), ("traceMany?traceIds=b2,a1", [1, count]),
            ] {
                let response = try server.zipkin.request("GET", "/api/v2/" + target)
                #expect(response.header("content-length") == nil && response.body.count > 2 << 20, "\(target)")
                let answer = try json(response)
                let traces = answer as? [[[String: Any]]] ?? [answer as? [[String: Any]] ?? []]
                #expect(traces.map(\.count).sorted() == expected, "\(target)")
            }
        }
    }

    // MARK: Ends

    @Test func `a query that takes longer than it may is 504, and says when to ask again`() async throws {
        try await QueryServer.serving(Self.shop, QueryServer.Settings(time: .zero)) { server throws in
            for target in ["traces", "traceMany?traceIds=a1,b2", "dependencies?endTs=\(Self.milliseconds + 1)"] {
                let response = try server.zipkin.request("GET", "/api/v2/" + target)
                #expect(response.status == 504, "\(target)")
                #expect(response.header("retry-after") == "5")
                #expect(response.text == "the query took longer than it may")
            }
        }
    }
}
