import FoundationEssentials
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// Stores that releases have written, each with the text of every span in it: all later releases must read them.
///
/// A folder is written once, by `SKEIN_WRITE_FIXTURE=v2 swift test --filter FormatFixtureTests` for instance, when the
/// version of a format has changed, and never again.
@Suite struct FormatFixtureTests {
    private static let folder = Repository.path + "/Tests/Fixtures/formats"

    private static let versions: [String] =
        (try? FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("v") }.sorted()) ?? []

    /// A span as a line of text; of long ones the beginning, the length and a hash (FNV-1a).
    private static func line(_ span: SpanView) -> String {
        let text = span.canonicalText
        guard text.utf8.count > 1000 else { return text }
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return text.prefix(300) + "... \(text.utf8.count) \(hash)"
    }

    @Test func `a store of each version of the formats is there`() {
        #expect(Self.versions.first == "v1")
    }

    @Test(arguments: versions)
    func `a store of an earlier release is read in full, and written on`(version: String) throws {
        let copy = try TemporaryFolder()
        let store = copy.path + "/store"
        try FileManager.default.copyItem(atPath: Self.folder + "/" + version + "/store", toPath: store)
        let expected = try String(contentsOfFile: Self.folder + "/" + version + "/spans.txt", encoding: .utf8)
            .split(separator: "\n").map(String.init)
        var traces: [TraceID: Set<String>] = [:]
        for line in expected {
            let id = try #require(line.split(separator: "|").first.flatMap { TraceID(hex: $0) })
            traces[id, default: []].insert(line)
        }
        for round in 0..<2 {
            let opened = try TraceStore(path: store, options: StoreOptions(), logger: StoreHarness.logger)
            for (id, texts) in traces {
                #expect(Set(try opened.trace(id)?.spans.map(Self.line) ?? []) == texts, "trace \(id)")
            }
            let statistics = opened.statistics()
            #expect(statistics.liveSpanCount + statistics.segmentSpanCount == expected.count)
            #expect(try opened.verify { _, _ in }.isEmpty)
            var query = TraceQuery(rules: .anySpans, startMin: 0, startMax: .max, limit: 1000)
            query.serviceName = "a.default"
            #expect(try !opened.find(query).traces.isEmpty)
            if round == 0 {
                opened.sealAll()
                _ = try opened.compact()
            }
            opened.close()
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["SKEIN_WRITE_FIXTURE"] != nil))
    func `a store of this version is written when it is asked for`() throws {
        let version = try #require(ProcessInfo.processInfo.environment["SKEIN_WRITE_FIXTURE"])
        let target = Self.folder + "/" + version
        try #require(!FileManager.default.fileExists(atPath: target), "a fixture is never written anew")
        var generator = SpanGenerator(seed: 4)
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        var texts: Set<String> = []
        for part in 0..<4 {
            let batch = generator.batch(spanCount: 60)
            texts.formUnion(batch.spans.map(Self.line))
            try harness.append(batch)
            // Two segments that become one, another one, and spans that only the journal has.
            if part < 3 { harness.store.sealAll() }
            if part == 1 { _ = try harness.store.compact() }
        }
        try FileManager.default.createDirectory(atPath: target + "/store", withIntermediateDirectories: true)
        try harness.copyAsKilled(to: target + "/store")
        try texts.sorted().joined(separator: "\n").write(
            toFile: target + "/spans.txt", atomically: true, encoding: .utf8)
    }
}
