import ArgumentParser
import Comparison
import FoundationEssentials
import HTTPAPI
import Releases
import Terminal

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Say whether a new version of a service is worse than the old one, how sure that is, and why.",
        discussion: """
            Every request that was received is counted, whether sampling kept it or not; where
            the store has no such figures, stored requests are weighted. Why they differ is
            sought among stored requests of each version (--requests). With --gate the exit
            code tells the outcome: 0 not worse, 3 worse, 4 too little data; so that a
            pipeline can wait for it. It may be asked as often as one likes: a version
            that is no worse is called worse by no more than one in twenty, however often one
            looks (--confidence).

            Examples:
              skein compare reviews.default --base v1 --candidate v2
              skein compare reviews.default --base v1 --candidate v2 --since 20m --share 0.1
              skein compare reviews.default --base v1 --candidate v2 --gate --json
              skein compare reviews.default --base v1 --candidate v2 --gate -o report.html \\
                --link http://jaeger.example:16686
            """)

    @Argument(help: "The service.") var service: String
    @Option(help: ArgumentHelp("The old version.", valueName: "version")) var base: String
    @Option(help: ArgumentHelp("The new version.", valueName: "version")) var candidate: String
    @Option(help: ArgumentHelp("Earliest request.", valueName: "time")) var since = "1h"
    @Option(help: ArgumentHelp("Latest request (default: now).", valueName: "time")) var until: String?
    @Option(help: ArgumentHelp("The new version's part of the requests as it was set up.", valueName: "0-1"))
    var share: Double?
    @Option(help: ArgumentHelp("The smallest difference in the share of errors that matters.", valueName: "0-1"))
    var errors = 0.01
    @Option(help: ArgumentHelp("The smallest change of durations that matters, as a part.", valueName: "part"))
    var latency = 0.1
    @Option(help: ArgumentHelp("How sure a finding has to be.", valueName: "0-1")) var confidence = 0.95
    @Option(help: "What is compared: every request as it was counted, or those that are stored.")
    var figures: ComparisonQuery.Figures?
    @Flag(inversion: .prefixedNo, help: "Say what goes wrong, what tells the requests apart, and name traces.")
    var evidence = true
    @Option(help: ArgumentHelp("Stored requests of each version to look at.", valueName: "count"))
    var requests = 10_000
    @Option(
        help: ArgumentHelp(
            "How long stored requests may be read, and the traces around them.", valueName: "seconds"))
    var readingSeconds = 2
    @Flag(help: "End with 3 if the new version is worse, with 4 if there is too little data.") var gate = false
    @Option(help: "How to tell it (default: as the output's name ends, or text).") var format: Format?
    @Option(name: .shortAndLong, help: ArgumentHelp("File to write; - is standard output.", valueName: "file"))
    var output = "-"
    @Option(
        help: ArgumentHelp(
            "Where traces are shown, for links in reports: Jaeger's page, or any address with {trace} in it.",
            valueName: "url"))
    var link: String?
    @OptionGroup var source: SourceOptions
    @Flag(help: "Print JSON, as --format json does.") var json = false

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json, markdown, html
    }

    static let worse: Int32 = 3
    static let tooLittleData: Int32 = 4

    func validate() throws {
        if base == candidate { throw ValidationError("--base and --candidate are the same version.") }
        if let share, !(0...1).contains(share) { throw ValidationError("--share is a number from 0 to 1.") }
        guard (0.0001...1).contains(errors) else { throw ValidationError("--errors is a number from 0.0001 to 1.") }
        guard (0.01...100).contains(latency) else { throw ValidationError("--latency is a number from 0.01 to 100.") }
        guard (0.5...0.9999).contains(confidence) else {
            throw ValidationError("--confidence is a number from 0.5 to 0.9999.")
        }
        let counts = ComparisonParameters.requestCounts
        guard counts.contains(requests) else {
            throw ValidationError("--requests is a number from \(counts.lowerBound) to \(counts.upperBound).")
        }
        let seconds = ComparisonParameters.readingSeconds
        guard seconds.contains(readingSeconds) else {
            throw ValidationError("--reading-seconds is a number from \(seconds.lowerBound) to \(seconds.upperBound).")
        }
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) exclude each other.")
        }
        if let link, TraceLinks(base: link) == nil {
            throw ValidationError("--link is an address that begins with http:// or https://.")
        }
    }

    /// What was asked for, or what the file's name says.
    var chosenFormat: Format {
        if json { return .json }
        if let format { return format }
        guard let dot = output.lastIndex(of: ".") else { return .text }
        switch output[dot...].lowercased() {
        case ".json": return .json
        case ".md", ".markdown": return .markdown
        case ".html", ".htm": return .html
        default: return .text
        }
    }

    func run() throws {
        let window = try Moment.window(since: since, until: until, now: Moment.now)
        var query = ComparisonQuery(serviceName: service, base: base, candidate: candidate, window: window)
        query.configuredShare = share
        query.thresholds.errorShare = errors
        query.thresholds.durationPart = latency
        query.thresholds.confidence = confidence
        query.figures = figures
        query.hasEvidence = evidence
        query.limits.requestCountMax = requests
        query.limits.time = .seconds(readingSeconds)
        let report = try source.open().compare(query)
        try write(report)
        let code = Self.exitCode(of: report.outcome)
        if gate, code != 0 { throw ExitCode(code) }
    }

    private func write(_ report: ComparisonReport) throws {
        let links = link.flatMap { TraceLinks(base: $0) } ?? TraceLinks()
        let lines = Self.lines(report).map { DisplayText.safe($0) }
        let text =
            switch chosenFormat {
            case .text: lines.map { $0 + "\n" }.joined()
            case .json: try Output.jsonDocument(report)
            case .markdown: report.markdown(links: links)
            case .html: report.html(links: links)
            }
        guard output != "-" else { return Output.text(text) }
        let file = try SpanFileOutput(output)
        try file.write(Array(text.utf8))
        try file.finish()
        // Who has the report in a file still sees how it ends.
        Output.lines(lines)
    }

    static func exitCode(of outcome: String) -> Int32 {
        switch outcome {
        case "worse": worse
        case "tooLittleData": tooLittleData
        default: 0
        }
    }

    static func lines(_ report: ComparisonReport) -> [String] {
        let words = ["tooLittleData": "too little data to say"]
        var lines = [
            "\(report.service): \(report.candidate) against \(report.base): \(words[report.outcome] ?? report.outcome)"
                + (report.isExact ? "" : ", by stored requests")
        ]
        lines += report.reasons.map { "  \($0.words)" }
        if let evidence = report.evidence { lines += Self.lines(evidence) }
        if !report.needs.isEmpty { lines += ["to decide:"] + report.needs.map { "  \($0.words)" } }
        let changed = report.callees.filter { $0.change != "none" }
        for callee in changed {
            let (version, count) =
                callee.change == "added"
                ? (report.candidate, callee.candidatePerRequest) : (report.base, callee.basePerRequest)
            lines.append(
                "only \(version) calls \(callee.service) (\(callee.kind)): "
                    + "\(NumberText.decimal(count, digits: 2)) calls for each request")
        }
        for caller in report.callers where max(caller.candidate.retryCount, caller.base.retryCount) > 0 {
            lines.append(
                "\(caller.service) tried again \(caller.base.retryCount) times of \(caller.base.callCount) calls to "
                    + "\(report.base), \(caller.candidate.retryCount) of \(caller.candidate.callCount) to "
                    + report.candidate)
        }
        if let mirror = report.mirror { lines += mirror.lines }
        let (low, high) = (report.shareInterval.low, report.shareInterval.high)
        if !report.isMirrored {
            lines.append(
                "\(report.candidate) served \(NumberText.percent(report.share)) of the requests of both "
                    + "(\(NumberText.percent(low)) to \(NumberText.percent(high)))")
        }
        return lines + report.notes + (report.evidence?.notes.filter { !report.notes.contains($0) } ?? [])
    }

    /// What goes wrong more often, what tells the requests apart, and a trace of each kind.
    private static func lines(_ evidence: ComparisonReport.Evidence) -> [String] {
        let errors = evidence.errorKinds.filter { $0.candidate > $0.base && ($0.isNew || $0.p <= 0.05) }
        let why = errors.prefix(partCountMax).map(\.words) + evidence.attributes.prefix(partCountMax).map(\.words)
        var lines = why.isEmpty ? [] : ["why:"] + why.map { "  \($0)" }
        var seen: Set<String> = []
        let examples = evidence.examples.filter { seen.insert("\($0.version) \($0.role)").inserted }
        if !examples.isEmpty { lines.append("traces:") }
        for example in examples {
            lines.append(
                "  \(example.version) \(example.role): \(NumberText.duration(example.duration)) \(example.traceID)")
        }
        if let differences = evidence.pairs.lazy.compactMap(\.differences).first, !differences.isEmpty {
            lines += ["two requests for the same thing:"] + differences.map { "  \($0)" }
        }
        return lines
    }

    private static let partCountMax = 3
}

extension ComparisonQuery.Figures: ExpressibleByArgument {}
