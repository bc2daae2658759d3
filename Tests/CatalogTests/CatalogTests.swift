import Catalog
import TestSupport
import Testing

@Suite struct CatalogTests {
    @Test func `a new catalog is empty and sound`() throws {
        let store = try TemporaryCatalog()
        #expect(try store.catalog.segments().isEmpty)
        #expect(try store.catalog.serviceNames().isEmpty)
        #expect(try store.catalog.firstJournalPart == 0)
        #expect(try store.catalog.checkIntegrity() == [])
        #expect(
            try store.catalog.storeID.wholeMatch(
                of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }

    @Test func `a segment comes back as it was entered, also after reopening`() throws {
        let store = try TemporaryCatalog()
        let first = SegmentSummary.sample(1, services: [.sample("web")])
        let timeless = SegmentSummary.sample(2, starts: nil, services: [.sample("db", starts: nil)])
        try store.catalog.add(first, firstJournalPart: 4)
        try store.catalog.add(timeless, firstJournalPart: nil)
        let id = try store.catalog.storeID
        try store.reopen()
        #expect(try store.catalog.segments() == [first.record, timeless.record])
        #expect(try store.catalog.firstJournalPart == 4)
        #expect(try store.catalog.storeID == id)
    }

    @Test func `a segment ID is never given out twice`() throws {
        let store = try TemporaryCatalog()
        #expect(try store.catalog.allocateSegmentID() == 1)
        #expect(try store.catalog.allocateSegmentID() == 2)
        try store.catalog.add(.sample(7), firstJournalPart: nil)
        try store.catalog.remove(segmentIDs: [7])
        try store.reopen()
        #expect(try store.catalog.allocateSegmentID() == 8)
        try store.catalog.rebuild(from: [SegmentSummary.sample(3)], firstJournalPart: 0)
        #expect(try store.catalog.allocateSegmentID() == 9)
    }

    @Test func `the first journal part only rises, but a rebuild sets it`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1), firstJournalPart: 9)
        try store.catalog.add(.sample(2), firstJournalPart: 5)
        #expect(try store.catalog.firstJournalPart == 9)
        try store.catalog.rebuild(from: [], firstJournalPart: 2)
        #expect(try store.catalog.firstJournalPart == 2)
        #expect(throws: CatalogError.self) { try store.catalog.add(.sample(3), firstJournalPart: .max) }
        #expect(try store.catalog.segments().isEmpty)
    }

    @Test func `an add that fails changes nothing`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1, services: [.sample("web")]), firstJournalPart: 1)
        var clash = SegmentSummary.sample(2, services: [.sample("new", operations: ["op"])], keys: ["key"])
        clash.record.fileName = "segment-1"
        #expect(throws: CatalogError.self) { try store.catalog.add(clash, firstJournalPart: 7) }
        #expect(throws: CatalogError.self) { try store.catalog.add(.sample(0), firstJournalPart: 7) }
        #expect(try store.catalog.serviceNames() == ["web"])
        #expect(try store.catalog.attributeKeys() == [])
        #expect(try store.catalog.firstJournalPart == 1)
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `a search names the segments whose spans start within the window, the latest first`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1, starts: 100...200), firstJournalPart: nil)
        try store.catalog.add(.sample(2, starts: 150...900), firstJournalPart: nil)
        try store.catalog.add(.sample(3, starts: 300...400), firstJournalPart: nil)
        try store.catalog.add(.sample(4, starts: nil), firstJournalPart: nil)
        func ids(_ window: ClosedRange<Int64>) throws -> [Int64] {
            try store.catalog.segmentIDs(startingWithin: window, serviceName: nil).map(\.segmentID)
        }
        #expect(try ids(.min ... .max) == [2, 3, 1])
        #expect(try ids(200...300) == [2, 3, 1])
        #expect(try ids(201...299) == [2])
        #expect(try ids(901...999) == [])
        #expect(try ids(0...99) == [])
    }

    @Test func `a search by service goes by the times of that service`() throws {
        let store = try TemporaryCatalog()
        let web = ServiceSummary.sample("web", starts: 100...120)
        let database = ServiceSummary.sample("db", starts: 180...200)
        try store.catalog.add(.sample(1, starts: 100...200, services: [web, database]), firstJournalPart: nil)
        try store.catalog.add(
            .sample(2, starts: 300...400, services: [.sample("web", starts: 300...400), .sample("", starts: nil)]),
            firstJournalPart: nil)
        let found = try store.catalog.segmentIDs(startingWithin: 0...1000, serviceName: "web")
        #expect(found.map(\.segmentID) == [2, 1])
        #expect(found.map(\.earliestStart) == [300, 100])
        #expect(found.map(\.latestStart) == [400, 120])
        #expect(try store.catalog.segmentIDs(startingWithin: 150...160, serviceName: "web").isEmpty)
        #expect(try store.catalog.segmentIDs(startingWithin: 0...1000, serviceName: "").isEmpty)
        #expect(try store.catalog.segmentIDs(startingWithin: 0...1000, serviceName: "other").isEmpty)
    }

    @Test func `a service told twice for a segment counts once, with all its spans`() throws {
        let store = try TemporaryCatalog()
        let twice: [ServiceSummary] = [
            .sample("web", starts: nil), .sample("web", starts: 50...60), .sample("web", starts: 10...20),
        ]
        try store.catalog.add(.sample(1, services: twice), firstJournalPart: nil)
        let found = try store.catalog.segmentIDs(startingWithin: 0...100, serviceName: "web")
        #expect(found.map(\.earliestStart) == [10])
        #expect(found.map(\.latestStart) == [60])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `names are kept byte by byte`() throws {
        let names = ["a", "", "nul\0inside", "\0", "é", "e\u{301}", "日本語", "'; DROP TABLE segments; --", "A"]
        let store = try TemporaryCatalog()
        let services = names.map { ServiceSummary.sample($0, operations: names, remote: names) }
        try store.catalog.add(.sample(1, services: services, keys: names), firstJournalPart: nil)
        try store.reopen()
        let sorted = names.bytes.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(try store.catalog.serviceNames().bytes == sorted.filter { !$0.isEmpty })
        #expect(try store.catalog.attributeKeys().bytes == sorted)
        for name in names {
            #expect(try store.catalog.operationNames(ofService: name).bytes == sorted)
            #expect(try store.catalog.remoteServiceNames(ofService: name).bytes == sorted)
            #expect(try store.catalog.segmentIDs(startingWithin: 0...9999, serviceName: name).count == 1)
        }
        #expect(try store.catalog.operations(ofService: "unknown").isEmpty)
    }

    @Test func `operations come with their kinds, names alone come once`() throws {
        let store = try TemporaryCatalog()
        var service = ServiceSummary.sample("web")
        service.operations = [("get", 2), ("get", 1), ("all", 255), ("get", 2)]
        try store.catalog.add(.sample(1, services: [service]), firstJournalPart: nil)
        let operations = try store.catalog.operations(ofService: "web")
        #expect(operations.map(\.name) == ["all", "get", "get"])
        #expect(operations.map(\.kind) == [255, 1, 2])
        #expect(try store.catalog.operationNames(ofService: "web") == ["all", "get"])
    }

    @Test func `a change is synced before it returns`() throws {
        let store = try TemporaryCatalog()
        #expect(try store.catalog.writerSetting("synchronous") == "2")
        #expect(try store.catalog.writerSetting("journal_mode") == "wal")
        #expect(try store.catalog.writerSetting("foreign_keys") == "1")
    }

    @Test func `readers see a replacement whole or not at all`() throws {
        let store = try TemporaryCatalog()
        let catalog = store.catalog
        try catalog.add(.sample(1, services: [.sample("service-1")]), firstJournalPart: 1)
        let readers = (0..<4).map { _ in
            BackgroundThread {
                Result {
                    var latest: Int64 = 0
                    while latest < 150 {
                        let ids = try catalog.segments().map(\.id)
                        let names = try catalog.serviceNames()
                        guard ids.count == 1, names.count == 1, ids[0] >= latest else { return "\(ids), \(names)" }
                        latest = ids[0]
                    }
                    return "sound"
                }
            }
        }
        for id in 2...150 as ClosedRange<Int64> {
            try catalog.add(
                .sample(id, services: [.sample("service-\(id)")]), replacing: [id - 1], firstJournalPart: UInt64(id))
        }
        for reader in readers { #expect(try reader.join().get() == "sound") }
    }

    @Test func `calls after the close throw`() throws {
        let store = try TemporaryCatalog()
        store.catalog.close()
        store.catalog.close()
        #expect(throws: CatalogError.self) { try store.catalog.segments() }
        #expect(throws: CatalogError.self) { try store.catalog.allocateSegmentID() }
    }
}
