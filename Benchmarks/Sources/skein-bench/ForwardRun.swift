import Foundation
import Workload

/// What handing on costs, how fast it is, and what an outage does.
struct ForwardPlan {
    let peerBinary: String
    var rounds: Int
    /// Spans of each load.
    var spanCount: Int
}

struct ForwardRun {
    let plan: ForwardPlan
    let options: MeasureOptions
    let workload: WorkloadOptions
    let folder: String

    /// Spans that are in memory, or in segments and not handed on.
    private static let lagMetrics = ["skein_store_live_spans", "skein_forwarder_lag_spans"]

    private enum Variant: String, CaseIterable {
        case none = "no destination"
        case plain = "plain"
        case packed = "gzip"
        case away = "destination away"

        func arguments(port: Int) -> String {
            switch self {
            case .none: ""
            case .plain: " --opensearch-urls http://127.0.0.1:\(port) --opensearch-compress false"
            case .packed, .away: " --opensearch-urls http://127.0.0.1:\(port)"
            }
        }
    }

    private func with(_ arguments: String) -> MeasureOptions {
        var options = options
        options.serverArguments += arguments
        return options
    }

    /// Loads a server, and waits until it has settled.
    private func load(_ variant: Variant, round: Int) throws -> StageReport {
        let name = "\(variant.rawValue), round \(round)"
        let part = folder + "/" + name.replacing(" ", with: "-")
        try FileManager.default.createDirectory(atPath: part + "/data", withIntermediateDirectories: true)
        let peer = try PeerProcess(binary: plan.peerBinary)
        if variant == .away { peer.kill() }
        var run = ServerRun(
            RunPlan(
                name: name, profile: .mesh, batch: 20, sizes: [plan.spanCount], isLoadOnly: true,
                waitsForCompaction: false), with(variant.arguments(port: peer.port)), workload, folder: part)
        let server = try run.start()
        let whole = run.workload
        run.stage = StageReport(spanCount: whole.spanCount, traceCount: whole.traceCount)
        let before = try server.cpuSeconds()
        try run.load(server, whole, traces: 0..<whole.traceCount)
        if variant == .plain || variant == .packed {
            try waitUntilHandedOn(server, seconds: 120)
            let spans = try peer.report().spans
            guard spans.count == whole.spanCount else {
                throw BenchError("\(name): \(spans.count) of \(whole.spanCount) spans arrived")
            }
            run.stage.add("spans handed on again", Double(spans.repeatCount), "")
        }
        let cpu = try server.cpuSeconds() - before
        run.stage.add("server CPU until handed on", cpu / Double(whole.spanCount) * 1e6, "s/1M spans")
        let end = try server.stop(SIGTERM)
        guard end.status == 0, run.report.failures.isEmpty else {
            throw BenchError("\(name): status \(end.status); \(run.report.failures.joined(separator: "; "))")
        }
        try FileManager.default.removeItem(atPath: part)
        return run.stage
    }

    private func waitUntilHandedOn(_ server: ServerProcess, seconds: Double) throws {
        let metrics = AdminMetrics(try server.address(of: "admin"))
        let begin = CPUClock.wall()
        while CPUClock.wall() - begin < seconds {
            let page = metrics.read()
            guard Self.lagMetrics.allSatisfy({ page[$0] != nil }) else { throw BenchError("the server tells no lag") }
            if Self.lagMetrics.allSatisfy({ page[$0] == 0 }) { return }
            usleep(200_000)
        }
        throw BenchError("not all is handed on after \(seconds) s")
    }

    private static func figure(_ stages: [StageReport], _ name: String) -> Double {
        Quantile.of(stages.compactMap { $0.figure(name)?.value }.sorted(), 0.5)
    }

    /// Each variant once a round, every other round the other way about, so that what else the machine does, and how it
    /// changes, is no variant's alone.
    private func inTurn(_ variants: [Variant]) throws -> [Variant: [StageReport]] {
        var stages: [Variant: [StageReport]] = [:]
        for round in 1...plan.rounds {
            for variant in round % 2 == 1 ? variants : variants.reversed() {
                stages[variant, default: []].append(try load(variant, round: round))
            }
        }
        return stages
    }

    /// The median of what the rounds' two loads have in common with each other.
    private static func median(
        _ first: [StageReport]?, _ second: [StageReport]?, _ name: String, _ combine: (Double, Double) -> Double
    ) -> Double {
        let pairs = zip(first ?? [], second ?? []).compactMap { first, second -> Double? in
            guard let first = first.figure(name)?.value, let second = second.figure(name)?.value else { return nil }
            return combine(first, second)
        }
        return Quantile.of(pairs.sorted(), 0.5)
    }

    private func report(_ name: String) -> BenchReport {
        BenchReport(name: "forward \(name)", profile: "mesh", batch: 20, seed: workload.seed)
    }

    // MARK: Cost

    /// The same load without a destination, and with one that is sent plain and packed bodies; medians, of what is on
    /// top over the rounds.
    func cost() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = report("cost")
        var stage = StageReport(spanCount: plan.spanCount, traceCount: 0)
        let variants = [Variant.none, .plain, .packed]
        let stages = try inTurn(variants)
        func cpu(_ variant: Variant) -> Double { Self.figure(stages[variant] ?? [], "server CPU until handed on") }
        for variant in variants {
            let found = stages[variant] ?? []
            stage.add("\(variant.rawValue), server CPU", cpu(variant), "s/1M spans")
            stage.add("\(variant.rawValue), spans a second", Self.figure(found, "spans a second"), "1/s")
            stage.add("\(variant.rawValue), peak memory", Self.figure(found, "peak memory"), "MiB")
            let others = Self.figure(found, "CPU of other programs while loading")
            stage.add("\(variant.rawValue), CPU of other programs while loading", others, "processors")
        }
        for (name, variant) in [("plain", Variant.plain), ("packed", .packed)] {
            let onTop = Self.median(stages[variant], stages[.none], "server CPU until handed on") { $0 - $1 }
            stage.add("forwarding \(name), CPU on top", onTop, "s/1M spans")
        }
        let again = (stages[.plain] ?? []) + (stages[.packed] ?? [])
        stage.add("spans handed on again", Self.figure(again, "spans handed on again"), "")
        report.stages = [stage]
        return report
    }

    // MARK: Drain

    /// Everything is pending when the cluster comes: how fast it is handed on, and for what.
    func drain() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = report("drain")
        var stage = StageReport(spanCount: plan.spanCount, traceCount: 0)
        for variant in [Variant.plain, .packed] {
            var found: [StageReport] = []
            for round in 1...plan.rounds { found.append(try drain(variant, round: round)) }
            let name = variant == .plain ? "plain" : "packed"
            for (figure, unit) in [("handed on", "1/s"), ("server CPU", "s/1M spans"), ("peak memory", "MiB")] {
                stage.add("drain \(name), \(figure)", Self.figure(found, figure), unit)
            }
        }
        report.stages = [stage]
        return report
    }

    private func drain(_ variant: Variant, round: Int) throws -> StageReport {
        let part = folder + "/drain-\(variant.rawValue)-\(round)"
        try FileManager.default.createDirectory(atPath: part + "/data", withIntermediateDirectories: true)
        let port = try PeerProcess.freePort(binary: plan.peerBinary)
        var run = ServerRun(
            RunPlan(
                name: "drain \(variant.rawValue), round \(round)", profile: .mesh, batch: 20, sizes: [plan.spanCount],
                isLoadOnly: true, waitsForCompaction: false), with(variant.arguments(port: port)), workload,
            folder: part)
        var server = try run.start()
        let whole = run.workload
        run.stage = StageReport(spanCount: whole.spanCount, traceCount: whole.traceCount)
        try run.load(server, whole, traces: 0..<whole.traceCount)
        // All is sealed at the end, and nothing else is to do after the start.
        _ = try server.stop(SIGTERM)
        let peer = try PeerProcess(binary: plan.peerBinary, port: port)
        server = try run.start()
        var stage = StageReport(spanCount: whole.spanCount, traceCount: whole.traceCount)
        let (begin, before) = (CPUClock.wall(), try server.cpuSeconds())
        while try peer.report().spans.count < whole.spanCount {
            guard CPUClock.wall() - begin < 300 else { throw BenchError("not all is handed on after 300 s") }
            usleep(20_000)
        }
        stage.add("handed on", Double(whole.spanCount) / (CPUClock.wall() - begin), "1/s")
        try waitUntilHandedOn(server, seconds: 60)
        stage.add("server CPU", (try server.cpuSeconds() - before) / Double(whole.spanCount) * 1e6, "s/1M spans")
        stage.add("peak memory", try server.memory().peak, "MiB")
        _ = try server.stop(SIGTERM)
        try FileManager.default.removeItem(atPath: part)
        return stage
    }

    // MARK: Outage

    /// The same load without a destination, and with one that is away.
    func outage() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var report = report("outage")
        var stage = StageReport(spanCount: plan.spanCount, traceCount: 0)
        let stages = try inTurn([.none, .away])
        func figure(_ variant: Variant, _ name: String) -> Double { Self.figure(stages[variant] ?? [], name) }
        for variant in [Variant.none, .away] {
            stage.add("\(variant.rawValue), spans a second", figure(variant, "spans a second"), "1/s")
            stage.add("\(variant.rawValue), server CPU", figure(variant, "server CPU while loading"), "s/1M spans")
            stage.add("\(variant.rawValue), peak memory", figure(variant, "peak memory"), "MiB")
        }
        for (name, figure) in [("spans a second", "spans a second"), ("server CPU", "server CPU while loading")] {
            let ratio = Self.median(stages[.away], stages[.none], figure) { $0 / $1 }
            stage.add("outage, \(name) / without a destination", ratio, "times")
        }
        let memory = figure(.away, "peak memory") - figure(.none, "peak memory")
        stage.add("outage, memory on top", memory, "MiB")
        report.stages = [stage]
        return report
    }
}
