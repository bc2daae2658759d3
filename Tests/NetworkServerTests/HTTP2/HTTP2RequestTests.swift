import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct HTTP2RequestTests {
    @Test func `one listener takes both versions of HTTP`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let old = try running.client()
            for body in [[], Array("hello".utf8)] as [[UInt8]] {
                let answer = try client.exchange("POST", "/echo", [("content-type", "text/plain")], body)
                #expect(answer.status == 200 && answer.body == body && answer.resetCode == nil)
                #expect(answer.header("date") != nil && answer.header("connection") == nil)
                old.send(post("/echo", body))
                #expect(try old.readAnswer().body == body)
            }
            let hello = try client.exchange("GET", "/hello")
            #expect(hello.text == "hello" && hello.header("content-type") == "text/plain; charset=utf-8")
        }
    }

    @Test func `methods and paths are answered as over HTTP1`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let head = try client.exchange("HEAD", "/hello")
            #expect(head.status == 200 && head.body.isEmpty && head.header("content-length") == "5")
            #expect(try client.exchange("GET", "/nowhere").status == 404)
            #expect(try client.exchange("POST", "/nowhere", [], [1, 2, 3]).status == 404)
            let wrong = try client.exchange("GET", "/echo")
            #expect(wrong.status == 405 && wrong.header("allow") == "POST, OPTIONS")
            let options = try client.exchange("OPTIONS", "/hello")
            #expect(options.status == 204 && options.header("allow") == "GET, HEAD, OPTIONS")
            #expect(options.header("content-length") == nil)
        }
    }

    @Test func `what the server tells of a request is the same as over HTTP1`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            _ = try client.exchange("POST", "/count", [], [1, 2, 3])
            _ = try client.exchange("GET", "/nowhere")
            try running.until { running.events.summaries.count == 2 }
            let summaries = running.events.summaries
            #expect(summaries.map(\.routePattern) == ["/count", nil])
            #expect(summaries.map(\.status.code) == [202, 404])
            #expect(summaries.map(\.method) == [.post, .get])
            #expect(summaries.map(\.bodyByteCount) == [3, 0])
            #expect(summaries.allSatisfy { (0...60_000_000_000).contains($0.durationNanoseconds) })
        }
    }

    @Test func `many requests at once are kept apart`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            try client.ping()
            let bodies = (0..<200).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 3) }
            let streams = try bodies.map { _ in try client.sendHead("POST", "/echo") }
            for (stream, body) in zip(streams, bodies) {
                try client.sendBody(Array(body.prefix(1)), on: stream, ends: body.count == 1)
            }
            for (stream, body) in zip(streams, bodies).reversed() where body.count > 1 {
                try client.sendBody(Array(body.dropFirst()), on: stream)
            }
            for (stream, body) in zip(streams, bodies) {
                #expect(try client.answer(on: stream).body == body)
            }
            try running.until { running.group.inFlightByteCount == 0 }
        }
    }

    @Test func `more streams than allowed end their connection and no other`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let good = try HTTP2Client(port: running.port)
            try good.ping()
            let streams = try (0..<256).map { _ in try good.sendHead("POST", "/echo") }
            let greedy = try HTTP2Client(port: running.port)
            try greedy.ping()
            for _ in 0..<300 { try greedy.sendHead("POST", "/echo") }
            try greedy.readToEnd()
            #expect(greedy.goAway != nil)
            for stream in streams { try good.sendBody([7], on: stream) }
            for stream in streams { #expect(try good.answer(on: stream).body == [7]) }
            #expect(good.goAway == nil)
        }
    }

    @Test(arguments: [70_000, 1 << 20, 9 << 20])
    func `bodies larger than the windows arrive whole`(byteCount: Int) async throws {
        let body = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let answer = try client.exchange("POST", "/echo", [("content-length", "\(byteCount)")], body)
            #expect(answer.status == 200 && answer.body == body)
            try running.until { running.group.inFlightByteCount == 0 }
        }
    }

    @Test func `a packed body is unpacked`() async throws {
        let body = Array(String(repeating: "spans ", count: 1000).utf8)
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let packed = try client.exchange("POST", "/echo", [("content-encoding", "gzip")], gzip(body))
            #expect(packed.body == body)
            let broken = try client.exchange("POST", "/echo", [("content-encoding", "gzip")], body)
            #expect(broken.status == 400 && broken.text == "Cannot gunzip spans")
            let unknown = try client.exchange("POST", "/echo", [("content-encoding", "br")], body)
            #expect(unknown.status == 415 && unknown.header("accept-encoding") == "gzip, deflate")
            #expect(try client.exchange("GET", "/hello").text == "hello")
        }
    }

    @Test func `a body over a limit is refused and the connection goes on`() async throws {
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 400_000
        limits.unpackedByteCountMax = 500_000
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let large = [UInt8](repeating: 1, count: 500_001)
            #expect(try client.exchange("POST", "/count", [("content-length", "\(large.count)")], large).status == 413)
            #expect(try client.exchange("POST", "/count", [], large).status == 413)
            let bomb = gzip([UInt8](repeating: 0, count: 20 << 20))
            #expect(try client.exchange("POST", "/count", [("content-encoding", "gzip")], bomb).status == 413)
            #expect(try client.exchange("POST", "/count", [], Array(large.prefix(400_000))).text == "400000")
            #expect(client.goAway == nil && running.group.inFlightByteCount == 0)
        }
    }

    @Test func `without budget a body is refused politely and the connection goes on`() async throws {
        let configure: (inout HTTPServerGroup.Configuration) -> Void = { $0.inFlightByteCountMax = 1000 }
        try await RunningServer.run(configure: configure, routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let answer = try client.exchange("POST", "/count", [], [UInt8](repeating: 1, count: 100_000))
            #expect(answer.status == 503 && answer.header("retry-after") == "1")
            let unpacked = try client.exchange(
                "POST", "/count", [("content-encoding", "gzip")], gzip([UInt8](repeating: 1, count: 100_000)))
            #expect(unpacked.status == 503 && unpacked.header("retry-after") == "1")
            #expect(try client.exchange("POST", "/count", [], [UInt8](repeating: 1, count: 900)).text == "900")
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    @Test func `too many header fields end the stream or the connection and no more`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            for (count, valueByteCount) in [(20, 5000), (1000, 100), (3, 40_000)] {
                let client = try HTTP2Client(port: running.port)
                let fields = (0..<count).map { ("x-\($0)", String(repeating: "v", count: valueByteCount)) }
                let stream = try client.sendHead("GET", "/hello", fields, ends: true)
                let answer = try? client.answer(on: stream)
                #expect(answer?.status != 200, "\(count) fields of \(valueByteCount) bytes")
            }
            let client = try HTTP2Client(port: running.port)
            try client.ping()
            let fields = (0..<100).map { ("x-\($0)", String(repeating: "v", count: 400)) }
            #expect(try client.exchange("GET", "/hello", fields).text == "hello")
        }
    }

    @Test func `a request that HTTP2 forbids is not handled`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let forbidden: [(String, [(String, String)])] = [
                ("/hello", [("connection", "close")]), ("/hello", [("Upper", "case")]), ("nopath", []),
                ("/hello", [("content-length", "many")]),
            ]
            for (path, fields) in forbidden {
                let client = try HTTP2Client(port: running.port)
                let stream = try client.sendHead("GET", path, fields, ends: true)
                let answer = try? client.answer(on: stream)
                #expect(answer?.status != 200, "\(path) \(fields)")
            }
            // The length that was announced is not the one that came.
            let client = try HTTP2Client(port: running.port)
            let stream = try client.sendHead("POST", "/count", [("content-length", "10")])
            try client.sendBody([1, 2, 3], on: stream)
            let answer = try? client.answer(on: stream)
            #expect(answer?.status != 202)
            try running.until { running.group.inFlightByteCount == 0 }
        }
    }

    @Test func `leave to send a body is given to who waits for it`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try HTTP2Client(port: running.port)
            let stream = try client.sendHead("POST", "/echo", [("expect", "100-continue")])
            while client.answers[stream]?.status != 100 { try #require(try client.readFrame() != nil) }
            try client.sendBody([1, 2, 3], on: stream)
            let answer = try client.answer(on: stream)
            #expect(answer.status == 200 && answer.body == [1, 2, 3])
        }
    }
}
