import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct HTTP2ConnectionTests {
    /// Handlers that answer when the test wants.
    private final class Waiting: Sendable {
        private let responders = Mutex<[HTTPResponder]>([])

        var count: Int { responders.withLock { $0.count } }

        func register(on router: inout HTTPRouter) {
            router.addEcho()
            router.on(
                .post, "/wait", .eventLoop { _, _, responder in self.responders.withLock { $0.append(responder) } })
        }

        func answerFirst() {
            responders.withLock { $0.removeFirst() }.respond(.empty(.accepted))
        }
    }

    // MARK: Preface

    @Test func `a preface may come byte by byte`() async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            // Recorded from one connection, replayed slowly on another.
            let recorded = try HTTP2Client(port: running.port)
            let stream = try recorded.sendHead("GET", "/hello", ends: true)
            let bytes = recorded.sent
            #expect(try recorded.answer(on: stream).text == "hello")
            let slow = try running.client()
            for byte in bytes { slow.send([byte]) }
            // Settings of the server, and much later its answer: five bytes of data that end stream 1.
            let answer = [0, 0, 5, 0, 1, 0, 0, 0, 1] + Array("hello".utf8)
            var received: [UInt8] = []
            while !received.contains(answer) { received += try #require(try slow.read(1)) }
        }
    }

    @Test(arguments: 1..<24) func `a preface cut short ends quietly`(byteCount: Int) async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            client.send(Array(HTTP2Client.preface.prefix(byteCount)))
            client.endOutput()
            _ = try client.readToEnd()
            try running.until { running.server.connectionCount == 0 }
        }
    }

    @Test func `bytes that only begin like the preface are HTTP1`() async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            client.send("P")
            client.send("OST /echo HTTP/1.1\r\ncontent-length: 2\r\n\r\nok")
            #expect(try client.readAnswer().text == "ok")
            let other = try running.client()
            other.send("PRI * HTTP/2.0\r\n\r\nXX")
            #expect(try other.readAnswer().status >= 400)
        }
    }

    @Test func `a preface sent too slowly is cut`() async throws {
        var limits = HTTPServerLimits()
        limits.requestTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send("PRI * HT")
            #expect(try client.isEnded())
            #expect(running.events.timedOut.load(ordering: .relaxed) == 1)
        }
    }

    // MARK: Time

    @Test func `a request sent too slowly is refused`() async throws {
        var limits = HTTPServerLimits()
        limits.requestTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let stream = try client.sendHead("POST", "/echo")
            try client.sendBody([1, 2, 3], on: stream, ends: false)
            #expect(try client.answer(on: stream).status == 408)
            #expect(running.events.timedOut.load(ordering: .relaxed) == 1)
            #expect(running.group.inFlightByteCount == 0)
            #expect(try client.exchange("GET", "/hello").text == "hello")
        }
    }

    @Test func `a connection at rest is told to go and then ended`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(200)
        limits.requestTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let silent = try HTTP2Client(port: running.port)
            let used = try HTTP2Client(port: running.port)
            #expect(try used.exchange("GET", "/hello").text == "hello")
            for client in [silent, used] {
                try client.readToEnd()
                #expect(client.goAway?.code == 0)
            }
            // One that says nothing after the preface, or stops in the middle of a frame.
            for bytes in [[], [0, 0, 9, 1, 4]] as [[UInt8]] {
                let mute = try running.client()
                mute.send(HTTP2Client.preface + bytes)
                _ = try mute.readToEnd()
            }
            try running.until { running.server.connectionCount == 0 }
        }
    }

    // MARK: Ends

    @Test func `what a client takes back frees what it held`() async throws {
        let waiting = Waiting()
        try await RunningServer.run(routes: waiting.register) { running in
            let client = try HTTP2Client(port: running.port)
            let begun = try client.sendHead("POST", "/echo")
            try client.sendBody([UInt8](repeating: 1, count: 5000), on: begun, ends: false)
            let handled = try client.sendHead("POST", "/wait")
            try client.sendBody([UInt8](repeating: 1, count: 3000), on: handled)
            try running.until { running.group.inFlightByteCount == 8000 && waiting.count == 1 }
            client.reset(begun)
            client.reset(handled)
            try running.until { running.group.inFlightByteCount == 0 }
            waiting.answerFirst()
            #expect(try client.exchange("GET", "/hello").text == "hello")
            #expect(running.events.finished.load(ordering: .relaxed) == 1)
        }
    }

    /// The end of a request and its reset are read at once: the answer comes to a stream that is no more.
    @Test(arguments: ["/echo", "/hello"])
    func `a call given up in the moment in which it is answered ends alone`(path: String) async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            for _ in 0..<20 {
                let stream = UInt8(try client.sendHead("POST", path))
                let body: [UInt8] = [0, 0, 4, 0, 1, 0, 0, 0, stream] + Array("body".utf8)
                client.send(body + [0, 0, 4, 3, 0, 0, 0, 0, stream, 0, 0, 0, 8])
                #expect(try client.exchange("GET", "/hello").text == "hello")
            }
        }
    }

    @Test(arguments: [true, false])
    func `what a client leaves behind is freed`(withReset: Bool) async throws {
        let waiting = Waiting()
        try await RunningServer.run(routes: waiting.register) { running in
            do {
                let client = try HTTP2Client(port: running.port)
                let begun = try client.sendHead("POST", "/echo")
                try client.sendBody([1, 2, 3], on: begun, ends: false)
                let handled = try client.sendHead("POST", "/wait")
                try client.sendBody([1, 2], on: handled)
                try running.until { running.group.inFlightByteCount == 5 && waiting.count == 1 }
                if withReset { client.socket.reset() }
            }
            try running.until { running.server.connectionCount == 0 && running.group.inFlightByteCount == 0 }
            waiting.answerFirst()
        }
    }

    @Test func `shutting down lets calls in progress finish`() async throws {
        let waiting = Waiting()
        try await RunningServer.run(routes: waiting.register) { running in
            let idle = try HTTP2Client(port: running.port)
            #expect(try idle.exchange("GET", "/hello").text == "hello")
            let busy = try HTTP2Client(port: running.port)
            let handled = try busy.sendHead("POST", "/wait", [], ends: true)
            let begun = try busy.sendHead("POST", "/echo")
            try busy.sendBody([1], on: begun, ends: false)
            try running.until { waiting.count == 1 && running.group.inFlightByteCount == 1 }
            running.server.beginShutdown()
            try idle.readToEnd()
            #expect(idle.goAway?.code == 0)
            while busy.goAway == nil { try #require(try busy.readFrame() != nil) }
            try busy.sendBody([2], on: begun)
            #expect(try busy.answer(on: begun).body == [1, 2])
            waiting.answerFirst()
            #expect(try busy.answer(on: handled).status == 202)
            try busy.readToEnd()
            await running.server.finishShutdown(deadline: .now + .seconds(20))
            #expect(running.server.connectionCount == 0)
        }
    }

    @Test(arguments: 0..<20)
    func `a connection without calls ends without an error when the server does`(round: Int) async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            let clients = try (0..<10).map { _ in try HTTP2Client(port: running.port) }
            for (index, client) in clients.enumerated() {
                if index % 4 == 1 { try client.ping() }
                if index % 4 == 2 { #expect(try client.exchange("GET", "/hello").text == "hello") }
                if index % 4 == 3 { #expect(try client.exchange("POST", "/echo", [], [1]).body == [1]) }
            }
            running.server.beginShutdown()
            for (index, client) in clients.enumerated() {
                try client.readToEnd()
                #expect(client.goAwayCodes.allSatisfy { $0 == 0 }, "\(index) \(client.goAwayCodes)")
            }
        }
    }

    @Test func `shutting down cuts who does not end in time`() async throws {
        let waiting = Waiting()
        try await RunningServer.run(routes: waiting.register) { running in
            let stuck = try HTTP2Client(port: running.port)
            try stuck.sendHead("POST", "/wait", [], ends: true)
            try stuck.sendHead("POST", "/echo")
            let undecided = try running.client()
            undecided.send("PRI * ")
            try running.until { waiting.count == 1 && running.server.connectionCount == 2 }
            await running.server.finishShutdown(deadline: .now + .milliseconds(100))
            #expect(running.server.connectionCount == 0)
            try stuck.readToEnd()
            waiting.answerFirst()
        }
    }

    @Test func `breaking the rules of frames ends one connection and no other`() async throws {
        let routes: (inout HTTPRouter) -> Void = { $0.addEcho() }
        try await RunningServer.run(routes: routes) { running in
            let good = try HTTP2Client(port: running.port)
            let rude: [(HTTP2Client) throws -> Void] = [
                { $0.send(.data, flags: 1, stream: 1, payload: [1]) },  // no such stream
                { $0.send(.headers, flags: 5, stream: 2, payload: [0x82]) },  // an even number
                { $0.send(.headers, flags: 5, stream: 1, payload: [0xff, 0xff, 0xff]) },  // no HPACK
                { $0.send(.windowUpdate, stream: 0, payload: [0, 0, 0, 0]) },
                { $0.send(.settings, payload: [1, 2, 3]) },
                { $0.send(.ping, payload: [1]) },
                { $0.send(.continuation, flags: 4, stream: 1, payload: [0x82]) },
                { $0.send(.pushPromise, flags: 4, stream: 1, payload: [0, 0, 0, 2, 0x82]) },
                { $0.send([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]) },  // a frame of 16 MiB
                { client in for _ in 0..<5000 { client.send(.ping, payload: [0, 1, 2, 3, 4, 5, 6, 7]) } },
                { client in for _ in 0..<5000 { client.send(.settings) } },
                { client in
                    for _ in 0..<5000 { client.reset(try client.sendHead("POST", "/echo")) }
                },
            ]
            for (index, offend) in rude.enumerated() {
                let client = try HTTP2Client(port: running.port)
                try offend(client)
                try client.readToEnd()
                try running.until { running.server.connectionCount == 1 }
                #expect(try good.exchange("GET", "/hello").text == "hello", "\(index)")
            }
        }
    }
}
