import Glibc
import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct HTTP2AnswerTests {
    private struct Unforeseen: Error {}

    /// `/stream/:count` answers so many bytes piece by piece, `/endless` until nobody reads any more.
    private final class Producer: Sendable {
        let written = Atomic(0)
        let hasEnded = Atomic(false)

        func register(on router: inout HTTPRouter) {
            router.on(
                .get, "/stream/:count",
                .workerThread { _, parameters in
                    let count = Int(parameters["count"] ?? "") ?? 0
                    return HTTPResponse(headers: [("content-type", "application/json")]) { writer in
                        for start in stride(from: 0, to: count, by: 1000) {
                            try writer.write(Producer.bytes(start..<min(start + 1000, count)))
                        }
                    }
                })
            router.on(
                .get, "/endless",
                .workerThread { _, _ in
                    HTTPResponse { writer in
                        defer { self.hasEnded.store(true, ordering: .relaxed) }
                        while true {
                            try writer.write([UInt8](repeating: 1, count: 64 << 10))
                            self.written.wrappingAdd(64 << 10, ordering: .relaxed)
                        }
                    }
                })
        }

        static func bytes(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 7) } }

        /// Waits until the producer stands still, as it must while nobody reads.
        func untilStill() {
            var last = -1
            while case let now = written.load(ordering: .relaxed), now != last || now == 0 {
                last = now
                #expect(now < 64 << 20)
                usleep(200_000)
            }
            let hasEnded = hasEnded.load(ordering: .relaxed)
            #expect(!hasEnded)
        }
    }

    @Test(arguments: [100, 1 << 20, 5 << 20])
    func `a streamed answer arrives whole`(byteCount: Int) async throws {
        let producer = Producer()
        try await RunningServer.run(routes: producer.register) { running in
            let client = try HTTP2Client(port: running.port)
            let expected = Producer.bytes(0..<byteCount)
            let plain = try client.exchange("GET", "/stream/\(byteCount)")
            #expect(plain.status == 200 && plain.body == expected && plain.resetCode == nil)
            let packed = try client.exchange("GET", "/stream/\(byteCount)", [("accept-encoding", "gzip")])
            let body = packed.header("content-encoding") == "gzip" ? try gunzip(packed.body) : packed.body
            #expect(body == expected)
            #expect(try client.exchange("HEAD", "/stream/\(byteCount)").body.isEmpty)
            try running.until { running.events.summaries.count == 3 }
            #expect(running.events.summaries.allSatisfy { $0.routePattern == "/stream/:count" })
        }
    }

    @Test func `several answers are streamed at once`() async throws {
        let producer = Producer()
        try await RunningServer.run(routes: producer.register) { running in
            let client = try HTTP2Client(port: running.port)
            let counts = [300_000, 200_000, 100_000, 50_000]
            let streams = try counts.map { try client.sendHead("GET", "/stream/\($0)", ends: true) }
            for (stream, count) in zip(streams, counts) {
                #expect(try client.answer(on: stream).body == Producer.bytes(0..<count))
            }
        }
    }

    @Test func `a streamed answer waits for its reader and the others do not wait for it`() async throws {
        let producer = Producer()
        try await RunningServer.run(routes: producer.register) { running in
            let client = try HTTP2Client(port: running.port)
            client.replenishesWindows = false
            let stream = try client.sendHead("GET", "/endless", ends: true)
            producer.untilStill()
            // The window of the stream is used up; that of the connection gets room for another.
            while (client.answers[stream]?.body.count ?? 0) < 65_535 { try #require(try client.readFrame() != nil) }
            client.giveRoom(1 << 20, stream: 0)
            client.replenishesWindows = true
            #expect(try client.exchange("GET", "/stream/300000").body.count == 300_000)
            // Some room for the first, and it goes on.
            client.replenishesWindows = false
            client.giveRoom(100_000, stream: stream)
            client.giveRoom(1 << 20, stream: 0)
            while (client.answers[stream]?.body.count ?? 0) < 165_535 { try #require(try client.readFrame() != nil) }
            producer.untilStill()
            client.reset(stream)
            try running.until { producer.hasEnded.load(ordering: .relaxed) }
            client.replenishesWindows = true
            #expect(try client.exchange("GET", "/stream/10").body.count == 10)
        }
    }

    @Test func `a streamed answer ends with its reader`() async throws {
        let producer = Producer()
        try await RunningServer.run(routes: producer.register) { running in
            do {
                let client = try HTTP2Client(port: running.port)
                client.replenishesWindows = false
                try client.sendHead("GET", "/endless", ends: true)
                producer.untilStill()
            }
            try running.until {
                producer.hasEnded.load(ordering: .relaxed) && running.server.connectionCount == 0
            }
        }
    }

    @Test func `who stops reading is cut`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(300)
        let producer = Producer()
        try await RunningServer.run(limits: limits, routes: producer.register) { running in
            let client = try HTTP2Client(port: running.port)
            client.replenishesWindows = false
            let stream = try client.sendHead("GET", "/endless", ends: true)
            let answer = try client.answer(on: stream)
            #expect(answer.resetCode != nil)
            try running.until { producer.hasEnded.load(ordering: .relaxed) }
            #expect(running.events.timedOut.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a large answer is given as long as it is read`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .seconds(2)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/large",
                .workerThread { _, _ in HTTPResponse(status: .ok, body: [UInt8](repeating: 1, count: 1 << 20)) })
        }
        try await RunningServer.run(limits: limits, routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            client.replenishesWindows = false
            let stream = try client.sendHead("GET", "/large", ends: true)
            var given = 65_535
            while client.answers[stream]?.isEnded == false {
                while (client.answers[stream]?.body.count ?? 0) < min(given, 1 << 20) {
                    guard try client.readFrame() != nil, client.answers[stream]?.resetCode == nil else { break }
                }
                if given >= 1 << 20 || client.answers[stream]?.resetCode != nil { break }
                for _ in 0..<250 { sleepShortly() }
                client.giveRoom(100_000, stream: 0)
                client.giveRoom(100_000, stream: stream)
                given += 100_000
            }
            let answer = try client.answer(on: stream)
            #expect(answer.body.count == 1 << 20 && answer.resetCode == nil)
        }
    }

    @Test func `an error in the middle of a streamed answer breaks it alone`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.addEcho()
            router.on(
                .get, "/broken",
                .workerThread { _, _ in
                    HTTPResponse { writer in
                        try writer.write([UInt8](repeating: 1, count: 100_000))
                        try writer.flush()
                        throw Unforeseen()
                    }
                })
            router.on(
                .get, "/late",
                .workerThread { _, _ in HTTPResponse { _ in throw HTTPError(.conflict, "not now") } })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let stream = try client.sendHead("GET", "/broken", ends: true)
            #expect(try client.answer(on: stream).resetCode != nil)
            #expect(try client.exchange("GET", "/late").status == 409)
            #expect(try client.exchange("GET", "/hello").text == "hello")
        }
    }

    @Test func `a handler learns that its client is gone`() async throws {
        let isConnected = Mutex<[Bool]>([])
        let mayLook = Atomic(0)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.on(
                .get, "/long",
                .workerThread { request, _ in
                    mayLook.wrappingAdd(1, ordering: .relaxed)
                    for _ in 0..<15_000 where request.isClientConnected { sleepShortly() }
                    isConnected.withLock { $0.append(request.isClientConnected) }
                    return .empty(.ok)
                })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let stream = try client.sendHead("GET", "/long", ends: true)
            while mayLook.load(ordering: .relaxed) == 0 { sleepShortly() }
            client.reset(stream)
            try running.until { isConnected.withLock { $0.count } == 1 }
            #expect(isConnected.withLock { $0 } == [false])
        }
    }
}
