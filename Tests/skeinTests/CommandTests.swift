import Foundation
import TestSupport
import Testing

/// The built program against a server that answers as the program itself does.
@Suite struct CommandTests {
    private static let spans = """
        [{"traceId":"000000000000000a","id":"0000000000000001","name":"get /","timestamp":1795247697000000,"duration":2000,
        "localEndpoint":{"serviceName":"front"}},{"traceId":"000000000000000a","parentId":"0000000000000001",
        "id":"0000000000000002","name":"get /a","timestamp":1795247697000500,"duration":1000,
        "localEndpoint":{"serviceName":"a"},"tags":{"error":"true"}}]
        """

    private static let page = """
        {"traces":[{"traceID":"000000000000000a","root":{"service":"front","operation":"get /"},
        "startTimeUnixNano":"1795247697000000000","durationNanos":2000000,"spanCount":2,"errorCount":1}],
        "count":{"value":7,"isExact":false},"notes":["a note"],"cursor":null}
        """

    @Test func `a trace is shown as a tree and as JSON`() throws {
        let server = try LoopbackServer { _ in .init(200, Self.spans) }
        let tree = try run(["trace", "a", "--server", server.url])
        #expect(tree.code == 0)
        #expect(tree.output.contains("2 spans, 2 services, 1 error"))
        #expect(tree.output.contains("└─ a: get /a"))
        #expect(!tree.output.contains("\u{1b}"))
        let json = try run(["trace", "A", "--server", server.url, "--json"])
        let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(list?.count == 2)
        let target = "/api/skein/v1/traces/000000000000000a/export?format=zipkin"
        #expect(server.requests.map(\.target) == [target, target])
    }

    @Test func `a trace that is not there ends with 1`() throws {
        let server = try LoopbackServer { _ in .init(404, #"{"error":{"message":"no trace 000000000000000a"}}"#) }
        let result = try run(["trace", "a", "--server", server.url])
        #expect(result.code == 1)
        #expect(result.errors == "skein: no trace 000000000000000a\n")
    }

    @Test func `a search prints a table or JSON`() throws {
        let server = try LoopbackServer { _ in .init(200, Self.page) }
        let table = try run([
            "search", "--server", server.url, "--service", "front", "--since", "1h", "--tag", "error=true",
        ])
        #expect(table.code == 0)
        let lines = table.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.last?.hasPrefix("000000000000000a") == true)
        #expect(lines.last?.hasSuffix("2 ms      2       1  front: get /") == true, "\(lines)")
        #expect(table.errors == "a note\n1 of at least 7 traces\n")
        let query = "q=%7B%20resource.service.name%20%3D%20%22front%22%20%26%26%20span.%22error%22%20%3D%20%22true%22"
        #expect(server.requests.first?.target.hasPrefix("/api/skein/v1/search?\(query)") == true)
        let json = try run(["search", "--server", server.url, "--json"])
        let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(list?.first?["traceId"] as? String == "000000000000000a")
        #expect(list?.first?["errorCount"] as? Int == 1)
    }

    @Test func `pages are asked for until there are enough traces`() throws {
        let server = try LoopbackServer { request in
            .init(200, request.number == 0 ? Self.page.replacing("null}", with: #""next"}"#) : Self.page)
        }
        let json = try run(["search", "--server", server.url, "--json", "--limit", "5"])
        let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(list?.count == 2)
        #expect(server.requests.count == 2)
        #expect(server.requests.last?.target.hasSuffix("&limit=4&spans=0&cursor=next") == true)
    }

    @Test func `a query that is none is told of with its place, and ends with 2`() throws {
        let server = try LoopbackServer { _ in .init(400, #"{"error":{"status":400,"message":"q: 1:3: what?"}}"#) }
        let result = try run(["search", "{ x", "--server", server.url])
        #expect(result.code == 2)
        #expect(result.errors == "skein: q: 1:3: what?\n")
    }

    @Test func `names are listed`() throws {
        let server = try LoopbackServer { request in
            let kinds = #"[{"name":"b","kind":"server"},{"name":"a","kind":"server"},{"name":"a","kind":"client"}]"#
            return .init(200, request.number == 0 ? #"{"services":["a","b"]}"# : #"{"operations":\#(kinds)}"#)
        }
        #expect(try run(["services", "--server", server.url]).output == "a\nb\n")
        #expect(try run(["operations", "x y", "--server", server.url]).output == "a\nb\n")
        #expect(server.requests.last?.target == "/api/skein/v1/services/x%20y/operations")
    }

    @Test func `dependencies are a table, without colour where no terminal is, and notes stand apart`() throws {
        let node = #""isReporting":true,"callCount":60,"errorCount":0,"mirroredCallCount":0,"mirroredErrorCount":0"#
        let answer = """
            {"window":{"since":"2026-11-21T19:00:00Z","until":"2026-11-21T19:01:00Z"},"group":"service",
            "nodes":[{"id":"a","service":"a",\(node)},{"id":"b","service":"b",\(node)},{"id":"c","service":"c",\(node)}],
            "edges":[{"from":"a","to":"b","kind":"rpc","callCount":60,"errorCount":3,"requestShare":1,
            "server":{"p50":1000000,"p95":2000000,"p99":3000000}}],"notes":["a note"]}
            """
        let server = try LoopbackServer { _ in .init(200, answer) }
        let table = try run(["dependencies", "--server", server.url])
        #expect(table.code == 0)
        #expect(table.errors == "a note\n")
        let rows = [
            "CALLER  CALLEE  KIND  CALLS  RATE  ERRORS   P50   P95   P99",
            "a       b       rpc      60   1/s     5 %  1 ms  2 ms  3 ms", "without calls: c",
        ]
        #expect(table.output == rows.map { $0 + "\n" }.joined())
        #expect(try run(["dependencies", "--server", server.url, "--format", "dot"]).output.hasPrefix("digraph "))
    }

    @Test func `a server that speaks something else is told of`() throws {
        let server = try LoopbackServer { _ in .init(200, "<html>") }
        let result = try run(["services", "--server", server.url])
        #expect(result.code == 1)
        #expect(result.errors.contains("is not Skein's"))
        let failing = try LoopbackServer { _ in .init(500, "broken\nmore") }
        #expect(try run(["services", "--server", failing.url]).errors.contains("answered 500: broken\n"))
    }

    @Test func `the server's port comes from the configuration`() throws {
        let server = try LoopbackServer { _ in .init(200, #"{"services":[]}"#) }
        #expect(try run(["services"], environment: ["SKEIN_QUERY_PORT": "\(server.port)"]).code == 0)
        #expect(server.requests.count == 1)
    }

    @Test func `files are sent, and a busy server is asked again`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/posts.jsonl"
        try Data((Self.spans.replacing("\n", with: "") + "\n[]\n").utf8).write(to: URL(filePath: path))
        let server = try LoopbackServer { request in
            request.number == 0 ? .init(503, headers: [("Retry-After", "0")]) : .init(202)
        }
        let result = try run(["send", path, "--now", "--server", server.url])
        #expect(result.code == 0, "\(result)")
        #expect(result.output.hasPrefix("sent 2 spans in 2 posts, "))
        #expect(result.errors == "")
        #expect(server.requests.map(\.target) == Array(repeating: "/api/v2/spans", count: 3))
        #expect(!String(decoding: server.requests[1].body, as: UTF8.self).contains("1795247697000000"))
        #expect(server.requests[0].body == server.requests[1].body)
    }

    @Test func `what a server refuses is told, and ends with 1`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/spans.json"
        try Data(Self.spans.utf8).write(to: URL(filePath: path))
        let server = try LoopbackServer { _ in .init(400, "no such kind\nmore") }
        let result = try run(["send", path, path, "--connections", "2", "--server", server.url])
        #expect(result.code == 1)
        #expect(result.output.hasSuffix("refused 4 spans in 2 posts:\n  2 × 400 no such kind\n"), "\(result)")
    }

    @Test func `where no server runs is told in words`() throws {
        let port = try LoopbackServer { _ in .init() }.port
        let result = try run(["services", "--server", "http://127.0.0.1:\(port)"])
        #expect(result.code == 1)
        #expect(result.errors.contains("is skein running? ('skein serve')"))
    }

    @Test func `a configuration file is checked`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/skein.yaml"
        try Data("zipkin:\n  prot: 1\n".utf8).write(to: URL(filePath: path))
        let result = try run(["config", "check", path])
        #expect(result.code == 1)
        #expect(result.errors == "skein: unknown key 'zipkin.prot' at \(path):2:3; did you mean 'zipkin.port'?\n")
        #expect(try run(["config", "print", "--config", path]).code == 2)
        try Data("zipkin:\n  port: 1\n".utf8).write(to: URL(filePath: path))
        #expect(try run(["config", "check", path]).code == 0)
        #expect(try run(["config", "print", "--config", path]).output.contains("port: 1  # \(path):2:3\n"))
    }

    @Test func `store statistics come from the metrics`() throws {
        let warning = "warning: destination main: OpenSearch answers 401 since 10:42 UTC; 7 spans wait"
        let server = try LoopbackServer { request in
            request.target == "/metrics"
                ? .init(200, "# TYPE x gauge\nskein_store_segments 12\nother 1\n") : .init(200, "ready\n\(warning)\n")
        }
        for format in [[], ["--json"]] {
            let result = try run(["store", "stats", "--server", server.url] + format)
            #expect(result.output.contains(format == [] ? "skein_store_segments     12\n" : #""skein_store_segments""#))
            #expect(result.code == 0 && result.errors == "skein: \(warning)\n")
        }
        #expect(Set(server.requests.map(\.target)) == ["/metrics", "/health/ready"])
    }

    @Test(arguments: [
        ["services"], ["trace", "a"], ["search"], ["dependencies"], ["store", "stats"], ["store", "verify"],
    ])
    func `a folder that is none of a store's is left as it is`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let result = try run(arguments + ["--data", folder.path])
        #expect(result.code == 1)
        #expect(result.errors == "skein: '\(folder.path)' is no data folder of skein\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func `help and version end with 0`() throws {
        #expect(try run(["--help"]).output.contains("Exit codes: 0 done"))
        for command in [
            "serve", "trace", "search", "services", "operations", "dependencies", "send", "store", "config", "version",
        ] {
            let help = try run([command, "--help"])
            #expect(help.code == 0)
            #expect(help.output.contains("Examples:"), "\(command)")
        }
        #expect(try run(["version", "--json"]).output.contains("\"curl\""))
    }

    private struct Ended {
        var code: Int32
        var output: String
        var errors: String
    }

    /// The program that was built beside the tests.
    private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Ended {
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "skein")
        process.arguments = arguments
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SKEIN_") }
        process.environment = inherited.merging(environment) { $1 }
        let folder = try TemporaryFolder()
        let paths = [folder.path + "/output", folder.path + "/errors"]
        for path in paths { try Data().write(to: URL(filePath: path)) }
        let output = try FileHandle(forWritingTo: URL(filePath: paths[0]))
        let errors = try FileHandle(forWritingTo: URL(filePath: paths[1]))
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Ended(
            code: process.terminationStatus, output: try String(contentsOfFile: paths[0], encoding: .utf8),
            errors: try String(contentsOfFile: paths[1], encoding: .utf8))
    }
}
