import ArgumentParser
import Configuration
import FoundationEssentials
import Terminal
import TraceModel

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find traces; the latest first.",
        discussion: """
            The query is TraceQL: spans between braces, with relations between them and pipelines behind. The options
            below are added to it. Times are lengths (30m: so long ago) or moments (2026-11-21T07:00:00Z).

            Examples:
              skein search --service reviews.default
              skein search --service reviews.default --tag error=true --tag http.method=GET --since 1h
              skein search '{ .http.status_code >= 500 && duration > 100ms }' --limit 5
              skein search '{ name =~ "productpage.*" } >> { .service.name = "ratings.default" && status = error }'
              skein search '{ .service.name = "reviews.default" } | count() > 3' --data ./skein-data --json
            """)

    @Argument(help: ArgumentHelp("What is sought, in TraceQL.", valueName: "query")) var text: String?
    @Option(help: ArgumentHelp("Service that did the work.", valueName: "name")) var service: String?
    @Option(help: ArgumentHelp("Operation of that service.", valueName: "name")) var operation: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Tag and its value, or a tag or annotation alone; repeatable.", valueName: "k=v"))
    var tag: [String] = []
    @Option(help: ArgumentHelp("Shortest duration of a span.", valueName: "time")) var minDuration: String?
    @Option(help: ArgumentHelp("Longest duration of a span.", valueName: "time")) var maxDuration: String?
    @Option(help: ArgumentHelp("Earliest start of a trace (default: as configured, 24h).", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Latest start of a trace (default: now).", valueName: "time")) var until: String?
    @Option(help: ArgumentHelp("Traces at most.", valueName: "number")) var limit = 20
    @OptionGroup var source: SourceOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 1000000.") }
        guard service != nil || operation == nil else { throw ValidationError("--operation needs --service.") }
    }

    func run() throws {
        let found = try source.open().find(try request(now: Moment.now))
        if format.json {
            try Output.json(found.traces)
        } else if found.traces.isEmpty {
            Output.text("no traces found\n")
        } else {
            let ink = Ink(isColored: Terminal.hasColor(1, environment: ProcessInfo.processInfo.environment))
            Output.lines(TraceLine.table(found.traces).lines(width: Terminal.width(1), ink: ink))
        }
        for note in found.notes { Output.errorText("\(DisplayText.safe(note))\n") }
        if found.count > found.traces.count {
            let count = (found.isExact ? "" : "at least ") + NumberText.count(found.count)
            Output.errorText("\(NumberText.count(found.traces.count)) of \(count) traces\n")
        }
    }

    func request(now: Int64) throws -> TraceSearchRequest {
        let end = try until.map { try Moment.parse($0, option: "until", now: now) } ?? now
        let start = try since.map { try Moment.parse($0, option: "since", now: now) } ?? (now - source.lookback())
        guard start <= end else { throw ValidationError("--since is later than --until.") }
        return TraceSearchRequest(query: try query(), start: start, end: end, limit: limit)
    }

    /// The query with the options. Each option may be met by another span of the service, as in Zipkin.
    func query() throws -> String {
        var clauses: [String] = []
        if let operation { clauses.append("name = \(Self.quoted(operation))") }
        if minDuration != nil || maxDuration != nil {
            let bounds = [
                try minDuration.map { "duration >= \(try Moment.length($0, option: "min-duration"))ns" },
                try maxDuration.map { "duration <= \(try Moment.length($0, option: "max-duration"))ns" },
            ]
            clauses.append(bounds.compactMap { $0 }.joined(separator: " && "))
        }
        clauses += try tag.map { text in
            guard let sign = text.firstIndex(of: "=") else {
                return "(span.\(Self.quoted(text)) != nil || event:name = \(Self.quoted(text)))"
            }
            guard sign > text.startIndex else { throw ValidationError("--tag '\(text)' has no key.") }
            let value = String(text[text.index(after: sign)...])
            return "span.\(Self.quoted(String(text[..<sign]))) = \(Self.quoted(value))"
        }
        if let service {
            let condition = "resource.service.name = \(Self.quoted(service))"
            clauses = clauses.isEmpty ? [condition] : clauses.map { "\(condition) && \($0)" }
        }
        let options = clauses.map { "{ \($0) }" }
        guard let text, !text.allSatisfy(\.isWhitespace) else {
            return options.isEmpty ? "{ }" : options.joined(separator: " && ")
        }
        return options.isEmpty ? text : (["(\(text))"] + options).joined(separator: " && ")
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// Times on the command line.
enum Moment {
    /// Nanoseconds since 1970.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) * 1000 }

    /// `30m` is so long before now; else a date and time with a time zone.
    static func parse(_ text: String, option: String, now: Int64) throws -> Int64 {
        if text == "now" { return now }
        if let nanoseconds = TimeText.nanoseconds(text) { return now - nanoseconds }
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        for style in styles {
            guard let date = try? Date(text, strategy: style) else { continue }
            let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
            if abs(milliseconds) < 9e12 { return Int64(milliseconds) * 1_000_000 }
        }
        throw ValidationError("--\(option) '\(text)' is no time: expected one such as 30m, or 2026-11-21T07:00:00Z.")
    }

    /// From `since` up to `until`, now if absent.
    static func window(since: String, until: String?, now: Int64) throws -> Range<Int64> {
        let end = try until.map { try parse($0, option: "until", now: now) } ?? now
        let start = try parse(since, option: "since", now: now)
        guard start < end else { throw ValidationError("--since is not earlier than --until.") }
        return start..<end
    }

    static func length(_ text: String, option: String) throws -> Int64 {
        guard let nanoseconds = TimeText.nanoseconds(text) else {
            throw ValidationError("--\(option) '\(text)' is no length of time: expected one such as 10ms.")
        }
        return nanoseconds
    }
}

/// A trace in one line.
struct TraceLine: Encodable, Equatable {
    let traceId: String
    /// Microseconds since 1970; absent if no span says.
    let startMicroseconds: Int64?
    /// From the first start to the last end.
    let durationMicroseconds: Int64
    let spanCount: Int
    let errorCount: Int
    /// Of the span without a parent; empty while it has not come.
    let rootService: String
    let rootOperation: String

    static func table(_ lines: [TraceLine]) -> TextTable {
        var table = TextTable([
            .init("TRACE ID"), .init("START"), .init("DURATION", isRightAligned: true),
            .init("SPANS", isRightAligned: true), .init("ERRORS", isRightAligned: true), .init("ROOT"),
        ])
        for line in lines {
            table.add([
                line.traceId, line.startMicroseconds.map { ClockText.local($0 * 1000) } ?? "-",
                NumberText.duration(line.durationMicroseconds * 1000), NumberText.count(line.spanCount),
                line.errorCount == 0 ? "-" : NumberText.count(line.errorCount),
                line.rootService.isEmpty ? "-" : "\(line.rootService): \(line.rootOperation)",
            ])
        }
        return table
    }
}

extension TraceLine {
    init(_ summary: TraceSummary) {
        let root = summary.root
        self.init(
            traceId: "\(summary.traceID)", startMicroseconds: summary.start.map { $0 / 1000 },
            durationMicroseconds: summary.duration / 1000, spanCount: summary.spanCount,
            errorCount: summary.errorCount,
            rootService: root.map { String(decoding: $0.serviceName, as: UTF8.self) } ?? "",
            rootOperation: root.map { String(decoding: $0.operationName, as: UTF8.self) } ?? "")
    }
}
