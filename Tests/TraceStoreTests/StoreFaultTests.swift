import FileSystem
import FoundationEssentials
import Journal
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// Single faults, and what is left of the promises under each. Random ones are in `StoreSimulationTests`.
@Suite struct StoreFaultTests {
    @Test func `a full disk refuses, answers queries, and takes again when there is room`() throws {
        let disk = FaultInjectingFileSystem()
        let harness = try StoreHarness(on: disk) { $0.journal.syncMode = .always }
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "a", id: "2")])
        disk.setCapacity(disk.usedByteCount())
        for _ in 0..<3 {
            let refusal = #expect(throws: TraceStore.Refusal.self) {
                try harness.post([StoreHarness.span(trace: "b", id: "1")])
            }
            guard case .diskFull = refusal else {
                Issue.record("refused as \(String(describing: refusal))")
                continue
            }
            harness.store.sealAll()
            #expect(harness.store.statistics().liveSpanCount == 1)
            #expect(try harness.spanIDs("a")?.count == 2)
            #expect(try harness.find { $0.serviceName = "shop" } == ["a"])
        }
        disk.clearFaults()
        try harness.post([StoreHarness.span(trace: "b", id: "2")])
        harness.store.sealAll()
        #expect(harness.store.statistics().liveSpanCount == 0)
        let fileCount = disk.paths().filter { $0.contains("/segments/") }.count
        #expect(fileCount == harness.store.statistics().segmentCount, "failed attempts left files")
        var generator = SeededGenerator(seed: 1)
        try harness.reopen(on: disk.afterPowerCut(using: &generator))
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(try harness.spanIDs("b") == ["0000000000000002"])
    }

    @Test func `what was refused stays away after a kill, even if it could not be cut off`() throws {
        let disk = FaultInjectingFileSystem()
        let harness = try StoreHarness(on: disk) { $0.journal.syncMode = .always }
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        disk.setFault { operation, path in
            let isSealing = path.contains("/segments/")
            return !isSealing && (operation == .sync || operation == .truncate) ? .inputOutput : nil
        }
        #expect(throws: TraceStore.Refusal.self) { try harness.post([StoreHarness.span(trace: "b", id: "1")]) }
        let left = disk.afterKill()
        disk.clearFaults()
        try harness.reopen(on: left)
        #expect(try harness.spanIDs("a")?.count == 1)
        #expect(try harness.spanIDs("b") == nil)
        #expect(harness.store.statistics().liveSpanCount == 1)
    }

    @Test func `one damaged segment among several costs its own spans only, and verify names it`() throws {
        let harness = try StoreHarness()
        for trace in ["a", "b", "c"] {
            try harness.post([
                StoreHarness.span(trace: trace, id: "1", tags: ["only": trace]),
                StoreHarness.span(trace: "d", id: trace),
            ])
            harness.store.sealAll()
        }
        harness.store.close()
        let path = harness.folder.path + "/segments/0000000002.segment"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for place in [0, 4, 30, bytes.count / 2, bytes.count - 30, bytes.count - 1] {
            var damaged = bytes
            damaged[place] ^= 0x20
            try expectTheRest(of: harness, path, damaged, "byte \(place)")
        }
        try expectTheRest(of: harness, path, Array(bytes.prefix(bytes.count / 2)), "half the file")
        try expectTheRest(of: harness, path, [], "an empty file")
        try expectTheRest(of: harness, path, nil, "no file")
        try Data(bytes).write(to: URL(filePath: path))
        try harness.open()
        #expect(try harness.find { _ in }.sorted() == ["a", "b", "c", "d"])
        #expect(try harness.spanIDs("d")?.count == 3)
        #expect(try harness.store.verify { _, _ in }.isEmpty)
    }

    private func expectTheRest(
        of harness: StoreHarness, _ path: String, _ damaged: [UInt8]?, _ what: Comment
    ) throws {
        if let damaged {
            try Data(damaged).write(to: URL(filePath: path))
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        try harness.open()
        defer { harness.store.close() }
        for trace in ["a", "c"] {
            #expect(try harness.spanIDs(trace)?.count == 1, what)
            let found = try harness.find(.oneSpan) { query in
                query.attributes = [.init(key: "only", target: .attribute(value: trace))]
            }
            #expect(found == [trace], what)
        }
        #expect((2...3).contains(try harness.spanIDs("d")?.count ?? 0), what)
        #expect(Set(try harness.find { $0.serviceName = "shop" }).isSuperset(of: ["a", "c", "d"]), what)
        let problems = try harness.store.verify { _, _ in }
        #expect(!problems.isEmpty && problems.allSatisfy { $0.contains("0000000002.segment") }, what)
        // Spans go on being taken and sealed beside it.
        try harness.post([StoreHarness.span(trace: "a", id: "1", tags: ["only": "a"])])
        harness.store.sealAll()
        #expect(harness.store.statistics().liveSpanCount == 0, what)
    }

    @Test func `a store that cannot be opened leaves nothing locked, open or changed`() throws {
        let disk = FaultInjectingFileSystem()
        let harness = try StoreHarness(on: disk)
        try harness.post([StoreHarness.span(trace: "a", id: "1")])
        harness.store.sealAll()
        try harness.post([StoreHarness.span(trace: "a", id: "2")])
        harness.store.close()
        for operation: FaultInjectingFileSystem.Operation in [.list, .write, .syncDirectory, .createDirectory] {
            disk.setFault { found, _ in found == operation ? .inputOutput : nil }
            #expect(throws: StoreError.self) { try harness.open() }
            disk.clearFaults()
        }
        try harness.open()
        #expect(try harness.spanIDs("a")?.count == 2)
        #expect(disk.openFileCount() <= 5)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small file system"))
    func `a catalog without room lets nothing be sealed, and costs neither spans nor files`() throws {
        let folder = try TemporaryFolder()
        let disk = FaultInjectingFileSystem()
        let small = try SmallDisk(on: folder.path + "/data", byteCount: 2 << 20)
        let harness = try StoreHarness(on: disk, at: small.path)
        var failures = 0
        for pages in 0..<24 {
            try harness.post((0...pages).map { StoreHarness.span(trace: "a", id: "\(pages + 1)", name: "name \($0)") })
            try small.addBallast(leaving: pages * 4096)
            let liveSpanCount = harness.store.statistics().liveSpanCount
            harness.store.sealAll()
            if harness.store.statistics().liveSpanCount > 0 {
                failures += 1
                #expect(harness.store.statistics().liveSpanCount == liveSpanCount)
                let count = harness.store.statistics().segmentCount
                #expect(disk.paths().filter { $0.contains("/segments/") }.count == count, "\(pages) pages are free")
            }
            #expect(try harness.find { $0.serviceName = "shop" } == ["a"])
            small.removeBallast()
            harness.store.sealAll()
            #expect(harness.store.statistics().liveSpanCount == 0, "\(pages) pages were free")
        }
        #expect(failures > 0)
        try harness.reopen()
        #expect(try harness.spanIDs("a")?.count == 24 * 25 / 2)
        #expect(try harness.store.verify { _, _ in }.isEmpty)
        harness.store.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small file system"))
    func `expiry makes room even where the catalog has none left`() throws {
        let folder = try TemporaryFolder()
        let small = try SmallDisk(on: folder.path + "/data", byteCount: 2 << 20)
        let harness = try StoreHarness(at: small.path) { $0.retentionByteCount = 0 }
        for round in 0..<4 {
            for number in 0..<3 {
                try harness.post(
                    (0..<40).map { StoreHarness.span(trace: "a\(round)\(number)", id: "1", name: "n\($0)") })
                harness.store.sealAll()
            }
            try small.addBallast(leaving: 0)
            harness.store.expire()
            #expect(harness.store.statistics().segmentCount == 0, "round \(round)")
            #expect(small.freeByteCount > 0)
            small.removeBallast()
        }
        harness.store.close()
    }
}
