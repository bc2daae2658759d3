import ArgumentParser
import FoundationEssentials
import HTTPAPI
import Releases
import Terminal
import TraceModel

extension TraceCommand {
    /// Two traces side by side.
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare two traces call by call: what was added, is missing, got slower or failed.",
            discussion: """
                Calls are matched from the top down by service, operation and kind; the
                client's and the server's span of a call are one line. In front of it:
                  +  only the second trace has it
                  -  only the first has it
                  !  another status, version or attribute, or a time longer or shorter
                     by a fifth and more
                A time with a * is on the critical path: what the request waited for.

                A colon and a span's ID after a trace's ID compare that span and all
                below it, such as two requests of one trace.

                Examples:
                  skein trace diff c15f36c2f4f2d9d1 b5b9aef8e9d2b438
                  skein trace diff c15f36c2f4f2d9d1 b5b9aef8e9d2b438 --changes
                  skein trace diff c15f36c2f4f2d9d1:0315e030 c15f36c2f4f2d9d1:0a54339d
                  skein trace diff c15f36c2f4f2d9d1 b5b9aef8e9d2b438 --json
                """)

        @Argument(help: ArgumentHelp("The first trace.", valueName: "trace[:span]")) var a: String
        @Argument(help: ArgumentHelp("The second trace.", valueName: "trace[:span]")) var b: String
        @Flag(help: "Leave out calls that are the same, and have nothing below them that is not.") var changes = false
        @Option(help: "Lines at most; those that are the same are left out first.")
        var limit = TraceDiffReport.rowCountDefault
        @OptionGroup var source: SourceOptions
        @OptionGroup var format: FormatOptions

        func validate() throws {
            guard (0...TraceDiffQuery.limitMax).contains(limit) else {
                throw ValidationError("--limit is a number from 0 to \(TraceDiffQuery.limitMax).")
            }
        }

        func run() throws {
            let (first, second) = (try Self.part(a), try Self.part(b))
            let report = try source.open().compare(
                TraceDiffQuery(
                    a: first.traceID, b: second.traceID, aSpan: first.spanID, bSpan: second.spanID, limit: limit))
            if format.json { return try Output.json(report) }
            var text = TraceDiffText(report)
            text.width = Terminal.width(1) ?? text.width
            text.ink = Ink(
                isColored: Terminal.hasColor(1, environment: ProcessInfo.processInfo.environment))
            text.hasChangesOnly = changes
            Output.lines(text.lines())
        }

        /// A trace, and a span of it if one is named.
        static func part(_ text: String) throws -> (traceID: TraceID, spanID: SpanID?) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let traceID = TraceID(hex: parts[0]) else {
                throw CommandFailure(
                    "'\(parts[0])' is no trace ID: expected 1 to 32 hex digits", exitCode: CommandFailure.wrongUsage)
            }
            guard parts.count > 1 else { return (traceID, nil) }
            guard let spanID = SpanID(hex: parts[1]) else {
                throw CommandFailure(
                    "'\(parts[1])' is no span ID: expected 1 to 16 hex digits", exitCode: CommandFailure.wrongUsage)
            }
            return (traceID, spanID)
        }
    }
}
