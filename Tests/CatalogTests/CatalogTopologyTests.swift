import Catalog
import FoundationEssentials
import GRDB
import StorageFiles
import TestSupport
import Testing

@Suite struct CatalogTopologyTests {
    private func series(_ id: Int64, _ callee: String = "b") -> TopologyChange.Series {
        TopologyChange.Series(
            id: id, kind: 1, spanKind: 2, isMirrored: true, names: ["a", "n", "v\0", "é", callee, "", "", "op"])
    }

    private func bucket(_ level: TopologyChange.Level, _ number: Int64, _ content: [UInt8]) -> TopologyChange.Bucket {
        TopologyChange.Bucket(level: level, start: number * level.rawValue * 1_000_000_000, content: content)
    }

    @Test func `once nothing waits, the room that waiting calls took is given back`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.waiting = TopologyChange.Waiting(
            cutoff: 0, content: (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0) })
        try store.catalog.change(change)
        change.waiting = nil
        change.replacesWaiting = true
        try store.catalog.change(change)
        let size = try FileManager.default.attributesOfItem(atPath: store.path)[.size] as? Int
        #expect(size ?? .max < 1_000_000)
        let log = try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int
        #expect(log ?? .max < 1_000_000)
    }

    @Test func `a change is there after opening again, and later ones take the place of its buckets`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.series = [series(1), series(2, "c")]
        change.buckets = [bucket(.minute, 5, [1]), bucket(.minute, 4, [2]), bucket(.hour, -1, [3])]
        change.waiting = TopologyChange.Waiting(cutoff: -7, content: [])
        try store.catalog.change(change)
        change.series = [series(3, "d")]
        change.buckets = [bucket(.minute, 5, [9])]
        change.waiting = TopologyChange.Waiting(cutoff: 8, content: [4, 5])
        try store.catalog.change(change)
        try store.reopen()
        let catalog = store.catalog
        #expect(try catalog.topologySeries() == [series(1), series(2, "c"), series(3, "d")])
        #expect(try catalog.topologyBucketStarts(.minute) == [240_000_000_000, 300_000_000_000])
        #expect(try catalog.topologyBucketStarts(.day) == [])
        #expect(try catalog.topologyBucket(.minute, start: 300_000_000_000) == [9])
        #expect(try catalog.topologyBucket(.tenMinutes, start: 300_000_000_000) == nil)
        #expect(
            try catalog.topologyBuckets(.minute, startingWithin: 0..<300_000_000_000) == [bucket(.minute, 4, [2])])
        #expect(try catalog.topologyBuckets(.hour, startingWithin: Int64.min..<0) == [bucket(.hour, -1, [3])])
        #expect(
            try catalog.topologyWaiting() == [
                TopologyChange.Waiting(cutoff: -7, content: []), TopologyChange.Waiting(cutoff: 8, content: [4, 5]),
            ])
        #expect(try catalog.topologyKeptFrom() == [:])
        #expect(try catalog.checkIntegrity() == [])
    }

    @Test func `waiting calls are replaced when a change says so`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.waiting = TopologyChange.Waiting(cutoff: 1, content: [1])
        for _ in 0..<3 { try store.catalog.change(change) }
        #expect(try store.catalog.topologyWaiting().count == 3)
        change.replacesWaiting = true
        change.waiting?.cutoff = 2
        try store.catalog.change(change)
        #expect(try store.catalog.topologyWaiting() == [TopologyChange.Waiting(cutoff: 2, content: [1])])
        change.waiting = nil
        try store.catalog.change(change)
        #expect(try store.catalog.topologyWaiting() == [])
    }

    @Test func `segments and the topology change together or not at all`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.series = [series(1)]
        change.buckets = [bucket(.minute, 1, [1])]
        try store.catalog.add([.sample(1)], firstJournalPart: 3, topology: change)
        change.series = [series(2, "c")]
        change.buckets = [bucket(.minute, 1, [2])]
        // The segment is there already.
        #expect(throws: CatalogError.self) {
            try store.catalog.add([.sample(1)], firstJournalPart: 4, topology: change)
        }
        #expect(try store.catalog.topologySeries() == [series(1)])
        #expect(try store.catalog.topologyBucket(.minute, start: 60_000_000_000) == [1])
        #expect(try store.catalog.firstJournalPart == 3)
    }

    @Test func `what is old goes, and the time from which a level is kept never goes back`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.series = [series(1), series(2, "c")]
        change.buckets = (0..<10).map { bucket(.minute, $0, [1]) } + [bucket(.hour, 0, [1])]
        try store.catalog.change(change)
        try store.catalog.removeTopology(before: [.minute: 240_000_000_000], seriesIDs: [2, 77])
        try store.catalog.removeTopology(before: [.minute: 120_000_000_000])
        #expect(try store.catalog.topologyBucketStarts(.minute).first == 240_000_000_000)
        #expect(try store.catalog.topologyBucketStarts(.hour) == [0])
        #expect(try store.catalog.topologySeries() == [series(1)])
        #expect(try store.catalog.topologyKeptFrom() == [.minute: 240_000_000_000])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `a rebuild from segments leaves the topology as it is`() throws {
        let store = try TemporaryCatalog()
        var change = TopologyChange()
        change.series = [series(1)]
        change.buckets = [bucket(.day, 1, [1])]
        change.waiting = TopologyChange.Waiting(cutoff: 1, content: [1])
        try store.catalog.add([.sample(1)], firstJournalPart: nil, topology: change)
        try store.catalog.rebuild(from: [.sample(2)], firstJournalPart: 0)
        #expect(try store.catalog.segments().map(\.id) == [2])
        #expect(try store.catalog.topologySeries() == [series(1)])
        #expect(try store.catalog.topologyBucketStarts(.day) == [86_400_000_000_000])
        #expect(try store.catalog.topologyWaiting().count == 1)
    }

    @Test func `the catalog of the release before gets a topology and keeps its segments`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/catalog.db"
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: StorageFile.catalogMigrations[0].text)
            try database.execute(
                sql: """
                    INSERT INTO segments VALUES (4, 'segment-4', 5004, 1000, 2000, 2500, 0, 3, 0, 4096, 1, 0, 0);
                    INSERT INTO segment_names VALUES (4, x'', x'', x'');
                    UPDATE state SET value = 5 WHERE key = 'next_segment_id';
                    PRAGMA user_version = 1
                    """)
        }
        try queue.close()
        for _ in 0..<2 {
            let catalog = try Catalog(path: path)
            #expect(try catalog.segments() == [SegmentSummary.sample(4).record])
            #expect(try catalog.topologySeries() == [])
            #expect(try catalog.checkIntegrity() == [])
            var change = TopologyChange()
            change.buckets = [bucket(.minute, 0, [1])]
            try catalog.change(change)
            catalog.close()
        }
    }

    @Test func `a series with values out of range is an error`() throws {
        let store = try TemporaryCatalog()
        store.catalog.close()
        let queue = try DatabaseQueue(path: store.path)
        try queue.write {
            try $0.execute(
                sql: "INSERT INTO topology_series VALUES (1, 300, 0, 0, x'', x'', x'', x'', x'', x'', x'', x'')")
        }
        try queue.close()
        try store.reopen()
        let error = #expect(throws: CatalogError.self) { _ = try store.catalog.topologySeries() }
        #expect(error?.code == .corrupt)
    }
}
