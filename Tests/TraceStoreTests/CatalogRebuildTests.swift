import FoundationEssentials
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct CatalogRebuildTests {
    private static let catalogFiles = ["catalog.db", "catalog.db-wal", "catalog.db-shm", "catalog.db-reserve"]

    /// A closed folder with some segments, each sealed from a batch, and all its traces.
    private func filled(segmentCount: Int) throws -> (harness: StoreHarness, expected: [TraceID: [SpanView]]) {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 11)
        for _ in 0..<segmentCount {
            try harness.append(generator.batch(spanCount: 300))
            try harness.store.seal()
        }
        var expected: [TraceID: [SpanView]] = [:]
        for traceID in generator.traceIDs { expected[traceID] = try harness.store.trace(traceID)?.spans }
        harness.store.close()
        return (harness, expected)
    }

    private func expectSame(_ expected: [TraceID: [SpanView]], in store: TraceStore) throws {
        #expect(!expected.isEmpty)
        for (traceID, spans) in expected {
            let found = try store.trace(traceID)?.spans ?? []
            #expect(found.count == spans.count)
            #expect(zip(found, spans).allSatisfy { $0.hasEqualContent(to: $1) })
        }
        #expect(try store.verify { _, _ in } == [])
    }

    private func rebuild(_ harness: StoreHarness) throws -> RebuildReport {
        try TraceStore.rebuildCatalog(path: harness.folder.path, logger: StoreHarness.logger)
    }

    private func segmentFiles(_ harness: StoreHarness) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: harness.folder.path + "/segments").sorted()
    }

    private func removeCatalog(_ harness: StoreHarness) throws {
        for file in Self.catalogFiles where FileManager.default.fileExists(atPath: harness.folder.path + "/" + file) {
            try FileManager.default.removeItem(atPath: harness.folder.path + "/" + file)
        }
    }

    @Test func `a catalog that is gone is made anew from the segments`() throws {
        let (harness, expected) = try filled(segmentCount: 3)
        try removeCatalog(harness)
        #expect(throws: StoreError.self) { try harness.open() }
        let report = try rebuild(harness)
        #expect(report.segmentCount == 3)
        #expect(report.spanCount == 900)
        #expect(report.removedFileCount == 0 && report.lost.isEmpty)
        let left = try FileManager.default.contentsOfDirectory(atPath: harness.folder.path).sorted()
        #expect(left.filter { $0.hasPrefix("catalog") && !Self.catalogFiles.contains($0) } == [])
        try harness.open()
        try expectSame(expected, in: harness.store)
        #expect(try harness.store.serviceNames() == ["a.default", "b.default", "cé"])
        harness.store.close()
    }

    @Test(arguments: ["no SQLite file at all", ""])
    func `a damaged catalog is replaced`(content: String) throws {
        let (harness, expected) = try filled(segmentCount: 2)
        // SQLite may have left a log from which it would restore the file.
        try removeCatalog(harness)
        try Data(content.utf8).write(to: URL(filePath: harness.folder.path + "/catalog.db"))
        #expect(throws: StoreError.self) { try harness.open() }
        #expect(try rebuild(harness).segmentCount == 2)
        try harness.open()
        try expectSame(expected, in: harness.store)
        harness.store.close()
    }

    @Test func `a rebuild that was broken off can be done again`() throws {
        let (harness, expected) = try filled(segmentCount: 2)
        let path = harness.folder.path
        // As it is between the two renames: the old catalog is away, the new one has not got its name.
        try FileManager.default.moveItem(atPath: path + "/catalog.db", toPath: path + "/catalog.db.before-rebuild")
        try Data("half".utf8).write(to: URL(filePath: path + "/catalog.db.rebuilt"))
        try Data("old log".utf8).write(to: URL(filePath: path + "/catalog.db-wal"))
        #expect(throws: StoreError.self) { try harness.open() }
        #expect(try rebuild(harness).segmentCount == 2)
        try harness.open()
        try expectSame(expected, in: harness.store)
        harness.store.close()
    }

    @Test func `a segment whose spans are all in another is removed`() throws {
        let (harness, expected) = try filled(segmentCount: 3)
        let first = try #require(try segmentFiles(harness).first)
        let path = harness.folder.path + "/segments/" + first
        let copy = try Data(contentsOf: URL(filePath: path))
        try harness.open()
        #expect(try harness.store.compact() == 3)
        harness.store.close()
        try copy.write(to: URL(filePath: path))
        try removeCatalog(harness)
        let report = try rebuild(harness)
        #expect(report.segmentCount == 1)
        #expect(report.spanCount == 900)
        #expect(report.removedFileCount == 1)
        #expect(try segmentFiles(harness).count == 1)
        try harness.open()
        try expectSame(expected, in: harness.store)
        harness.store.close()
    }

    @Test func `a segment that replaced others and is damaged does not take them along`() throws {
        let (harness, expected) = try filled(segmentCount: 2)
        let names = try segmentFiles(harness)
        let folder = harness.folder.path + "/segments/"
        let copies = try names.map { try Data(contentsOf: URL(filePath: folder + $0)) }
        try harness.open()
        #expect(try harness.store.compact() == 2)
        harness.store.close()
        let merged = try #require(try segmentFiles(harness).first)
        try Data("no segment".utf8).write(to: URL(filePath: folder + merged))
        for (name, copy) in zip(names, copies) { try copy.write(to: URL(filePath: folder + name)) }
        let report = try rebuild(harness)
        #expect(report.segmentCount == 2)
        #expect(report.lost.map(\.fileName) == [merged + ".damaged"])
        try harness.open()
        try expectSame(expected, in: harness.store)
        harness.store.close()
    }

    @Test func `a damaged segment is set aside, told in numbers, and its ID is not given out again`() throws {
        let (harness, _) = try filled(segmentCount: 3)
        let last = try #require(try segmentFiles(harness).last)
        let path = harness.folder.path + "/segments/" + last
        let content = try Data(contentsOf: URL(filePath: path))
        try content.prefix(content.count / 2).write(to: URL(filePath: path))
        let report = try rebuild(harness)
        #expect(report.segmentCount == 2)
        #expect(report.lost.map(\.spanCount) == [300])
        #expect(try segmentFiles(harness).contains(last + ".damaged"))

        // Also by a later rebuild, which only finds the name of before.
        #expect(try rebuild(harness).lost.isEmpty)
        try harness.open()
        #expect(try harness.store.verify { _, _ in } == [])
        var generator = SpanGenerator(seed: 12)
        try harness.append(generator.batch(spanCount: 10))
        harness.store.close()
        #expect(try segmentFiles(harness).contains(last + ".damaged"))
        #expect(try !segmentFiles(harness).contains(last))
    }

    @Test func `what only the journal has is kept, and what segments have does not come twice`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 13)
        try harness.append(generator.batch(spanCount: 200))
        try harness.store.seal()
        try harness.append(generator.batch(spanCount: 50))
        try harness.crash()
        // The copy has been opened and is sealed by closing; a second crash leaves spans in its journal.
        try harness.append(generator.batch(spanCount: 25))
        try harness.crash()
        harness.store.close()
        let before = try rebuild(harness)
        try harness.open()
        #expect(before.spanCount == 275)
        #expect(harness.store.statistics().liveSpanCount == 0)
        #expect(try harness.store.verify { _, _ in } == [])
        harness.store.close()
    }

    @Test func `a folder in use is not touched`() throws {
        let harness = try StoreHarness()
        let error = #expect(throws: StoreError.self) { try rebuild(harness) }
        #expect(error?.code == .inUse)
        harness.store.close()
    }

    @Test func `the IDs of a new catalog go on behind every file`() throws {
        let (harness, _) = try filled(segmentCount: 2)
        let last = try #require(try segmentFiles(harness).last)
        try removeCatalog(harness)
        _ = try rebuild(harness)
        try harness.open()
        var generator = SpanGenerator(seed: 14)
        try harness.append(generator.batch(spanCount: 10))
        harness.store.close()
        let names = try segmentFiles(harness)
        #expect(names.count == 3)
        #expect(names.last.map { $0 > last } == true)
    }
}
