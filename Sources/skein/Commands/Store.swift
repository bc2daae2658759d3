import ArgumentParser
import Configuration
import HTTPClient
import Terminal
import TraceStore

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look after the stored spans.",
        discussion: """
            Examples:
              skein store stats
              skein store verify --data ./skein-data
            """,
        subcommands: [Stats.self, Verify.self])

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stats",
            abstract: "Print how much is stored.",
            discussion: """
                Asks the admin port of a running server, or opens a data folder that no server has.

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
            let samples = try data.map(Self.samples(ofFolder:)) ?? samplesOfServer()
            if format.json {
                return try Output.json(Dictionary(samples.map { ($0.name, $0.value) }) { _, last in last })
            }
            var table = TextTable([.init("METRIC"), .init("VALUE", isRightAligned: true)])
            for sample in samples { table.add([sample.name, sample.text]) }
            Output.lines(table.lines())
        }

        private func samplesOfServer() throws -> [MetricSample] {
            let client = try file.client(server: server, port: \.adminPort)
            let response = try client.get("/metrics")
            let samples = MetricSample.parse(response.text).filter { $0.name.hasPrefix("skein_store_") }
            guard response.status == 200, !samples.isEmpty else {
                throw CommandFailure("\(client.baseURL) has no metrics of a store: is it the admin port?")
            }
            return samples
        }

        private static func samples(ofFolder path: String) throws -> [MetricSample] {
            let store = try FolderSource.open(path)
            defer { store.close() }
            let statistics = store.statistics()
            return StoreMetrics.all.map { MetricSample(name: $0.text, value: $0.read(statistics)) }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Read all that a data folder stores and hold it against its checksums.",
            discussion: """
                Ends with 1 if anything is wrong. No server may have the folder open.

                Examples:
                  skein store verify
                  skein store verify --data /var/lib/skein --json
                """)

        @Option(help: ArgumentHelp("Data folder (default: ./skein-data, or as configured).", valueName: "folder"))
        var data: String?
        @OptionGroup var file: ConfigurationFileOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let path = try data ?? file.load().dataPath
            let store = try FolderSource.open(path)
            defer { store.close() }
            let total = store.statistics().segmentCount
            var bar = ProgressBar(total: total, noun: "segments")
            let problems = try store.verify { done, _ in bar.show(done) }
            bar.finish()
            if format.json { try Output.json(Report(segments: total, problems: problems)) }
            guard problems.isEmpty else {
                if format.json { throw ExitCode(CommandFailure.failed) }
                throw CommandFailure(problems.joined(separator: "\n"))
            }
            if !format.json { Output.text("\(NumberText.count(total, "segment")) in order\n") }
        }

        private struct Report: Encodable {
            let segments: Int
            let problems: [String]
        }
    }
}
