import ArgumentParser
import Configuration
import FoundationEssentials
import Terminal
import TraceModel
import TraceStore

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find traces; the latest first.",
        discussion: """
            Times are lengths (30m: so long ago) or moments (2026-11-21T07:00:00Z).

            Examples:
              skein search --service reviews.default
              skein search --service reviews.default --tag error=true --tag http.method=GET --since 1h
              skein search --service ratings.default --min-duration 10ms --limit 5 --json
            """)

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
        let result = try source.open().find(try query(now: Moment.now))
        let summaries = result.traces.map(TraceSummary.init)
        if format.json { return try Output.json(summaries) }
        guard !summaries.isEmpty else { return Output.text("no traces found\n") }
        let ink = Ink(isColored: Terminal.hasColor(1, environment: ProcessInfo.processInfo.environment))
        Output.lines(TraceSummary.table(summaries).lines(width: Terminal.width(1), ink: ink))
        if result.hasMore { Output.errorText("more traces match: ask for a shorter time, or with a higher --limit\n") }
    }

    func query(now: Int64) throws -> TraceQuery {
        let end = try until.map { try Moment.parse($0, option: "until", now: now) } ?? now
        let start = try since.map { try Moment.parse($0, option: "since", now: now) } ?? (now - source.lookback())
        guard start <= end else { throw ValidationError("--since is later than --until.") }
        var query = TraceQuery(rules: .anySpans, startMin: start, startMax: end, limit: limit)
        query.serviceName = service
        query.operationName = operation
        query.durationMin = try minDuration.map { try Moment.length($0, option: "min-duration") }
        query.durationMax = try maxDuration.map { try Moment.length($0, option: "max-duration") }
        query.attributes = try tag.map { text in
            guard let sign = text.firstIndex(of: "=") else { return .init(key: text, target: .keyOrEvent) }
            guard sign > text.startIndex else { throw ValidationError("--tag '\(text)' has no key.") }
            return .init(
                key: String(text[..<sign]), target: .attribute(value: String(text[text.index(after: sign)...])))
        }
        return query
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

    static func length(_ text: String, option: String) throws -> Int64 {
        guard let nanoseconds = TimeText.nanoseconds(text) else {
            throw ValidationError("--\(option) '\(text)' is no length of time: expected one such as 10ms.")
        }
        return nanoseconds
    }
}

/// A trace in one line.
struct TraceSummary: Encodable, Equatable {
    let traceId: String
    /// Microseconds since 1970; absent if no span says.
    let startMicroseconds: Int64?
    /// From the first start to the last end.
    let durationMicroseconds: Int64
    let spanCount: Int
    let errorCount: Int
    /// Of the span without a parent, or else the earliest.
    let rootService: String
    let rootOperation: String

    init(_ trace: Trace) {
        let spans = trace.spans
        let start = spans.compactMap(\.start).min()
        let end = spans.reduce(start ?? 0) { latest, span in
            guard let start = span.start else { return latest }
            let end = start.addingReportingOverflow(max(0, span.duration ?? 0))
            return end.overflow ? .max : max(latest, end.partialValue)
        }
        let roots = spans.filter { $0.parentID == nil }
        let root = (roots.isEmpty ? spans : roots).min { ($0.start ?? .max) < ($1.start ?? .max) } ?? spans[0]
        traceId = "\(trace.traceID)"
        startMicroseconds = start.map { $0 / 1000 }
        durationMicroseconds = start.map { end.subtractingReportingOverflow($0).partialValue / 1000 } ?? 0
        spanCount = spans.count
        errorCount = spans.count { $0.traits.isError }
        rootService = String(decoding: root.serviceName, as: UTF8.self)
        rootOperation = String(decoding: root.operationName, as: UTF8.self)
    }

    static func table(_ summaries: [TraceSummary]) -> TextTable {
        var table = TextTable([
            .init("TRACE ID"), .init("START"), .init("DURATION", isRightAligned: true),
            .init("SPANS", isRightAligned: true), .init("ERRORS", isRightAligned: true), .init("ROOT"),
        ])
        for summary in summaries {
            table.add([
                summary.traceId, summary.startMicroseconds.map { ClockText.local($0 * 1000) } ?? "-",
                NumberText.duration(summary.durationMicroseconds * 1000), NumberText.count(summary.spanCount),
                summary.errorCount == 0 ? "-" : NumberText.count(summary.errorCount),
                "\(summary.rootService): \(summary.rootOperation)",
            ])
        }
        return table
    }
}
