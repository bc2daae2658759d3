import Foundation
import HTTPAPI
import TestSupport
import Testing
import TraceModel

/// Jaeger's HTTP APIs as their clients meet them: over TCP, with a real store behind.
@Suite(.serialized, .onBothStores) struct JaegerRoutesTests {
    private static let nowMicroseconds = Int64(Date().timeIntervalSince1970 * 1_000_000)

    private static var post: String {
        let start = nowMicroseconds - 60_000_000
        return """
            [{"traceId":"ab","id":"1","name":"get /","kind":"SERVER","timestamp":\(start),"duration":9000,
              "localEndpoint":{"serviceName":"front.shop","ipv4":"10.0.0.1"},
              "tags":{"istio.cluster_id":"Kubernetes","component":"proxy","http.status_code":"500","error":"true",
                "node_id":"sidecar~10.0.0.1~front-1.shop~shop.svc.cluster.local"}},
             {"traceId":"ab","parentId":"1","id":"2","name":"call","timestamp":\(start + 1000),
              "duration":5000,"localEndpoint":{"serviceName":"front.shop"},"annotations":[
              {"timestamp":\(start + 2500),"value":"cache miss"}]},
             {"traceId":"ab","parentId":"9","id":"3","name":"x","kind":"SERVER","timestamp":\(start + 2000),
              "duration":3000,"localEndpoint":{"serviceName":"back.shop"}}]
            """
    }

    /// Spans of one trace, a span of some hundred bytes each.
    private static func longTrace(_ traceID: UInt64, spanCount: Int) -> SpanBatch {
        var builder = SpanBatchBuilder()
        for index in 0..<spanCount {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: traceID)
            builder.spanID = UInt64(index + 1)
            builder.start = (nowMicroseconds - 50_000_000 + Int64(index)) * 1000
            builder.duration = 1000
            builder.endSpan()
        }
        return builder.makeBatch()
    }

    private func object(_ response: HTTPResponse) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? NSDictionary)
    }

    private static let window: String = {
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let now = Date()
        return "query.startTimeMin=\((now - 3600).formatted(format))&query.startTimeMax=\((now + 60).formatted(format))"
    }()

    private static func failure(_ code: Int, _ message: String) -> String {
        #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":\#(code),"msg":"\#(message)"}]}"#
    }

    private static func v3Failure(_ code: Int, _ message: String) -> String {
        #"{"error":{"httpCode":\#(code),"message":"\#(message)"}}"#
    }

    // MARK: Old paths

    @Test func `what Kiali and Grafana read has the types that they are strict about`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let (start, end) = (Self.nowMicroseconds - 3_600_000_000, Self.nowMicroseconds)
            let tags = "%7B%22istio.cluster_id%22%3A%22Kubernetes%22%7D"
            let target =
                "/jaeger/api/traces?service=front.shop&start=\(start)&end=\(end)&tags=\(tags)&minDuration=500us&limit=100"
            let response = try server.jaeger.request("GET", target, headers: [("accept", "application/json")])
            #expect(response.header("skein-more-traces") == "false")
            #expect(response.header("content-type") == "application/json")
            let answer = try object(response)
            #expect(answer["errors"] is NSNull && answer["limit"] as? Int == 0 && answer["offset"] as? Int == 0)
            let trace = try #require((answer["data"] as? [NSDictionary])?.first)
            #expect(trace["traceID"] as? String == "00000000000000ab" && trace["warnings"] is NSNull)
            let processes = try #require(trace["processes"] as? [String: NSDictionary])
            let spans = try #require(trace["spans"] as? [NSDictionary])
            #expect(spans.count == 3)
            for span in spans {
                #expect(span["startTime"] is Int && span["duration"] is Int && span["warnings"] is NSNull)
                #expect(span["logs"] is [NSDictionary] && span["references"] is [NSDictionary])
                let process = try #require(processes[span["processID"] as? String ?? ""])
                #expect(process["serviceName"] is String && process["tags"] is [NSDictionary])
            }
            let texts = (spans[0]["tags"] as? [NSDictionary])?.reduce(into: [String: String]()) { texts, tag in
                texts[tag["key"] as? String ?? ""] = "\(tag["value"] ?? "")"
            }
            for key in ["istio.cluster_id", "component", "node_id", "http.status_code", "span.kind", "error"] {
                #expect(texts?[key] != nil, "\(key)")
            }
        }
    }

    @Test func `an error count of Kiali's takes the default limit`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let target = "/api/traces?service=front.shop&tags=%7B%22error%22%3A%22true%22%7D"
            let answer = try object(try server.jaeger.request("GET", target))
            #expect((answer["data"] as? [NSDictionary])?.count == 1)
        }
    }

    @Test func `time hints have to be numbers, and never hide a trace`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            for hints in ["start=1&end=2", "start=9999999999999&end=1", "start=1659907212000&loopback=x"] {
                #expect(try server.jaeger.request("GET", "/api/traces/ab?" + hints).status == 200)
            }
            let refused = try server.jaeger.request("GET", "/api/traces/ab?start=now")
            #expect(refused.status == 400)
            #expect(
                refused.text == Self.failure(400, "unable to parse param 'start': now is no number of microseconds"))
        }
    }

    @Test func `a long trace is streamed whole, and says no length`() async throws {
        try await QueryServer.serving([]) { server throws in
            let spanCount = 20_000
            try server.take(Self.longTrace(0xcd, spanCount: spanCount))
            for target in ["/api/traces/cd", "/api/traces?traceID=cd&traceID=ef"] {
                let response = try server.jaeger.request("GET", target)
                #expect(response.header("transfer-encoding") == "chunked")
                let answer = try object(response)
                let spans = try #require((answer["data"] as? [NSDictionary])?.first?["spans"] as? [NSDictionary])
                #expect(Set(spans.compactMap { $0["spanID"] as? String }).count == spanCount)
            }
            let indented = try server.jaeger.request("GET", "/api/traces/cd?prettyPrint=true")
            #expect(indented.status == 200 && indented.text.hasPrefix("{\n    \"data\": [\n"))
            let v3 = try server.jaeger.request("GET", "/api/v3/traces/cd")
            #expect(v3.header("transfer-encoding") == "chunked")
            let lists = try #require((try object(v3)["result"] as? NSDictionary)?["resourceSpans"] as? [NSDictionary])
            let spans = lists.flatMap { list in
                (list["scopeSpans"] as? [NSDictionary] ?? []).flatMap { $0["spans"] as? [NSDictionary] ?? [] }
            }
            #expect(Set(spans.compactMap { $0["spanId"] as? String }).count == spanCount)
        }
    }

    @Test func `a query that takes too long is told so, and when to come again`() async throws {
        try await QueryServer.serving([Self.post], .init(time: .zero)) { server throws in
            let message = "the query took longer than it may"
            let old = try server.jaeger.request("GET", "/api/traces?service=front.shop")
            #expect(old.status == 504 && old.header("retry-after") == "5" && old.text == Self.failure(504, message))
            let v3 = try server.jaeger.request("GET", "/api/v3/traces?" + Self.window)
            #expect(v3.status == 504 && v3.header("retry-after") == "5" && v3.text == Self.v3Failure(504, message))
        }
    }

    @Test func `dependencies are those of the window, in milliseconds`() async throws {
        // Counted by whole minutes.
        let start = Self.nowMicroseconds - 180_000_000
        let post = """
            [{"traceId":"ab","id":"1","kind":"SERVER","timestamp":\(start),"localEndpoint":{"serviceName":"front"}},
             {"traceId":"ab","parentId":"1","id":"2","kind":"CLIENT","timestamp":\(start + 1),
              "localEndpoint":{"serviceName":"front"}},
             {"traceId":"ab","parentId":"2","id":"3","kind":"SERVER","timestamp":\(start + 2),
              "localEndpoint":{"serviceName":"back"}}]
            """
        try await QueryServer.serving([post]) { server throws in
            func text(_ query: String) throws -> String {
                try server.jaeger.request("GET", "/api/dependencies" + query).text
            }
            let envelope = { (data: String) in #"{"data":[\#(data)],"total":0,"limit":0,"offset":0,"errors":null}"# }
            let link = #"{"parent":"front","child":"back","callCount":1}"#
            let end = Self.nowMicroseconds / 1000
            for query in ["", "?endTs=\(end)&lookback=604800000", "?service=back"] {
                #expect(try text(query) == envelope(link))
            }
            let v3 = Self.window.replacing("query.startTimeMin", with: "startTime")
                .replacing("query.startTimeMax", with: "end_time")
            #expect(
                try server.jaeger.request("GET", "/api/v3/dependencies?" + v3).text
                    == #"{"dependencies":[{"parent":"front","child":"back","callCount":"1"}]}"#)
            #expect(
                try server.jaeger.request("GET", "/api/v3/dependencies").text
                    == Self.v3Failure(400, "startTime and endTime are required"))
            for query in ["?endTs=\(end)&lookback=60000", "?endTs=\(end - 3_600_000)", "?service=none"] {
                #expect(try text(query) == envelope(""))
            }
            #expect(
                try text("?endTs=now")
                    == Self.failure(400, "unable to parse param 'endTs': now is no number of milliseconds"))
        }
    }

    @Test func `there is no archive, and Jaeger's own words say so`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let answer = try server.jaeger.request("POST", "/api/archive/ab", body: .bytes([]))
            #expect(answer.status == 500)
            #expect(answer.text == Self.failure(500, "archive span storage was not configured"))
            #expect(try server.jaeger.request("POST", "/api/archive/xyz", body: .bytes([])).status == 400)
            #expect(try server.jaeger.request("GET", "/api/archive/ab").status == 405)
        }
    }

    @Test func `a document of OTLP becomes Jaeger's`() async throws {
        let span =
            #""traceId":"0000000000000000000000000000001a","name":"n","startTimeUnixNano":"1000","endTimeUnixNano":"9000""#
        let other = span.replacingOccurrences(of: "1a", with: "2b")
        let document = #"""
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},
            "scopeSpans":[{"spans":[{\#(span),"spanId":"000000000000000a"},{\#(other),"spanId":"000000000000000b"},
            {\#(span),"spanId":"000000000000000c","parentSpanId":"000000000000000a"}]}]}]}
            """#
        try await QueryServer.serving([]) { server throws in
            func post(_ text: String) throws -> HTTPResponse {
                try server.jaeger.request(
                    "POST", "/api/transform", headers: [("content-type", "application/json")],
                    body: .bytes(Array(text.utf8)))
            }
            let answer = try object(try post(document))
            let traces = try #require(answer["data"] as? [NSDictionary])
            #expect(traces.compactMap { $0["traceID"] as? String } == ["000000000000001a", "000000000000002b"])
            #expect((traces[0]["spans"] as? [NSDictionary])?.count == 2)
            #expect(answer["errors"] is NSNull)
            let refused = try post("{\"resourceSpans\":")
            #expect(refused.status == 400)
            #expect(refused.text.hasPrefix(#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"#))
            #expect(try server.jaeger.request("GET", "/api/services").text.contains("\"data\":[]"), "nothing is kept")
        }
    }

    // MARK: Pages

    @Test(arguments: [
        "/search?service=a&limit=5&start=1&end=2&tags=%7B%7D", "/trace/ab", "/trace/ab?uiFind=1",
        "/trace/ab...cd?cohort=ab&cohort=cd", "/dependencies", "/monitor", "/jaeger/trace/ab", "/jaeger/search",
    ])
    func `links to the web interface open a page`(target: String) async throws {
        try await QueryServer.serving([]) { server throws in
            let response = try server.jaeger.request("GET", target)
            #expect(response.status == 200)
            #expect(response.header("content-type") == "text/html; charset=utf-8")
            #expect(
                response.text.contains(#"const JAEGER_VERSION = {"gitCommit":"","gitVersion":"9.8.7","buildDate":""};"#)
            )
            #expect(response.text.contains(#"const JAEGER_BACKEND_CAPABILITIES = {"archiveStorage":false,"#))
        }
    }

    @Test(arguments: ["/api", "/api/unknown", "/jaeger/api/metrics/none", "/static/app.js", "/api/v3/none"])
    func `what is no page and no route is not found, in plain text`(target: String) async throws {
        try await QueryServer.serving([]) { server throws in
            let response = try server.jaeger.request("GET", target)
            #expect(response.status == 404 && response.text == "404 page not found\n")
            #expect(response.header("content-type") == "text/plain; charset=utf-8")
        }
    }

    // MARK: API v3

    @Test func `the names of API v3 are there even where there are none`() async throws {
        try await QueryServer.serving([]) { server throws in
            #expect(try server.jaeger.request("GET", "/api/v3/services").text == #"{"services":[]}"#)
            #expect(try server.jaeger.request("GET", "/api/v3/operations?service=x").text == #"{"operations":[]}"#)
        }
        try await QueryServer.serving([Self.post]) { server throws in
            for prefix in ["", "/jaeger"] {
                func text(_ target: String) throws -> String {
                    try server.jaeger.request("GET", prefix + "/api/v3/" + target).text
                }
                #expect(try text("services") == #"{"services":["back.shop","front.shop"]}"#)
                #expect(
                    try text("operations?service=front.shop")
                        == #"{"operations":[{"name":"call","spanKind":"internal"},"#
                        + #"{"name":"get /","spanKind":"server"}]}"#
                )
                for name in ["spanKind", "span_kind"] {
                    #expect(
                        try text("operations?service=front.shop&\(name)=server")
                            == #"{"operations":[{"name":"get /","spanKind":"server"}]}"#)
                }
                #expect(try text("capabilities").contains(#""withoutServiceName":true"#))
            }
        }
    }

    @Test func `a trace of API v3 is OTLP with IDs in hex and enums as numbers`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            // As Grafana sends it: the plus of the zone is not escaped.
            let hints = "?start_time=2000-04-05T21:55:16.999999992+08:00&end_time=2001-01-01T00:00:00Z"
            for target in ["ab" + hints, "AAAAAAAAAAAAAAAAAAAAqw==", "AAAAAAAAAAAAAAAAAAAAqw?rawTraces=true"] {
                let response = try server.jaeger.request("GET", "/api/v3/traces/" + target)
                #expect(response.status == 200)
                let lists = (try object(response)["result"] as? NSDictionary)?["resourceSpans"] as? [NSDictionary]
                let scope = try #require((lists?.first?["scopeSpans"] as? [NSDictionary])?.first)
                let span = try #require((scope["spans"] as? [NSDictionary])?.first)
                #expect(span["traceId"] as? String == "000000000000000000000000000000ab")
                #expect(span["kind"] as? Int == 2 && span["startTimeUnixNano"] is String)
                #expect((span["status"] as? NSDictionary)?["code"] is Int)
            }
        }
    }

    @Test func `span IDs that client and server share are told apart, unless they are asked for as they came`()
        async throws
    {
        let start = Self.nowMicroseconds - 60_000_000
        let half = #""traceId":"ab","id":"2","name":"call","timestamp":\#(start)"#
        let post = """
            [{\(half),"kind":"CLIENT","localEndpoint":{"serviceName":"front"}},
             {\(half),"kind":"SERVER","shared":true,"localEndpoint":{"serviceName":"back"}}]
            """
        try await QueryServer.serving([post]) { server throws in
            func ids(_ target: String) throws -> [String] {
                let answer = try object(try server.jaeger.request("GET", "/api/v3/" + target))
                let lists = try #require((answer["result"] as? NSDictionary)?["resourceSpans"] as? [NSDictionary])
                return lists.flatMap { list in
                    (list["scopeSpans"] as? [NSDictionary] ?? []).flatMap { $0["spans"] as? [NSDictionary] ?? [] }
                }.compactMap { $0["spanId"] as? String }
            }
            for target in ["traces/ab", "traces?" + Self.window] { #expect(Set(try ids(target)).count == 2) }
            for target in ["traces/ab?raw_traces=true", "traces?query.rawTraces=true&" + Self.window] {
                #expect(try ids(target) == ["0000000000000002", "0000000000000002"])
            }
        }
    }

    @Test func `failures of API v3 are objects with the code and a message`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            func expect(_ target: String, _ code: Int, _ message: String) throws {
                let response = try server.jaeger.request("GET", "/api/v3/" + target)
                #expect(response.status == code && response.text == Self.v3Failure(code, message))
                #expect(response.header("content-type") == "application/json")
            }
            try expect("traces/cd", 404, "No traces found")
            try expect("traces?query.serviceName=none&" + Self.window, 404, "No traces found")
            try expect("traces", 400, "query.startTimeMin and query.startTimeMax are required")
            try expect("trace-summaries", 400, "query.startTimeMin and query.startTimeMax are required")
            try expect(
                "traces/xyz", 400, "malformed parameter trace_id: xyz is neither hex nor base64 of a trace ID")
            try expect(
                "traces/ab?startTime=abc", 400,
                "malformed parameter startTime: abc is no time like 2006-01-02T15:04:05.999999999Z")
            try expect("traces?query.filter=%7B%7D&" + Self.window, 501, "the structured query filter is disabled")
        }
    }

    @Test func `summaries tell what Jaeger's list shows, without zeros`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            func get(_ query: String) throws -> HTTPResponse {
                try server.jaeger.request("GET", "/api/v3/trace-summaries?\(Self.window)&" + query)
            }
            let start = Self.nowMicroseconds - 60_000_000
            let attributes = "query.attributes=%7B%22istio.cluster_id%22%3A%22Kubernetes%22%7D"
            for query in ["", "query.serviceName=front.shop&query.searchDepth=5&" + attributes] {
                #expect(
                    try get(query).text
                        == #"{"summaries":[{"traceId":"000000000000000000000000000000ab","rootServiceName":"front.shop","#
                        + #""rootOperationName":"get /","minStartTimeUnixNano":"\#(start)000","#
                        + #""maxEndTimeUnixNano":"\#(start + 9000)000","spanCount":3,"errorSpanCount":1,"#
                        + #""orphanSpanCount":1,"services":[{"name":"back.shop","spanCount":1},"#
                        + #"{"name":"front.shop","spanCount":2,"errorSpanCount":1}]}]}"#)
            }
            let none = try get("query.serviceName=none")
            #expect(none.status == 200 && none.text == "{}")
        }
    }
}
