import ArgumentParser
import Configuration
import HTTPClient
import Terminal

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look after the stored spans.",
        discussion: """
            Examples:
              skein store stats
              skein store stats --server http://127.0.0.1:14269 --json
            """,
        subcommands: [Stats.self])

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stats",
            abstract: "Print how much a running server stores.",
            discussion: """
                Read from the metrics of its admin port.

                Examples:
                  skein store stats
                  skein store stats --server http://127.0.0.1:14269 --json
                """)

        @Option(
            help: ArgumentHelp(
                "Admin listener of the server (default: http://127.0.0.1:14269, or as configured).", valueName: "url"))
        var server: String?
        @OptionGroup var file: ConfigurationFileOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let client = try file.client(server: server, port: \.adminPort)
            let response = try client.get("/metrics")
            let samples = MetricSample.parse(response.text).filter { $0.name.hasPrefix("skein_store_") }
            guard response.status == 200, !samples.isEmpty else {
                throw CommandFailure("\(client.baseURL) has no metrics of a store: is it the admin port?")
            }
            if format.json {
                return try Output.json(Dictionary(samples.map { ($0.name, $0.value) }) { _, last in last })
            }
            var table = TextTable([.init("METRIC"), .init("VALUE", isRightAligned: true)])
            for sample in samples { table.add([sample.name, sample.text]) }
            Output.lines(table.lines())
        }
    }
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
