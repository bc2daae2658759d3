import ArgumentParser
import Foundation
import Workload

/// Measures comparisons of releases.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "How long comparing two versions takes, over an hour with many requests.")

    @Option(help: "Requests for the compared service, of both versions.")
    var requests = 1_000_000

    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard (1_000...100_000_000).contains(requests) else {
            throw ValidationError("--requests is 1000 to 100000000")
        }
    }

    func run() throws {
        try measuring.report([
            (
                "compare",
                { folder in
                    try CompareRun(
                        requestCount: requests, options: measuring, workload: workload, folder: folder
                    ).run()
                }
            )
        ])
    }
}

private struct CompareRun {
    let requestCount: Int
    let options: MeasureOptions
    let workload: WorkloadOptions
    let folder: String

    /// In microseconds.
    private static let hour: Int64 = 3_600_000_000

    private static let questions = [
        ("figures", "&evidence=false"), ("figures and evidence", ""), ("page", "&evidence=false&format=html"),
        ("page with evidence", "&format=html"),
    ]

    private struct Answer: Decodable {
        struct Total: Decodable {
            let baseRequestCount: Int
            let candidateRequestCount: Int
        }
        let outcome: String
        let isExact: Bool
        let total: Total
    }

    func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = BenchReport(name: "compare", profile: "calls", batch: 100, seed: workload.seed)
        let end = Int64(Date().timeIntervalSince1970 * 1_000_000) - 5_000_000
        let load = ReleaseLoad(requestCount: requestCount, window: end - Self.hour + 120_000_000..<end)
        var stage = StageReport(spanCount: load.spanCount, traceCount: requestCount)
        let server = try ServerRun.start(options, folder: folder)
        try load.post(to: server, &stage)
        try load.waitUntilCounted(server)
        let client = QueryClient(to: try server.address(of: "query"))
        let target =
            "/api/skein/v1/compare?service=compared&base=v1&candidate=v2&since=\(load.window.lowerBound)"
            + "&until=\(end)"
        try check(load, client, target, &report)
        for (name, parameters) in Self.questions {
            var seconds: [Double] = []
            var byteCount = 0
            let before = try server.cpuSeconds()
            for _ in 0..<options.queries {
                let answer = try client.get(target + parameters)
                if answer.response.status != 200 { report.failures.append("status \(answer.response.status)") }
                byteCount = answer.response.body.count
                seconds.append(answer.seconds)
            }
            let cpu = try server.cpuSeconds() - before
            stage.add("compare, \(name), p50", Quantile.of(seconds.sorted(), 0.5) * 1_000, "ms")
            stage.add("compare, \(name), p99", Quantile.of(seconds.sorted(), 0.99) * 1_000, "ms")
            stage.add("compare, \(name), server CPU", cpu / Double(options.queries) * 1_000, "ms")
            stage.add("compare, \(name), body", Double(byteCount) / 1_024, "KiB")
        }
        stage.add("peak memory with questions", try server.memory().peak, "MiB")
        _ = try server.stop(SIGTERM)
        report.stages = [stage]
        return report
    }

    /// Every request is counted, and the worse version found.
    private func check(
        _ load: ReleaseLoad, _ client: QueryClient, _ target: String, _ report: inout BenchReport
    ) throws {
        let answer = try JSONDecoder().decode(
            Answer.self, from: Data(try client.get(target + "&evidence=false").response.body))
        let candidates = load.candidateCount
        let counts = (answer.total.baseRequestCount, answer.total.candidateRequestCount)
        report.notes.append("\(counts.0) and \(counts.1) requests: \(answer.outcome)")
        if counts != (load.requestCount - candidates, candidates) {
            report.failures.append(
                "\(counts) requests counted, not \(load.requestCount - candidates) and \(candidates)")
        }
        if answer.outcome != "worse" || !answer.isExact { report.failures.append("not found to be worse") }
    }
}
