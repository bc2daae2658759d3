import Foundation
import HTTPAPI
import TestSupport
import Testing

/// The routes as clients meet them: over TCP, with a real store behind.
@Suite(.serialized, .onBothStores) struct QueryRoutesTests {
    private static let nowMicroseconds = Int64(Date().timeIntervalSince1970 * 1_000_000)

    /// A trace of two services whose client and server share a span ID, a minute ago, and one of a third service.
    private static var posts: [String] {
        let start = nowMicroseconds - 60_000_000
        return [
            """
            [{"traceId":"ab","id":"1","name":"get /","kind":"SERVER","timestamp":\(start),"duration":9000,
              "localEndpoint":{"serviceName":"front","ipv4":"10.0.0.1"},"tags":{"istio.cluster_id":"Kubernetes"}},
             {"traceId":"ab","parentId":"1","id":"2","name":"call","kind":"CLIENT","timestamp":\(start + 1000),
              "duration":5000,"localEndpoint":{"serviceName":"front","ipv4":"10.0.0.1"},
              "remoteEndpoint":{"serviceName":"back"},"tags":{"error":"true"}}]
            """,
            """
            [{"traceId":"ab","parentId":"1","id":"2","name":"get /x","kind":"SERVER","timestamp":\(start + 2000),
              "duration":3000,"localEndpoint":{"serviceName":"back"},"shared":true,"annotations":[
              {"timestamp":\(start + 2500),"value":"cache miss"}]}]
            """,
            """
            [{"traceId":"000000000000000100000000000000ab","id":"7","name":"tick","timestamp":\(start + 5000),
              "localEndpoint":{"serviceName":"a/b c"}}]
            """,
        ]
    }

    private struct Envelope<Item: Decodable>: Decodable {
        struct Failure: Decodable, Equatable {
            let code: Int?
            let msg: String
            let traceID: String?
        }
        let data: [Item]?
        let total: Int
        let errors: [Failure]?
    }

    private struct JaegerTrace: Decodable {
        struct Span: Decodable {
            struct Reference: Decodable {
                let spanID: String
            }
            let spanID: String
            let operationName: String
            let references: [Reference]
        }
        let traceID: String
        let spans: [Span]
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ response: HTTPResponse) throws -> Value {
        try JSONDecoder().decode(type, from: Data(response.body))
    }

    // MARK: Zipkin

    @Test func `Zipkin's names are served, at the root and below its prefix`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            for prefix in ["", "/zipkin"] {
                func get(_ target: String) throws -> HTTPResponse { try server.zipkin.request("GET", prefix + target) }
                #expect(try get("/api/v2/services").text == #"["a/b c","back","front"]"#)
                #expect(try get("/api/v2/spans?serviceName=FRONT").text == #"["call","get /"]"#)
                #expect(try get("/api/v2/spans?serviceName=a%2Fb+c").text == #"["tick"]"#)
                #expect(try get("/api/v2/spans?serviceName=").text == "[]")
                #expect(try get("/api/v2/spans").status == 400)
                #expect(try get("/api/v2/remoteServices?serviceName=front").text == #"["back"]"#)
                #expect(try get("/api/v2/remoteServices?serviceName=none").text == "[]")
                #expect(try get("/health").text.contains(#""status":"UP""#))
            }
        }
    }

    @Test func `name lists may be kept once a fourth service reported`() async throws {
        let fourth = #"[{"traceId":"cd","id":"1","name":"x","localEndpoint":{"serviceName":"fourth"}}]"#
        for (posts, expected) in [(Self.posts, nil), (Self.posts + [fourth], "max-age=300, must-revalidate")] {
            try await QueryServer.serving(posts) { server throws in
                for target in ["services", "spans?serviceName=back", "remoteServices?serviceName=back"] {
                    let response = try server.zipkin.request("GET", "/api/v2/" + target)
                    #expect(response.header("cache-control") == expected, "\(target)")
                }
            }
        }
    }

    @Test func `a search says whether more traces match than the limit let through`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func more(_ response: HTTPResponse) -> String? { response.header("skein-more-traces") }
            #expect(more(try server.zipkin.request("GET", "/api/v2/traces?limit=1")) == "true")
            #expect(more(try server.zipkin.request("GET", "/api/v2/traces?limit=2")) == "false")
            #expect(more(try server.zipkin.request("GET", "/api/v2/trace/ab")) == nil)
            #expect(more(try server.jaeger.request("GET", "/api/traces?service=front&limit=1")) == "false")
        }
    }

    @Test func `a trace is read by its ID, whose width counts`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func get(_ id: String) throws -> HTTPResponse { try server.zipkin.request("GET", "/api/v2/trace/" + id) }
            struct Span: Decodable {
                let id: String
                let shared: Bool?
            }
            let spans = try decode([Span].self, try get("ab"))
            #expect(spans.map(\.id) == ["0000000000000001", "0000000000000002", "0000000000000002"])
            #expect(spans.map(\.shared) == [nil, nil, true], "both halves stay, as they were reported")
            #expect(try get("00000000000000000000000000000000ab".suffix(32).description).status == 200)
            #expect(try decode([Span].self, try get("100000000000000ab")).map(\.id) == ["0000000000000007"])
            #expect(try get("ab%20").status == 200, "a space at the end is dropped")
            let missing = try get("abc")
            #expect(missing.status == 404 && missing.text == "0000000000000abc not found")
            let wrong = try get("AB")
            #expect(wrong.status == 400 && wrong.text == "AB should be lower-hex encoded with no prefix")
        }
    }

    @Test func `Zipkin's search finds whole traces by the spans of one service`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func ids(_ query: String) throws -> [[String]] {
                struct Span: Decodable { let id: String }
                let response = try server.zipkin.request("GET", "/api/v2/traces?" + query)
                return try decode([[Span]].self, response).map { $0.map { String($0.id.suffix(1)) } }
            }
            #expect(try ids("") == [["7"], ["1", "2", "2"]], "the latest first")
            #expect(try ids("serviceName=back") == [["1", "2", "2"]])
            #expect(try ids("serviceName=front&spanName=Call&annotationQuery=istio.cluster_id%3DKubernetes").count == 1)
            #expect(try ids("serviceName=front&annotationQuery=cache%20miss").isEmpty, "another service's annotation")
            #expect(try ids("serviceName=back&annotationQuery=cache+miss").count == 1)
            #expect(try ids("serviceName=front&remoteServiceName=BACK&minDuration=9000&maxDuration=9000").count == 1)
            #expect(try ids("limit=1") == [["7"]])
            #expect(try ids("lookback=1000").isEmpty)
            let refused = try server.zipkin.request("GET", "/api/v2/traces?maxDuration=5")
            #expect(refused.status == 400 && refused.text == "maxDuration is only valid with minDuration")
        }
    }

    @Test func `several traces come in the order asked, without the unknown`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func get(_ ids: String) throws -> HTTPResponse {
                try server.zipkin.request("GET", "/api/v2/traceMany?traceIds=" + ids)
            }
            struct Span: Decodable { let traceId: String }
            let traces = try decode([[Span]].self, try get("ab,1234,100000000000000ab"))
            #expect(traces.map { $0[0].traceId } == ["00000000000000ab", "000000000000000100000000000000ab"])
            #expect(try get("12,34").text == "[]")
            #expect(try get("ab").status == 400)
            #expect(try get("ab,0ab").text == "redundant traceId: 0ab")
            #expect(try server.zipkin.request("GET", "/api/v2/traceMany").text == "traceIds parameter is empty")
        }
    }

    // MARK: Jaeger

    @Test func `Jaeger's names are served, at the root and below its prefix`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            for prefix in ["", "/jaeger"] {
                func get(_ target: String) throws -> HTTPResponse { try server.jaeger.request("GET", prefix + target) }
                let services = try decode(Envelope<String>.self, try get("/api/services"))
                #expect(services.data == ["a/b c", "back", "front"] && services.total == 3 && services.errors == nil)
                let names = try decode(Envelope<String>.self, try get("/api/services/front/operations"))
                #expect(names.data == ["call", "get /"] && names.total == 2)
                let escaped = try decode(Envelope<String>.self, try get("/api/services/a%2Fb%20c/operations"))
                #expect(escaped.data == ["tick"])
                #expect(
                    try get("/api/operations?service=front").text
                        == #"{"data":[{"name":"call","spanKind":"client"},{"name":"get /","spanKind":"server"}],"#
                        + #""total":2,"limit":0,"offset":0,"errors":null}"#)
                #expect(
                    try get("/api/operations?service=front&spanKind=server").text
                        == #"{"data":[{"name":"get /","spanKind":"server"}],"#
                        + #""total":1,"limit":0,"offset":0,"errors":null}"#
                )
                let refused = try get("/api/operations")
                #expect(refused.status == 400)
                #expect(
                    try decode(Envelope<String>.self, refused).errors
                        == [.init(code: 400, msg: "parameter 'service' is required", traceID: nil)])
            }
        }
    }

    @Test func `a Jaeger trace has unique span IDs, unless it is asked for raw`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func get(_ target: String) throws -> HTTPResponse {
                try server.jaeger.request("GET", "/api/traces/" + target)
            }
            for id in ["ab", "AB", "00000000000000ab", "000000000000000000000000000000AB"] {
                let answer = try decode(Envelope<JaegerTrace>.self, try get(id))
                let spans = try #require(answer.data?.first).spans
                #expect(Set(spans.map(\.spanID)).count == 3 && answer.total == 0 && answer.errors == nil)
                let serverHalf = try #require(spans.first { $0.operationName == "get /x" })
                #expect(serverHalf.references.map(\.spanID) == ["0000000000000002"])
            }
            let raw = try get("ab?raw=true&prettyPrint=true")
            #expect(raw.text.hasPrefix("{\n    \"data\": [\n"))
            let spans = try #require(try decode(Envelope<JaegerTrace>.self, raw).data?.first).spans
            #expect(spans.map(\.spanID) == ["0000000000000001", "0000000000000002", "0000000000000002"])
            for id in ["abc", "0", "ab0000000000000000ab"] {
                let missing = try get(id)
                #expect(missing.status == 404)
                #expect(
                    missing.text
                        == #"{"data":null,"total":0,"limit":0,"offset":0,"#
                        + #""errors":[{"code":404,"msg":"trace not found"}]}"#)
            }
            #expect(try get("xyz").status == 400)
            #expect(try get("ab?raw=maybe").status == 400)
        }
    }

    @Test func `Jaeger's search wants one span to meet everything`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            func get(_ query: String) throws -> HTTPResponse {
                try server.jaeger.request("GET", "/api/traces?" + query)
            }
            func count(_ query: String) throws -> Int? {
                try decode(Envelope<JaegerTrace>.self, try get(query)).data?.count
            }
            #expect(try count("service=front") == 1)
            #expect(try count("service=front&operation=call&tags=%7B%22error%22%3A%22true%22%7D") == 1)
            #expect(try count("service=front&operation=call&tag=istio.cluster_id:Kubernetes") == 0)
            #expect(try count("service=front&minDuration=9ms&maxDuration=9000us") == 1)
            #expect(try count("service=front&operation=call&minDuration=9ms") == 0)
            // What KubeSphere sends.
            let start = Self.nowMicroseconds - 3_600_000_000
            #expect(try count("limit=5&start=\(start)&end=\(Self.nowMicroseconds)&loopback=x&service=front") == 1)
            #expect(try count("service=front&end=\(start)&start=\(start - 1_000_000)") == 0)
            #expect(try get("limit=5").status == 400)
            #expect(try get("service=front&minDuration=5").status == 400)
            #expect(try get("service=front&tags=%7B%22error%22%3Atrue%7D").status == 400)
        }
    }

    @Test func `a look-up of several IDs tells which are missing`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let target = "/api/traces?traceID=fe&traceID=ab&traceID=100000000000000ab"
            let response = try server.jaeger.request("GET", target)
            let answer = try decode(Envelope<JaegerTrace>.self, response)
            #expect(response.status == 200)
            #expect(answer.data?.map(\.traceID) == ["00000000000000ab", "000000000000000100000000000000ab"])
            #expect(answer.errors == [.init(code: nil, msg: "trace not found", traceID: "00000000000000fe")])
        }
    }

    @Test(arguments: ["/", "/jaeger", "/jaeger/"])
    func `the index page tells the version`(path: String) async throws {
        try await QueryServer.serving([]) { server throws in
            let response = try server.jaeger.request("GET", path)
            #expect(response.status == 200)
            #expect(response.header("content-type") == "text/html; charset=utf-8")
            #expect(response.text.contains(#"const JAEGER_VERSION = {"gitCommit":"","gitVersion":"9.8.7","#))
        }
    }

    @Test func `an empty store answers with empty lists`() async throws {
        try await QueryServer.serving([]) { server throws in
            #expect(try server.zipkin.request("GET", "/api/v2/services").text == "[]")
            #expect(try server.zipkin.request("GET", "/api/v2/traces").text == "[]")
            #expect(
                try server.jaeger.request("GET", "/api/services").text
                    == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }
}
