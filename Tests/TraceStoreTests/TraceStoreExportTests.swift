import FoundationEssentials
import Synchronization
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

@Suite struct TraceStoreExportTests {
    @Test func `an export has each span once, live or sealed, and tells how far it is`() throws {
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        var generator = SpanGenerator(seed: 41)
        for _ in 0..<3 {
            try harness.append(generator.batch(spanCount: 200))
            try harness.store.seal()
        }
        try harness.append(generator.batch(spanCount: 50))
        var spanCount = 0
        var steps: [Int] = []
        var total = 0
        try harness.store.export(ExportSelection()) {
            steps.append($0)
            total = $1
        } _: { spans in
            spanCount += spans.count
            // The spans of a trace lie one behind the other.
            let changes = zip(spans, spans.dropFirst()).count { $0.traceID != $1.traceID }
            #expect(changes + 1 == Set(spans.map(\.traceID)).count)
        }
        #expect(spanCount == 650)
        #expect(steps == Array(0...total))
        harness.store.close()
    }

    @Test func `a selection brings whole traces, in whichever segments they lie`() throws {
        let harness = try StoreHarness()
        let day = 86_400_000_000
        try harness.post([StoreHarness.span(trace: "1", id: "1", service: "a"), StoreHarness.span(trace: "2", id: "2")])
        try harness.store.seal()
        try harness.post([StoreHarness.span(trace: "1", id: "3", service: "b", at: 1_790_000_000_000_000 + day)])
        func exported(_ selection: ExportSelection) throws -> [String] {
            var ids: [String] = []
            try harness.store.export(selection) { ids += $0.map { String(($0.spanID.description.last ?? "?")) } }
            return ids
        }
        #expect(try exported(ExportSelection(serviceName: "b")) == ["1", "3"])
        #expect(try exported(ExportSelection(serviceName: "shop")) == ["2"])
        #expect(try exported(ExportSelection(serviceName: "none")) == [])
        let late = 1_790_000_000_000_000_001...Int64.max
        #expect(try exported(ExportSelection(starts: late)) == ["1", "3"])
        #expect(try exported(ExportSelection(starts: late, serviceName: "a")) == [])
        harness.store.close()
    }

    @Test func `a store that seals by itself may be told to seal at the same time`() throws {
        let harness = try StoreHarness {
            $0.liveByteCountMax = 64 << 10
            $0.sealIdle = 0
            $0.sealIdleSpanCount = 1
        }
        try harness.store.start()
        var generator = SpanGenerator(seed: 42)
        for _ in 0..<40 {
            try harness.append(generator.batch(spanCount: 20))
            try harness.store.seal()
        }
        harness.store.close()
        try harness.open()
        #expect(harness.store.statistics().segmentSpanCount == 800)
        #expect(try harness.store.verify { _, _ in } == [])
        harness.store.close()
    }

    @Test func `a catalog that says something else than a segment is told of`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 43)
        for spanCount in [100, 150] {
            try harness.append(generator.batch(spanCount: spanCount))
            try harness.store.seal()
        }
        harness.store.close()
        let folder = harness.folder.path + "/segments/"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        try Data(contentsOf: URL(filePath: folder + names[1])).write(to: URL(filePath: folder + names[0]))
        try harness.open()
        let problems = try harness.store.problems { _, _ in }
        #expect(problems.catalog.contains("\(names[0]): of spans the catalog says 100, the segment 150"))
        #expect(problems.segments.isEmpty && problems.journal.isEmpty)
        harness.store.close()
        try FileManager.default.removeItem(atPath: folder + names[0])
        try harness.open()
        #expect(
            try harness.store.problems { _, _ in }.catalog
                == ["\(names[0]): the catalog names it, but there is no such file"])
        harness.store.close()
        #expect(
            try TraceStore.rebuildCatalog(path: harness.folder.path, logger: StoreHarness.logger).spanCount == 150)
    }

    @Test func `the bytes of all columns add up to those of the segments`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 44)
        try harness.append(generator.batch(spanCount: 500))
        try harness.store.seal()
        let composition = try harness.store.composition { _, _ in }
        #expect(composition.spanCount == 500)
        let sum = composition.parts.reduce(0) { $0 + $1.byteCount }
        #expect(abs(sum - Double(composition.byteCount)) < Double(composition.byteCount) / 50)
        let figures = try harness.store.segmentFigures()
        #expect(figures.map(\.spanCount) == [500])
        #expect(figures.map(\.byteCount) == [composition.byteCount])
        #expect(figures.first.map { $0.blockCount > 0 } == true)
        harness.store.close()
    }

    @Test func `a journal that could not be read in the middle is told of once`() throws {
        let harness = try StoreHarness()
        var generator = SpanGenerator(seed: 45)
        for _ in 0..<2 { try harness.append(generator.batch(spanCount: 100)) }
        try harness.crash()
        for _ in 0..<2 { try harness.append(generator.batch(spanCount: 100)) }
        let journal = harness.folder.path + "/journal/"
        for name in try FileManager.default.contentsOfDirectory(atPath: journal) {
            var content = try Data(contentsOf: URL(filePath: journal + name))
            guard content.count > 1000 else { continue }
            for place in 200..<260 { content[place] ^= 0xff }
            try content.write(to: URL(filePath: journal + name))
        }
        try harness.crash()
        let problems = try harness.store.problems { _, _ in }
        #expect(!problems.journal.isEmpty)
        #expect(problems.journal.allSatisfy { $0.hasPrefix("journal part ") })
        #expect(problems.catalog.isEmpty && problems.segments.isEmpty)
        try harness.reopen()
        #expect(try harness.store.problems { _, _ in }.all == [])
        harness.store.close()
    }
}
