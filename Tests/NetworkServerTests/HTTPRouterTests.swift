import NetworkServer
import NetworkTestSupport
import Testing

@Suite struct HTTPRouterTests {
    private func addRoutes(_ router: inout HTTPRouter) {
        for pattern in ["/api/traces/:id", "/api/traces/latest", "/api/:kind/:id/raw", "/", "/api/services"] {
            router.on(
                .get, pattern,
                .workerThread { request, parameters in
                    let names = ["id", "kind"].compactMap { name in parameters[name].map { "\(name)=\($0)" } }
                    return .text(.ok, ([pattern, parameters.mountPrefix] + names).joined(separator: " "))
                })
        }
        router.on(.post, "/api/services", .workerThread { _, _ in .empty(.accepted) })
        router.mount(prefix: "/jaeger")
    }

    @Test(arguments: [
        ("/api/traces/7", "/api/traces/:id  id=7"), ("/api/traces/latest", "/api/traces/latest "),
        ("/api/traces/a%2Fb%20c", "/api/traces/:id  id=a/b c"), ("/api/traces/7/", "/api/traces/:id  id=7"),
        ("//api/services", "/api/services "), ("/api/services?x=1", "/api/services "), ("/", "/ "),
        ("/jaeger/api/services", "/api/services /jaeger"), ("/jaeger", "/ /jaeger"), ("/jaeger/", "/ /jaeger"),
        ("/%61pi/services", "/api/services "), ("/api/x/y/raw", "/api/:kind/:id/raw  id=y kind=x"),
    ])
    func `a path finds its most specific route`(path: String, expected: String) async throws {
        try await RunningServer.run(eventLoopCount: 1, routes: addRoutes) { running in
            let client = try running.client()
            #expect(try client.exchange("GET \(path) HTTP/1.1\r\n\r\n").text == expected)
        }
    }

    @Test func `what no route takes is told apart`() async throws {
        try await RunningServer.run(routes: addRoutes) { running in
            let client = try running.client()
            let unknown = try client.exchange("GET /api HTTP/1.1\r\n\r\n")
            #expect(unknown.status == 404 && unknown.headers["content-type"]?.hasPrefix("text/plain") == true)
            #expect(try client.exchange("GET /api/traces//raw HTTP/1.1\r\n\r\n").status == 404)
            #expect(try client.exchange("GET /\(String(repeating: "a/", count: 500)) HTTP/1.1\r\n\r\n").status == 404)
            client.send(post("/nowhere", [UInt8](repeating: 1, count: 1000)))
            #expect(try client.readAnswer().status == 404)
            let wrong = try client.exchange("DELETE /api/services HTTP/1.1\r\n\r\n")
            #expect(wrong.status == 405 && wrong.headers["allow"] == "GET, POST, HEAD, OPTIONS")
            #expect(try client.exchange("PROPFIND /api/services HTTP/1.1\r\n\r\n").status == 405)
            let options = try client.exchange("OPTIONS /api/services HTTP/1.1\r\n\r\n")
            #expect(options.status == 204 && options.headers["allow"] == "GET, POST, HEAD, OPTIONS")
            #expect(try client.exchange("OPTIONS * HTTP/1.1\r\n\r\n").status == 204)
            client.send("HEAD /api/services HTTP/1.1\r\n\r\n")
            let head = try client.readAnswer(hasBody: false)
            #expect(head.status == 200 && head.headers["content-length"] == "14")
            #expect(try client.exchange("GET /api/services HTTP/1.1\r\n\r\n").status == 200)
        }
    }

    @Test func `a fallback takes what no route does`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            addRoutes(&router)
            router.fallback = .workerThread { request, _ in .text(.ok, "page for \(request.path)") }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            #expect(try client.exchange("GET /a/b HTTP/1.1\r\n\r\n").text == "page for /a/b")
        }
    }

    @Test func `requests give up their parts`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/parts",
                .eventLoop { request, _, responder in
                    let query = request.query
                    let parts: [String] = [
                        query.first("a") ?? "-", query.all("b").joined(separator: "|"), query.first("none") ?? "-",
                        query.first("empty") ?? "-", request.header("X-Twice") ?? "-", request.contentType ?? "-",
                        request.remoteAddress ?? "-", "\((0..<2).contains(request.eventLoopIndex))",
                    ]
                    responder.respond(.text(.ok, parts.joined(separator: ";")))
                })
        }
        try await RunningServer.run(routes: routes) { running in
            let answer = try running.client().exchange(
                "GET /parts?a=1+2%2B3&b=x&b=%zz%4&&=&empty=&c#frag HTTP/1.1\r\nx-twice: one\r\nX-TWICE: two\r\n"
                    + "content-type: Application/JSON; charset=utf-8\r\n\r\n")
            #expect(answer.text == "1 2+3;x|%zz%4;-;;one, two;application/json;127.0.0.1;true")
        }
    }
}
