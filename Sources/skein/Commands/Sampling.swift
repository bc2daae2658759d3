import ArgumentParser
import Configuration
import FoundationEssentials
import HTTPAPI
import Sampling
import Terminal
import TraceModel
import TraceStore

struct SamplingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sampling",
        abstract: "Try out policies of sampling on stored traces.",
        discussion: """
            Policies are what may stand below 'sampling:' of a configuration file, or such a file itself.

            Examples:
              skein sampling simulate --policy sampling.yaml --since 1h
              skein sampling explain --trace 39a1c83d93ff90cec484e4f331316cd1 --policy sampling.yaml
            """,
        subcommands: [Simulate.self, Explain.self])

    /// The policies of a file, checked, and its text for a server.
    static func policies(_ path: String) throws -> (document: PolicyDocument, text: [UInt8]) {
        let document = try PolicyDocument.load(path: path)
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw CommandFailure("\(path) cannot be read")
        }
        return (document, [UInt8](data))
    }

    // MARK: Simulate

    struct Simulate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "simulate",
            abstract: "What policies would have kept of the stored traces.",
            discussion: """
                The stored traces are shown to the policies in the order of their starts: first to those for arriving
                spans, then to those for whole traces, then to each age. Nothing is changed. Of what was left out when
                it arrived nothing is known: simulate on a store that keeps everything.

                Times are lengths (30m: so long ago) or moments (2026-11-21T07:00:00Z).

                Examples:
                  skein sampling simulate --policy sampling.yaml
                  skein sampling simulate --policy sampling.yaml --since 1d --service reviews.default
                  skein sampling simulate --policy sampling.yaml --data ./skein-data --json
                """)

        @Option(help: ArgumentHelp("File of policies.", valueName: "file")) var policy: String
        @Option(help: ArgumentHelp("Earliest start of a trace.", valueName: "time")) var since = "1h"
        @Option(help: ArgumentHelp("Latest start of a trace (default: now).", valueName: "time")) var until: String?
        @Option(help: ArgumentHelp("Only traces in which this service takes part.", valueName: "name"))
        var service: String?
        @OptionGroup var source: SourceOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let policies = try SamplingCommand.policies(policy)
            let window = try Moment.window(since: since, until: until, now: Moment.now)
            let report: SimulationReport
            if let data = source.data {
                report = try Self.simulate(policies.document, folder: data, window, service)
            } else {
                let client = try source.file.client(server: source.server, listener: .query, timeout: .seconds(3600))
                report = try ServerSource(client).simulate(policies.text, window, service)
            }
            if format.json { try Output.json(report) } else { Output.lines(SamplingText.lines(report)) }
        }

        private static func simulate(
            _ document: PolicyDocument, folder: String, _ window: Range<Int64>, _ service: String?
        ) throws -> SimulationReport {
            let store = try FolderSource.open(folder)
            defer { store.close() }
            var bar = ProgressBar(total: 100, noun: "% of the spans")
            let result = Result {
                try SamplingQueries.simulate(
                    document, store, within: window.lowerBound...(window.upperBound - 1), serviceName: service,
                    QueryWork()
                ) { done, total in bar.show(total > 0 ? min(100, done * 100 / total) : 0) }
            }
            bar.finish()
            return try result.get()
        }
    }

    // MARK: Explain

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain",
            abstract: "Why a trace is kept or left out.",
            discussion: """
                Says which rule decides for each service of the trace, what each policy says, and how many traces the
                trace stands for. Of a trace that is not stored, what follows from its ID. Without --policy the
                server's own policies are asked, or, with --data, those of the configuration.

                Examples:
                  skein sampling explain --trace 39a1c83d93ff90cec484e4f331316cd1
                  skein sampling explain --trace 39a1c83d93ff90cec484e4f331316cd1 --policy sampling.yaml --json
                """)

        @Option(help: ArgumentHelp("Trace ID: 1 to 32 hex digits.", valueName: "id")) var trace: String
        @Option(help: ArgumentHelp("File of policies.", valueName: "file")) var policy: String?
        @OptionGroup var source: SourceOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            guard let traceID = TraceID(hex: trace) else {
                throw CommandFailure(
                    "'\(trace)' is no trace ID: expected 1 to 32 hex digits", exitCode: CommandFailure.wrongUsage)
            }
            let policies = try policy.map { try SamplingCommand.policies($0) }
            let explanation: SamplingExplanation
            if let data = source.data {
                let document = try policies?.document ?? source.file.load().sampling
                let store = try FolderSource.open(data)
                defer { store.close() }
                explanation = try SamplingQueries.explain(traceID, document, store, QueryWork())
            } else {
                let client = try source.file.client(server: source.server, listener: .query)
                explanation = try ServerSource(client).explainSampling(traceID, policies?.text)
            }
            if format.json { try Output.json(explanation) } else { Output.lines(SamplingText.lines(explanation)) }
        }
    }
}
