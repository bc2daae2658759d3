import Foundation
import HTTPAPI
import TestSupport
import Testing

/// Searches as Kiali and Grafana send them, read as strictly as they read.
@Suite(.serialized, .onBothStores) struct TempoSearchTests {
    private static let now = Int64(Date().timeIntervalSince1970)
    private static let start = now - 60

    /// As Envoy sends them: the caller's and the callee's span of one call, one that failed, all a minute ago.
    private static var mesh: String {
        func span(
            _ id: String, _ parent: String?, _ kind: String, _ service: String, _ name: String, _ duration: Int,
            _ tags: String
        ) -> String {
            """
            {"traceId":"00af7651916cd43dd8448eb211c80319","id":"\(id)",\(parent.map { #""parentId":"\#($0)","# } ?? "")
             "kind":"\(kind)","name":"\(name)","timestamp":\(start * 1_000_000),"duration":\(duration),
             "localEndpoint":{"serviceName":"\(service)"},
             "tags":{"istio.cluster_id":"Kubernetes","component":"proxy","node_id":"sidecar~1"\(tags)}}
            """
        }
        return "["
            + [
                span("1", nil, "SERVER", "productpage.bookinfo", "get /", 812_000, #","http.method":"GET""#),
                span("2", "1", "CLIENT", "productpage.bookinfo", "call", 700_000, ""),
                span("3", "2", "SERVER", "reviews.bookinfo", "get /reviews", 500_000, #","error":"true""#),
                span("4", "3", "SERVER", "ratings.bookinfo", "get /ratings", 400_000, ""),
            ].joined(separator: ",") + "]"
    }

    /// Two spans whose root has not come, with values of each type.
    private static var typed: String {
        let nanoseconds = start * 1_000_000_000 + 5
        return """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"typed"}},
              {"key":"cluster","value":{"stringValue":"c1"}}]},
              "scopeSpans":[{"scope":{"name":"lib","version":"1"},"spans":[
                {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000a1",
                 "parentSpanId":"00000000000000ff","name":"one","kind":3,"startTimeUnixNano":"\(nanoseconds)",
                 "endTimeUnixNano":"\(nanoseconds + 3_000_000)","status":{"code":2,"message":"no"},
                 "attributes":[{"key":"code","value":{"intValue":"503"}},{"key":"ratio","value":{"doubleValue":0.5}},
                  {"key":"ok","value":{"boolValue":false}},
                  {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"2"}]}}}],
                 "events":[{"timeUnixNano":"\(nanoseconds + 1)","name":"exception",
                  "attributes":[{"key":"exception.type","value":{"stringValue":"Bad"}}]}]},
                {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000a2",
                 "parentSpanId":"00000000000000a1","name":"two","kind":1,"startTimeUnixNano":"\(nanoseconds)",
                 "endTimeUnixNano":"\(nanoseconds + 1_000_000)","attributes":[{"key":"code","value":{"intValue":"200"}}]
                }]}]}]}
            """
    }

    private func serving(_ body: (TempoServer) throws -> Void) async throws {
        try await TempoServer.serving { server in
            try server.post(zipkin: Self.mesh)
            try server.post(otlp: Self.typed)
            try body(server)
        }
    }

    /// The answer, which is held against the message's fields.
    private func read(
        _ server: TempoServer, path: String = "/api/search", _ parameters: [(String, String)],
        as message: TempoMessage = .searchResponse
    ) throws -> JSONDocument {
        let answer = try server.get(path, parameters, accept: "application/json")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.header("content-type") == "application/json")
        let document = try JSONDocument.read(answer.body)
        #expect(message.problems(document) == [])
        return document
    }

    private func search(_ server: TempoServer, _ query: String, _ more: [(String, String)] = []) throws
        -> [JSONDocument]
    {
        try read(server, [("q", query)] + more)["traces"]?.elements ?? []
    }

    // MARK: Clients

    @Test func `Kiali's search finds the trace, with all that Kiali reads`() async throws {
        let query = """
            { .service.name = "reviews.bookinfo"  &&  .istio.cluster_id = "Kubernetes"   } && {  } | select(status, \
            .service_name, .node_id, .component, .upstream_cluster, .http.method, .response_flags, \
            .istio.destination_workload, .istio.destination_namespace, .istio.destination_instance_name, \
            .istio.destination_canonical_service, .istio.source_workload, .istio.source_namespace, \
            .istio.source_instance_name, .istio.source_canonical_service, resource.hostname, name)
            """
        try await serving { (server) throws in
            let traces = try search(
                server, query,
                [
                    ("start", "\(Self.start - 600)"), ("end", "\(Self.now)"), ("minDuration", "100ms"), ("spss", "10"),
                    ("limit", "100"),
                ])
            #expect(traces.count == 1)
            let trace = try #require(traces.first)
            #expect(trace["traceID"]?.text == "af7651916cd43dd8448eb211c80319")
            #expect(trace["rootServiceName"]?.text == "productpage.bookinfo")
            #expect(trace["rootTraceName"]?.text == "get /")
            #expect(trace["startTimeUnixNano"]?.text == "\(Self.start * 1_000_000_000)")
            #expect(trace["durationMs"]?.number == 812)
            let spans = try #require(trace["spanSet"]?["spans"]?.elements)
            #expect(trace["spanSet"]?["matched"]?.number == 4)
            #expect(trace["spanSets"]?[0] == trace["spanSet"])
            #expect(spans.compactMap { $0["name"]?.text } == ["get /", "call", "get /reviews", "get /ratings"])
            let reviews = try #require(spans.first { $0["name"]?.text == "get /reviews" })
            #expect(reviews["spanID"]?.text == "0000000000000003")
            #expect(reviews["durationNanos"]?.text == "500000000")
            var attributes: [String: String] = [:]
            for attribute in reviews["attributes"]?.elements ?? [] {
                attributes[attribute["key"]?.text ?? ""] = attribute["value"]?["stringValue"]?.text
            }
            #expect(attributes["node_id"] == "sidecar~1")
            #expect(attributes["component"] == "proxy")
            #expect(attributes["istio.cluster_id"] == "Kubernetes")
            #expect(trace["serviceStats"]?["reviews.bookinfo"]?["errorCount"]?.number == 1)
            #expect(trace["serviceStats"]?["ratings.bookinfo"]?["errorCount"] == nil)
        }
    }

    @Test func `Grafana's first search, an empty query and none at all find everything, the newest first`() async throws
    {
        try await serving { (server) throws in
            for parameters in [[("q", "{}"), ("limit", "20"), ("spss", "3")], [("q", "")], [], [("tags", "")]] {
                let answer = try read(server, parameters)
                let traces = answer["traces"]?.elements ?? []
                #expect(
                    traces.map { $0["traceID"]?.text ?? "" }
                        == ["af7651916cd43dd8448eb211c80319c", "af7651916cd43dd8448eb211c80319"])
                #expect(traces.last?["spanSet"]?["spans"]?.elements.count == 3)
                #expect(traces.last?["spanSet"]?["matched"]?.number == 4)
                #expect(answer["metrics"]?["inspectedTraces"]?.number == 2)
                #expect(answer["metrics"]?["inspectedSpans"]?.text == "6")
            }
            #expect(try search(server, "{}", [("limit", "1")]).count == 1)
            #expect(try search(server, "{}", [("spss", "1")]).last?["spanSet"]?["spans"]?.elements.count == 1)
            let nothing = try server.get("/api/search", [("q", #"{ name = "none" }"#)])
            #expect(nothing.text.hasPrefix(#"{"traces":[],"metrics":{"#))
        }
    }

    @Test func `each type of value is told as OpenTelemetry's messages have it`() async throws {
        try await serving { (server) throws in
            let traces = try search(
                server,
                """
                { span.code >= 500 && status = error } | select(span.ratio, span.ok, span.list, kind, \
                resource.cluster, statusMessage, span.missing)
                """)
            let trace = try #require(traces.first)
            #expect(traces.count == 1)
            #expect(trace["rootServiceName"]?.text == "<root span not yet received>")
            #expect(trace["rootTraceName"]?.text == "")
            let span = try #require(trace["spanSet"]?["spans"]?[0])
            #expect(span["name"] == nil)
            var values: [String: JSONDocument] = [:]
            for attribute in span["attributes"]?.elements ?? [] {
                values[attribute["key"]?.text ?? ""] = attribute["value"]
            }
            #expect(
                values == [
                    "code": .object(["intValue": .text("503")]), "ratio": .object(["doubleValue": .number(0.5)]),
                    "ok": .object(["boolValue": .bool(false)]), "kind": .object(["stringValue": .text("client")]),
                    "status": .object(["stringValue": .text("error")]),
                    "cluster": .object(["stringValue": .text("c1")]),
                    "statusMessage": .object(["stringValue": .text("no")]),
                    "list": .object([
                        "arrayValue": .object([
                            "values": .list([
                                .object(["stringValue": .text("a")]), .object(["intValue": .text("2")]),
                            ])
                        ])
                    ]),
                ])
        }
    }

    @Test func `groups are spansets with their value`() async throws {
        try await serving { (server) throws in
            let traces = try search(server, "{ .istio.cluster_id != nil } | by(resource.service.name) | count() > 1")
            let sets = traces.first?["spanSets"]?.elements ?? []
            #expect(sets.count == 1)
            #expect(traces.first?["spanSet"] == sets.first)
            #expect(sets.first?["matched"]?.number == 2)
            let attributes = (sets.first?["attributes"]?.elements ?? []).map { $0["key"]?.text ?? "" }
            #expect(attributes == ["by(resource.service.name)", "count()"])
        }
    }

    // MARK: Parameters

    @Test func `tags are met by different spans, as parts of texts, as numbers and as the status`() async throws {
        try await serving { (server) throws in
            func count(_ tags: String, _ more: [(String, String)] = []) throws -> Int {
                try read(server, [("tags", tags)] + more)["traces"]?.elements.count ?? -1
            }
            #expect(try count("service.name=REVIEWS http.method=get") == 1)
            #expect(try count("service.name=reviews.+info") == 0)
            #expect(try count("service.name=reviews code=503") == 0)
            #expect(try count("code=503 code2=1") == 0)
            #expect(try count("code=503 ratio=0.5 ok=false") == 1)
            #expect(try count("status.code=error") == 2)
            #expect(try count("error=true") == 2)
            #expect(try count(#"name="get /ratings" root.service.name=productpage"#) == 1)
            #expect(try count("node_id=sidecar", [("minDuration", "812ms"), ("maxDuration", "812ms")]) == 1)
            #expect(try count("node_id=sidecar", [("minDuration", "813ms")]) == 0)
            #expect(try count("node_id=sidecar", [("maxDuration", "811ms")]) == 0)
        }
    }

    @Test func `durations and the window bound a query too`() async throws {
        try await serving { (server) throws in
            func count(_ parameters: [(String, String)]) throws -> Int {
                try search(server, "{ } | select(name)", parameters).count
            }
            #expect(try count([("minDuration", "500ms")]) == 1)
            #expect(try count([("maxDuration", "500ms")]) == 1)
            #expect(try count([("start", "\(Self.start)"), ("end", "\(Self.start)")]) == 2)
            #expect(try count([("start", "\(Self.start + 30)"), ("end", "\(Self.now)")]) == 0)
            #expect(try count([("start", "\(Self.start - 9)"), ("end", "\(Self.start - 8)")]) == 0)
        }
    }

    @Test func `what is wrong with a request is told in plain text, with its place`() async throws {
        try await TempoServer.serving { server in
            for parameters in [
                [("q", "{ name = }")], [("q", "{ } | rate()")], [("q", "{}"), ("tags", "a=b")], [("tags", "a=b=c")],
                [("limit", "0")], [("limit", "x")], [("spss", "-1")], [("minDuration", "5")],
                [("minDuration", "5s"), ("maxDuration", "4s")], [("start", "5"), ("end", "4")], [("start", "x")],
            ] {
                let answer = try server.get("/api/search", parameters)
                #expect(answer.status == 400, "\(parameters)")
                #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
            }
            #expect(
                try server.get("/api/search", [("q", "{ name = }")]).text.hasPrefix("invalid TraceQL query: 1:10: "))
        }
    }

    @Test func `a search that takes too long is 504`() async throws {
        try await TempoServer.serving(limits: QueryLimits(time: .zero)) { server in
            try server.post(zipkin: Self.mesh)
            let answer = try server.get("/api/search", [("q", "{ }")])
            #expect(answer.status == 504)
            #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
        }
    }

    // MARK: Names and values

    @Test func `names stand under their scope`() async throws {
        try await serving { (server) throws in
            let answer = try read(server, path: "/api/v2/search/tags", [("limit", "5000")], as: .tagScopes)
            var scopes: [String: [String]] = [:]
            for scope in answer["scopes"]?.elements ?? [] {
                scopes[scope["name"]?.text ?? ""] = scope["tags"]?.elements.compactMap(\.text)
            }
            #expect(scopes["resource"] == ["cluster", "service.name"])
            #expect(scopes["event"] == ["exception.type"])
            #expect(scopes["span"]?.contains("istio.cluster_id") == true)
            #expect(scopes["span"]?.contains("code") == true)
            #expect(scopes["intrinsic"]?.contains("rootServiceName") == true)
            let one = try read(server, path: "/api/v2/search/tags", [("scope", "resource")], as: .tagScopes)
            #expect(one["scopes"]?.elements.map { $0["name"]?.text } == ["resource"])
            let names = try read(server, path: "/api/search/tags", [], as: .tagNames)["tagNames"]?.elements ?? []
            #expect(names.contains(.text("service.name")) && names.contains(.text("code")))
            #expect(!names.contains(.text("duration")) && !names.contains(.text("exception.type")))
            let intrinsics = try read(server, path: "/api/search/tags", [("scope", "intrinsic")], as: .tagNames)
            #expect(intrinsics["tagNames"]?.elements.contains(.text("duration")) == true)
            #expect(try server.get("/api/v2/search/tags", [("scope", "planet")]).status == 400)
        }
    }

    @Test func `values have their type, and a query narrows them`() async throws {
        try await serving { (server) throws in
            func values(_ tag: String, _ parameters: [(String, String)] = []) throws -> [String] {
                let path = "/api/v2/search/tag/\(TempoServer.encoded(tag))/values"
                let answer = try read(
                    server, path: path, [("limit", "5000"), ("tag", tag)] + parameters, as: .typedTagValues)
                return (answer["tagValues"]?.elements ?? []).map {
                    ($0["type"]?.text ?? "") + " " + ($0["value"]?.text ?? "")
                }
            }
            let services = [
                "string productpage.bookinfo", "string ratings.bookinfo", "string reviews.bookinfo", "string typed",
            ]
            #expect(try values("resource.service.name") == services)
            #expect(try values(".service.name") == services)
            #expect(try values("rootServiceName") == services)
            #expect(try values("status") == ["keyword ok", "keyword error", "keyword unset"])
            #expect(try values("span:kind").contains("keyword server"))
            #expect(try values("duration") == [])
            #expect(try values("span.code") == ["int 200", "int 503"])
            #expect(try values("span.ratio") == ["float 0.5"])
            #expect(try values("span.ok") == ["bool false"])
            #expect(try values("event.exception.type") == ["string Bad"])
            #expect(try values("event:name") == ["string exception"])
            #expect(
                try values("name", [("q", #"{ resource.service.name = "reviews.bookinfo" }"#)]) == [
                    "string get /reviews"
                ])
            #expect(try values("span.code", [("q", "{ status = error }")]) == ["int 503"])
            #expect(try values("span.code", [("q", #"{ resource.service.name = "ratings.bookinfo" }"#)]) == [])
            #expect(try values("resource.service.name", [("q", #"{ span.http.method = "GET" }"#)]) == [services[0]])
            #expect(try values("resource.service.name", [("q", "{}")]) == services)
            #expect(try values("resource.service.name", [("q", "{ resource.cluster = }")]) == services)
            #expect(try values("resource.service.name", [("limit", "")]).count == 4)
            for tag in ["service.name", "planet", "name)|select(status", "name, status"] {
                let answer = try server.get("/api/v2/search/tag/\(TempoServer.encoded(tag))/values")
                #expect(answer.status == 400, "\(tag)")
            }
        }
    }

    @Test func `the old list of values has texts alone`() async throws {
        try await serving { (server) throws in
            func values(_ tag: String) throws -> [JSONDocument] {
                try read(server, path: "/api/search/tag/\(tag)/values", [], as: .tagValues)["tagValues"]?.elements ?? []
            }
            #expect(try values("service.name").count == 4)
            #expect(try values("code") == [.text("200"), .text("503")])
            #expect(try values("status.code") == [.text("ok"), .text("error"), .text("unset")])
            #expect(try values("error") == [.text("true")])
            #expect(try values("name").contains(.text("get /reviews")))
        }
    }
}
