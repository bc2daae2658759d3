import ArgumentParser
import Configuration
import HTTPClient
import Ingestion
import Terminal

struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Post spans from files to a running server.",
        discussion: """
            A file holds Zipkin JSON (a list of spans, or lists one a line, each sent as one body), OTLP JSON
            (a request a line), or one body of any other format that is posted over HTTP; packed with gzip
            or not. Each goes to the listener of its format.

            Examples:
              skein send spans.json
              skein send batch.thrift --span-format jaeger-thrift
              skein send posts.jsonl.gz --now --rate 5000
              skein trace 39a1c83d93ff90ce --json | skein send - --server http://other:9411
            """)

    @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file")) var files: [String]
    @Option(help: ArgumentHelp("Server (default: this machine, as configured).", valueName: "url"))
    var server: String?
    @Option(
        help: ArgumentHelp(
            "Format of the files (default: what they hold): "
                + SpanProtocol.postable.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var spanFormat: String?
    @OptionGroup var file: ConfigurationFileOptions
    @Flag(help: "Move all times together so that the last span ends now.") var now = false
    @Option(help: ArgumentHelp("Spans a second at most.", valueName: "number")) var rate: Double?
    @Option(help: ArgumentHelp("Connections to send on at once.", valueName: "number")) var connections = 1
    @OptionGroup var format: FormatOptions

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Say which files to send.") }
        guard (1...256).contains(connections) else { throw ValidationError("--connections is a number from 1 to 256.") }
        if let spanFormat, !SpanProtocol.postable.contains(where: { $0.rawValue == spanFormat }) {
            throw ValidationError("--span-format is not a format that can be posted.")
        }
        if let rate, !(rate > 0 && rate < 1e9) { throw ValidationError("--rate is a number above 0.") }
    }

    func run() throws {
        let format = spanFormat.flatMap { SpanProtocol(rawValue: $0) }
        var posts = try files.flatMap { try SpanPosts.read($0, format: format) }
        if now, let other = posts.first(where: { $0.format != .zipkinJSON }) {
            throw CommandFailure("--now moves the times of zipkin-json only, not of \(other.format.rawValue)")
        }
        if now { posts = Self.moved(posts, toMicroseconds: Moment.now / 1000) }

        var urls: [Listener: String] = [:]
        for listener in Set(posts.map(\.format.listener)) {
            urls[listener] = try file.client(server: server, listener: listener).baseURL
        }
        var options = SpanSender.Options()
        options.connectionCount = min(connections, max(1, posts.count))
        options.rate = rate
        var bar = ProgressBar(total: posts.reduce(0) { $0 + $1.spanCount }, noun: "spans")
        let start = ContinuousClock.now
        let result = Result { () throws(HTTPClientError) in
            try SpanSender.send(
                posts, options: options,
                client: { [urls] listener throws(HTTPClientError) in try HTTPClient(baseURL: urls[listener] ?? "") },
                progress: { bar.show($0.sentSpans + $0.refusedSpans, note: $0.retries > 0 ? "server busy" : "") })
        }
        bar.finish()
        try report(try result.get(), elapsed: ContinuousClock.now - start)
    }

    /// All times moved by one length, so that the latest end is at the moment given.
    static func moved(_ posts: [SpanPost], toMicroseconds now: Int64) -> [SpanPost] {
        guard let latest = posts.compactMap({ TimeShift.latestEnd($0.body) }).max() else { return posts }
        return posts.map {
            SpanPost(body: TimeShift.shifted($0.body, byMicroseconds: now - latest), spanCount: $0.spanCount)
        }
    }

    private func report(_ outcome: SpanSender.Outcome, elapsed: Duration) throws {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        if format.json {
            struct Report: Encodable {
                let outcome: SpanSender.Outcome
                let seconds: Double
            }
            try Output.json(Report(outcome: outcome, seconds: seconds))
        } else {
            let rate = seconds > 0 ? Int(Double(outcome.sentSpans) / seconds) : 0
            Output.text(
                "sent \(NumberText.count(outcome.sentSpans, "span")) in "
                    + "\(NumberText.count(outcome.sentPosts, "post")), "
                    + "\(NumberText.duration(Int64(seconds * 1e9))) (\(NumberText.count(rate)) spans/s)\n")
            if outcome.refusedPosts > 0 {
                Output.text(
                    "refused \(NumberText.count(outcome.refusedSpans, "span")) in "
                        + "\(NumberText.count(outcome.refusedPosts, "post")):\n")
                for (reason, count) in outcome.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                    Output.text("  \(NumberText.count(count)) × \(DisplayText.safe(reason))\n")
                }
            }
        }
        if outcome.refusedPosts > 0 { throw ExitCode(CommandFailure.failed) }
    }
}
