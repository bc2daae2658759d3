import ArgumentParser
import Comparison
import FoundationEssentials
import HTTPAPI
import Releases
import TestSupport
import Testing
import Topology
import TraceModel

@testable import skein

@Suite struct CompareTests {
    /// Requests that two versions served: the new one takes three times as long.
    private func comparison(_ count: Int) -> ReleaseComparison {
        func served(_ version: String, _ milliseconds: ClosedRange<Double>) -> NamedTotals {
            var generator = SeededGenerator(seed: 3)
            var totals = CallTotals()
            totals.callCount = count
            for _ in 0..<count {
                totals.clientDurations.add(Int64(Double.random(in: milliseconds, using: &generator) * 1e6))
            }
            func party(_ service: String, _ version: String) -> NamedTotals.Party {
                NamedTotals.Party(serviceName: service, namespace: "", version: version, operationName: "GET /")
            }
            return NamedTotals(
                kind: .operation, spanKind: .server, isMirrored: false, caller: party("", ""),
                callee: party("reviews", version), totals: totals)
        }
        return ReleaseComparison(
            serviceName: "reviews", base: "v1", candidate: "v2",
            totals: [served("v1", 10...20), served("v2", 30...60)], window: 0..<3_600_000_000_000)
    }

    @Test func `the outcome comes first, then why, then how the requests were shared`() throws {
        let lines = CompareCommand.lines(ComparisonReport(comparison(300)))
        #expect(lines.first == "reviews: v2 against v1: worse")
        #expect(try #require(lines.dropFirst().first).hasPrefix("  v2 slower on GET /: p"))
        #expect(lines.contains { $0.hasPrefix("v2 served 50 % of the requests of both") })
        var stored = ComparisonReport(comparison(300))
        stored.isExact = false
        #expect(CompareCommand.lines(stored).first == "reviews: v2 against v1: worse, by stored requests")
    }

    @Test func `why is told in few words, with a trace of each kind`() throws {
        var report = ComparisonReport(comparison(300))
        func kind(_ value: Int, _ candidate: Double, isNew: Bool) -> String {
            """
            {"key":"http.status_code","value":"\(value)","baseCount":0,"candidateCount":9,"base":0.01,
            "candidate":\(candidate),"isNew":\(isNew),"p":\(isNew ? 0.001 : 0.5),"words":"HTTP status \(value)"}
            """
        }
        func example(_ version: String, _ role: String, _ traceID: Int) -> String {
            """
            {"version":"\(version)","role":"\(role)","operation":"GET /","traceID":"\(traceID)","spanID":"1","startTime":1,
            "duration":12300000,"isError":false}
            """
        }
        let attributes = (1...5).map { number in
            """
            {"among":"slow","key":"k\(number)","value":"v","baseCount":1,"candidateCount":9,"base":0.1,"candidate":0.9,
            "p":0.001,"words":"k\(number)=v is slow"}
            """
        }
        let json = """
            {"baseRequestCount":300,"candidateRequestCount":300,"isSampled":false,
            "errorKinds":[\(kind(503, 0.05, isNew: true)),\(kind(404, 0.02, isNew: false)),\(kind(500, 0, isNew: false))],
            "attributes":[\(attributes.joined(separator: ","))],
            "examples":[\(example("v1", "typical", 11)),\(example("v1", "typical", 12)),\(example("v2", "failed", 13))],
            "pairs":[{"operation":"GET /","base":\(example("v1", "typical", 11)),"candidate":\(example("v2", "failed", 13)),
            "differences":["200 in v1, 503 in v2"]}],"notes":["a note"]}
            """
        report.evidence = try JSONDecoder().decode(ComparisonReport.Evidence.self, from: Data(json.utf8))
        let lines = CompareCommand.lines(report)
        let why = try #require(lines.firstIndex(of: "why:"))
        #expect(
            lines[(why + 1)...].prefix(9) == [
                "  HTTP status 503", "  k1=v is slow", "  k2=v is slow", "  k3=v is slow", "traces:",
                "  v1 typical: 12.3 ms 11", "  v2 failed: 12.3 ms 13", "two requests for the same thing:",
                "  200 in v1, 503 in v2",
            ])
        #expect(lines.last == "a note")
    }

    @Test func `callers that tried again are told, whatever the counts are`() throws {
        var report = ComparisonReport(comparison(300))
        let figures = #"{"callCount":9,"errorCount":0,"retryCount":\#(Int.max)}"#
        let json = #"[{"service":"front","base":\#(figures),"candidate":\#(figures)}]"#
        report.callers = try JSONDecoder().decode([ComparisonReport.Caller].self, from: Data(json.utf8))
        #expect(CompareCommand.lines(report).contains { $0.hasPrefix("front tried again \(Int.max) times of 9 calls") })
    }

    @Test func `with too little data it says what would decide`() {
        let lines = CompareCommand.lines(ComparisonReport(comparison(5)))
        #expect(lines.first == "reviews: v2 against v1: too little data to say")
        #expect(lines.contains("to decide:"))
    }

    @Test(arguments: [
        ["compare", "reviews", "--base", "v1"], ["compare", "reviews", "--base", "v1", "--candidate", "v1"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--share", "10"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--requests", "5"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--reading-seconds", "0"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--figures", "guessed"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--since", "1h", "--until", "2h"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--json", "--format", "html"],
        ["compare", "reviews", "--base", "v1", "--candidate", "v2", "--link", "javascript:alert(1)"],
        ["releases", "--since", "soon"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        #expect(Skein.run(arguments) == 2)
    }

    @Test(arguments: [
        ([], CompareCommand.Format.text), (["-o", "report.html"], .html), (["-o", "a.b/report.MD"], .markdown),
        (["-o", "report.html", "--format", "text"], .text), (["--json"], .json), (["-o", "x.json"], .json),
    ])
    func `the form is the one asked for, or as the file's name ends`(
        arguments: [String], expected: CompareCommand.Format
    ) throws {
        let command = try CompareCommand.parse(["reviews", "--base", "v1", "--candidate", "v2"] + arguments)
        #expect(command.chosenFormat == expected)
    }

    @Test func `a gate tells the outcome by its exit code`() {
        #expect(CompareCommand.exitCode(of: "worse") == 3)
        #expect(CompareCommand.exitCode(of: "tooLittleData") == 4)
        #expect(CompareCommand.exitCode(of: "same") == 0)
        #expect(CompareCommand.exitCode(of: "better") == 0)
    }
}
