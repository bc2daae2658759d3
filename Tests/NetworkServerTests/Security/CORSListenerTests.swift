import NetworkServer
import NetworkTestSupport
import Testing

@Suite struct CORSListenerTests {
    private static let shop = "https://shop.example"
    private static let allowOrigin = "access-control-allow-origin"

    /// A listener that pages of the shop may send to, with credentials.
    private func run(
        isProtected: Bool = false, inFlightByteCountMax: Int = 1 << 30, _ test: (RunningServer) async throws -> Void
    ) async throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "bearer sesame\n")
        let security = HTTPServerSecurity(
            credentials: isProtected ? try CredentialFile(path: path) : nil,
            origins: try CORSPolicy(allowedOrigins: [Self.shop], allowedHeaders: ["authorization"]))
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 100_000
        let configure: (inout HTTPServerGroup.Configuration) -> Void = {
            $0.inFlightByteCountMax = inFlightByteCountMax
        }
        try await RunningServer.run(
            limits: limits, security: security, configure: configure, routes: { $0.addEcho() }, test)
    }

    @Test(arguments: [false, true]) func `a preflight is answered without credentials`(isProtected: Bool) async throws {
        try await run(isProtected: isProtected) { running in
            let client = try running.client()
            let preflight =
                "OPTIONS /echo HTTP/1.1\r\nOrigin: \(Self.shop)\r\nAccess-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: authorization, content-type\r\n\r\n"
            client.send(preflight)
            let answer = try client.readAnswer()
            #expect(answer.status == 204 && answer.headers[Self.allowOrigin] == Self.shop)
            #expect(answer.headers["access-control-allow-methods"]?.contains("POST") == true)
            #expect(answer.headers["access-control-allow-headers"] == "authorization, content-type")
            let modern = try HTTP2Client(port: running.port).exchange(
                "OPTIONS", "/echo", [("origin", Self.shop), ("access-control-request-method", "POST")])
            #expect(modern.status == 204 && modern.header(Self.allowOrigin) == Self.shop)
            // A question about methods is none of a page's.
            #expect(try client.exchange("OPTIONS /echo HTTP/1.1\r\n\r\n").status == (isProtected ? 401 : 204))
        }
    }

    @Test func `a preflight of another origin is answered without leave`() async throws {
        try await run { running in
            let client = try running.client()
            for origin in ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"] {
                let answer = try client.exchange(
                    "OPTIONS /echo HTTP/1.1\r\nOrigin: \(origin)\r\nAccess-Control-Request-Method: POST\r\n\r\n")
                #expect(answer.status == 204 && answer.headers[Self.allowOrigin] == nil, "\(origin)")
                #expect(answer.headers["vary"]?.contains("origin") == true)
                client.send(post("/echo", [1], "Origin: \(origin)\r\n"))
                let actual = try client.readAnswer()
                #expect(actual.body == [1] && actual.headers[Self.allowOrigin] == nil)
            }
        }
    }

    @Test func `each answer to a page says that it may be read`() async throws {
        try await run(isProtected: true, inFlightByteCountMax: 50_000) { running in
            let origin = "Origin: \(Self.shop)\r\n"
            let leave = origin + "Authorization: Bearer sesame\r\n"
            let cases: [(status: Int, request: [UInt8])] = [
                (200, post("/echo", [1], leave)),
                (401, post("/echo", [1], origin)),
                (404, post("/nowhere", [1], leave)),
                (503, post("/echo", [UInt8](repeating: 1, count: 60_000), leave)),
                (400, post("/echo", [1], leave + "Content-Encoding: gzip\r\n")),
                (415, post("/echo", [1], leave + "Content-Encoding: br\r\n")),
                (413, post("/echo", [UInt8](repeating: 1, count: 100_001), leave)),
            ]
            for (status, request) in cases {
                let client = try running.client()
                client.send(request)
                let answer = try client.readAnswer()
                #expect(answer.status == status)
                #expect(answer.headers[Self.allowOrigin] == Self.shop, "\(status)")
                #expect(answer.headers["access-control-expose-headers"] == "retry-after")
            }
            let client = try HTTP2Client(port: running.port)
            let fields = [("origin", Self.shop), ("authorization", "Bearer sesame")]
            for (status, count) in [(200, 1), (413, 100_001), (503, 60_000)] {
                let length = [("content-length", "\(count)")]
                let answer = try client.exchange("POST", "/echo", fields + length, [UInt8](repeating: 1, count: count))
                #expect(answer.status == status && answer.header(Self.allowOrigin) == Self.shop, "\(count)")
            }
        }
    }

    @Test func `without allowed origins no answer speaks of them`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send(post("/echo", [1], "Origin: \(Self.shop)\r\n"))
            let answer = try client.readAnswer()
            #expect(!answer.headers.keys.contains { $0.hasPrefix("access-control") || $0 == "vary" })
        }
    }
}
