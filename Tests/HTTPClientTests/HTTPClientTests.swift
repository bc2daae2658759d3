import HTTPClient
import TestSupport
import Testing

@Suite struct HTTPClientTests {
    @Test func `an answer comes with status, headers and body`() throws {
        let server = try LoopbackServer { _ in .init(404, headers: [("X-Thing", " a b ")], "none") }
        let response = try HTTPClient(baseURL: server.url).get("/a?b=c", headers: [("X-Ask", "1")])
        #expect(response.status == 404)
        #expect(response.header("x-thing") == "a b")
        #expect(response.header("missing") == nil)
        #expect(response.text == "none")
        #expect(server.requests.map(\.target) == ["/a?b=c"])
        #expect(server.requests.first?.headers["x-ask"] == "1")
    }

    @Test func `a body is posted as it is, without waiting for leave`() throws {
        let server = try LoopbackServer { _ in .init(202) }
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let client = try HTTPClient(baseURL: server.url)
        #expect(try client.post("/spans", body: body, contentType: "application/json").status == 202)
        #expect(try client.post("/spans", body: [], contentType: "text/plain").status == 202)
        #expect(server.requests.map(\.body) == [body, []])
        #expect(server.requests.first?.headers["content-type"] == "application/json")
        #expect(server.requests.first?.headers["expect"] == nil)
    }

    @Test func `requests share a connection`() throws {
        let server = try LoopbackServer { _ in .init(200, "x") }
        let client = try HTTPClient(baseURL: server.url)
        for _ in 0..<3 { _ = try client.get("/") }
        _ = try client.post("/", body: [1], contentType: "x/y")
        _ = try client.get("/")
        #expect(server.requests.map(\.connection) == [0, 0, 0, 0, 0])
        #expect(server.requests.map(\.method) == ["GET", "GET", "GET", "POST", "GET"])
    }

    @Test func `a path of the base goes before every path, and the scheme may be missing`() throws {
        let server = try LoopbackServer { _ in .init() }
        _ = try HTTPClient(baseURL: server.url.dropFirst(7) + "/zipkin/").get("/api")
        #expect(server.requests.map(\.target) == ["/zipkin/api"])
    }

    @Test func `where nothing listens is told in words`() throws {
        let port = try LoopbackServer { _ in .init() }.port
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient(baseURL: "http://127.0.0.1:\(port)").get("/")
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message == "nothing listens at http://127.0.0.1:\(port): is skein running? ('skein serve')")
    }

    @Test func `an answer beyond the limit is refused`() throws {
        let server = try LoopbackServer { _ in .init(200, String(repeating: "x", count: 5000)) }
        let client = try HTTPClient(baseURL: server.url, responseByteCountMax: 4999)
        #expect(throws: HTTPClientError.self) { try client.get("/") }
        #expect(try HTTPClient(baseURL: server.url, responseByteCountMax: 5000).get("/").body.count == 5000)
    }

    @Test func `an answer that is cut short is an error`() throws {
        let server = try LoopbackServer { request in
            var answer = LoopbackServer.Answer(200, "0123456789")
            answer.isCutShort = true
            return answer
        }
        let error = #expect(throws: HTTPClientError.self) { try HTTPClient(baseURL: server.url).get("/") }
        #expect(error?.code == .interrupted)
    }

    @Test(arguments: ["ftp://x", "file:///etc/passwd", "http://a b"])
    func `what is no URL of a server is refused`(url: String) {
        let error = #expect(throws: HTTPClientError.self) { try HTTPClient(baseURL: url) }
        #expect(error?.code == .badURL)
    }

    @Test func `texts are encoded for a URL`() {
        let path = PercentEncoding.path("/a", query: [("k v", "a&b=ü/\n"), ("x", "-._~9Z")])
        #expect(path == "/a?k%20v=a%26b%3D%C3%BC%2F%0A&x=-._~9Z")
        #expect(PercentEncoding.path("/a", query: []) == "/a")
    }

    @Test func `the library tells its version`() {
        #expect(HTTPClientLibrary.version.split(separator: ".").count == 3)
    }
}
