import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

/// Calls whose messages are answered as they come: reflection, and watched health.
@Suite struct GRPCConversationTests {
    private static let info = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    private static let watch = "/grpc.health.v1.Health/Watch"

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 1 << 14, "lengths of two bytes")
        let length =
            bytes.count < 128 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 127) | 128, UInt8(bytes.count >> 7)]
        return [number << 3 | 2] + length + bytes
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    /// Three files: `c` imports `b`, which imports `a`; `a` has a service, and `c` extends a message of `a`.
    private static let descriptorSet: [UInt8] = {
        let method = field(2, field(1, "Find") + field(2, ".demo.Request"))
        let nested = field(3, field(1, "Inner") + field(4, field(1, "Colour")))
        let a =
            field(1, "demo/a.proto") + field(2, "demo") + field(4, field(1, "Request") + nested)
            + field(6, field(1, "Finder") + method)
        let b = field(1, "demo/b.proto") + field(2, "demo") + field(3, "demo/a.proto") + field(5, field(1, "Shade"))
        let extended = field(7, field(1, "extra") + field(2, ".demo.Request") + [3 << 3, 0xac, 2])
        let c =
            field(1, "c.proto") + field(3, "demo/b.proto") + field(3, "missing.proto") + extended
            + field(4, field(1, "Loose"))
        return field(1, a) + field(1, b) + field(1, c)
    }()

    private static func routes(_ router: inout HTTPRouter) {
        router.addEcho()
        router.onReflection(descriptorSet: descriptorSet, services: ["demo.Finder"])
        router.onHealthCheck(services: ["demo.Finder"]) { true }
    }

    /// The field of a response with `number`, of one message.
    private static func answer(_ message: [UInt8], _ number: Int) -> [UInt8]? {
        let found = ProtobufField.all(in: message)?.first { $0.number == number }
        guard case .bytes(let bytes)? = found?.field else { return nil }
        return bytes
    }

    /// The names of the files in a response.
    private static func fileNames(_ message: [UInt8]) -> [String] {
        let files = ProtobufField.all(in: answer(message, 4) ?? []) ?? []
        return files.compactMap { _, file in
            guard case .bytes(let bytes) = file else { return nil }
            return answer(bytes, 1).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    private func ask(_ client: HTTP2Client, _ question: [UInt8], _ fields: [(String, String)] = []) throws -> [UInt8] {
        let outcome = try client.call(Self.info, question, fields)
        #expect(outcome.code == 0 && outcome.messages?.count == 1)
        let message = try #require(outcome.messages?.first)
        #expect(Self.answer(message, 2) == question)
        return message
    }

    // MARK: Reflection

    @Test func `services and the files of what they say are told`() async throws {
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let list = Self.answer(try ask(client, Self.field(7, "")), 6) ?? []
            let names = try #require(ProtobufField.all(in: list)).compactMap { $0.field.text?.dropFirst(2) }
            #expect(
                names == [
                    "demo.Finder", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ])
            let all = ["c.proto", "demo/b.proto", "demo/a.proto"]
            #expect(Self.fileNames(try ask(client, Self.field(3, "c.proto"))) == all)
            for symbol in ["Loose", "extra"] {
                #expect(Self.fileNames(try ask(client, Self.field(4, symbol))) == all, "\(symbol)")
            }
            #expect(Self.fileNames(try ask(client, Self.field(4, "demo.Shade"))) == ["demo/b.proto", "demo/a.proto"])
            let symbols = ["Finder", "Finder.Find", "Request", "Request.Inner", "Request.Inner.Colour"]
            for symbol in symbols {
                #expect(Self.fileNames(try ask(client, Self.field(4, "demo." + symbol))) == ["demo/a.proto"])
            }
            let health = Self.fileNames(try ask(client, Self.field(4, "grpc.health.v1.Health.Watch")))
            #expect(health == ["grpc/health/v1/health.proto"])
            let byExtension = Self.field(5, Self.field(1, "demo.Request") + [2 << 3, 0xac, 2])
            #expect(Self.fileNames(try ask(client, byExtension)) == all)
            let numbers = Self.answer(try ask(client, Self.field(6, "demo.Request")), 5)
            #expect(numbers == Self.field(1, "demo.Request") + Self.field(2, [0xac, 2]))
            let none = Self.answer(try ask(client, Self.field(6, "Loose")), 5)
            #expect(none == Self.field(1, "Loose"))
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    @Test func `what is not there is NOT_FOUND and the call goes on`() async throws {
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let questions = [
                Self.field(3, "d.proto"), Self.field(4, "demo.Nothing"), Self.field(4, ""), Self.field(6, "demo.X"),
                Self.field(5, Self.field(1, "demo.Request") + [2 << 3, 1]),
            ]
            let stream = try client.sendHead("POST", Self.info, HTTP2Client.callFields)
            for (index, question) in questions.enumerated() {
                try client.sendBody(HTTP2Client.framed(Self.field(1, "host") + question), on: stream, ends: false)
                let message = try #require(try client.messages(index + 1, on: stream).last)
                #expect(Self.answer(message, 1) == Array("host".utf8))
                #expect(Self.answer(message, 7)?.prefix(2) == [8, 5])
            }
            try client.sendBody(HTTP2Client.framed([]), on: stream)
            #expect(try client.outcome(on: stream).code == 0)
            #expect(Self.answer(try #require(try client.messages(6, on: stream).last), 7)?.prefix(2) == [8, 12])
        }
    }

    @Test func `a conversation may come in any pieces and be packed`() async throws {
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let question = Self.field(4, "demo.Finder")
            var body: [UInt8] = []
            for index in 0..<20 {
                body += HTTP2Client.framed(index % 2 == 0 ? question : gzip(question), isPacked: index % 2 == 1)
            }
            for pieceByteCount in [1, 7, body.count] {
                let fields = HTTP2Client.callFields + [("grpc-encoding", "gzip")]
                let stream = try client.sendHead("POST", Self.info, fields)
                for start in stride(from: 0, to: body.count, by: pieceByteCount) {
                    let end = min(start + pieceByteCount, body.count)
                    try client.sendBody(Array(body[start..<end]), on: stream, ends: end == body.count)
                }
                let outcome = try client.outcome(on: stream)
                #expect(outcome.code == 0 && outcome.messages?.count == 20)
                #expect(Set(outcome.messages ?? []).count == 1)
            }
            #expect(try client.call(Self.info, body: nil).code == 0)
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    @Test func `a conversation that breaks the rules is ended`() async throws {
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let cases: [([UInt8], [(String, String)], Int)] = [
                ([0, 0, 0], [], 3), (HTTP2Client.framed([0xff]), [], 3), (HTTP2Client.framed([7 << 3 | 3]), [], 3),
                ([0, 1, 0, 0, 0], [], 8), ([0, 0xff, 0xff, 0xff, 0xff], [], 8),
                (HTTP2Client.framed(gzip([1]), isPacked: true), [], 12),
                (HTTP2Client.framed([1, 2, 3], isPacked: true), [("grpc-encoding", "gzip")], 3),
                (
                    HTTP2Client.framed(gzip([UInt8](repeating: 0, count: 1 << 20)), isPacked: true),
                    [("grpc-encoding", "gzip")], 8
                ),
            ]
            for (body, fields, code) in cases {
                #expect(try client.call(Self.info, body: body, fields).code == code, "\(body.prefix(8))")
            }
            #expect(try client.call(Self.info, Self.field(7, "")).code == 0)
            try running.until { running.group.inFlightByteCount == 0 }
        }
    }

    @Test func `a client that asks and does not read is ended`() async throws {
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port, settings: [(4, 0)])
            let stream = try client.sendHead("POST", Self.info, HTTP2Client.callFields)
            let body = HTTP2Client.framed(Self.field(7, ""))
            let questions = [UInt8](Array(repeating: body, count: 1000).joined())
            for _ in 0..<12 where client.answers[stream]?.isEnded == false {
                try client.sendBody(questions, on: stream, ends: false)
                try client.ping()
            }
            client.giveRoom(1 << 20, stream: stream)
            let outcome = try client.outcome(on: stream)
            #expect(outcome.code == 8, "\(outcome)")
            try running.until { running.group.inFlightByteCount == 0 }
        }
    }

    @Test func `a conversation at rest is ended by time and by its deadline and by the server's end`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(300)
        try await RunningServer.run(limits: limits, routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let resting = try client.beginCall(Self.info, Self.field(7, ""), ends: false)
            #expect(try client.outcome(on: resting).code == 4)
        }
        try await RunningServer.run(routes: Self.routes) { running in
            let client = try HTTP2Client(port: running.port)
            let timed = try client.beginCall(Self.info, Self.field(7, ""), [("grpc-timeout", "50m")], ends: false)
            #expect(try client.outcome(on: timed).code == 4)
            let streams = try [Self.info, Self.watch].map { try client.beginCall($0, [], ends: false) }
            for stream in streams { _ = try client.messages(1, on: stream) }
            running.server.beginShutdown()
            for stream in streams { #expect(try client.outcome(on: stream).code == 14) }
        }
    }

    // MARK: Health

    @Test func `a watched state is told at once and when it changes`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(100)
        limits.requestTimeout = .milliseconds(100)
        let isServing = Mutex(false)
        let routes: (inout HTTPRouter) -> Void = { router in
            router.onHealthCheck(services: ["demo"]) { isServing.withLock { $0 } }
        }
        try await RunningServer.run(limits: limits, routes: routes) { running in
            let client = try HTTP2Client(port: running.port)
            let demo = try client.beginCall(Self.watch, Self.field(1, "demo"))
            let whole = try client.beginCall(Self.watch, [], ends: false)
            let other = try client.beginCall(Self.watch, Self.field(1, "other"))
            #expect(try client.messages(1, on: demo) == [[8, 2]])
            #expect(try client.messages(1, on: whole) == [[8, 2]])
            #expect(try client.messages(1, on: other) == [[8, 3]])
            isServing.withLock { $0 = true }
            #expect(try client.messages(2, on: demo) == [[8, 2], [8, 1]])
            #expect(try client.messages(2, on: whole) == [[8, 2], [8, 1]])
            client.reset(demo)
            try client.sendBody(HTTP2Client.framed([]), on: whole)
            #expect(try client.outcome(on: whole).code == 3)
            #expect(CallOutcome(answer: try #require(client.answers[other])).messages == [[8, 3]])
            for (body, code) in [(nil, 3), (HTTP2Client.framed([0xff]), 3)] as [([UInt8]?, Int)] {
                #expect(try client.call(Self.watch, body: body).code == code)
            }
            #expect(try client.call("/grpc.health.v1.Health/Check", [0xff]).code == 3)
        }
    }
}
