import ArgumentParser
import Workload

/// Asks the same of every query API.
struct QueriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries", abstract: "Loads a server and asks the same questions by each of its query APIs.")

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @OptionGroup var size: SizeOption
    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func run() throws {
        let plan = RunPlan(name: "queries", profile: profile, batch: batch.batch, sizes: [size.spans])
        try measuring.report([
            (
                plan.name,
                { folder in
                    var run = ServerRun(plan, measuring, workload, folder: folder)
                    return try run.runQueries()
                }
            )
        ])
    }
}

/// Reads one very long trace.
struct LongTraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "long-trace", abstract: "Reads one trace of very many spans by several APIs, fast and slowly.")

    @Option(help: "Spans of the trace.")
    var spans = 100_000

    @Option(help: "Bytes a second of the slow reader.")
    var slowRate = 20_000_000.0

    @Option(help: "How often each API is asked at full speed.")
    var rounds = 3

    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard (1...2_000_000).contains(spans), slowRate >= 1_000, (1...1_000).contains(rounds) else {
            throw ValidationError("--spans is 1 to 2000000, --slow-rate at least 1000, --rounds 1 to 1000")
        }
    }

    func run() throws {
        try measuring.report([
            (
                "long trace",
                { folder in
                    var run = LongTraceRun(
                        spans: spans, bytesPerSecond: slowRate, rounds: rounds, measuring, workload, folder: folder)
                    return try run.run()
                }
            )
        ])
    }
}

/// Searches while the server is loaded.
struct MixedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixed", abstract: "Loads a server with half of what it can take, without and with searches.")

    @Option(
        help: "How spans are sent: \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseFormat)
    var format: LoadFormat = .zipkinJSON

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @Option(help: "Seconds of each load, without and with searches.")
    var seconds = 30.0

    @Option(help: "Seconds of the load that finds the capacity.")
    var capacitySeconds = 10.0

    @Option(help: "Connections that search, each one question after the other.")
    var searchConnections = 64

    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard seconds >= 1, seconds <= 600, capacitySeconds >= 1, capacitySeconds <= 600,
            (1...5_000).contains(searchConnections)
        else {
            throw ValidationError(
                "--seconds and --capacity-seconds are 1 to 600, --search-connections 1 to 5000")
        }
    }

    func run() throws {
        let plan = MixedPlan(
            profile: profile, format: format, batch: batch.batch, seconds: seconds, capacitySeconds: capacitySeconds,
            searchConnections: searchConnections)
        try measuring.report([
            (
                "mixed",
                { folder in
                    var run = MixedRun(plan, measuring, workload, folder: folder)
                    return try run.run()
                }
            )
        ])
    }
}
