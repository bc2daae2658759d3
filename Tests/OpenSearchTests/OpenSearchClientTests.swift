import Foundation
import OpenSearch
import Synchronization
import TestSupport
import Testing
import Threads
import WireFormats

@Suite struct OpenSearchClientTests {
    private func client(
        _ urls: [String], _ change: (inout OpenSearchOptions) -> Void = { _ in }
    ) throws -> OpenSearchClient {
        var options = OpenSearchOptions(urls: urls)
        options.requestTimeout = .seconds(20)
        change(&options)
        return try OpenSearchClient(options, logger: quietLogger())
    }

    @Test(arguments: [
        (400, OpenSearchError.Code.rejected), (401, .unauthorized), (403, .unauthorized), (404, .rejected),
        (408, .serverFailure), (413, .tooLarge), (429, .pushedBack), (500, .serverFailure), (502, .serverFailure),
        (503, .pushedBack), (302, .badAnswer),
    ])
    func `each status has its meaning, told with the node and the reason`(
        status: Int, code: OpenSearchError.Code
    ) throws {
        let server = try LoopbackServer { _ in
            .init(status, headers: [("Retry-After", "7")], #"{"error":{"type":"some_exception","reason":"because"}}"#)
        }
        let client = try client([server.url])
        defer { client.shutDown() }
        let error = #expect(throws: OpenSearchError.self) { try client.perform(OpenSearchRequest("GET", "/x")) }
        #expect(error?.code == code)
        #expect(error?.status == status)
        #expect(error?.retryAfter == .seconds(7))
        #expect(error?.type == "some_exception")
        #expect(error?.message == "OpenSearch at \(server.url) answers \(status) (some_exception: because)")
    }

    @Test func `as many requests as there may be connections are under way at once`() throws {
        let arrived = Atomic(0)
        let all = Waiting<Void>()
        let server = try LoopbackServer { _ in
            if arrived.add(1, ordering: .relaxed).newValue == 40 { all.finish(()) }
            all.wait()
            return .init(200)
        }
        let client = try client([server.url]) { $0.connectionCountMax = 40 }
        defer { client.shutDown() }
        let results = Results<Bool>()
        for _ in 0..<40 {
            client.send(OpenSearchRequest("GET", "/")) { result in results.add((try? result.get()) != nil) }
        }
        #expect(results.wait(for: 40) == Array(repeating: true, count: 40))
    }

    @Test func `nodes are asked in turn, and a dead one is passed over`() throws {
        let servers = try (0..<2).map { number in try LoopbackServer { _ in .init(200, "\(number)") } }
        let deadPort = try LoopbackServer { _ in .init() }.port
        let client = try client([servers[0].url, "http://127.0.0.1:\(deadPort)", servers[1].url])
        defer { client.shutDown() }
        for _ in 0..<6 { _ = try client.perform(OpenSearchRequest("GET", "/")) }
        #expect(servers.map(\.requests.count).reduce(0, +) == 6)
        #expect(servers.allSatisfy { $0.requests.count >= 2 })
    }

    @Test func `where no node answers, the error names the last one`() throws {
        let port = try LoopbackServer { _ in .init() }.port
        let client = try client(["http://user:swordfish@127.0.0.1:\(port)"])
        defer { client.shutDown() }
        let error = #expect(throws: OpenSearchError.self) { try client.perform(OpenSearchRequest("GET", "/")) }
        #expect(error?.code == .unreachable)
        #expect(error?.message == "OpenSearch: nothing listens at http://127.0.0.1:\(port)")
        #expect(error?.summary == "OpenSearch cannot be reached")
    }

    @Test func `an answer that is cut short goes to the next node`() throws {
        let cut = try LoopbackServer { _ in
            var answer = LoopbackServer.Answer(200, "0123456789")
            answer.isCutShort = true
            return answer
        }
        let whole = try LoopbackServer { _ in .init(200, "whole") }
        let client = try client([cut.url, whole.url])
        defer { client.shutDown() }
        #expect(try client.perform(OpenSearchRequest("GET", "/")).node == whole.url)
        #expect(cut.requests.count == 1)
    }

    @Test func `credentials of every kind are shown`() throws {
        let server = try LoopbackServer { _ in .init() }
        func shown(_ url: String? = nil, _ change: (inout OpenSearchOptions) -> Void) throws -> String? {
            let client = try client([url ?? server.url], change)
            defer { client.shutDown() }
            _ = try client.perform(OpenSearchRequest("GET", "/"))
            return server.requests.last?.headers["authorization"]
        }
        #expect(try shown { _ in } == nil)
        #expect(
            try shown {
                $0.username = "elastic"
                $0.password = Secret("sword:fish")
            } == "Basic " + Data("elastic:sword:fish".utf8).base64EncodedString())
        #expect(try shown { $0.apiKey = Secret("key==") } == "ApiKey key==")
        #expect(try shown { $0.bearerToken = Secret("a.b.c") } == "Bearer a.b.c")
        let withUser = server.url.replacing("http://", with: "http://u:p%20w@")
        #expect(try shown(withUser) { _ in } == "Basic " + Data("u:p w".utf8).base64EncodedString())
        #expect(server.requests.allSatisfy { $0.target == "/" })
    }

    @Test func `a secret that was replaced in its file is used once the old one is refused`() throws {
        let server = try LoopbackServer { $0.headers["authorization"] == "Bearer second" ? .init(200) : .init(401) }
        let folder = try TemporaryFolder()
        let path = folder.path + "/token"
        try "first\n".write(toFile: path, atomically: true, encoding: .utf8)
        let client = try client([server.url]) { $0.bearerTokenFile = path }
        defer { client.shutDown() }
        let refused = #expect(throws: OpenSearchError.self) { try client.perform(OpenSearchRequest("GET", "/")) }
        #expect(refused?.code == .unauthorized)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: OpenSearchError.self) { try client.perform(OpenSearchRequest("GET", "/")) }
        try "second\n".write(toFile: path, atomically: true, encoding: .utf8)
        // At the latest the refusal of this one has the file read.
        _ = try? client.perform(OpenSearchRequest("GET", "/"))
        #expect(try client.perform(OpenSearchRequest("GET", "/")).status == 200)
        #expect(server.requests.first?.headers["authorization"] == "Bearer first")
        #expect(server.requests.allSatisfy { $0.headers["authorization"] != nil })
    }

    @Test func `options that cannot be used are refused without secrets`() throws {
        let changes: [(inout OpenSearchOptions) -> Void] = [
            { $0.urls = [] }, { $0.urls = ["ftp://swordfish"] }, { $0.password = Secret("swordfish") },
            { $0.apiKeyFile = "/nowhere/key" },
            {
                $0.apiKey = Secret("swordfish")
                $0.bearerToken = Secret("swordfish")
            },
            { $0.bearerToken = Secret("swordfish\r\nX-Other: 1") },
            {
                $0.username = "u"
                $0.password = Secret("swordfish")
                $0.passwordFile = "/nowhere"
            },
        ]
        for change in changes {
            let error = #expect(throws: OpenSearchError.self) { try client(["http://127.0.0.1:1"], change) }
            #expect(error?.code == .badOptions)
            #expect(error?.message.contains("swordfish") == false)
        }
    }

    @Test(arguments: [
        (#"{"version":{"distribution":"opensearch","number":"2.19.1"}}"#, "OpenSearch 2.19.1", false),
        (
            #"{"version":{"number":"7.10.2","build_flavor":"oss"},"tagline":"The OpenSearch Project: https://x"}"#,
            "OpenSearch 7.10.2", false
        ),
        (
            #"{"name":"n","version":{"number":"7.17.0"},"tagline":"You Know, for Search"}"#, "Elasticsearch 7.17.0",
            false
        ),
        (#"{"version":{"number":"9.1.0"}}"#, "Elasticsearch 9.1.0", true),
    ])
    func `a node tells what it is`(body: String, text: String, hasComposableTemplates: Bool) throws {
        let server = try LoopbackServer { _ in .init(200, body) }
        let client = try client([server.url])
        defer { client.shutDown() }
        let version = try client.version()
        #expect(version.description == text)
        #expect(version.hasComposableTemplates == hasComposableTemplates)
    }

    @Test(arguments: ["<html>", "{}", "[]", #"{"version":{}}"#, #"{"version":{"number":"x"}}"#])
    func `what is no OpenSearch is told`(body: String) throws {
        let server = try LoopbackServer { _ in .init(200, body) }
        let client = try client([server.url])
        defer { client.shutDown() }
        let error = #expect(throws: OpenSearchError.self) { try client.version() }
        #expect(error?.code == .badAnswer)
    }

    @Test(arguments: [true, false])
    func `a bulk request carries the documents, packed or not`(compresses: Bool) throws {
        let server = try LoopbackServer { _ in .init(200, bulkAnswer(3)) }
        let client = try client([server.url]) { $0.compresses = compresses }
        defer { client.shutDown() }
        let body = bulkBody(0..<3)
        let results = Results<Bool>()
        client.bulk(body) { result in results.add((try? result.get().problems.isEmpty) ?? false) }
        #expect(results.wait(for: 1) == [true])
        let request = try #require(server.requests.first)
        #expect(request.target == "/_bulk?filter_path=errors,items.*.error,items.*.status")
        #expect(request.headers["content-type"] == "application/x-ndjson")
        #expect(request.headers["content-encoding"] == (compresses ? "gzip" : nil))
        #expect(try (compresses ? Gzip.unpacked(request.body) : request.body) == body.bytes)
    }
}
