import Catalog
import FoundationEssentials
import GRDB
import StorageFiles
import TestSupport
import Testing

@Suite struct CatalogForwardingTests {
    private func pending(_ catalog: Catalog) throws -> Set<[Int64]> {
        Set(try catalog.pendingForwards().map { [$0.destinationID, $0.segmentID, Int64($0.doneSpanCount)] })
    }

    @Test func `every destination lacks a segment that is entered, and a new one those that there are`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1), firstJournalPart: nil)
        try store.catalog.enterForwardDestinations([("all", true), ("later", false)])
        let entered = try store.catalog.add(.sample(2), firstJournalPart: nil)
        #expect(entered.map(\.destinationID) == [1, 2])
        #expect(try pending(store.catalog) == [[1, 1, 0], [1, 2, 0], [2, 2, 0]])
        // A destination that is known already changes nothing.
        try store.catalog.enterForwardDestinations([("later", true)])
        try store.reopen()
        #expect(try store.catalog.forwardDestinations().map(\.name) == ["all", "later"])
        #expect(try pending(store.catalog) == [[1, 1, 0], [1, 2, 0], [2, 2, 0]])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `what was handed on is noted, and what was not goes with its segment`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.enterForwardDestinations([("a", true), ("b", true)])
        for id in 1...3 as ClosedRange<Int64> {
            try store.catalog.add(.sample(id, services: [.sample("shop")]), firstJournalPart: nil)
        }
        try store.catalog.markForwarded(destinationID: 1, segmentID: 1, doneSpanCount: nil)
        try store.catalog.markForwarded(destinationID: 1, segmentID: 2, doneSpanCount: 7)
        try store.catalog.markForwarded(destinationID: 1, segmentID: 99, doneSpanCount: 7)
        #expect(try pending(store.catalog) == [[1, 2, 7], [1, 3, 0], [2, 1, 0], [2, 2, 0], [2, 3, 0]])
        try store.catalog.remove(segmentIDs: [2])
        #expect(try pending(store.catalog) == [[1, 3, 0], [2, 1, 0], [2, 3, 0]])
        try store.catalog.removeForwardDestination(named: "b")
        #expect(try pending(store.catalog) == [[1, 3, 0]])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `what replaces segments is lacked by whom one of them was`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.enterForwardDestinations([("a", true), ("b", true)])
        for id in 1...4 as ClosedRange<Int64> { try store.catalog.add(.sample(id), firstJournalPart: nil) }
        for id in 1...3 as ClosedRange<Int64> {
            try store.catalog.markForwarded(destinationID: 1, segmentID: id, doneSpanCount: nil)
        }
        try store.catalog.markForwarded(destinationID: 2, segmentID: 3, doneSpanCount: nil)
        let merged = try store.catalog.add(.sample(5), replacing: [1, 2], firstJournalPart: nil)
        #expect(merged == [PendingForward(destinationID: 2, segmentID: 5, doneSpanCount: 0)])
        #expect(try store.catalog.add(.sample(6), replacing: [3], firstJournalPart: nil) == [])
        #expect(try pending(store.catalog) == [[2, 5, 0], [1, 4, 0], [2, 4, 0]])
    }

    @Test func `after a rebuild destinations lack everything`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.enterForwardDestinations([("a", true)])
        try store.catalog.add(.sample(1), firstJournalPart: nil)
        try store.catalog.markForwarded(destinationID: 1, segmentID: 1, doneSpanCount: nil)
        try store.catalog.rebuild(from: [.sample(1), .sample(2)], firstJournalPart: 0)
        #expect(try pending(store.catalog) == [[1, 1, 0], [1, 2, 0]])
    }

    @Test func `more spans done than there are is a finding`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.enterForwardDestinations([("a", true)])
        try store.catalog.add(.sample(1, services: [.sample("shop")]), firstJournalPart: nil)
        try store.catalog.markForwarded(destinationID: 1, segmentID: 1, doneSpanCount: 10)
        #expect(try store.catalog.checkIntegrity().count == 1)
        try store.catalog.markForwarded(destinationID: 1, segmentID: 1, doneSpanCount: 9)
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `a catalog of the version before gets the tables and a key of its own`() throws {
        let folder = try TemporaryFolder()
        var keys: Set<[UInt8]> = []
        for name in ["one.db", "two.db"] {
            let path = folder.path + "/" + name
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { database in
                for migration in StorageFile.catalogMigrations.prefix(3) {
                    try database.execute(sql: migration.text)
                }
                try database.execute(sql: "PRAGMA user_version = 3")
            }
            try queue.close()
            let catalog = try Catalog(path: path)
            defer { catalog.close() }
            try catalog.add(.sample(1), firstJournalPart: nil)
            try catalog.enterForwardDestinations([("a", true)])
            #expect(try catalog.pendingForwards().count == 1)
            keys.insert(try catalog.forwardHashKey)
            #expect(try catalog.checkIntegrity() == [])
        }
        #expect(keys.count == 2)
    }

    @Test func `what is to be told of calls stays until it was told, and then for as long as asked`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.enterForwardDestinations([("a", true)])
        let calls = (1...3).map { ForwardCalls(start: Int64($0) * 100, hash: Int64($0), content: [UInt8($0)]) }
        try store.catalog.putForwardCalls(destinationID: 1, calls)
        // The second says something else by now.
        try store.catalog.putForwardCalls(destinationID: 1, [ForwardCalls(start: 200, hash: 22, content: [22])])
        try store.catalog.markForwardCalls(destinationID: 1, told: [(100, 1), (200, 2), (300, 3)], forgetting: 300)
        #expect(
            try store.catalog.forwardCalls(destinationID: 1)
                == [
                    ForwardCalls(start: 200, hash: 22, content: [22]), ForwardCalls(start: 300, hash: 3, content: nil),
                ])
    }
}
