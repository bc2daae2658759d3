import ArgumentParser
import Terminal
import TraceModel
import TraceStore

extension StoreCommand {
    struct Drop: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop",
            abstract: "Remove traces from all files of a data folder, for good.",
            discussion: """
                Asks before it does, on a terminal; elsewhere it needs --yes. Ends with 1 if none of the traces is
                stored. A segment's file that 'skein store rebuild' set aside keeps what it has: remove it yourself.
                Figures of the topology, with the names of services and operations, stay. No server may have the folder
                open.

                Examples:
                  skein store drop --trace 39a1c83d93ff90cec484e4f331316cd1
                  skein store drop --trace 39a1c83d93ff90ce 72485a3953bb6124 --yes --data /var/lib/skein
                """)

        @Option(parsing: .upToNextOption, help: ArgumentHelp("Trace IDs: 1 to 32 hex digits.", valueName: "id"))
        var trace: [String] = []
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var folder: StoreFolderOptions
        @OptionGroup var format: FormatOptions

        func validate() throws {
            guard !trace.isEmpty else { throw ValidationError("Say which traces to drop: --trace ID.") }
            for id in trace where TraceID(hex: id) == nil {
                throw ValidationError("'\(id)' is no trace ID: expected 1 to 32 hex digits.")
            }
            guard yes || Terminal.isTerminal(0) else {
                throw ValidationError("There is no terminal to ask on: say --yes.")
            }
        }

        private struct Report: Encodable {
            struct Dropped: Encodable {
                let traceId: String
                let spans: Int
            }
            let dropped: [Dropped]
            let unknown: [String]
        }

        func run() throws {
            let traceIDs = Set(trace.compactMap { TraceID(hex: $0) })
            let store = try folder.open()
            defer { store.close() }
            var spanCounts: [TraceID: Int] = [:]
            for traceID in traceIDs { spanCounts[traceID] = try store.trace(traceID)?.spans.count }
            if !yes, !spanCounts.isEmpty {
                let spanCount = spanCounts.values.reduce(0, +)
                let traces = NumberText.count(spanCounts.count, "trace")
                Output.errorText("Drop \(traces) with \(NumberText.count(spanCount, "span")) for good? [y/N] ")
                guard readLine().map({ ["y", "yes"].contains($0.lowercased()) }) ?? false else {
                    throw CommandFailure("nothing was dropped")
                }
            }
            let dropped = spanCounts.isEmpty ? [] : try store.drop(traceIDs)
            let report = Report(
                dropped: dropped.sorted().map { .init(traceId: "\($0)", spans: spanCounts[$0] ?? 0) },
                unknown: traceIDs.subtracting(dropped).sorted().map { "\($0)" })
            if format.json {
                try Output.json(report)
            } else {
                for one in report.dropped {
                    Output.text("dropped \(one.traceId): \(NumberText.count(one.spans, "span"))\n")
                }
                for id in report.unknown { Output.error("no trace \(id)") }
            }
            if dropped.isEmpty { throw ExitCode(CommandFailure.failed) }
        }
    }
}
