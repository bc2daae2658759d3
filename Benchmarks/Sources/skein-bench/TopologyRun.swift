import Foundation
import Workload

/// What the topology and the samplers cost, and how fast the topology answers.
struct TopologyPlan {
    /// The program to compare with, and its arguments; nil: none.
    var baseline: (binary: String, arguments: String)?
    var rounds: Int
    /// Spans of each load that is timed.
    var spanCount: Int
    /// Spans in the store when it is asked.
    var askedSpanCount: Int
    var serviceCount: Int
    var edgeCount: Int
}

struct TopologyRun {
    let plan: TopologyPlan
    let options: MeasureOptions
    let workload: WorkloadOptions
    let folder: String

    /// Policies of the tail that keep errors, and some traces of each version.
    private static let tail =
        "{tail: {policies: [{type: errors}, {type: per-version, traces-per-minute: 10}]}}"

    // MARK: Cost

    private func load(_ options: MeasureOptions, _ name: String) throws -> StageReport {
        let part = folder + "/" + name.replacing(" ", with: "-")
        try FileManager.default.createDirectory(atPath: part + "/data", withIntermediateDirectories: true)
        var run = ServerRun(
            RunPlan(
                name: name, profile: .mesh, batch: 20, sizes: [plan.spanCount], isLoadOnly: true,
                waitsForCompaction: false), options, workload, folder: part)
        let server = try run.start()
        let whole = run.workload
        run.stage = StageReport(spanCount: whole.spanCount, traceCount: whole.traceCount)
        try run.load(server, whole, traces: 0..<whole.traceCount)
        let end = try server.stop(SIGTERM)
        guard end.status == 0, run.report.failures.isEmpty else {
            throw BenchError("\(name): status \(end.status); \(run.report.failures.joined(separator: "; "))")
        }
        try FileManager.default.removeItem(atPath: part)
        return run.stage
    }

    private static func figure(_ stages: [StageReport], _ name: String) -> Double {
        Quantile.of(stages.compactMap { $0.figure(name)?.value }.sorted(), 0.5)
    }

    /// Loads in turn with the baseline and with the server under its settings; medians.
    func cost() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = BenchReport(name: "topology cost", profile: "mesh", batch: 20, seed: workload.seed)
        var stage = StageReport(spanCount: plan.spanCount, traceCount: 0)
        try Data("sampling: \(Self.tail)\n".utf8).write(to: URL(fileURLWithPath: folder + "/tail.yaml"))
        var variants = [
            ("all kept", options), ("10 % kept", with("--sampling-percent 10")),
            ("1 % kept", with("--sampling-percent 1")), ("tail", with("--config \(folder)/tail.yaml")),
        ]
        if let baseline = plan.baseline {
            var other = options
            (other.serverBinary, other.serverArguments) = (baseline.binary, baseline.arguments)
            variants.insert(("baseline", other), at: 0)
        }
        var stages: [String: [StageReport]] = [:]
        for round in 1...plan.rounds {
            for (name, options) in variants {
                stages[name, default: []].append(try load(options, "\(name), round \(round)"))
            }
        }
        for (name, _) in variants {
            let found = stages[name] ?? []
            for figure in ["server CPU while loading", "server CPU until settled"] {
                stage.add("\(name), \(figure)", Self.figure(found, figure), "s/1M spans")
            }
            stage.add("\(name), data folder", Self.figure(found, "data folder, allocated"), "B/span")
            stage.add("\(name), peak memory", Self.figure(found, "peak memory"), "MiB")
            let others = Self.figure(found, "CPU of other programs while loading")
            stage.add("\(name), CPU of other programs while loading", others, "processors")
        }
        if let before = stage.figure("baseline, server CPU until settled")?.value,
            let now = stage.figure("all kept, server CPU until settled")?.value
        {
            stage.add("topology, CPU on top of the baseline", now - before, "s/1M spans")
            stage.add("topology, CPU / baseline", now / before, "times")
        }
        report.stages = [stage]
        return report
    }

    private func with(_ arguments: String) -> MeasureOptions {
        var options = options
        options.serverArguments += " " + arguments
        return options
    }

    // MARK: Answers

    private static let groups = ["service", "version", "operation"]
    /// The calls are spread over so much time, in seconds.
    private static let seconds: Int64 = 5 * 3600

    /// Asks over random windows, with many spans in the store.
    func answers() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = BenchReport(name: "topology answers", profile: "calls", batch: 100, seed: workload.seed)
        let calls = calls(serviceCount: plan.serviceCount, calleeCount: 5, spanCount: plan.askedSpanCount)
        var stage = StageReport(spanCount: calls.spanCount, traceCount: calls.traceCount)
        let server = try ServerRun.start(options, folder: folder)
        try calls.post(to: server, &stage)
        try calls.waitUntilCounted(server)
        let client = QueryClient(to: try server.address(of: "query"))
        var generator = SeededGenerator(seed: workload.seed, index: 0)
        for group in Self.groups {
            var seconds: [Double] = []
            for _ in 0..<options.queries {
                let ends = [Self.random(in: calls.window, &generator), Self.random(in: calls.window, &generator)]
                let (since, until) = (min(ends[0], ends[1]), max(ends[0], ends[1]) + 60_000_000)
                let answer = try client.get("/api/skein/v1/topology?group=\(group)&since=\(since)&until=\(until)")
                if answer.response.status != 200 { report.failures.append("status \(answer.response.status)") }
                seconds.append(answer.seconds)
            }
            stage.add("topology by \(group), p50", Quantile.of(seconds.sorted(), 0.5) * 1_000, "ms")
            stage.add("topology by \(group), p99", Quantile.of(seconds.sorted(), 0.99) * 1_000, "ms")
        }
        stage.add("peak memory with questions", try server.memory().peak, "MiB")
        try check(calls, client, &report)
        _ = try server.stop(SIGTERM)
        report.stages = [stage]
        return report
    }

    /// Counts many edges, and says what memory that takes.
    func edges() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = BenchReport(name: "topology edges", profile: "calls", batch: 100, seed: workload.seed)
        let calls = calls(
            serviceCount: max(2, plan.edgeCount / 100), calleeCount: 99,
            spanCount: plan.edgeCount * CallLoad.spansPerTrace * 3)
        var stage = StageReport(spanCount: calls.spanCount, traceCount: calls.traceCount)
        let server = try ServerRun.start(options, folder: folder)
        try calls.post(to: server, &stage)
        try calls.waitUntilCounted(server)
        stage.add("distinct edges", Double(calls.edgeCount), "")
        let before = try server.memory()
        stage.add("peak memory with many edges", before.peak, "MiB")
        stage.add("memory with many edges, counted", before.now, "MiB")
        let client = QueryClient(to: try server.address(of: "query"))
        let answer = try client.get("/api/skein/v1/topology?since=6h")
        stage.add("answer with many edges", answer.seconds * 1_000, "ms")
        stage.add("answer with many edges, body", Double(answer.response.body.count) / 1_048_576, "MiB")
        stage.add("peak memory with many edges, asked", try server.memory().peak, "MiB")
        try check(calls, client, &report)
        _ = try server.stop(SIGTERM)
        report.stages = [stage]
        return report
    }

    private func calls(serviceCount: Int, calleeCount: Int, spanCount: Int) -> CallLoad {
        let end = Int64(Date().timeIntervalSince1970 * 1_000_000) - 5_000_000
        return CallLoad(
            serviceCount: serviceCount, calleeCount: min(calleeCount, serviceCount - 1),
            traceCount: spanCount / CallLoad.spansPerTrace, window: end - Self.seconds * 1_000_000..<end)
    }

    /// The calls of all the time are exactly those that were posted.
    private func check(_ calls: CallLoad, _ client: QueryClient, _ report: inout BenchReport) throws {
        struct Answer: Decodable {
            struct Edge: Decodable { let callCount: Int }
            let edges: [Edge]
        }
        let answer = try client.get("/api/skein/v1/topology?since=6h").response
        let edges = try JSONDecoder().decode(Answer.self, from: Data(answer.body)).edges
        let count = edges.reduce(0) { $0 + $1.callCount }
        report.notes.append("\(edges.count) edges, \(count) calls in the answer")
        if count != calls.callCount { report.failures.append("\(count) of \(calls.callCount) calls counted") }
    }

    private static func random(in window: Range<Int64>, _ generator: inout SeededGenerator) -> Int64 {
        window.lowerBound + Int64(generator.next() % UInt64(window.upperBound - window.lowerBound))
    }
}
