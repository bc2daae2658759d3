import Foundation
import Releases
import TestSupport
import Testing
import Topology
import TraceModel
import TraceStore

/// Releases of a real mesh: `Tests/Fixtures/README.md`.
@Suite struct RecordedReleaseTests {
    private struct Truth: Decodable {
        struct Version: Decodable {
            struct Durations: Decodable {
                var p50: Double
                var p95: Double
            }

            var service: String
            var version: String
            var serverSpans: Int
            var durationUs: Durations
        }

        struct Minute: Decodable {
            var startUs: Int64
            var requests: [String: Int]
        }

        var versions: [Version]
        var minutes: [Minute]?

        init(_ recording: String) throws {
            let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(recording)/truth.json")
            self = try JSONDecoder().decode(Truth.self, from: try Data(contentsOf: file))
        }

        func reviews(_ version: String) throws -> Version {
            try #require(versions.first { $0.service == Self.service && $0.version == version })
        }

        static let service = "reviews.default"
    }

    /// Of all that is stored, from a full minute on.
    private static func window(_ store: TraceStore) throws -> Range<Int64> {
        let range = try #require(store.timeRange())
        return range.lowerBound / 60_000_000_000 * 60_000_000_000..<range.upperBound + 1
    }

    private static func report(_ filled: RequestStore, _ base: String, _ candidate: String) throws -> ComparisonReport {
        let counted = try filled.store.calls(ofService: Truth.service, within: try window(filled.store))
        return ComparisonReport(
            ReleaseComparison(
                serviceName: Truth.service, base: base, candidate: candidate, totals: counted.totals,
                window: counted.window))
    }

    /// Of a version with fewer requests nothing is said.
    private static let firstCount = 20

    @Test(arguments: ["v1", "v2"])
    func `a version three times slower is open at first, and worse within 200 requests and ever after`(
        base: String
    ) throws {
        let filled = try RequestStore()
        let bodies = try RequestStore.bodies(ofRecording: "bookinfo-slow")
        var isWorse = false
        var last: ComparisonReport?
        for (number, body) in bodies.enumerated() {
            try filled.post(body)
            guard number % 10 == 9 || number == bodies.count - 1 else { continue }
            let report = try Self.report(filled, base, "v3")
            let counts = (report.total.baseRequestCount, report.total.candidateRequestCount)
            let isOpen = report.outcome == "tooLittleData"
            #expect(isOpen || report.outcome == "worse" && min(counts.0, counts.1) >= Self.firstCount, "\(counts)")
            #expect(!isOpen || !isWorse && counts.0 + counts.1 <= 200, "\(counts)")
            isWorse = !isOpen
            last = report
        }
        try expect(try #require(last), base, try Truth("bookinfo-slow"))
    }

    private func expect(_ report: ComparisonReport, _ base: String, _ truth: Truth) throws {
        let (own, other) = (try truth.reviews(base), try truth.reviews("v3"))
        #expect(report.total.baseRequestCount == own.serverSpans)
        #expect(report.total.candidateRequestCount == other.serverSpans)
        #expect(report.total.errors.outcome == "tooLittleData" && report.total.errors.candidate == 0)
        let reason = try #require(report.reasons.first)
        #expect(reason.words.hasPrefix("v3 slower on all routes: \(reason.measure) ") && reason.p <= 0.05)
        for (name, path) in [("p50", \Truth.Version.Durations.p50), ("p95", \.p95)] {
            let quantile = try #require(report.total.quantiles.first { $0.name == name })
            for (told, version) in [(quantile.base, own), (quantile.candidate, other)] {
                let nanoseconds = version.durationUs[keyPath: path] * 1000
                #expect(abs(Double(told.value) / nanoseconds - 1) < 0.02, "\(name) of \(version.version)")
                #expect(Double(told.low) <= nanoseconds && Double(told.high ?? .max) >= nanoseconds)
            }
        }
    }

    @Test func `a switch from one version to the other is called blue-green, and told by the minute`() throws {
        let filled = try RequestStore(recording: "bookinfo-shift")
        let window = try Self.window(filled.store)
        let operations = try filled.store.operations(within: window, stepSeconds: 60)
        let release = try #require(
            ReleaseFinder.releases(operations, stepSeconds: 60).first { $0.serviceName == Truth.service })
        #expect(release.kind == .blueGreen && release.reason == "v2 took all requests over at once")
        #expect(release.base == "v1" && release.candidate == "v2" && release.versions.map(\.name) == ["v1", "v2"])
        let minutes = try #require(try Truth("bookinfo-shift").minutes)
        #expect(release.steps.map(\.start) == minutes.map { $0.startUs * 1000 })
        #expect(release.steps.map(\.callCounts) == minutes.map { [$0.requests["v1"] ?? 0, $0.requests["v2"] ?? 0] })

        var report = try Self.report(filled, "v1", "v2")
        report.addTimeline(operations, stepSeconds: 60)
        // 44 of the 122 requests of v1 came in the minute of the switch.
        #expect(report.notes.contains { $0.contains("36.1 % of the requests of v1 and 39 % of those of v2 came then") })
    }
}
