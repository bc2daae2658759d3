import ArgumentParser
import Foundation
import GraphDrawing
import TestSupport
import Testing
import Topology

@testable import skein

@Suite struct DependenciesTests {
    private static let now: Int64 = 1_795_291_200_000_000_000  // 2026-11-21T20:00:00Z

    private static let graph = TopologyGraph(
        window: (now - 3_600_000_000_000)..<now, grouping: .version,
        nodes: [
            .init(id: "front@v1", serviceName: "front", namespace: "shop", version: "v1", callCount: 7200),
            .init(id: "mongodb", serviceName: "mongodb", isReporting: false),
            .init(
                id: "reviews@v2", serviceName: "reviews", version: "v2", callCount: 720, errorCount: 72,
                mirroredCallCount: 3, mirroredErrorCount: 1,
                durations: .init(p50: 1_000_000, p95: 20_000_000, p99: 30_000_000)),
        ],
        edges: [
            .init(
                from: 0, to: 2, kind: .rpc, callCount: 720, errorCount: 72, requestShare: 0.1,
                client: .init(p50: 2, p95: 3, p99: 4), server: .init(p50: 1_000_000, p95: 20_000_000, p99: 30_000_000)),
            .init(from: 2, to: 1, kind: .oneSided, callCount: 36, errorCount: 0, client: .init(p50: 5, p95: 6, p99: 7)),
        ], notes: ["a note"])

    private static let report = PropagationReport(
        window: graph.window,
        findings: [
            .init(
                problem: .unjoinedCalls, serviceName: "front", version: "v1", peerName: "reviews", count: 1, total: 4,
                examples: ["000000000000000000000000000000aa"], advice: "Hand on the headers.")
        ])

    private func server(_ body: [UInt8]) throws -> LoopbackServer {
        try LoopbackServer { _ in .init(200, String(decoding: body, as: UTF8.self)) }
    }

    @Test func `the question is asked of the server, and the answer read as it was`() throws {
        let server = try server(GraphDrawing.draw(Self.graph, as: .json))
        let command = try DependenciesCommand.parse([
            "--server", server.url, "--since", "1h", "--group", "version", "--focus", "a b", "--depth", "2",
        ])
        let graph = try command.source.open().topology(try command.query(now: Self.now))
        #expect(graph == Self.graph)
        let start = Self.now - 3_600_000_000_000
        let question = "since=\(start)&until=\(Self.now)&group=version&focus=a%20b&depth=2"
        #expect(server.requests.map(\.target) == ["/api/skein/v1/topology?\(question)"])
    }

    @Test func `a report is read as it was`() throws {
        let server = try server(GraphDrawing.draw(Self.report, as: .json))
        let command = try DependenciesCommand.parse(["--server", server.url, "--broken", "--until", "30m"])
        let query = try command.query(now: Self.now)
        #expect(try command.source.open().propagation(within: query.window) == Self.report)
        let start = Self.now - 3_600_000_000_000
        let target = "/api/skein/v1/propagation?since=\(start)&until=\(start + 1_800_000_000_000)"
        #expect(server.requests.map(\.target) == [target])
    }

    @Test(arguments: [
        #"{"services":[]}"#,
        #"{"window":{"since":"x","until":"y"},"group":"service","nodes":[],"edges":[],"notes":[]}"#,
        """
        {"window":{"since":"2026-11-21T19:00:00Z","until":"2026-11-21T20:00:00Z"},"group":"service","nodes":[],"notes":[],
        "edges":[{"from":"a","to":"b","kind":"rpc","callCount":1,"errorCount":0,"requestShare":1}]}
        """,
    ])
    func `an answer that makes no sense is told of`(body: String) throws {
        let server = try LoopbackServer { _ in .init(200, body) }
        let command = try DependenciesCommand.parse(["--server", server.url])
        #expect(throws: CommandFailure.self) { try command.run() }
    }

    @Test func `a file gets the form that its name says, or the one asked for`() throws {
        let server = try server(GraphDrawing.draw(Self.graph, as: .json))
        let folder = try TemporaryFolder()
        for (name, format) in [
            ("g.svg", GraphFormat.svg), ("g.gv", .dot), ("g.mmd", .mermaid), ("g.graphml", .graphml), ("g.csv", .csv),
            ("g.json", .json), ("g.txt", .table),
        ] {
            let path = "\(folder.path)/\(name)"
            #expect(Skein.run(["dependencies", "--server", server.url, "-o", path]) == 0)
            let written = try Data(contentsOf: URL(filePath: path))
            #expect(Array(written) == GraphDrawing.draw(Self.graph, as: format), "\(name)")
        }
        let path = "\(folder.path)/g.svg"
        #expect(Skein.run(["dependencies", "--server", server.url, "-o", path, "--format", "dot"]) == 0)
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("digraph "))
        #expect(Skein.run(["dependencies", "--server", server.url, "-o", "\(folder.path)/none/g.svg"]) == 1)
    }

    @Test func `an hour by services is the default`() throws {
        let query = try DependenciesCommand.parse([]).query(now: Self.now)
        #expect(query == TopologyQuery(window: (Self.now - 3_600_000_000_000)..<Self.now))
        #expect(try DependenciesCommand.parse([]).chosenFormat == .table)
        #expect(try DependenciesCommand.parse(["--json"]).chosenFormat == .json)
    }

    @Test(arguments: [
        ["--depth", "2"], ["--focus", "a", "--depth", "101"], ["--format", "png"], ["--group", "pod"],
        ["--json", "--format", "dot"], ["--broken", "--format", "svg"], ["--broken", "--focus", "a"],
        ["--broken", "-o", "x.svg"], ["--since", "yesterday"], ["--since", "1h", "--until", "2h"],
        ["--server", "x", "--data", "y"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        #expect(Skein.run(["dependencies"] + arguments) == 2)
    }
}
