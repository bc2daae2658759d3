import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct LifetimeTests {
    @Test func `a request sent too slowly is cut`() async throws {
        var limits = HTTPServerLimits()
        limits.requestTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send("POST /echo HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc")
            #expect(try client.readAnswer().status == 408)
            #expect(try client.isEnded())
            #expect(running.events.timedOut.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a connection at rest is cut`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let silent = try running.client()
            let used = try running.client()
            #expect(try used.exchange("GET /hello HTTP/1.1\r\n\r\n").text == "hello")
            #expect(try silent.isEnded())
            #expect(try used.isEnded())
            try running.until { running.server.connectionCount == 0 }
        }
    }

    @Test func `a slow reader gets the whole of its last answer`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .seconds(1)
        limits.lingerTimeout = .milliseconds(100)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/large",
                .workerThread { _, _ in HTTPResponse(status: .ok, body: [UInt8](repeating: 1, count: 16 << 20)) })
        }
        try await RunningServer.run(limits: limits, routes: routes) { running in
            let client = try RawClient(port: running.port, receiveBufferByteCount: 64 << 10)
            client.send("GET /large HTTP/1.1\r\nconnection: close\r\n\r\n")
            for _ in 0..<500 { sleepShortly() }
            #expect(try client.readAnswer().body.count == 16 << 20)
            // One that reads nothing at all is cut in the end.
            let stuck = try RawClient(port: running.port, receiveBufferByteCount: 64 << 10)
            stuck.send("GET /large HTTP/1.1\r\n\r\n")
            try running.until { running.events.timedOut.load(ordering: .relaxed) == 1 }
            try running.until { running.server.connectionCount == 0 }
        }
    }

    @Test func `connections beyond the limit are closed at once`() async throws {
        var limits = HTTPServerLimits()
        limits.connectionCountMax = 2
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let clients = [try running.client(), try running.client()]
            for client in clients { #expect(try client.exchange("GET /hello HTTP/1.1\r\n\r\n").status == 200) }
            let third = try running.client()
            #expect(try third.isEnded())
            #expect(running.events.refused.load(ordering: .relaxed) == 1)
            #expect(try clients[0].exchange("GET /hello HTTP/1.1\r\n\r\n").status == 200)
        }
    }

    @Test func `an answer to a client that has left is dropped`() async throws {
        let responders = Mutex<[HTTPResponder]>([])
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(.post, "/wait", .eventLoop { _, _, responder in responders.withLock { $0.append(responder) } })
            router.on(.post, "/forget", .eventLoop { _, _, _ in })
        }
        try await RunningServer.run(routes: routes) { running in
            do {
                let client = try running.client()
                client.send(post("/wait", [1, 2, 3]))
                try running.until { responders.withLock { $0.count } == 1 }
                #expect(running.group.inFlightByteCount == 3)
                client.reset()
            }
            responders.withLock { $0.removeFirst() }.respond(.empty(.accepted))
            try running.until { running.server.connectionCount == 0 && running.group.inFlightByteCount == 0 }
            let forgotten = try running.client()
            forgotten.send(post("/forget", [1]))
            #expect(try forgotten.readAnswer().status == 500)
        }
    }

    @Test func `shutting down lets requests in progress finish`() async throws {
        let responders = Mutex<[HTTPResponder]>([])
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(.post, "/wait", .eventLoop { _, _, responder in responders.withLock { $0.append(responder) } })
        }
        try await RunningServer.run(routes: routes) { running in
            let idle = try running.client()
            let busy = try running.client()
            let stuck = try running.client()
            busy.send(post("/wait", [1]))
            try running.until { responders.withLock { $0.count } == 1 }
            stuck.send(post("/wait", [1]))
            try running.until { responders.withLock { $0.count } == 2 && running.server.connectionCount == 3 }
            running.server.beginShutdown()
            idle.endOutput()
            #expect(try idle.isEnded())
            responders.withLock { $0[0] }.respond(.empty(.accepted))
            let answer = try busy.readAnswer()
            #expect(answer.status == 202 && answer.headers["connection"] == "close")
            busy.endOutput()
            #expect(try busy.isEnded())
            await running.server.finishShutdown(deadline: .now + .milliseconds(100))
            #expect(running.server.connectionCount == 0)
            #expect(try stuck.isEnded())
            #expect(throws: RawClient.Failure.self) { try running.client() }
        }
    }

    @Test func `an address in use is named`() async throws {
        try await RunningServer.run(routes: { _ in }) { running in
            let second = HTTPServer(
                name: "zipkin", address: "127.0.0.1", port: running.port, router: HTTPRouter(), group: running.group)
            let error = #expect(throws: HTTPServerError.self) { try second.start() }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("127.0.0.1:\(running.port)") == true)
            let nowhere = HTTPServer(name: "x", address: "nowhere", port: 1, router: HTTPRouter(), group: running.group)
            #expect(throws: HTTPServerError.self) { try nowhere.start() }
            let six = HTTPServer(name: "six", address: "::1", port: 0, router: HTTPRouter(), group: running.group)
            if (try? six.start()) != nil { #expect(six.boundAddress == "[::1]:\(six.boundPort ?? 0)") }
            await six.finishShutdown(deadline: .now)
        }
    }

    @Test func `a thousand idle connections are held`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            var clients: [RawClient] = []
            let before = residentByteCount()
            for _ in 0..<1000 {
                let client = try running.client()
                client.send(post("/count", [UInt8](repeating: 1, count: 5000)))
                #expect(try client.readAnswer().text == "5000")
                clients.append(client)
            }
            print("1,000 idle connections: \((residentByteCount() - before) / 1000) bytes each, both ends")
            #expect(running.server.connectionCount == 1000)
            for client in clients { #expect(try client.exchange("GET /hello HTTP/1.1\r\n\r\n").text == "hello") }
        }
    }
}
