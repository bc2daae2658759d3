import Glibc
import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct WorkerTests {
    private struct Unforeseen: Error {}

    @Test func `thrown errors become answers`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(.get, "/known", .workerThread { _, _ in throw HTTPError(.conflict, "not now") })
            router.on(.get, "/unforeseen", .workerThread { _, _ in throw Unforeseen() })
            router.on(
                .get, "/late",
                .workerThread { _, _ in HTTPResponse { _ in throw HTTPError(.notFound, "nothing there") } })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            let known = try client.exchange("GET /known HTTP/1.1\r\n\r\n")
            #expect(known.status == 409 && known.text == "not now")
            #expect(try client.exchange("GET /unforeseen HTTP/1.1\r\n\r\n").status == 500)
            #expect(try client.exchange("GET /late HTTP/1.1\r\n\r\n").status == 404)
        }
    }

    @Test func `work beyond the bound is refused`() async throws {
        let mayEnd = Atomic(false)
        let started = Atomic(0)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/block",
                .workerThread { _, _ in
                    started.wrappingAdd(1, ordering: .relaxed)
                    while !mayEnd.load(ordering: .relaxed) { sleepShortly() }
                    return .empty(.ok)
                })
        }
        let configure: (inout HTTPServerGroup.Configuration) -> Void = {
            $0.workerThreadCount = 1
            $0.waitingRequestCountMax = 1
        }
        try await RunningServer.run(eventLoopCount: 1, configure: configure, routes: routes) { running in
            let clients = try (0..<3).map { _ in try running.client() }
            clients[0].send("GET /block HTTP/1.1\r\n\r\n")
            try running.until { started.load(ordering: .relaxed) == 1 }
            clients[1].send("GET /block HTTP/1.1\r\n\r\n")
            clients[2].send("GET /block HTTP/1.1\r\n\r\n")
            // One of the two waits and the other is refused; which one came first does not matter.
            try running.until { running.events.finished.load(ordering: .relaxed) == 1 }
            mayEnd.store(true, ordering: .relaxed)
            let statuses = try clients.map { try $0.readAnswer() }
            #expect(statuses.map(\.status).sorted() == [200, 200, 503])
            #expect(statuses.first { $0.status == 503 }?.headers["retry-after"] == "1")
        }
    }

    @Test func `answers are packed when asked for and worth it`() async throws {
        let long = String(repeating: "a long answer ", count: 1000)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(.get, "/long", .workerThread { _, _ in .text(.ok, long) })
            router.on(.get, "/short", .workerThread { _, _ in .text(.ok, "short") })
            router.on(
                .get, "/image",
                .workerThread { _, _ in
                    HTTPResponse(status: .ok, headers: [("content-type", "image/png")], body: Array(long.utf8))
                })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            let packed = try client.exchange("GET /long HTTP/1.1\r\naccept-encoding: br, gzip;q=0.8\r\n\r\n")
            #expect(packed.headers["content-encoding"] == "gzip" && packed.headers["vary"] == "accept-encoding")
            #expect(packed.body.count < 1000)
            #expect(try gunzip(packed.body) == Array(long.utf8))
            for request in ["/long HTTP/1.1\r\naccept-encoding: gzip;q=0", "/long HTTP/1.1"] {
                #expect(try client.exchange("GET \(request)\r\n\r\n").text == long)
            }
            for path in ["/short", "/image"] {
                let answer = try client.exchange("GET \(path) HTTP/1.1\r\naccept-encoding: gzip\r\n\r\n")
                #expect(answer.headers["content-encoding"] == nil)
            }
        }
    }

    @Test(arguments: [100, 1 << 20, 5 << 20])
    func `a streamed answer arrives whole`(byteCount: Int) async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/stream",
                .workerThread { _, _ in
                    HTTPResponse(headers: [("content-type", "application/json")]) { writer in
                        for start in stride(from: 0, to: byteCount, by: 1000) {
                            try writer.write(
                                (start..<min(start + 1000, byteCount)).map { UInt8(truncatingIfNeeded: $0) })
                        }
                    }
                })
        }
        let expected = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            for _ in 0..<2 {
                let plain = try client.exchange("GET /stream HTTP/1.1\r\n\r\n")
                #expect((plain.headers["transfer-encoding"] == "chunked") == (byteCount > 65_536))
                #expect(plain.body == expected)
                let packed = try client.exchange("GET /stream HTTP/1.1\r\naccept-encoding: gzip\r\n\r\n")
                let body = byteCount > 1024 ? try gunzip(packed.body) : packed.body
                #expect(body == expected)
            }
            #expect(try client.exchange("GET /stream HTTP/1.0\r\n\r\n").body == expected)
        }
    }

    @Test func `a streamed answer waits for its reader and ends with it`() async throws {
        let written = Atomic(0)
        let ended = Atomic(false)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/endless",
                .workerThread { _, _ in
                    HTTPResponse { writer in
                        defer { ended.store(true, ordering: .relaxed) }
                        while true {
                            try writer.write([UInt8](repeating: 1, count: 64 << 10))
                            written.wrappingAdd(64 << 10, ordering: .relaxed)
                        }
                    }
                })
        }
        try await RunningServer.run(routes: routes) { running in
            do {
                let client = try RawClient(port: running.port, receiveBufferByteCount: 64 << 10)
                client.send("GET /endless HTTP/1.1\r\n\r\n")
                try running.until { written.load(ordering: .relaxed) > 0 }
                // Without a reader the socket's buffers fill, and then the producer must stand still.
                var last = -1
                while case let now = written.load(ordering: .relaxed), now != last {
                    last = now
                    #expect(now < 64 << 20)
                    usleep(200_000)
                }
                let hasEnded = ended.load(ordering: .relaxed)
                #expect(!hasEnded)
            }
            try running.until { ended.load(ordering: .relaxed) && running.server.connectionCount == 0 }
        }
    }

    @Test func `an error in the middle of a streamed answer breaks it`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/broken",
                .workerThread { _, _ in
                    HTTPResponse { writer in
                        try writer.write([UInt8](repeating: 1, count: 100_000))
                        try writer.flush()
                        throw Unforeseen()
                    }
                })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            #expect(throws: RawClient.Failure.self) { try client.exchange("GET /broken HTTP/1.1\r\n\r\n") }
        }
    }
}
