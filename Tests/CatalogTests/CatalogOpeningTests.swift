import Catalog
import FoundationEssentials
import GRDB
import StorageFiles
import TestSupport
import Testing

@Suite struct CatalogOpeningTests {
    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test func `the file of a newer release is refused and left as it is`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1), firstJournalPart: nil)
        store.catalog.close()
        let newer = StorageFile.catalogMigrations.count + 1
        try edit(store.path) { try $0.execute(sql: "PRAGMA user_version = \(newer)") }
        let before = try bytes(store.path)
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(path: store.path) }
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.message.contains("version \(newer)") == true)
        #expect(try bytes(store.path) == before)
    }

    @Test func `a newer schema that is still in the WAL is refused too`() throws {
        let store = try TemporaryCatalog()
        store.catalog.close()
        let queue = try DatabaseQueue(path: store.path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(path: store.path) }
        #expect(error?.code == .unsupportedFormat)
        try queue.close()
    }

    @Test func `another program's SQLite file is no catalog`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/catalog.db"
        try edit(path) { try $0.execute(sql: "CREATE TABLE other (a)") }
        let before = try bytes(path)
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(path: path) }
        #expect(error?.code == .corrupt)
        #expect(try bytes(path) == before)
    }

    @Test func `a file that is not SQLite's is no catalog`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/catalog.db"
        try Data(repeating: 0x55, count: 10_000).write(to: URL(filePath: path))
        #expect(throws: CatalogError.self) { _ = try Catalog(path: path) }
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(path: path) }
        #expect(error?.code == .corrupt)
        for file in Catalog.files(at: path) { try? FileManager.default.removeItem(atPath: file) }
        let catalog = try Catalog(path: path)
        #expect(try catalog.checkIntegrity() == [])
        catalog.close()
    }

    @Test func `a folder that is not there is an error`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(path: folder.path + "/none/catalog.db") }
        #expect(error?.code == .failed)
    }

    @Test func `damage to any page is an error or a finding, never a crash`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let store = try TemporaryCatalog()
        for id in 1...30 as ClosedRange<Int64> {
            try store.catalog.add(.random(id, using: &generator), firstJournalPart: nil)
        }
        store.catalog.close()
        let whole = try bytes(store.path)
        for _ in 0..<60 {
            var damaged = whole
            for _ in 0..<8 {
                damaged[Int.random(in: 100..<damaged.count, using: &generator)] ^= UInt8.random(
                    in: 1...255, using: &generator)
            }
            for file in Catalog.files(at: store.path) { try? FileManager.default.removeItem(atPath: file) }
            try damaged.write(to: URL(filePath: store.path))
            guard let catalog = try? Catalog(path: store.path) else { continue }
            _ = try? catalog.checkIntegrity()
            _ = try? catalog.segments()
            _ = try? catalog.serviceNames()
            _ = try? catalog.attributeKeys()
            _ = try? catalog.operations(ofService: "service1")
            _ = try? catalog.segmentIDs(startingWithin: 0...9999, serviceName: "service1")
            _ = try? catalog.add(.random(31, using: &generator), replacing: [3], firstJournalPart: 1)
            _ = try? catalog.rebuild(from: [.random(32, using: &generator)], firstJournalPart: 1)
            catalog.close()
        }
    }

    @Test func `the check finds what does not fit together`() throws {
        let damages: [(sql: String, finding: String)] = [
            ("DELETE FROM segment_names WHERE segment_id = 1", "1 segments without sets of names: 1"),
            ("INSERT INTO services VALUES (77, x'41')", "1 services that no segment has: 77"),
            ("UPDATE segments SET span_count = 0", "1 segments with fewer spans than their services have: 1"),
            ("UPDATE state SET value = 1 WHERE key = 'next_segment_id'", "1 segments with IDs that may be given out"),
            ("INSERT INTO attribute_keys VALUES (9, x'41')", "1 attributeKeys that no segment has: 9"),
            ("DELETE FROM attribute_keys", "1 attributeKeys that segments have, but that are not listed: 1"),
            (
                "INSERT INTO topology_buckets VALUES (60, 61000000000, x'41')",
                "1 buckets of the topology that cannot be where they are: 61000000000"
            ),
            ("INSERT INTO topology_buckets VALUES (61, 0, x'41')", "1 buckets of the topology that cannot be"),
            (
                "INSERT INTO topology_buckets VALUES (60, 0, x'41'); INSERT INTO topology_levels VALUES (60, 600)",
                "1 buckets of the topology that cannot be"
            ),
            (
                "INSERT INTO topology_series VALUES (1, 300, 0, 0, x'', x'', x'', x'', x'', x'', x'', x'')",
                "1 series of the topology with impossible values: 1"
            ),
            (
                "INSERT INTO topology_series VALUES (1, 1, 0, 0, x'', x'', x'', x'', x'', x'', x'', x''), "
                    + "(2, 1, 0, 0, x'', x'', x'', x'', x'', x'', x'', x'')",
                "1 series of the topology that say the same as another: 2"
            ),
            ("UPDATE segment_names SET operations = x'80'", "a set of names is damaged"),
            ("PRAGMA foreign_keys = OFF; DELETE FROM services", "rows name a segment or a service that is not there"),
        ]
        for damage in damages {
            let store = try TemporaryCatalog()
            try store.catalog.add(
                .sample(1, services: [.sample("web", operations: ["get"])], keys: ["key"]), firstJournalPart: nil)
            store.catalog.close()
            try edit(store.path) { try $0.execute(sql: damage.sql) }
            try store.reopen()
            let findings = try store.catalog.checkIntegrity()
            #expect(findings.contains { $0.contains(damage.finding) }, "\(damage.sql): \(findings)")
        }
    }

    private func edit(_ path: String, _ change: (Database) throws -> Void) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction(change)
        try queue.close()
    }
}
