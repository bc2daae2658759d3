import Foundation
import Testing

@testable import skein_bench

@Suite struct FormatTableTests {
    private func report(_ format: LoadFormat, cpu: Double, ratio: Double) throws -> BenchReport {
        let limits = """
            { "name": "test", "limits": [
                { "figure": "server CPU while loading", "max": 2, "format": "otlp-grpc" },
                { "figure": "server CPU while loading / walk", "max": 8 } ] }
            """
        var report = BenchReport(
            name: format.rawValue, profile: "mesh", format: format.rawValue, batch: format.batch, seed: 1)
        var stage = StageReport(spanCount: 1_000, traceCount: 100)
        stage.add("server CPU while loading", cpu, "s/1M spans")
        stage.add("server CPU while loading / walk", ratio, "times")
        report.stages = [stage]
        report.apply(try Thresholds(Data(limits.utf8)))
        return report
    }

    @Test func `a line a format tells its figures, targets and verdicts`() throws {
        let reports = [try report(.zipkinJSON, cpu: 2.5, ratio: 7), try report(.otlpGRPC, cpu: 2.5, ratio: 9)]
        let text = try #require(FormatTable(reports: reports).text)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("zipkin-json 20 - - 2.500 - - 7 <= 8 met"))
        #expect(lines.contains("otlp-grpc 512 - - 2.500 <= 2 MISSED - - 9 <= 8 MISSED"))
    }

    @Test func `one format alone has no table`() throws {
        #expect(FormatTable(reports: [try report(.zipkinJSON, cpu: 1, ratio: 1)]).text == nil)
    }
}
