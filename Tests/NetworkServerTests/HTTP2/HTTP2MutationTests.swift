import NetworkServer
import NetworkTestSupport
import TestSupport
import Testing

@Suite struct HTTP2MutationTests {
    private static let recordCount = 20_000

    private static func routes(_ router: inout HTTPRouter) {
        router.addEcho()
        router.onCall("/test.Service/Echo") { request, responder in responder.succeed(request.body.bytes) }
        router.onWorkerCall("/test.Service/Work") { $0.body.bytes }
        router.onStreamingCall("/test.Service/Stream") { request, writer in
            for byte in request.body.bytes { try writer.write(message: [UInt8](repeating: byte, count: 3000)) }
        }
        router.onHealthCheck(services: ["test"]) { true }
        router.onReflection(descriptorSet: [], services: ["test"])
    }

    /// What good clients send: requests on one connection, calls on another.
    private func recorded(_ running: RunningServer) throws -> [[UInt8]] {
        let requests = try HTTP2Client(port: running.port, settings: [(4, 100_000)])
        let packed = gzip(Array("some text".utf8))
        #expect(try requests.exchange("POST", "/echo", [("content-encoding", "gzip")], packed).text == "some text")
        requests.reset(try requests.sendHead("POST", "/echo", [("x-long", String(repeating: "é", count: 50))]))
        #expect(try requests.exchange("GET", "/hello?q=1").text == "hello")
        let calls = try HTTP2Client(port: running.port)
        #expect(try calls.call("/test.Service/Echo", [4, 5]).message == [4, 5])
        #expect(try calls.call("/grpc.health.v1.Health/Check", []).message == [8, 1])
        let streams = try HTTP2Client(port: running.port, settings: [(4, 5000)])
        let fields = [("grpc-timeout", "20S"), ("grpc-encoding", "gzip")]
        #expect(try streams.call("/test.Service/Work", [7], fields).message == [7])
        let packed7 = HTTP2Client.framed(gzip([7, 8, 9]), isPacked: true)
        #expect(try streams.call("/test.Service/Stream", body: packed7, fields).messages?.count == 3)
        #expect(try streams.call("/test.Service/Stream", [1, 2, 3, 4, 5]).messages?.count == 5)
        let begun = try streams.beginCall("/test.Service/Stream", [UInt8](repeating: 1, count: 200))
        #expect(try streams.messages(2, on: begun).count >= 2)
        streams.reset(begun)
        let conversations = try HTTP2Client(port: running.port)
        let reflection = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        let asked = try conversations.beginCall(reflection, [7 << 3 | 2, 0], ends: false)
        #expect(try conversations.messages(1, on: asked).count == 1)
        let watched = try conversations.beginCall("/grpc.health.v1.Health/Watch", [])
        #expect(try conversations.messages(1, on: watched) == [[8, 1]])
        try conversations.sendBody(HTTP2Client.framed([4 << 3 | 2, 1, 65]), on: asked)
        #expect(try conversations.outcome(on: asked).messages?.count == 2)
        conversations.reset(watched)
        return [requests.sent, calls.sent, streams.sent, conversations.sent]
    }

    @Test(arguments: [1, UInt64.random(in: 2...UInt64.max)])
    func `no mutation of a connection's bytes harms the server`(seed: UInt64) async throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        try await RunningServer.run(eventLoopCount: 1, routes: Self.routes) { running in
            let good = try recorded(running)
            var clients: [RawClient] = []
            for _ in 0..<Self.recordCount / 2 {
                var bytes = good[Int.random(in: 0..<good.count, using: &random)]
                for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, &random) }
                let client = try running.client()
                let cut = Int.random(in: 0...bytes.count, using: &random)
                client.send(Array(bytes[..<cut]))
                client.send(Array(bytes[cut...]))
                client.endOutput()
                // A few at a time, so that the server is kept busy.
                clients.append(client)
                guard clients.count == 20 else { continue }
                for client in clients { _ = try client.readToEnd() }
                clients.removeAll()
            }
            clients.removeAll()
            try running.until { running.server.connectionCount == 0 && running.group.inFlightByteCount == 0 }
            #expect(try recorded(running)[..<2] == good[..<2])
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        // Beyond the preface nearly always: what follows it is what matters.
        let first = Int.random(in: 0..<50, using: &random) == 0 ? 0 : min(24, bytes.count - 1)
        let index = Int.random(in: first..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 4: bytes.removeSubrange(index...)
        default: bytes.insert(contentsOf: bytes[index...].prefix(40), at: index)
        }
    }
}
