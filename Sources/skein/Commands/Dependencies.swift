import ArgumentParser
import FoundationEssentials
import GraphDrawing
import Terminal
import Topology

struct DependenciesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dependencies",
        abstract: "Show who calls whom, how often and how well; or where traces fall apart.",
        discussion: """
            Everything that was received is counted, whether sampling kept it or not.
            P50, P95 and P99 are durations as the callee saw them, or the caller where the
            callee sends no spans. Times are lengths (30m: so long ago) or moments
            (2026-11-21T07:00:00Z), widened to whole minutes; longer ago to hours or days.

            Examples:
              skein dependencies
              skein dependencies --group version --since 15m
              skein dependencies --focus reviews.default --depth 2 --output reviews.svg
              skein dependencies --format dot --since 24h | dot -Tpdf -o mesh.pdf
              skein dependencies --format mermaid --data ./skein-data
              skein dependencies --broken --since 6h
            """)

    @Option(help: ArgumentHelp("Earliest call.", valueName: "time")) var since = "1h"
    @Option(help: ArgumentHelp("Latest call (default: now).", valueName: "time")) var until: String?
    @Option(help: "How to show it (default: as the output's name ends, or table).") var format: GraphFormat?
    @Option(help: "What makes two parties one node.") var group: TopologyQuery.Grouping?
    @Option(help: ArgumentHelp("Service or node to show, with what is around it.", valueName: "name"))
    var focus: String?
    @Option(help: ArgumentHelp("Calls between the focus and what is still shown (default: 1).", valueName: "number"))
    var depth: Int?
    @Flag(help: "Show where traces fall apart because headers are not handed on.") var broken = false
    @Option(name: .shortAndLong, help: ArgumentHelp("File to write; - is standard output.", valueName: "file"))
    var output = "-"
    @OptionGroup var source: SourceOptions
    @Flag(help: "Print JSON, as --format json does.") var json = false

    private static let depthMax = 100

    func validate() throws {
        if let depth {
            guard focus != nil else { throw ValidationError("--depth needs --focus.") }
            guard (0...Self.depthMax).contains(depth) else {
                throw ValidationError("--depth is a number from 0 to \(Self.depthMax).")
            }
        }
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format) exclude each other.")
        }
        guard broken else { return }
        if group != nil || focus != nil { throw ValidationError("--broken is about all services, one by one.") }
        guard GraphDrawing.ReportFormat(rawValue: chosenFormat.rawValue) != nil else {
            throw ValidationError("--broken is shown as table or json.")
        }
    }

    /// What was asked for, or what the file's name says.
    var chosenFormat: GraphFormat {
        if json { return .json }
        if let format { return format }
        guard let dot = output.lastIndex(of: ".") else { return .table }
        switch output[dot...].lowercased() {
        case ".json": return .json
        case ".dot", ".gv": return .dot
        case ".mmd", ".mermaid": return .mermaid
        case ".graphml": return .graphml
        case ".csv": return .csv
        case ".svg": return .svg
        default: return .table
        }
    }

    func run() throws {
        let query = try query(now: Moment.now)
        if broken {
            try show(try source.open().propagation(within: query.window))
        } else {
            try show(try source.open().topology(query))
        }
    }

    func query(now: Int64) throws -> TopologyQuery {
        let window = try Moment.window(since: since, until: until, now: now)
        return TopologyQuery(window: window, grouping: group ?? .service, focus: focus, depth: depth ?? 1)
    }

    // MARK: Output

    private func show(_ graph: TopologyGraph) throws {
        let format = chosenFormat
        guard output == "-" else { return try write(GraphDrawing.draw(graph, as: format)) }
        if format == .table {
            if !graph.edges.isEmpty { Output.lines(lines(GraphDrawing.table(graph))) }
            Output.lines(GraphDrawing.remarks(graph))
        } else {
            Output.bytes(GraphDrawing.draw(graph, as: format))
        }
        if format != .json { for note in graph.notes { Output.errorText("\(DisplayText.safe(note))\n") } }
    }

    private func show(_ report: PropagationReport) throws {
        let format: GraphDrawing.ReportFormat = chosenFormat == .json ? .json : .table
        guard output == "-" else { return try write(GraphDrawing.draw(report, as: format)) }
        guard format == .table else { return Output.bytes(GraphDrawing.draw(report, as: format)) }
        if !report.findings.isEmpty { Output.lines(lines(GraphDrawing.table(report))) }
        Output.lines(GraphDrawing.remarks(report))
    }

    private func lines(_ table: TextTable) -> [String] {
        let ink = Ink(isColored: Terminal.hasColor(1, environment: ProcessInfo.processInfo.environment))
        return table.lines(width: Terminal.width(1), ink: ink)
    }

    private func write(_ bytes: [UInt8]) throws {
        let file = try SpanFileOutput(output)
        try file.write(bytes)
        try file.finish()
    }
}
