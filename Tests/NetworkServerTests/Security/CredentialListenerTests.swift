import NetworkServer
import NetworkTestSupport
import Testing

@Suite struct CredentialListenerTests {
    /// A listener that asks for credentials; `alice` with `secret` and the token `sesame` are right.
    private func run(_ test: (RunningServer) async throws -> Void) async throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "basic alice:secret\nbearer sesame\n")
        let routes: (inout HTTPRouter) -> Void = { router in
            router.addEcho()
            router.onCall("/test.Service/Echo") { $1.succeed($0.body.bytes) }
            router.onHealthCheck(services: []) { true }
            router.on(
                .post, "/json",
                refusalWriter: { error, type in
                    .json(Array(#"{"type":"\#(type ?? "")"}"#.utf8), status: error.status)
                }, .eventLoop { $2.respond(.text(.ok, "\($0.body.byteCount)")) })
        }
        let security = HTTPServerSecurity(credentials: try CredentialFile(path: path))
        try await RunningServer.run(security: security, routes: routes) { running in
            try await test(running)
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    private static let wrong = [
        nil, "", "Basic", "Bearer wrong", "Basic YWxpY2U6d3Jvbmc=", "sesame", "Basic sesame", "Bearer sesame2",
        "Bearer sesam",
    ]
    private static let right = ["Bearer sesame", "bearer  sesame", "Basic YWxpY2U6c2VjcmV0"]

    @Test func `without the right credentials the answer is 401 with a challenge`() async throws {
        try await run { running in
            let client = try running.client()
            for authorization in Self.wrong {
                let field = authorization.map { "authorization: \($0)\r\n" } ?? ""
                client.send(post("/count", [UInt8](repeating: 1, count: 5000), field))
                let answer = try client.readAnswer()
                #expect(answer.status == 401, "\(authorization ?? "none")")
                #expect(answer.headers["www-authenticate"] != nil && answer.headers["connection"] == nil)
            }
            // The connection went on all the time, and so it does with the right ones.
            for authorization in Self.right {
                client.send(post("/count", [1, 2, 3], "authorization: \(authorization)\r\n"))
                #expect(try client.readAnswer().text == "3", "\(authorization)")
            }
            #expect(try client.exchange("GET /nowhere HTTP/1.1\r\n\r\n").status == 401)
        }
    }

    @Test func `both schemes are offered`() async throws {
        try await run { running in
            let answer = try HTTP2Client(port: running.port).exchange("GET", "/hello")
            let challenges = answer.headers.filter { $0.name == "www-authenticate" }.map(\.value)
            #expect(answer.status == 401)
            #expect(challenges.contains { $0.hasPrefix("Basic realm=") })
            #expect(challenges.contains { $0.hasPrefix("Bearer realm=") })
        }
    }

    @Test func `calls without the right credentials are UNAUTHENTICATED`() async throws {
        try await run { running in
            let client = try HTTP2Client(port: running.port)
            for authorization in Self.wrong {
                let fields = authorization.map { [("authorization", $0)] } ?? []
                for method in ["/test.Service/Echo", "/test.Service/Unknown", "/grpc.health.v1.Health/Check"] {
                    let outcome = try client.call(method, [], fields)
                    #expect(outcome.code == 16 && outcome.isTrailersOnly && outcome.answer.status == 200)
                }
            }
            for authorization in Self.right {
                #expect(try client.call("/test.Service/Echo", [1], [("authorization", authorization)]).message == [1])
            }
        }
    }

    @Test func `a large body without credentials is not taken`() async throws {
        try await run { running in
            let client = try running.client()
            client.send("POST /count HTTP/1.1\r\ncontent-length: 10000000\r\n\r\n")
            let answer = try client.readAnswer()
            #expect(answer.status == 401 && answer.headers["connection"] == "close")
            let modern = try HTTP2Client(port: running.port)
            let large = try modern.exchange(
                "POST", "/count", [("content-length", "10000000")], [UInt8](repeating: 1, count: 10_000_000))
            #expect(large.status == 401)
            #expect(try modern.exchange("GET", "/hello", [("authorization", "Bearer sesame")]).text == "hello")
        }
    }

    @Test func `a route writes its refusal itself`() async throws {
        try await run { running in
            let client = try running.client()
            client.send(post("/json", [1], "Content-Type: Application/JSON; charset=utf-8\r\n"))
            let answer = try client.readAnswer()
            #expect(answer.status == 401 && answer.text == #"{"type":"application/json"}"#)
        }
    }
}
