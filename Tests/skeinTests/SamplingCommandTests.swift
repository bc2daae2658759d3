import ArgumentParser
import Foundation
import TestSupport
import Testing
import TraceModel
import TraceStore

@testable import skein

@Suite struct SamplingCommandTests {
    private static let policies = "percent: 100\ntail:\n  policies:\n    - {type: errors}\n"

    /// A file of policies, whose folder goes with it.
    private func file(_ text: String = policies) throws -> (folder: TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/policies.yaml"))
        return (folder, folder.path + "/policies.yaml")
    }

    @Test func `a folder is simulated, as a table and as JSON`() throws {
        let (store, traceIDs) = try StoreFolder.filled(seed: 41, batchCount: 2, spanCount: 300)
        let (policies, path) = try file()
        defer { withExtendedLifetime(policies) {} }
        let arguments = [
            "sampling", "simulate", "--policy", path, "--data", store.path, "--since", "2000-01-01T00:00:00Z",
            "--until", "2100-01-01T00:00:00Z",
        ]
        let table = try SkeinRun(arguments)
        #expect(table.code == 0, "\(table)")
        #expect(table.errors == "")
        #expect(table.output.hasPrefix("STAGE"))
        #expect(table.output.contains("\ntail\n"))
        #expect(table.output.contains("saved in the end: about "))
        let json = try SkeinRun(arguments + ["--json"])
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let seen = try #require(report["seen"] as? [String: Any])
        // Some of the made-up traces have no start, or one long ago.
        let count = try #require(seen["traceCount"] as? Int)
        #expect(count > traceIDs.count / 2 && count <= traceIDs.count)
    }

    @Test func `a trace of a folder is explained, and one that is not there too`() throws {
        let (store, traceIDs) = try StoreFolder.filled(seed: 42, batchCount: 1, spanCount: 100)
        let (policies, path) = try file()
        defer { withExtendedLifetime(policies) {} }
        let traceID = try #require(traceIDs.first)
        let known = try SkeinRun([
            "sampling", "explain", "--trace", "\(traceID)", "--policy", path, "--data", store.path,
        ])
        #expect(known.code == 0, "\(known)")
        #expect(known.output.contains("spans stored") || known.output.contains("1 span stored"))
        #expect(known.output.contains("\ntail: "))
        let unknown = try SkeinRun(["sampling", "explain", "--trace", "abcdef", "--data", store.path])
        #expect(unknown.code == 0, "\(unknown)")
        #expect(unknown.output.contains("not stored"))
    }

    @Test func `wrong policies are told with their places, and end with 2`() throws {
        let (policies, path) = try file("percent: 101\ntail: {policies: [{type: eror}]}\n")
        defer { withExtendedLifetime(policies) {} }
        let wrong = try SkeinRun(["sampling", "simulate", "--policy", path, "--data", "/nowhere"])
        #expect(wrong.code == 2)
        #expect(wrong.errors.contains("policies.yaml:1:10"), "\(wrong.errors)")
        #expect(wrong.errors.contains("policies.yaml:2:"))
    }

    @Test(arguments: [
        ["sampling"], ["sampling", "simulate"], ["sampling", "explain"], ["sampling", "explain", "--trace", "xyz"],
        ["sampling", "simulate", "--policy", "/nowhere.yaml"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        // Without a sub-command the help is printed.
        #expect(Skein.run(arguments) == (arguments == ["sampling"] ? 0 : 2))
    }

    @Test func `times choose the window`() throws {
        let now: Int64 = 1_795_247_697_000_000_000
        #expect(try Moment.window(since: "1h", until: nil, now: now) == (now - 3_600_000_000_000)..<now)
        #expect(throws: (any Error).self) { try Moment.window(since: "1h", until: "2h", now: now) }
    }
}
