import Glibc
import NetworkServer
import NetworkTestSupport
import TestSupport
import Testing

func residentByteCount() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    fgets(&line, 256, file)
    let fields = String(decoding: line.map { UInt8(bitPattern: $0) }.prefix { $0 != 0 }, as: UTF8.self).split(
        separator: " ")
    return (Int(fields[1]) ?? 0) * 4096
}

@Suite struct MutationTests {
    @Test(arguments: [1, UInt64.random(in: 2...UInt64.max)])
    func `no mutation of a request harms the server`(seed: UInt64) async throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let chunked =
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        let requests: [[UInt8]] = [
            Array(chunked.utf8),
            post("/echo", gzip(Array("some bytes".utf8)), "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n"),
            Array("GET /item/a%20b/?q=1&r=%41+b HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".utf8),
        ]
        let routes: (inout HTTPRouter) -> Void = { router in
            router.addEcho()
            router.mount(prefix: "/base")
            router.on(
                .get, "/item/:name",
                .eventLoop { request, parameters, responder in
                    responder.respond(.text(.ok, "\(parameters["name"] ?? "") \(request.query.all("r"))"))
                })
        }
        try await RunningServer.run(routes: routes) { running in
            for _ in 0..<5000 {
                let client = try running.client()
                var bytes = requests[Int.random(in: 0..<requests.count, using: &random)]
                for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
                let cut = Int.random(in: 0...bytes.count, using: &random)
                client.send(Array(bytes[..<cut]))
                client.send(Array(bytes[cut...]))
                client.endOutput()
                _ = try client.readToEnd()
            }
            let client = try running.client()
            client.send(requests[0])
            #expect(try client.readAnswer().text == "hello world")
            try running.until { running.server.connectionCount == 1 }
            #expect(running.group.inFlightByteCount == 0)
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 3: bytes.removeSubrange(index...)
        default: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
        }
    }
}
