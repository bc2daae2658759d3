import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct HTTPConnectionPoolTests {
    private func request(_ url: String, body: [UInt8]? = nil) -> HTTPClient.Request {
        HTTPClient.Request(method: body == nil ? "GET" : "POST", url: url, body: body)
    }

    @Test func `many requests at once are all answered, each with its own answer`() throws {
        let server = try LoopbackServer { .init(200, String(decoding: $0.body, as: UTF8.self)) }
        var options = HTTPConnectionOptions()
        options.connectionCountMax = 3
        let pool = try HTTPConnectionPool(options)
        defer { pool.shutDown() }
        let answers = Mutex<[Int: String]>([:])
        let done = Waiting<Void>()
        for number in 0..<200 {
            pool.send(request(server.url + "/", body: Array("\(number)".utf8))) { result in
                let count = answers.withLock { answers in
                    answers[number] = (try? result.get().text) ?? "none"
                    return answers.count
                }
                if count == 200 { done.finish(()) }
            }
        }
        done.wait()
        #expect(answers.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, "\($0)") }))
        #expect(Set(server.requests.map(\.connection)).count <= 3)
    }

    @Test func `a large body is sent as it is, with the headers of the caller`() throws {
        let server = try LoopbackServer { _ in .init(202) }
        let pool = try HTTPConnectionPool()
        defer { pool.shutDown() }
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for method in ["POST", "PUT"] {
            let request = HTTPClient.Request(
                method: method, url: server.url + "/x?y=z", headers: [("Authorization", "ApiKey k"), ("X-Empty", "")],
                body: body)
            #expect(try pool.perform(request).status == 202)
        }
        #expect(server.requests.map(\.method) == ["POST", "PUT"])
        #expect(server.requests.allSatisfy { $0.body == body && $0.target == "/x?y=z" })
        #expect(server.requests.first?.headers["authorization"] == "ApiKey k")
        #expect(server.requests.first?.headers["x-empty"] == "")
        #expect(server.requests.first?.headers["expect"] == nil)
    }

    @Test func `methods without a body are sent as they are`() throws {
        let server = try LoopbackServer { _ in .init(200) }
        let pool = try HTTPConnectionPool()
        defer { pool.shutDown() }
        for method in ["GET", "HEAD", "DELETE"] {
            #expect(try pool.perform(HTTPClient.Request(method: method, url: server.url)).status == 200)
        }
        #expect(server.requests.map(\.method) == ["GET", "HEAD", "DELETE"])
        #expect(Set(server.requests.map(\.connection)) == [0])
    }

    @Test func `a connection that the server closed is replaced`() throws {
        let server = try LoopbackServer { request in
            var answer = LoopbackServer.Answer(200, "\(request.body.count)")
            answer.isLast = true
            return answer
        }
        let pool = try HTTPConnectionPool()
        defer { pool.shutDown() }
        let body = [UInt8](repeating: 1, count: 100_000)
        for _ in 0..<5 { #expect(try pool.perform(request(server.url, body: body)).text == "100000") }
        #expect(server.requests.map(\.connection) == [0, 1, 2, 3, 4])
    }

    @Test func `silence ends with the time of the request`() throws {
        let gate = Waiting<Void>()
        let server = try LoopbackServer { _ in
            gate.wait()
            return .init(200)
        }
        let pool = try HTTPConnectionPool()
        defer { pool.shutDown() }
        var request = request(server.url)
        request.timeout = .milliseconds(100)
        let error = #expect(throws: HTTPClientError.self) { try pool.perform(request) }
        #expect(error?.code == .timedOut)
        #expect(error?.message == "no answer from \(server.url) within 0.1 s")
        gate.finish(())
    }

    @Test func `what is cancelled ends, and the rest goes on`() throws {
        let gate = Waiting<Void>()
        let server = try LoopbackServer { request in
            if request.target == "/slow" { gate.wait() }
            return .init(200)
        }
        let pool = try HTTPConnectionPool()
        defer { pool.shutDown() }
        let ended = Waiting<HTTPClientError.Code?>()
        let id = pool.send(request(server.url + "/slow")) { result in
            if case .failure(let error) = result { ended.finish(error.code) } else { ended.finish(nil) }
        }
        #expect(try pool.perform(request(server.url + "/fast")).status == 200)
        pool.cancel(id)
        #expect(ended.wait() == .cancelled)
        pool.cancel(id)
        #expect(try pool.perform(request(server.url + "/fast")).status == 200)
        gate.finish(())
    }

    @Test func `shutdown ends all requests, and those that follow`() throws {
        let gate = Waiting<Void>()
        let server = try LoopbackServer { _ in
            gate.wait()
            return .init(200)
        }
        let pool = try HTTPConnectionPool()
        let cancelled = Atomic(0)
        for _ in 0..<20 {
            pool.send(request(server.url)) { result in
                if case .failure(let error) = result, error.code == .cancelled { cancelled.add(1, ordering: .relaxed) }
            }
        }
        pool.shutDown()
        #expect(cancelled.load(ordering: .relaxed) == 20)
        let error = #expect(throws: HTTPClientError.self) { try pool.perform(request(server.url)) }
        #expect(error?.code == .cancelled)
        pool.shutDown()
        gate.finish(())
    }

    @Test func `a pool that nobody has any more ends its requests`() throws {
        let gate = Waiting<Void>()
        let server = try LoopbackServer { _ in
            gate.wait()
            return .init(200)
        }
        let ended = Waiting<Bool>()
        do {
            let pool = try HTTPConnectionPool()
            pool.send(request(server.url)) { result in
                if case .failure = result { ended.finish(true) } else { ended.finish(false) }
            }
        }
        #expect(ended.wait())
        gate.finish(())
    }

    @Test func `an answer beyond the limit, cut short or refused is an error that names the server and no secret`()
        throws
    {
        let server = try LoopbackServer { request in
            var answer = LoopbackServer.Answer(200, String(repeating: "x", count: 5000))
            answer.isCutShort = request.target == "/cut"
            return answer
        }
        var options = HTTPConnectionOptions()
        options.responseByteCountMax = 4999
        let pool = try HTTPConnectionPool(options)
        defer { pool.shutDown() }
        let withUser = server.url.replacing("http://", with: "http://user:swordfish@")
        for (path, code) in [("/", HTTPClientError.Code.tooLarge), ("/cut", .interrupted)] {
            let error = #expect(throws: HTTPClientError.self) { try pool.perform(request(withUser + path)) }
            #expect(error?.code == code)
            #expect(error?.message.contains(server.url) == true)
            #expect(error?.message.contains("swordfish") == false)
        }
        let wrong = #expect(throws: HTTPClientError.self) { try pool.perform(request("ftp://user:swordfish@x/")) }
        #expect(wrong?.code == .badURL)
        #expect(wrong?.message.contains("swordfish") == false)
    }
}
