import Dispatch
import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct HTTP1ConnectionTests {
    @Test func `requests follow each other on one connection`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            for index in 0..<50 {
                client.send(post("/echo", Array("body \(index)".utf8)))
                let answer = try client.readAnswer()
                #expect(answer.status == 200)
                #expect(answer.text == "body \(index)")
                #expect(answer.headers["connection"] == nil)
                #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
            }
            #expect(running.server.connectionCount == 1)
        }
    }

    @Test func `pipelined requests are answered in their order`() async throws {
        let routes: (inout HTTPRouter) -> Void = { router in
            router.addEcho()
            router.on(
                .get, "/late/:text",
                .eventLoop { request, parameters, responder in
                    let text = parameters["text"] ?? ""
                    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) {
                        responder.respond(.text(.ok, text))
                    }
                })
            router.on(.get, "/worker/:text", .workerThread { _, parameters in .text(.ok, parameters["text"] ?? "") })
        }
        try await RunningServer.run(routes: routes) { running in
            let client = try running.client()
            var requests: [UInt8] = []
            for index in 0..<60 {
                switch index % 3 {
                case 0: requests += Array("GET /late/\(index) HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
                case 1: requests += Array("GET /worker/\(index) HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
                default: requests += post("/echo", Array("\(index)".utf8))
                }
            }
            client.send(requests)
            for index in 0..<60 { #expect(try client.readAnswer().text == "\(index)") }
        }
    }

    @Test func `chunks are joined, however they are cut`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            let head = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            let text = head + "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
            for byte in Array(text.utf8) { client.send([byte]) }
            #expect(try client.readAnswer().text == "hello 0123456789")
            client.send(text + text)
            #expect(try client.readAnswer().text == "hello 0123456789")
            #expect(try client.readAnswer().text == "hello 0123456789")
        }
    }

    @Test func `packed bodies are unpacked`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            let plain = Array(String(repeating: "some text ", count: 10_000).utf8)
            client.send(post("/echo", gzip(plain), "Content-Encoding: gzip\r\n"))
            #expect(try client.readAnswer().body == plain)
            // zlib and raw deflate are the inner part of gzip: 10 bytes of header, 8 of trailer.
            client.send(post("/echo", Array(gzip(plain).dropFirst(10).dropLast(8)), "content-encoding: deflate\r\n"))
            #expect(try client.readAnswer().body == plain)
            client.send(post("/echo", Array("plain".utf8), "content-encoding: identity\r\n"))
            #expect(try client.readAnswer().text == "plain")
            client.send(post("/echo", [], "content-encoding: gzip\r\n"))
            #expect(try client.readAnswer().status == 200)
        }
    }

    @Test func `what cannot be unpacked is refused and the connection goes on`() async throws {
        var limits = HTTPServerLimits()
        limits.unpackedByteCountMax = 100_000
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send(post("/echo", [1, 2, 3], "content-encoding: gzip\r\n"))
            let bad = try client.readAnswer()
            #expect(bad.status == 400 && bad.text == "Cannot gunzip spans")
            client.send(post("/echo", gzip([UInt8](repeating: 7, count: 10 << 20)), "content-encoding: gzip\r\n"))
            #expect(try client.readAnswer().status == 413)
            client.send(post("/echo", [1, 2, 3], "content-encoding: br\r\n"))
            let unknown = try client.readAnswer()
            #expect(unknown.status == 415 && unknown.headers["accept-encoding"] == "gzip, deflate")
            client.send(post("/echo", gzip([UInt8](repeating: 7, count: 100_000)), "content-encoding: gzip\r\n"))
            #expect(try client.readAnswer().body.count == 100_000)
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    @Test func `a body too large is refused by its announcement and by its chunks`() async throws {
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 1000
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let announced = try running.client()
            announced.send("POST /echo HTTP/1.1\r\ncontent-length: 1001\r\n\r\n")
            let answer = try announced.readAnswer()
            #expect(answer.status == 413 && answer.headers["connection"] == "close")
            // A client that sends everything before it reads must still get its answer.
            let stubborn = try running.client()
            stubborn.send(post("/echo", [UInt8](repeating: 1, count: 4 << 20)))
            #expect(try stubborn.readAnswer().status == 413)
            stubborn.endOutput()
            #expect(try stubborn.isEnded())
            let chunked = try running.client()
            chunked.send("POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n")
            chunked.send([UInt8](repeating: 1, count: 1000))
            chunked.send("\r\n1\r\nx")
            #expect(try chunked.readAnswer().status == 413)
            let exact = try running.client()
            exact.send(post("/echo", [UInt8](repeating: 1, count: 1000)))
            #expect(try exact.readAnswer().body.count == 1000)
        }
    }

    @Test func `leave to send a body is given, or the refusal at once`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send("POST /echo HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            #expect(try client.readAnswer().status == 100)
            client.send("body")
            #expect(try client.readAnswer().text == "body")
            client.send("POST /nowhere HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            #expect(try client.readAnswer().status == 404)
        }
    }

    @Test func `a head too large is refused`() async throws {
        var limits = HTTPServerLimits()
        limits.headerByteCountMax = 1000
        try await RunningServer.run(limits: limits, routes: { $0.addEcho() }) { running in
            let client = try running.client()
            client.send("GET /hello HTTP/1.1\r\nx: \(String(repeating: "y", count: 1000))\r\n\r\n")
            #expect(try client.readAnswer().status == 431)
            let many = try running.client()
            many.send("GET /" + String(repeating: "a", count: 2000))
            #expect(try many.readAnswer().status == 431)
        }
    }

    @Test(arguments: [
        "NONSENSE\r\n\r\n", "BREW / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\na b: c\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\na: b\0\r\n\r\n",
        "GET relative HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: +5\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length:\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
    ])
    func `a malformed request is answered 400 and ends the connection`(request: String) async throws {
        try await RunningServer.run(eventLoopCount: 1, routes: { $0.addEcho() }) { running in
            let client = try running.client()
            let answer = try client.exchange(request)
            #expect(answer.status == 400 && answer.headers["connection"] == "close")
            #expect(try client.isEnded())
        }
    }

    @Test func `chunk framing that does not fit ends the connection`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            for body in ["x\r\n", "\r\n", "1\r\nab\r\n", "5\rhello", "1" + String(repeating: "0", count: 40) + "\r\n"] {
                let client = try running.client()
                client.send("POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n\(body)")
                let status = try client.readAnswer().status
                #expect(status == 400 || status == 413, "\(body)")
                #expect(try client.isEnded())
            }
            let other = try running.client()
            #expect(try other.exchange("POST /echo HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n").status == 501)
            let old = try running.client()
            #expect(try old.exchange("GET /\r\n\r\n").status == 505)
        }
    }

    @Test func `old clients are understood`() async throws {
        try await RunningServer.run(routes: { $0.addEcho() }) { running in
            let client = try running.client()
            let answer = try client.exchange("GET /hello HTTP/1.0\r\n\r\n")
            #expect(answer.text == "hello" && answer.headers["connection"] == "close")
            #expect(try client.isEnded())
            let lasting = try running.client()
            for _ in 0..<2 {
                let answer = try lasting.exchange("GET http://host/hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                #expect(answer.text == "hello" && answer.headers["connection"] == "keep-alive")
            }
            let half = try running.client()
            half.send("GET /hello HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n")
            half.endOutput()
            #expect(try half.readAnswer().text == "hello")
            #expect(try half.readAnswer().text == "hello")
            #expect(try half.isEnded())
        }
    }

    @Test func `bodies over the shared budget are refused until there is room`() async throws {
        try await RunningServer.run(configure: { $0.inFlightByteCountMax = 10_000 }, routes: { $0.addEcho() }) {
            running in
            let holder = try running.client()
            holder.send("POST /count HTTP/1.1\r\ncontent-length: 9000\r\n\r\n")
            holder.send([UInt8](repeating: 1, count: 8999))
            try running.until { running.group.inFlightByteCount == 8999 }
            let client = try running.client()
            client.send(post("/count", [UInt8](repeating: 1, count: 2000)))
            let refused = try client.readAnswer()
            #expect(refused.status == 503 && refused.headers["retry-after"] == "1")
            holder.send([1])
            #expect(try holder.readAnswer().text == "9000")
            client.send(post("/count", [UInt8](repeating: 1, count: 2000)))
            #expect(try client.readAnswer().text == "2000")
            #expect(running.group.inFlightByteCount == 0)
        }
    }
}
