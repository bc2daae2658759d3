import ArgumentParser
import Bytes
import FoundationEssentials
import Terminal
import TraceModel
import WireFormats

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show one trace as a tree, or two side by side.",
        discussion: """
            Without a word before it, an ID stands for 'show'.

            Examples:
              skein trace 39a1c83d93ff90cec484e4f331316cd1
              skein trace diff c15f36c2f4f2d9d1 b5b9aef8e9d2b438
            """,
        subcommands: [Show.self, Diff.self], defaultSubcommand: Show.self)
}

extension TraceCommand {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one trace as a tree.",
            discussion: """
                Examples:
                  skein trace 39a1c83d93ff90cec484e4f331316cd1
                  skein trace 39a1c83d93ff90cec484e4f331316cd1 --json
                  skein trace 39a1c83d93ff90cec484e4f331316cd1 --data ./skein-data
                """)

        @Argument(help: "Trace ID: 1 to 32 hex digits.") var id: String
        @OptionGroup var source: SourceOptions
        @Flag(help: "Print the spans as Zipkin JSON.") var json = false

        func run() throws {
            guard let traceID = TraceID(hex: id) else {
                throw CommandFailure(
                    "'\(id)' is no trace ID: expected 1 to 32 hex digits", exitCode: CommandFailure.wrongUsage)
            }
            guard let trace = try source.open().trace(traceID) else { throw CommandFailure("no trace \(traceID)") }
            if json {
                var writer = ByteWriter()
                ZipkinJSONEncoder.appendList(trace.spans, to: &writer)
                writer.write(UInt8(ascii: "\n"))
                Output.bytes(writer.bytes)
            } else {
                var style = TraceTree.Style()
                style.width = Terminal.width(1) ?? style.width
                style.isColored = Terminal.hasColor(1, environment: ProcessInfo.processInfo.environment)
                Output.lines(TraceTree(trace, style: style).lines())
            }
        }
    }
}
