import Glibc
import NetworkServer
import NetworkTestSupport
import Synchronization
import TestSupport
import Testing

@Suite struct GRPCStreamTests {
    private struct Unforeseen: Error {}

    /// What a handler that writes without end has seen.
    private final class Endless: Sendable {
        let writtenByteCount = Atomic(0)
        let isGone = Atomic(false)

        func write(_ request: HTTPRequest, _ writer: inout GRPCMessageWriter) throws {
            do {
                while true {
                    try writer.write(message: [UInt8](repeating: 7, count: 10_000))
                    writtenByteCount.wrappingAdd(10_000, ordering: .relaxed)
                }
            } catch is HTTPClientGone {
                isGone.store(true, ordering: .relaxed)
                throw HTTPClientGone()
            }
        }
    }

    private static let deadlineExceeded = 4

    private static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private static func number(_ bytes: [UInt8]) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

    // MARK: Messages

    @Test(arguments: [0, 1, 2, 1000], [0, 3, 1024, 200_000])
    func `messages arrive whole and in order`(count: Int, byteCount: Int) async throws {
        let messageCount = byteCount > 100_000 ? min(count, 20) : count
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onStreamingCall("/test.Service/Stream") { request, writer in
                for index in 0..<Self.number(request.body.bytes) {
                    try writer.write(
                        message: Self.number(index) + [UInt8](repeating: UInt8(index & 255), count: byteCount))
                }
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            for fields in [[], [("grpc-encoding", "gzip")]] {
                let outcome = try client.call("/test.Service/Stream", Self.number(messageCount), fields)
                let messages = try #require(outcome.messages)
                #expect(outcome.code == 0 && messages.count == messageCount)
                #expect(outcome.answer.header("content-type") == "application/grpc")
                let isPacked = outcome.answer.header("grpc-encoding") == "gzip"
                #expect(isPacked == (!fields.isEmpty && messageCount > 0))
                for (index, message) in messages.enumerated() {
                    #expect(Self.number(Array(message.prefix(4))) == index && message.count == 4 + byteCount)
                    #expect(message.dropFirst(4).allSatisfy { $0 == UInt8(index & 255) })
                }
            }
        }
    }

    @Test func `the first message leaves at once and others when they are flushed`() async throws {
        let mayGoOn = Atomic(0)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onStreamingCall("/test.Service/Stream") { _, writer in
                for index in 0..<4 {
                    while mayGoOn.load(ordering: .relaxed) < index { sleepShortly() }
                    try writer.write(message: [UInt8(index)])
                    if index == 1 { try writer.write(message: [9]) }
                    if index == 2 { usleep(20_000) }
                    if index == 1 { try writer.flush() }
                }
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let stream = try client.beginCall("/test.Service/Stream", [])
            #expect(try client.messages(1, on: stream) == [[0]])
            mayGoOn.store(1, ordering: .relaxed)
            #expect(try client.messages(3, on: stream) == [[0], [1], [9]])
            #expect(client.answers[stream]?.isEnded == false)
            usleep(20_000)
            mayGoOn.store(2, ordering: .relaxed)
            // One that comes a while after the last is not held back either.
            #expect(try client.messages(4, on: stream).last == [2])
            mayGoOn.store(3, ordering: .relaxed)
            #expect(try client.outcome(on: stream).code == 0)
        }
    }

    @Test func `a worker answers a unary call and may block`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onWorkerCall("/test.Service/Echo") { request in
                sleepShortly()
                return request.body.bytes
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            for message in [[], [1], [UInt8](repeating: 7, count: 300_000)] as [[UInt8]] {
                let outcome = try client.call("/test.Service/Echo", message)
                #expect(outcome.code == 0 && outcome.message == message)
            }
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    // MARK: Failures

    @Test func `what a handler throws ends the call before and after messages`() async throws {
        let errors: [(any Error)?] = [
            GRPCStatus(.notFound, "nö", retryDelaySeconds: 3), HTTPError(.badRequest, "what?"),
            HTTPError(.notFound, "no such trace"), HTTPError(.serviceUnavailable, "busy"), Unforeseen(),
        ]
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onStreamingCall("/test.Service/Stream") { request, writer in
                let bytes = request.body.bytes
                for _ in 0..<bytes[1] { try writer.write(message: [1, 2, 3]) }
                if let error = errors[Int(bytes[0])] { throw error }
            }
            router.onWorkerCall("/test.Service/Fail") { request in
                if let error = errors[Int(request.body.bytes[0])] { throw error }
                return []
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            for (index, expected) in [
                (5, "n%C3%B6"), (3, "what?"), (5, "no such trace"), (14, "busy"), (13, "Internal error"),
            ].enumerated() {
                for count in [0, 1, 5] {
                    let outcome = try client.call("/test.Service/Stream", [UInt8(index), UInt8(count)])
                    #expect(outcome.code == expected.0 && outcome.rawMessage == expected.1)
                    #expect(outcome.messages == [[UInt8]](repeating: [1, 2, 3], count: count))
                    #expect(outcome.isTrailersOnly == (count == 0) && outcome.answer.resetCode == nil)
                    if index == 0 { #expect(StatusMessage(try #require(outcome.details))?.retryDelaySeconds == 3) }
                }
                let unary = try client.call("/test.Service/Fail", [UInt8(index)])
                #expect(unary.code == expected.0 && unary.isTrailersOnly)
            }
        }
    }

    @Test func `calls beyond the bound of workers are UNAVAILABLE`() async throws {
        let mayEnd = Atomic(false)
        let started = Atomic(0)
        let refused = Atomic(0)
        let routes: (inout HTTPRouter) -> Void = { router in
            let refuse: @Sendable (GRPCStatus) -> Void = { _ in refused.wrappingAdd(1, ordering: .relaxed) }
            router.onStreamingCall("/test.Service/Stream", refused: refuse) { _, _ in
                started.wrappingAdd(1, ordering: .relaxed)
                while !mayEnd.load(ordering: .relaxed) { sleepShortly() }
            }
            router.onWorkerCall("/test.Service/Echo", refused: refuse) { $0.body.bytes }
        }
        let configure: (inout HTTPServerGroup.Configuration) -> Void = {
            $0.workerThreadCount = 1
            $0.waitingRequestCountMax = 1
        }
        try await RunningServer.run(configure: configure, routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let first = try client.beginCall("/test.Service/Stream", [])
            try running.until { started.load(ordering: .relaxed) == 1 }
            let second = try client.beginCall("/test.Service/Stream", [])
            for method in ["/test.Service/Stream", "/test.Service/Echo"] {
                let outcome = try client.call(method, [])
                #expect(outcome.code == 14 && outcome.isTrailersOnly)
                #expect(StatusMessage(try #require(outcome.details))?.retryDelaySeconds == 1)
            }
            mayEnd.store(true, ordering: .relaxed)
            #expect(try client.outcome(on: first).code == 0)
            #expect(try client.outcome(on: second).code == 0)
            #expect(refused.load(ordering: .relaxed) == 2)
        }
    }

    // MARK: Clients that do not read, or go

    @Test func `a handler waits for its reader and memory stays bounded`() async throws {
        let endless = Endless()
        try await RunningServer.run(routes: { $0.onStreamingCall("/test.Service/Stream", endless.write) }) { running in
            let client = try HTTP2Client(port: running.port)
            client.replenishesWindows = false
            let stream = try client.beginCall("/test.Service/Stream", [])
            _ = try client.messages(1, on: stream)
            var last = -1
            while case let now = endless.writtenByteCount.load(ordering: .relaxed), now != last {
                last = now
                usleep(100_000)
            }
            // The client's window, and a few pieces.
            #expect(last < 65_535 + 4 * (64 << 10))
            // The other streams of the connection go on as far as the connection's window lets them.
            client.giveRoom(1 << 20, stream: 0)
            client.giveRoom(300_000, stream: stream)
            try running.until { endless.writtenByteCount.load(ordering: .relaxed) >= last + 200_000 }
            let isGone = endless.isGone.load(ordering: .relaxed)
            #expect(!isGone)
            client.reset(stream)
            try running.until { endless.isGone.load(ordering: .relaxed) }
        }
    }

    @Test(arguments: [true, false])
    func `a handler is told when the connection is gone`(withReset: Bool) async throws {
        let endless = Endless()
        try await RunningServer.run(routes: { $0.onStreamingCall("/test.Service/Stream", endless.write) }) { running in
            do {
                let client = try HTTP2Client(port: running.port)
                client.replenishesWindows = false
                let stream = try client.beginCall("/test.Service/Stream", [])
                _ = try client.messages(3, on: stream)
                if withReset { client.socket.reset() }
            }
            try running.until { endless.isGone.load(ordering: .relaxed) && running.server.connectionCount == 0 }
        }
    }

    @Test func `a call that rests between messages is not taken for a client that does not read`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(100)
        limits.requestTimeout = .milliseconds(100)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onStreamingCall("/test.Service/Stream") { _, writer in
                for index in 0..<3 {
                    try writer.write(message: [UInt8(index)])
                    usleep(400_000)
                }
            }
            router.on(
                .get, "/stream",
                .workerThread { _, _ in
                    HTTPResponse { writer in
                        for _ in 0..<3 {
                            try writer.write("x")
                            try writer.flush()
                            usleep(400_000)
                        }
                    }
                })
        }
        try await RunningServer.run(limits: limits, routes: routes) { running in
            let outcome = try HTTP2Client(port: running.port).call("/test.Service/Stream", [])
            #expect(outcome.code == 0 && outcome.messages == [[0], [1], [2]])
            #expect(try running.client().exchange("GET /stream HTTP/1.1\r\n\r\n").text == "xxx")
        }
    }

    @Test func `a client that stops reading is cut in the end`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(200)
        let endless = Endless()
        let routes: (inout HTTPRouter) -> Void = { $0.onStreamingCall("/test.Service/Stream", endless.write) }
        try await RunningServer.run(limits: limits, routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            client.replenishesWindows = false
            let stream = try client.beginCall("/test.Service/Stream", [])
            let outcome = try client.outcome(on: stream)
            #expect(outcome.answer.resetCode != nil && outcome.code == nil)
            try running.until { endless.isGone.load(ordering: .relaxed) }
        }
    }

    // MARK: Deadlines

    @Test func `a call's deadline ends it whatever its handler does`() async throws {
        let endless = Endless()
        let sawEnd = Atomic(0)
        let refused = Atomic(0)
        let routes: (inout HTTPRouter) -> Void = { router in
            let refuse: @Sendable (GRPCStatus) -> Void = { _ in refused.wrappingAdd(1, ordering: .relaxed) }
            router.onStreamingCall("/test.Service/Endless", refused: refuse, endless.write)
            router.onStreamingCall("/test.Service/Silent", refused: refuse) { request, writer in
                if !request.body.bytes.isEmpty { try writer.write(message: [1]) }
                while request.isClientConnected { sleepShortly() }
                sawEnd.wrappingAdd(1, ordering: .relaxed)
                try writer.write(message: [2])
            }
            router.onWorkerCall("/test.Service/Unary", refused: refuse) { request in
                while request.isClientConnected { sleepShortly() }
                sawEnd.wrappingAdd(1, ordering: .relaxed)
                return [1]
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let calls: [(String, [UInt8], Int)] = [
                ("/test.Service/Silent", [], 0), ("/test.Service/Silent", [1], 1), ("/test.Service/Unary", [], 0),
            ]
            for (method, message, count) in calls {
                for timeout in ["60m", "60000u", "0n"] {
                    let outcome = try client.call(method, message, [("grpc-timeout", timeout)])
                    #expect(outcome.code == Self.deadlineExceeded)
                    if timeout != "0n" { #expect(outcome.messages?.count == count) }
                }
            }
            // A handler that waits for its reader is woken.
            client.replenishesWindows = false
            let stream = try client.beginCall("/test.Service/Endless", [], [("grpc-timeout", "100m")])
            try running.until { endless.isGone.load(ordering: .relaxed) }
            client.giveRoom(1 << 20, stream: stream)
            client.giveRoom(1 << 20, stream: 0)
            #expect(try client.outcome(on: stream).code == Self.deadlineExceeded)
            #expect(refused.load(ordering: .relaxed) == 10)
            #expect(sawEnd.load(ordering: .relaxed) >= 6)
        }
    }

    @Test func `a handler is told of the deadline and one that is no time is refused`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onWorkerCall("/test.Service/Left") { request in
                guard let deadline = request.deadline else { return [] }
                return Self.number(Int(ContinuousClock.now.duration(to: deadline).components.seconds))
            }
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            #expect(try client.call("/test.Service/Left", []).message == [])
            for (timeout, seconds) in [
                ("2H", 7200), ("3M", 180), ("99999999m", 99_999), ("500S", 500), ("99999999H", 365 * 86_400),
            ] {
                let outcome = try client.call("/test.Service/Left", [], [("grpc-timeout", timeout)])
                let left = Self.number(outcome.message ?? [])
                #expect(left <= seconds && left > seconds - 60, "\(timeout)")
            }
            for timeout in ["", "1", "S", "-1S", "1x", "123456789S", "1.5S", " 1S", "1é"] {
                #expect(try client.call("/test.Service/Left", [], [("grpc-timeout", timeout)]).code == 3, "\(timeout)")
            }
            #expect(try client.call("/test.Service/Left", []).message == [])
        }
    }
}
