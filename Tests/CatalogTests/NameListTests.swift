import Catalog
import TestSupport
import Testing

@Suite struct NameListTests {
    @Test func `a name goes with the last segment that has it, whichever that is`() throws {
        let store = try TemporaryCatalog()
        let shared = ServiceSummary.sample("web", operations: ["shared"], remote: ["db"])
        try store.catalog.add(
            .sample(1, services: [shared, .sample("old", operations: ["o"])], keys: ["a", "b"]), firstJournalPart: nil)
        try store.catalog.add(
            .sample(2, services: [.sample("web", operations: ["only"])], keys: ["c"]), firstJournalPart: nil)
        try store.catalog.add(.sample(3, services: [shared], keys: ["b"]), firstJournalPart: nil)

        try store.catalog.remove(segmentIDs: [3])
        #expect(try store.catalog.operationNames(ofService: "web") == ["only", "shared"])
        try store.catalog.remove(segmentIDs: [2, 99])
        #expect(try store.catalog.operationNames(ofService: "web") == ["shared"])
        #expect(try store.catalog.remoteServiceNames(ofService: "web") == ["db"])
        #expect(try store.catalog.attributeKeys() == ["a", "b"])
        try store.catalog.remove(segmentIDs: [1])
        #expect(try store.catalog.serviceNames() == [])
        #expect(try store.catalog.operationNames(ofService: "old") == [])
        #expect(try store.catalog.attributeKeys() == [])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `a segment takes the place of others in one step`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(.sample(1, services: [.sample("web", operations: ["a", "gone"])]), firstJournalPart: nil)
        try store.catalog.add(.sample(2, services: [.sample("db", operations: ["b"])]), firstJournalPart: nil)
        let merged = SegmentSummary.sample(
            3, services: [.sample("web", operations: ["a"]), .sample("db", operations: ["b"])])
        try store.catalog.add(merged, replacing: [1, 2], firstJournalPart: nil)
        #expect(try store.catalog.segments() == [merged.record])
        #expect(try store.catalog.operationNames(ofService: "web") == ["a"])
        #expect(try store.catalog.operationNames(ofService: "db") == ["b"])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test func `names beyond the limits are counted, and the spans are still found`() throws {
        let limits = CatalogLimits(
            serviceCountMax: 2, nameCountMaxPerService: 3, nameCountMax: 5, attributeKeyCountMax: 2, nameByteCountMax: 8
        )
        let store = try TemporaryCatalog(limits: limits)
        let many = ["1", "2", "3", "4"]
        try store.catalog.add(
            .sample(
                1,
                services: [
                    .sample("a", operations: many), .sample("b", operations: many), .sample("c", operations: many),
                ],
                keys: ["x", "y", "z", "much too long"]), firstJournalPart: nil)
        #expect(try store.catalog.serviceNames() == ["a", "b"])
        #expect(try store.catalog.operationNames(ofService: "a") == ["1", "2", "3"])
        #expect(try store.catalog.operationNames(ofService: "b") == ["1", "2"])
        #expect(try store.catalog.attributeKeys() == ["x", "y"])
        let counts = try store.catalog.unlistedNameCounts()
        #expect(counts.services == 1)
        #expect(counts.others == 1 + 2 + 4 + 2)

        try store.catalog.add(.sample(2, services: [.sample("a")]), firstJournalPart: nil)
        for service in ["c", "never seen"] {
            #expect(
                try store.catalog.segmentIDs(startingWithin: 0...9999, serviceName: service).map(\.segmentID) == [1])
        }
        #expect(try store.catalog.segmentIDs(startingWithin: 0...9999, serviceName: "a").map(\.segmentID) == [2, 1])
        #expect(try store.catalog.checkIntegrity() == [])

        try store.catalog.remove(segmentIDs: [1])
        #expect(try store.catalog.unlistedNameCounts().services == 0)
        try store.catalog.add(.sample(3, services: [.sample("c", operations: many)]), firstJournalPart: nil)
        #expect(try store.catalog.serviceNames() == ["a", "c"])
    }

    @Test func `a rebuild leaves what the summaries say and nothing else`() throws {
        let store = try TemporaryCatalog()
        try store.catalog.add(
            .sample(1, services: [.sample("old", operations: ["o"])], keys: ["k"]), firstJournalPart: 3)
        let summaries = [
            SegmentSummary.sample(5, services: [.sample("web", operations: ["get"], remote: ["db"])], keys: ["n"]),
            SegmentSummary.sample(6, services: [.sample("db", operations: ["query"])]),
        ]
        try store.catalog.rebuild(from: summaries, firstJournalPart: 1)
        #expect(try store.catalog.segments() == summaries.map(\.record))
        #expect(try store.catalog.serviceNames() == ["db", "web"])
        #expect(try store.catalog.operationNames(ofService: "old") == [])
        #expect(try store.catalog.attributeKeys() == ["n"])
        #expect(try store.catalog.checkIntegrity() == [])
    }

    @Test(arguments: [UInt64.random(in: 0 ... .max), 1, 2])
    func `lists agree with a model through random changes`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let store = try TemporaryCatalog()
        var model = CatalogModel()
        for step in 0..<120 {
            let known = model.summaries.keys.sorted()
            let victims = known.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            if step % 3 == 2 {
                try store.catalog.remove(segmentIDs: victims)
                for id in victims { model.summaries[id] = nil }
            } else {
                let summary = SegmentSummary.random(try store.catalog.allocateSegmentID(), using: &generator)
                let replaced = step % 3 == 1 ? victims : []
                try store.catalog.add(summary, replacing: replaced, firstJournalPart: UInt64(step))
                for id in replaced { model.summaries[id] = nil }
                model.summaries[summary.record.id] = summary
            }
            if step % 40 == 20 { try store.reopen() }
            try model.expectSame(store.catalog)
        }
        #expect(try store.catalog.checkIntegrity() == [])
    }
}

extension SegmentSummary {
    /// Few names, so that segments share some.
    static func random(_ id: Int64, using generator: inout SeededGenerator) -> SegmentSummary {
        func some(_ prefix: String) -> [String] {
            (0..<12).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }.map { "\(prefix)\($0)" }
        }
        let services = some("service").map { name in
            let start = Int64.random(in: 0..<5000, using: &generator)
            return ServiceSummary.sample(
                name, starts: start...start + 700, operations: some("operation"),
                kind: UInt8.random(in: 0..<3, using: &generator), remote: some("remote"))
        }
        return .sample(id, starts: 0...6000, services: services, keys: some("key"))
    }
}

extension CatalogModel {
    func expectSame(_ catalog: Catalog) throws {
        #expect(try catalog.segments() == summaries.keys.sorted().compactMap { summaries[$0]?.record })
        #expect(try catalog.serviceNames().bytes == serviceNames)
        #expect(try catalog.attributeKeys().bytes == attributeKeys)
        for index in 0..<12 {
            let service = "service\(index)"
            #expect(try catalog.operationNames(ofService: service).bytes == operationNames(service))
            #expect(try catalog.remoteServiceNames(ofService: service).bytes == remoteServiceNames(service))
            let found = try catalog.segmentIDs(startingWithin: 2000...2500, serviceName: service)
            #expect(Set(found.map(\.segmentID)) == segmentIDs(2000...2500, service))
            #expect(found.map(\.latestStart) == found.map(\.latestStart).sorted(by: >))
        }
    }
}
