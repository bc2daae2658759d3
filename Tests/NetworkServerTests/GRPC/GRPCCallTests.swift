import NetworkServer
import NetworkTestSupport
import Synchronization
import TestSupport
import Testing

@Suite struct GRPCCallTests {
    /// What became of calls that the server itself ended.
    private final class Refusals: Sendable {
        private let codes = Mutex<[Int]>([])

        var all: [Int] { codes.withLock { $0 } }

        func note(_ status: GRPCStatus) { codes.withLock { $0.append(status.code.rawValue) } }
    }

    private static let echo = "/test.Service/Echo"
    private static let invalidArgument = 3
    private static let resourceExhausted = 8
    private static let unimplemented = 12
    private static let unavailable = 14

    private func run(
        limits: HTTPServerLimits = HTTPServerLimits(), inFlightByteCountMax: Int = 1 << 30,
        _ test: (RunningServer, HTTP2Client, Refusals) async throws -> Void
    ) async throws {
        let refusals = Refusals()
        let routes: (inout HTTPRouter) -> Void = { router in
            router.addEcho()
            router.onCall(Self.echo, refused: refusals.note) { request, responder in
                responder.succeed(request.body.bytes)
            }
            router.onCall("/test.Service/Fail") { _, responder in
                responder.fail(GRPCStatus(.failedPrecondition, "100% daß es ☂ regnet\n", retryDelaySeconds: 300))
            }
            router.onHealthCheck(services: ["test.Service"]) { true }
        }
        let configure: (inout HTTPServerGroup.Configuration) -> Void = {
            $0.inFlightByteCountMax = inFlightByteCountMax
        }
        try await RunningServer.run(limits: limits, configure: configure, routes: routes) { running in
            try await test(running, HTTP2Client(port: running.port), refusals)
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    private func zlib(_ bytes: [UInt8]) throws -> [UInt8] {
        // The deflate stream of gzip, between zlib's head and checksum.
        let packed = gzip(bytes)
        let (low, high) = bytes.reduce((1, 0)) { sums, byte in
            let low = (sums.0 + Int(byte)) % 65_521
            return (low, (sums.1 + low) % 65_521)
        }
        let sum = (high << 16 | low)
        return [0x78, 0x9c] + packed[10..<(packed.count - 8)]
            + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
    }

    // MARK: Messages

    @Test func `a call is counted with the status that it ended with`() async throws {
        try await run { running, client, _ in
            _ = try client.call(Self.echo, [1])
            _ = try client.call("/test.Service/Fail", [])
            try running.until { running.events.summaries.count == 2 }
            #expect(running.events.summaries.map(\.callCode) == [0, 9])
            #expect(try client.exchange("GET", "/hello").status == 200)
            try running.until { running.events.summaries.count == 3 }
            #expect(running.events.summaries.last?.callCode == nil)
        }
    }

    @Test func `a message is answered with a message`() async throws {
        try await run { _, client, refusals in
            for message in [[], [1], [UInt8](repeating: 7, count: 300_000)] as [[UInt8]] {
                let outcome = try client.call(Self.echo, message)
                #expect(outcome.code == 0 && outcome.message == message)
                #expect(outcome.answer.status == 200 && outcome.answer.header("content-type") == "application/grpc")
                #expect(outcome.answer.trailers?.contains { $0 == ("grpc-status", "0") } == true)
                #expect(outcome.answer.header("grpc-accept-encoding") == "identity,deflate,gzip")
                #expect(outcome.answer.resetCode == nil)
            }
            #expect(refusals.all.isEmpty)
        }
    }

    @Test func `packed messages are unpacked`() async throws {
        try await run { _, client, _ in
            let message = Array(String(repeating: "span ", count: 5000).utf8)
            for (coding, packed) in [
                ("gzip", gzip(message)), ("GZIP", gzip(message)), ("deflate", try zlib(message)),
            ] {
                let body = HTTP2Client.framed(packed, isPacked: true)
                let outcome = try client.call(Self.echo, body: body, [("grpc-encoding", coding)])
                #expect(outcome.code == 0 && outcome.message == message, "\(coding)")
            }
            // A coding that was agreed on need not be used.
            let plain = try client.call(Self.echo, [1, 2], [("grpc-encoding", "gzip")])
            #expect(plain.message == [1, 2])
            let empty = try client.call(Self.echo, body: [1, 0, 0, 0, 0], [("grpc-encoding", "gzip")])
            #expect(empty.code == 0 && empty.message == [])
        }
    }

    @Test func `a message that cannot be read is refused in a way that names the fault`() async throws {
        try await run { running, client, refusals in
            let packed = HTTP2Client.framed(gzip([1, 2, 3]), isPacked: true)
            let cases: [(body: [UInt8]?, fields: [(String, String)], code: Int)] = [
                (nil, [], Self.invalidArgument),  // no message
                ([0, 0, 0], [], Self.invalidArgument),  // not even a prefix
                ([0, 0, 0, 0, 9, 1, 2, 3], [], Self.invalidArgument),  // cut short
                (HTTP2Client.framed([1]) + HTTP2Client.framed([2]), [], Self.invalidArgument),  // two
                ([0, 0xff, 0xff, 0xff, 0xff, 1], [], Self.invalidArgument),  // a length of 4 GiB
                (packed, [], Self.invalidArgument),  // packed, but how?
                (packed, [("grpc-encoding", "snappy")], Self.unimplemented),
                (packed, [("grpc-encoding", "identity")], Self.unimplemented),
                (HTTP2Client.framed([1, 2, 3], isPacked: true), [("grpc-encoding", "gzip")], Self.invalidArgument),
            ]
            for (body, fields, code) in cases {
                let outcome = try client.call(Self.echo, body: body, fields)
                #expect(outcome.code == code, "\(body?.prefix(10) ?? []) \(fields)")
                #expect(outcome.answer.status == 200 && outcome.isTrailersOnly)
                #expect(outcome.answer.header("content-type") == "application/grpc")
                #expect(outcome.rawMessage?.isEmpty == false)
            }
            #expect(refusals.all == cases.map(\.code))
            #expect(try client.call(Self.echo, [1]).message == [1])
        }
    }

    // MARK: Limits

    @Test func `a message over a limit is RESOURCE_EXHAUSTED and the connection goes on`() async throws {
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 400_000
        limits.unpackedByteCountMax = 500_000
        try await run(limits: limits) { _, client, refusals in
            let large = [UInt8](repeating: 1, count: 500_001)
            #expect(try client.call(Self.echo, large).code == Self.resourceExhausted)
            let announced = try client.call(Self.echo, large, [("content-length", "\(large.count + 5)")])
            #expect(announced.code == Self.resourceExhausted && announced.isTrailersOnly)
            let bomb = HTTP2Client.framed(gzip([UInt8](repeating: 0, count: 20 << 20)), isPacked: true)
            #expect(try client.call(Self.echo, body: bomb, [("grpc-encoding", "gzip")]).code == 8)
            #expect(refusals.all == [8, 8, 8])
            #expect(try client.call(Self.echo, [1]).message == [1])
            #expect(client.goAway == nil)
        }
    }

    @Test func `without budget a call is UNAVAILABLE with the delay after which to try again`() async throws {
        try await run(inFlightByteCountMax: 1000) { _, client, refusals in
            let packed = HTTP2Client.framed(gzip([UInt8](repeating: 1, count: 100_000)), isPacked: true)
            for outcome in [
                try client.call(Self.echo, [UInt8](repeating: 1, count: 2000)),
                try client.call(Self.echo, body: packed, [("grpc-encoding", "gzip")]),
            ] {
                #expect(outcome.code == Self.unavailable && outcome.isTrailersOnly)
                let status = StatusMessage(try #require(outcome.details))
                #expect(status?.code == 14 && status?.retryDelaySeconds == 1)
                #expect(status?.message == outcome.rawMessage)
            }
            #expect(refusals.all == [14, 14])
            #expect(try client.call(Self.echo, [1]).message == [1])
        }
    }

    @Test func `a call sent too slowly is ended`() async throws {
        var limits = HTTPServerLimits()
        limits.requestTimeout = .milliseconds(200)
        try await run(limits: limits) { _, client, refusals in
            let stream = try client.sendHead("POST", Self.echo, HTTP2Client.callFields)
            try client.sendBody([0, 0], on: stream, ends: false)
            let outcome = CallOutcome(answer: try client.answer(on: stream))
            #expect(outcome.code == 4 && refusals.all == [4])
        }
    }

    // MARK: Methods

    @Test func `unknown methods are UNIMPLEMENTED`() async throws {
        try await run { _, client, _ in
            for path in ["/test.Service/Nothing", "/other.Service/Echo", "/", "/test.Service"] {
                for type in ["application/grpc", "application/grpc+proto"] {
                    let stream = try client.sendHead("POST", path, [("content-type", type), ("te", "trailers")])
                    try client.sendBody(HTTP2Client.framed([1, 2, 3]), on: stream)
                    let outcome = CallOutcome(answer: try client.answer(on: stream))
                    #expect(outcome.code == Self.unimplemented && outcome.isTrailersOnly, "\(path)")
                    #expect(outcome.answer.status == 200)
                }
            }
            #expect(try client.exchange("POST", "/test.Service/Nothing", [], [1]).status == 404)
            #expect(try client.exchange("GET", Self.echo).status == 405)
        }
    }

    @Test func `over HTTP1 there are no calls`() async throws {
        try await run { running, _, _ in
            let client = try running.client()
            client.send(post(Self.echo, HTTP2Client.framed([1]), "content-type: application/grpc\r\n"))
            #expect(try client.readAnswer().status == 426)
            client.send(post("/echo", [1]))
            #expect(try client.readAnswer().body == [1])
        }
    }

    @Test func `what a handler says of a failure arrives whole`() async throws {
        try await run { _, client, _ in
            let outcome = try client.call("/test.Service/Fail", [])
            #expect(outcome.code == 9 && outcome.isTrailersOnly)
            #expect(outcome.rawMessage == "100%25 da%C3%9F es %E2%98%82 regnet%0A")
            let status = StatusMessage(try #require(outcome.details))
            #expect(status?.code == 9 && status?.retryDelaySeconds == 300)
            #expect(status?.message == "100% daß es ☂ regnet\n")
        }
    }

    @Test func `the health of services is told`() async throws {
        try await run { _, client, _ in
            let check = "/grpc.health.v1.Health/Check"
            let all = try client.call(check, [])
            #expect(all.message == [8, 1])
            #expect(try client.call(check, [10, 12] + Array("test.Service".utf8)).message == [8, 1])
            #expect(try client.call(check, [10, 5] + Array("other".utf8)).code == 5)
        }
    }

    @Test func `many calls at once are kept apart`() async throws {
        try await run { _, client, _ in
            try client.ping()
            let streams = try (0..<200).map { _ in try client.sendHead("POST", Self.echo, HTTP2Client.callFields) }
            for (index, stream) in streams.enumerated().reversed() {
                try client.sendBody(HTTP2Client.framed([UInt8](repeating: UInt8(index), count: index)), on: stream)
            }
            for (index, stream) in streams.enumerated() {
                let outcome = CallOutcome(answer: try client.answer(on: stream))
                #expect(outcome.message == [UInt8](repeating: UInt8(index), count: index))
            }
        }
    }
}
