import Foundation
import TestSupport
import Testing
import TraceModel
import TraceStore

@testable import skein

@Suite struct StoreCommandTests {
    private func segments(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/segments").sorted()
    }

    private func removeCatalog(_ folder: TemporaryFolder) throws {
        for suffix in ["", "-wal", "-shm", "-reserve"] {
            try? FileManager.default.removeItem(atPath: folder.path + "/catalog.db" + suffix)
        }
    }

    @Test func `a folder without its catalog is rebuilt, and is then in order`() throws {
        let (folder, _) = try StoreFolder.filled(seed: 31, batchCount: 3, spanCount: 100)
        try removeCatalog(folder)
        let advised = try SkeinRun(["store", "verify", "--data", folder.path])
        #expect(advised.code == 1)
        #expect(advised.errors.contains("'skein store rebuild'"))
        let rebuilt = try SkeinRun(["store", "rebuild", "--data", folder.path])
        #expect(rebuilt.code == 0, "\(rebuilt)")
        #expect(rebuilt.output == "the catalog is made anew: 3 segments, 300 spans\n")
        #expect(rebuilt.errors == "")
        let verified = try SkeinRun(["store", "verify", "--data", folder.path])
        #expect(verified.output == "3 segments in order\n", "\(verified)")
    }

    @Test func `verify goes on to rebuild when it is asked to and the catalog is damaged`() throws {
        let (folder, _) = try StoreFolder.filled(seed: 32, batchCount: 2, spanCount: 100)
        #expect(
            try SkeinRun(["store", "verify", "--rebuild", "--data", folder.path]).output == "2 segments in order\n")
        try removeCatalog(folder)
        try Data("no catalog".utf8).write(to: URL(filePath: folder.path + "/catalog.db"))
        #expect(try SkeinRun(["store", "verify", "--data", folder.path]).code == 1)
        let rebuilt = try SkeinRun(["store", "verify", "--rebuild", "--json", "--data", folder.path])
        #expect(rebuilt.code == 0, "\(rebuilt)")
        #expect(rebuilt.output.contains("\"segments\" : 2"))
        #expect(try SkeinRun(["store", "verify", "--data", folder.path]).code == 0)
    }

    @Test func `a damaged segment is told of by verify and set aside by rebuild`() throws {
        let (folder, _) = try StoreFolder.filled(seed: 33, batchCount: 2, spanCount: 100)
        let first = try #require(try segments(folder).first)
        let url = URL(filePath: folder.path + "/segments/" + first)
        try Data(contentsOf: url).dropLast(10).write(to: url)
        let verified = try SkeinRun(["store", "verify", "--data", folder.path])
        #expect(verified.code == 1)
        #expect(verified.errors.contains(first))
        let rebuilt = try SkeinRun(["store", "rebuild", "--data", folder.path])
        #expect(rebuilt.code == 1)
        #expect(rebuilt.output.contains("1 segment, 100 spans\nlost 100 spans: set aside as \(first).damaged: "))
        #expect(try SkeinRun(["store", "verify", "--data", folder.path]).output == "1 segment in order\n")
        #expect(try segments(folder).contains(first + ".damaged"))
    }

    @Test func `segments are merged`() throws {
        let (folder, traceIDs) = try StoreFolder.filled(seed: 34, batchCount: 4, spanCount: 100)
        let compacted = try SkeinRun(["store", "compact", "--data", folder.path])
        #expect(compacted.code == 0, "\(compacted)")
        #expect(compacted.output.hasPrefix("4 segments, "))
        #expect(compacted.output.contains(" -> 1 segment, "))
        #expect(
            try SkeinRun(["store", "compact", "--json", "--data", folder.path]).output.contains("\"segments\" : 1"))
        let store = try StoreFolder.open(folder.path)
        #expect(try store.trace(traceIDs[0]) != nil)
        store.close()
    }

    @Test func `traces are dropped for good`() throws {
        let (folder, traceIDs) = try StoreFolder.filled(seed: 35, batchCount: 2, spanCount: 100)
        let (gone, kept) = (traceIDs[0], traceIDs[1])
        let dropped = try SkeinRun(["store", "drop", "--trace", "\(gone)", "fee1dead", "--yes", "--data", folder.path])
        #expect(dropped.code == 0, "\(dropped)")
        #expect(dropped.output.hasPrefix("dropped \(gone): "))
        #expect(dropped.errors == "skein: no trace 00000000fee1dead\n")
        let store = try StoreFolder.open(folder.path)
        #expect(try store.trace(gone) == nil)
        #expect(try store.trace(kept) != nil)
        store.close()
        let again = try SkeinRun(["store", "drop", "--trace", "\(gone)", "--yes", "--json", "--data", folder.path])
        #expect(again.code == 1)
        #expect(again.output.contains("\"dropped\" : [\n\n  ]"), "\(again)")
    }

    @Test func `columns and segments are listed`() throws {
        let (folder, _) = try StoreFolder.filled(seed: 36, batchCount: 2, spanCount: 200)
        let columns = try SkeinRun(["store", "stats", "--columns", "--data", folder.path])
        #expect(columns.code == 0, "\(columns)")
        #expect(columns.output.contains("\nspan IDs "))
        #expect(columns.output.contains("\nall "))
        let json = try SkeinRun(["store", "stats", "--columns", "--json", "--data", folder.path])
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(report["spans"] as? Int == 400)
        let parts = try #require(report["columns"] as? [[String: Any]]).compactMap { $0["bytes"] as? Double }
        #expect(parts == parts.sorted(by: >))
        // The sum is of whole files.
        let bytes = try #require(report["bytes"] as? Int)
        #expect(abs(parts.reduce(0, +) - Double(bytes)) < Double(bytes) / 20)
        let segments = try SkeinRun(["store", "stats", "--segments", "--data", folder.path])
        #expect(segments.output.split(separator: "\n").count == 3, "\(segments)")
        let list = try SkeinRun(["store", "stats", "--segments", "--json", "--data", folder.path])
        let lines = try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]]
        #expect(lines?.compactMap { $0["spans"] as? Int } == [200, 200])
        #expect(lines?.compactMap { $0["id"] as? Int } == [1, 2])
    }

    @Test(arguments: [
        ["drop", "--yes"], ["drop", "--trace", "xyz", "--yes"], ["drop", "--trace", "a"],
        ["export", "--format", "xml"],
        ["export", "--since", "nonsense"], ["import"], ["stats", "--columns", "--segments"],
        ["stats", "--columns", "--server", "http://127.0.0.1:1"], ["rebuild", "--force"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) throws {
        let result = try SkeinRun(["store"] + arguments)
        #expect(result.code == 2, "\(result)")
        #expect(result.output == "")
    }

    @Test(arguments: ["verify", "rebuild", "compact", "export"])
    func `a folder that is none of a store's is left alone`(command: String) throws {
        let folder = try TemporaryFolder()
        let result = try SkeinRun(["store", command, "--data", folder.path])
        #expect(result.code == 1)
        #expect(result.errors == "skein: '\(folder.path)' is no data folder of skein\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test(arguments: [
        ["verify"], ["rebuild"], ["compact"], ["export"], ["import", "/dev/null"], ["drop", "--trace", "a", "--yes"],
        ["stats", "--columns"],
    ])
    func `a folder that a server has is told of`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let store = try StoreFolder.open(folder.path)
        defer { store.close() }
        let result = try SkeinRun(["store"] + arguments + ["--data", folder.path])
        #expect(result.code == 1)
        #expect(result.errors.contains("another skein has this folder; stop it"), "\(result)")
    }

    @Test(arguments: ["stats", "verify", "rebuild", "compact", "export", "import", "drop"])
    func `help shows examples`(command: String) throws {
        let help = try SkeinRun(["store", command, "--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("Examples:\n"))
        #expect(help.output.contains("--json"))
    }
}
