import ArgumentParser
import Bytes
import Glibc
import Terminal
import TraceModel
import TraceStore
import WireFormats

extension StoreCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write stored spans as OTLP, to be imported here or read by other programs.",
            discussion: """
                jsonl: OTLP/JSON, one TracesData object a line.
                otlp: TracesData messages in protobuf, each after its length as a varint, so that a stream of any
                length can be read piece by piece.
                What OTLP has no place for stands in attributes whose keys start with 'skein.': an import gives
                back spans that are equal in everything. --since, --until and --service choose whole traces: those
                with a span that meets all of them. No server may have the folder open.

                Examples:
                  skein store export > spans.jsonl
                  skein store export --format otlp --output spans.otlp --since 24h
                  skein store export --data ./old | skein store import - --data ./new
                """)

        @Option(help: ArgumentHelp("jsonl or otlp.", valueName: "format")) var format = SpanFileFormat.jsonl
        @Option(help: ArgumentHelp("File to write; - is standard output.", valueName: "file")) var output = "-"
        @Option(help: ArgumentHelp("Earliest start of a span: 30m ago, or a moment.", valueName: "time"))
        var since: String?
        @Option(help: ArgumentHelp("Latest start of a span.", valueName: "time")) var until: String?
        @Option(help: ArgumentHelp("Service that takes part in the trace.", valueName: "name")) var service: String?
        @OptionGroup var folder: StoreFolderOptions
        @Flag(help: "Print the summary as JSON.") var json = false

        private struct Report: Encodable {
            let spans: Int
            let messages: Int
            let bytes: Int
        }

        func selection(now: Int64) throws -> ExportSelection {
            var selection = ExportSelection(serviceName: service)
            if since != nil || until != nil {
                let start = try since.map { try Moment.parse($0, option: "since", now: now) } ?? .min
                let end = try until.map { try Moment.parse($0, option: "until", now: now) } ?? .max
                guard start <= end else { throw ValidationError("--since is later than --until.") }
                selection.starts = start...end
            }
            return selection
        }

        func run() throws {
            let selection = try selection(now: Moment.now)
            if output == "-", format == .otlp, Terminal.isTerminal(1) {
                throw ValidationError("protobuf is nothing for a terminal: say --output FILE.")
            }
            let store = try folder.open()
            defer { store.close() }
            let file = try SpanFileOutput(output)
            var writer = SpanFileWriter(format, file)
            var bar = ProgressBar(total: store.statistics().segmentSpanCount, noun: "spans")
            let result = Result {
                try store.export(selection) { spans in
                    try writer.write(spans)
                    bar.show(writer.spanCount)
                }
                try file.finish()
            }
            bar.finish()
            try result.get()
            let report = Report(spans: writer.spanCount, messages: writer.messageCount, bytes: file.byteCount)
            let text = "exported \(NumberText.count(report.spans, "span")), \(NumberText.bytes(report.bytes))\n"
            // Not among the spans.
            if json { try Output.json(report, toErrors: output == "-") } else { Output.errorText(text) }
        }
    }
}

/// The forms of files of spans.
enum SpanFileFormat: String, ExpressibleByArgument, CaseIterable {
    case jsonl  // OTLP/JSON, a TracesData object a line
    case otlp  // protobuf, TracesData messages with their lengths before them

    /// A larger message is written in parts, unless it is of one span.
    static let messageByteCountMax = 8 << 20
    static let messageSpanCountMax = 500
    /// The longest message that is read. No span that the store takes makes a longer one.
    static let readByteCountMax = 512 << 20
}

/// Writes spans as messages of limited size.
struct SpanFileWriter {
    private let format: SpanFileFormat
    private let file: SpanFileOutput
    private(set) var spanCount = 0
    private(set) var messageCount = 0
    private var message = ByteWriter()
    private var prefix = ByteWriter()

    init(_ format: SpanFileFormat, _ file: SpanFileOutput) {
        self.format = format
        self.file = file
    }

    /// A trace whose spans lie one behind the other stays whole where a message has room for it.
    mutating func write(_ spans: [SpanView]) throws {
        var start = 0
        while start < spans.count {
            var end = min(start + SpanFileFormat.messageSpanCountMax, spans.count)
            if end < spans.count, let border = Self.border(in: spans, before: end, after: start) { end = border }
            try write(spans[start..<end])
            start = end
        }
    }

    private mutating func write(_ spans: ArraySlice<SpanView>) throws {
        message.removeAll()
        let options = OTLPOptions(keepsSkeinFacts: true)
        switch format {
        case .jsonl:
            OTLPJSONEncoder.append(spans, options: options, to: &message)
            message.write(UInt8(ascii: "\n"))
        case .otlp: OTLPProtobufEncoder.append(spans, options: options, to: &message)
        }
        if message.count > SpanFileFormat.messageByteCountMax && spans.count > 1 {
            let middle = spans.startIndex + spans.count / 2
            try write(spans[..<middle])
            return try write(spans[middle...])
        }
        if format == .otlp {
            prefix.removeAll()
            prefix.writeVarint(message.count)
            try file.write(prefix.bytes)
        }
        try file.write(message.bytes)
        spanCount += spans.count
        messageCount += 1
    }

    /// The last place in the range where another trace begins; nil if there is none.
    private static func border(in spans: [SpanView], before end: Int, after start: Int) -> Int? {
        var place = end
        while place > start {
            if spans[place].traceID != spans[place - 1].traceID { return place }
            place -= 1
        }
        return nil
    }
}

/// A file that has its name only when it is whole; or standard output.
final class SpanFileOutput {
    private let path: String
    private let descriptor: Int32
    /// Where the bytes go until all are there; nil if they go to their place at once.
    private let unfinishedPath: String?
    private var isFinished = false
    private(set) var byteCount = 0

    /// - Parameter path: `-` for standard output.
    init(_ path: String) throws {
        self.path = path
        if path == "-" {
            unfinishedPath = nil
            descriptor = dup(STDOUT_FILENO)
        } else {
            // What is there and is no file, a pipe say, must not be replaced.
            var status = stat()
            let isOther = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
            let target = isOther ? path : path + ".unfinished"
            unfinishedPath = isOther ? nil : target
            descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        }
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit {
        close(descriptor)
        if !isFinished, let unfinishedPath { unlink(unfinishedPath) }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { raw in
            var rest = raw
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw Self.failure(path) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        byteCount += bytes.count
    }

    /// Makes the bytes durable and gives the file its name.
    func finish() throws {
        guard let unfinishedPath else {
            isFinished = true
            return
        }
        guard fsync(descriptor) == 0, rename(unfinishedPath, path) == 0 else { throw Self.failure(path) }
        isFinished = true
    }

    private static func failure(_ path: String) -> CommandFailure {
        let name = path == "-" ? "standard output" : path
        return CommandFailure("\(name) cannot be written: \(String(cString: strerror(errno)))")
    }
}
