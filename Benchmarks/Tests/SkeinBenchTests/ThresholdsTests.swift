import Foundation
import Testing

@testable import skein_bench

@Suite struct ThresholdsTests {
    private static let text = """
        {
          "name": "test",
          "limits": [
            { "figure": "CPU", "max": 4, "batch": 20 },
            { "figure": "CPU", "max": 3, "batch": 512 },
            { "figure": "rate", "min": 200000, "profile": "mesh" },
            { "figure": "size", "min": 10, "max": 22 }
          ],
          "growth": { "max": 1.5, "figures": ["trace, p50"] }
        }
        """

    private func report(
        _ stages: [[String: Double]], profile: String = "mesh", batch: Int = 20
    ) throws -> BenchReport {
        var report = BenchReport(name: "run", profile: profile, batch: batch, seed: 1)
        for (position, figures) in stages.enumerated() {
            var stage = StageReport(spanCount: (position + 1) * 1_000_000, traceCount: 1)
            for (name, value) in figures.sorted(by: { $0.key < $1.key }) { stage.add(name, value, "ms") }
            report.stages.append(stage)
        }
        report.compareStages()
        report.apply(try Thresholds(Data(Self.text.utf8)))
        return report
    }

    @Test(arguments: [(20, 3.9, true), (20, 4.1, false), (512, 3.1, false), (5, 9, nil)])
    func `a limit holds for its batch size`(batch: Int, value: Double, isMet: Bool?) throws {
        #expect(try report([["CPU": value]], batch: batch).stages[0].figures[0].isMet == isMet)
    }

    @Test(arguments: [("mesh", 200_000, true), ("mesh", 199_999, false), ("wide", 1, nil)])
    func `a minimum is missed below it`(profile: String, value: Double, isMet: Bool?) throws {
        let report = try report([["rate": value]], profile: profile)
        #expect(report.stages[0].figures[0].isMet == isMet)
        #expect(report.isEveryTargetMet == (isMet != false))
    }

    @Test(arguments: [(9.9, false), (10, true), (22, true), (22.1, false)])
    func `a figure may have both bounds`(value: Double, isMet: Bool) throws {
        #expect(try report([["size": value]]).stages[0].figures[0].isMet == isMet)
    }

    @Test(arguments: [(0.3, true), (0.31, false), (0.1, true)])
    func `growth is the last size against the first`(last: Double, isMet: Bool) throws {
        let report = try report([
            ["trace, p50": 0.2, "other": 1], ["trace, p50": 9], ["trace, p50": last, "other": 9],
        ])
        let trace = try #require(report.growth.first { $0.name == "trace, p50" })
        #expect(abs(trace.ratio - last / 0.2) < 1e-9 && trace.isMet == isMet)
        #expect(report.growth.first { $0.name == "other" }?.isMet == nil)
        #expect(report.isEveryTargetMet == isMet)
        #expect(try self.report([["trace, p50": 0.2]]).growth.isEmpty)
    }

    @Test func `a machine that changed between the sizes is noted`() throws {
        #expect(try report([["zipkin health, p50": 0.1], ["zipkin health, p50": 0.11]]).notes.isEmpty)
        #expect(try report([["zipkin health, p50": 0.1], ["zipkin health, p50": 0.2]]).notes.count == 1)
        #expect(try report([["zipkin health, p99": 0.1], ["zipkin health, p99": 0.2]]).notes.isEmpty)
        #expect(try report([["zipkin health, p99": 0.1], ["zipkin health, p99": 4]]).notes.count == 1)
    }

    @Test func `a limit without a number is an error`() {
        #expect(throws: BenchError.self) {
            try Thresholds(Data(#"{ "name": "x", "limits": [{ "figure": "CPU" }] }"#.utf8))
        }
    }

    @Test func `the files of targets can be read`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Thresholds").path
        let thresholds = try Thresholds(path: path)
        #expect(
            thresholds.limit(of: "spans a second", profile: "mesh", format: "zipkin-json", batch: 20)?.min == 200_000)
        #expect(
            thresholds.limit(of: "data folder, allocated", profile: "wide", format: "zipkin-json", batch: 20)?.max == 32
        )
        #expect(thresholds.growth?.max == 1.5)
        for format in LoadFormat.allCases {
            let limit = thresholds.limit(
                of: "server CPU while loading", profile: "mesh", format: format.rawValue, batch: format.batch)
            #expect(limit?.max != nil, "\(format)")
        }
    }

    @Test func `a table has a column a size, the ratio, and every verdict`() throws {
        let text = ReportTable(
            report: try report([["CPU": 3, "trace, p50": 0.2], ["CPU": 5, "trace, p50": 0.2, "rate": 300_000]])
        ).text
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("figure 1M 2M unit target ratio target"))
        #expect(lines.contains("CPU 3 5 ms <= 4 MISSED 1.67"))
        #expect(lines.contains("trace, p50 0.200 0.200 ms 1.00 <= 1.500 met"))
        #expect(lines.contains("rate - 300000 ms >= 200000 met"))
        #expect(text.split(separator: "\n").allSatisfy { $0.last != " " })
    }
}
