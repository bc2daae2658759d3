import ArgumentParser
import Workload

/// Sends a server more than it can take.
struct OverloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overload", abstract: "Floods a server, and looks at its manners, its memory and what it kept.")

    @Option(
        help: "How spans are sent: \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseFormat)
    var format: LoadFormat = .zipkinJSON

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @Option(help: "Length of the flood, seconds.")
    var seconds = 120.0

    @Option(help: "Connections of the flood; --connections is of the loads before and after.")
    var floodConnections = 1_000

    @Option(help: "Most that the server may have resident in the flood, MiB; default: not judged.")
    var memoryMax: Double?

    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard seconds > 0, seconds <= 3_600, (1...20_000).contains(floodConnections) else {
            throw ValidationError("--seconds is up to 3600, --flood-connections 1 to 20000")
        }
    }

    func run() throws {
        let plan = OverloadPlan(
            profile: profile, format: format, batch: batch.batch, seconds: seconds, connections: floodConnections,
            memoryMax: memoryMax)
        try measuring.report([
            (
                "overload",
                { folder in
                    var run = OverloadRun(plan, measuring, workload, folder: folder)
                    return try run.run()
                }
            )
        ])
    }
}

/// Keeps many connections open.
struct ConnectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "Opens many connections, one post on each, and leaves them idle.")

    @Option(help: "How many.")
    var count = 10_000

    @Option(help: "Seconds for which they are left idle.")
    var hold = 5.0

    @Option(
        help: "How spans are sent: \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseFormat)
    var format: LoadFormat = .zipkinJSON

    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard (1...25_000).contains(count) else {
            throw ValidationError("--count is 1 to 25000: one address has no more ports")
        }
    }

    func run() throws {
        try measuring.report([
            (
                "connections",
                { folder in
                    var run = ConnectionsRun(
                        count: count, hold: hold, format: format, measuring, workload, folder: folder)
                    return try run.run()
                }
            )
        ])
    }
}
