import ArgumentParser
import Configuration
import Glibc
import HTTPClient
import Logging
import Terminal
import TraceStore

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look after the stored spans.",
        discussion: """
            Examples:
              skein store stats
              skein store stats --data ./skein-data --json
              skein store verify --data ./skein-data
            """,
        subcommands: [StoreStatsCommand.self, StoreVerifyCommand.self])
}

struct StoreStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Print how much is stored.",
        discussion: """
            Of a running server, read from the metrics of its admin port, or of a data folder that no server has.

            Examples:
              skein store stats
              skein store stats --server http://127.0.0.1:14269 --json
              skein store stats --data ./skein-data
            """)

    @Option(
        help: ArgumentHelp(
            "Admin listener of the server (default: http://127.0.0.1:14269, or as configured).", valueName: "url"))
    var server: String?
    @Option(help: ArgumentHelp("Data folder to open directly, while no server has it.", valueName: "folder"))
    var data: String?
    @OptionGroup var file: ConfigurationFileOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        if server != nil && data != nil { throw ValidationError("--server and --data exclude each other.") }
    }

    func run() throws {
        let samples = try data.map(folderSamples) ?? serverSamples()
        if format.json {
            return try Output.json(Dictionary(samples.map { ($0.name, $0.value) }) { _, last in last })
        }
        var table = TextTable([.init("METRIC"), .init("VALUE", isRightAligned: true)])
        for sample in samples { table.add([sample.name, sample.text]) }
        Output.lines(table.lines())
    }

    private func serverSamples() throws -> [MetricSample] {
        let client = try file.client(server: server, port: \.adminPort)
        let response = try client.get("/metrics")
        let samples = MetricSample.parse(response.text).filter { $0.name.hasPrefix("skein_store_") }
        guard response.status == 200, !samples.isEmpty else {
            throw CommandFailure("\(client.baseURL) has no metrics of a store: is it the admin port?")
        }
        return samples
    }

    private func folderSamples(_ path: String) throws -> [MetricSample] {
        let store = try OpenedFolder(path: path)
        return StoreMetrics.all.map { MetricSample(name: $0.text, value: $0.read(store.store.statistics())) }
    }
}

struct StoreVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read all that is stored and check it.",
        discussion: """
            Every checksum, length and count of every segment, and the segments against the catalog. Prints what is wrong, a line each;
            the exit code is 1 if anything is. No server may have the folder.

            Examples:
              skein store verify
              skein store verify --data /var/lib/skein --json
            """)

    @Option(help: ArgumentHelp("Data folder (default: ./skein-data, or as configured).", valueName: "folder"))
    var data: String?
    @OptionGroup var file: ConfigurationFileOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let folder = try OpenedFolder(path: try data ?? file.load().dataPath)
        let segmentCount = folder.store.statistics().segmentCount
        var bar = ProgressBar(total: segmentCount, noun: "segments")
        let problems = try folder.store.verify { done, _ in bar.show(done) }
        bar.finish()
        if format.json {
            try Output.json(VerificationReport(segments: segmentCount, problems: problems))
        } else if problems.isEmpty {
            Output.lines(["\(segmentCount) segments are sound"])
        } else {
            Output.lines(problems)
        }
        if !problems.isEmpty { throw CommandFailure("\(problems.count) things are wrong") }
    }
}

private struct VerificationReport: Encodable {
    var segments: Int
    var problems: [String]
}

/// A data folder that this program has to itself until the object goes.
final class OpenedFolder {
    let store: TraceStore

    /// - Throws: `CommandFailure` if there is no such folder, `StoreError` if it cannot be opened.
    init(path: String) throws {
        // The store would make the folder.
        guard access(path, R_OK | X_OK) == 0 else { throw CommandFailure("there is no data folder '\(path)'") }
        var logger = Logger(label: "skein") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        store = try TraceStore(path: path, options: StoreOptions(), logger: logger)
    }

    deinit { store.close() }
}

/// One line of Prometheus' text format.
struct MetricSample: Equatable {
    /// With its labels.
    let name: String
    let value: Double

    /// Whole numbers without a fraction; sizes in units too.
    var text: String {
        guard let whole = Int(exactly: value) else { return "\(value)" }
        return name.contains("_bytes") ? "\(NumberText.bytes(whole))" : NumberText.count(whole)
    }

    /// Comments, timestamps and what is no sample are left out.
    static func parse(_ text: String) -> [MetricSample] {
        text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let nameEnd = line.lastIndex(of: "}").map { line.index(after: $0) } ?? line.firstIndex(of: " ")
            guard let nameEnd, let number = line[nameEnd...].split(separator: " ").first, let value = Double(number),
                value.isFinite
            else { return nil }
            return MetricSample(name: String(line[..<nameEnd]), value: value)
        }
    }
}
