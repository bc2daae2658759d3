import Comparison
import FoundationEssentials
import Testing

@testable import Releases

@Suite struct ComparisonDocumentTests {
    @Test func `evidence is told with traces to look at`() throws {
        var report = SampleReport.worse
        report.evidence = SampleReport.evidence()
        let text = report.markdown(links: try #require(TraceLinks(base: "https://jaeger.example/")))
        #expect(text.contains("| `http.status_code=503` | 0 % (0) | 10 % (40) | **new** |"))
        #expect(text.contains("| slow requests | `zone=503` | 10 % (4) | 90 % (30) |"))
        let trace = "0102030405060708090a0b0c0d0e0f10"
        #expect(text.contains("| [\(trace.prefix(12))](<https://jaeger.example/trace/\(trace)>) |"))
        #expect(text.contains("| `v2` | failed | 41 ms | [\(trace.prefix(12))]("))
        #expect(text.contains("`skein trace diff \(trace):0102030405060708 \(trace):0102030405060708` compares"))
        #expect(text.contains("a note on evidence"))
        #expect(report.markdown().contains("`skein trace ID` shows one"))
    }

    @Test func `of copies no share of the requests is told`() {
        var report = SampleReport.worse
        report.isMirrored = true
        let text = report.markdown()
        #expect(text.contains("`v2` served 800 copies of requests, `v1` 800 requests."))
        #expect(!text.contains("of the requests of both") && !text.contains("What callers saw"))
    }

    @Test func `copies are told beside their requests`() throws {
        var report = SampleReport.worse
        report.mirror = SampleReport.mirror()
        let text = report.markdown(links: try #require(TraceLinks(base: "https://jaeger.example")))
        #expect(text.contains("272 pairs of a request to `v1` and its copy to `v2`; 270 with the same status."))
        #expect(text.contains("a copy took 5.10 ms longer than its request (-200 us to 9 ms)."))
        #expect(text.contains("| Request (v1) | Copy (v2) | Pairs | Traces |"))
        #expect(text.contains("| `200` | `503` | 2 | [010203040506](<https://jaeger.example/trace/0102"))
        #expect(text.contains("- 503 is written twice") && text.contains("\na note on copies\n"))
        report.mirror?.durationDifference?.p50 = -5_100_000
        #expect(report.markdown().contains("a copy took 5.10 ms less than its request"))
        report.mirror = .init(notes: ["no copy is stored"])
        #expect(report.markdown().contains("## Copies beside their requests\n\nno copy is stored\n"))
    }

    @Test func `with too little data the greatest need is told first, which decides all`() {
        var report = SampleReport.tooLittleData
        report.needs = [10, 500, 90].map {
            .init(operation: nil, measure: "errors", requestCount: $0, words: "about \($0) more requests")
        }
        #expect(report.markdown().contains("\n\nWhat would decide: about 500 more requests\n"))
    }

    @Test(arguments: [([11_000_000, 19_000_000], ["11 ms", "19 ms"]), ([900_000, 13_000_000], ["1 ms", "2 ms"])])
    func `a scale of durations has ticks, however short it is`(bounds: [Int64], labels: [String]) {
        var report = SampleReport.worse
        report.operations[0].durations?.bounds = bounds
        report.operations[0].durations?.base = [1]
        report.operations[0].durations?.candidate = [1]
        for label in labels { #expect(report.html().contains(">\(label)</text>")) }
    }

    @Test func `an estimate is told as one`() {
        var report = SampleReport.worse
        #expect(report.markdown().contains("Exact: every request that arrived was counted"))
        report.isExact = false
        let text = report.markdown()
        #expect(text.contains("Estimated: of the requests that sampling stored"))
        #expect(text.contains("estimated from stored requests"))
        var thresholds = VerdictThresholds()
        (thresholds.errorShare, thresholds.durationPart) = (0.02, 0.3)
        report.thresholds = .init(thresholds)
        #expect(report.markdown().contains("What matters: 2 % more of all requests failing, and durations 30 % longer"))
    }

    @Test func `numbers that cannot be are told without harm`() throws {
        var report = SampleReport.worse
        report.share = 1e300
        report.shareInterval.low = 5
        report.shareInterval.high = -1e300
        report.total.errors.base = -1e18
        report.total.superiority = 1e19
        report.operations[0].durations?.bounds[0] = .min
        report.operations[1].durations?.base = []
        report.operations[0].quantiles[0].base.value = .max
        report.operations[0].quantiles[0].base.low = .min
        report.callees[0].candidatePerRequest = 1e308
        report.callers[0].base.errorCount = .min
        report.timeline = .init(
            stepSeconds: .max, base: nil, candidate: nil,
            steps: [
                .init(start: "0001-01-01T00:00:00Z", base: .max, candidate: .max),
                .init(start: "9999-01-01T00:00:00Z", base: .min, candidate: 1),
                .init(start: "soon", base: 1, candidate: 1),
            ])
        report.evidence = SampleReport.evidence()
        report.evidence?.examples[0].duration = .min
        report.evidence?.examples[0].startTime = .max
        report.evidence?.examples[0].traceID = "javascript:"
        #expect(report.html().hasSuffix("</html>\n"))
        #expect(report.markdown().contains("# reviews.default: v2 is worse than v1"))
        let again = try JSONDecoder().decode(ComparisonReport.self, from: try JSONEncoder().encode(report))
        #expect(again.total == report.total)
    }

    @Test func `an answer of an earlier release has no timeline and no distributions, and is told all the same`() throws
    {
        var report = SampleReport.worse
        report.total.durations = nil
        for place in report.operations.indices { report.operations[place].durations = nil }
        let decoded = try JSONDecoder().decode(ComparisonReport.self, from: try JSONEncoder().encode(report))
        #expect(decoded == report)
        #expect(!decoded.html().contains("<svg"))
    }

    @Test func `requests over time are drawn as they came`() throws {
        var report = SampleReport.worse
        report.timeline = .init(
            stepSeconds: 60, base: .init(firstSeen: "2026-09-21T14:10:00Z", lastSeen: "2026-09-21T14:20:00Z"),
            candidate: .init(firstSeen: "2026-09-21T14:12:00Z", lastSeen: "2026-09-21T14:20:00Z"),
            steps: (0..<10).map { .init(start: "2026-09-21T14:1\($0):00Z", base: 10 - $0, candidate: $0) })
        let text = report.markdown()
        #expect(text.contains("- `v2`: 2026-09-21 14:12:00 to 2026-09-21 14:20:00 UTC"))
        #expect(text.contains("    v1  █▇▇▆▅▅▄▃▂▂\n    v2   ▂▂▃▄▅▅▆▇▇\n"))
        #expect(report.html().contains("Requests of v1 and v2 by minute, 10 at most."))
        for (seconds, words) in [(600, "10 minutes"), (3600, "hour"), (86_400, "day"), (7, "step")] {
            report.timeline?.stepSeconds = Int64(seconds)
            let steps = [0, seconds].map { Date(timeIntervalSince1970: 1_790_000_000 + Double($0)) }
            report.timeline?.steps = steps.map { .init(start: $0.formatted(.iso8601), base: 1, candidate: 1) }
            #expect(report.html().contains("Requests of v1 and v2 by \(words), 2 at most."))
        }
    }
}
