import ArgumentParser
import Glibc
import Terminal
import TraceModel
import TraceStore
import WireFormats

extension StoreCommand {
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Take spans from OTLP files into a data folder.",
            discussion: """
                Reads what 'skein store export' writes, OTLP/JSON of other programs with one object a line, and a
                single TracesData message in protobuf. The form is told from the first bytes unless --format says it.
                A folder that is not there is made. Spans that are there already are stored again, and shown once.
                A line that is no such object ends the import with 1, what came before it is kept; --skip-bad
                passes over it. No server may have the folder open.

                Examples:
                  skein store import spans.jsonl
                  skein store import day1.otlp day2.otlp --data /var/lib/skein
                  skein store export --data ./old | skein store import - --data ./new
                """)

        @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file")) var files: [String]
        @Option(help: ArgumentHelp("jsonl or otlp (default: as the file begins).", valueName: "format"))
        var format: SpanFileFormat?
        @Flag(help: "Pass over lines and spans that cannot be read.") var skipBad = false
        @OptionGroup var folder: StoreFolderOptions
        @Flag(help: "Print the summary as JSON.") var json = false

        func validate() throws {
            guard !files.isEmpty else { throw ValidationError("Say which files to import.") }
        }

        private struct Report: Encodable {
            var spans = 0
            var messages = 0
            var skippedMessages = 0
            var skippedSpans = 0
        }

        func run() throws {
            let inputs = try files.map { try SpanFileInput($0) }
            let store = try TraceStore(
                path: try folder.path(), options: try folder.options(), logger: FolderSource.logger)
            defer { store.close() }
            try store.start()
            let importer = SpanImporter(store)
            var report = Report()
            var bar = ProgressBar(total: inputs.reduce(0) { $0 + $1.byteCount } >> 10, noun: "KiB")
            let result = Result {
                var before = 0
                for input in inputs {
                    try take(input, importer, &report) { bar.show((before + $0) >> 10) }
                    before += input.readByteCount
                }
            }
            let ending = Result {
                try importer.finish()
                try store.seal()
            }
            bar.finish()
            try ending.get()
            if case .failure(let error) = result {
                guard let failure = error as? CommandFailure, report.spans > 0 else { throw error }
                throw CommandFailure(failure.message + "\n\(NumberText.count(report.spans, "span")) before it are kept")
            }
            if json { return try Output.json(report) }
            Output.text("imported \(NumberText.count(report.spans, "span"))\n")
            if report.skippedMessages + report.skippedSpans > 0 {
                Output.text(
                    "passed over \(NumberText.count(report.skippedMessages, "message")) and "
                        + "\(NumberText.count(report.skippedSpans, "span"))\n")
            }
        }

        private func take(
            _ input: SpanFileInput, _ importer: SpanImporter, _ report: inout Report, _ progress: (Int) -> Void
        ) throws {
            let format = try self.format ?? input.detectFormat()
            var builder = SpanBatchBuilder()
            while let piece = try input.next(format) {
                progress(input.readByteCount)
                report.messages += 1
                builder.removeAll()
                let outcome: DecodeOutcome
                do {
                    outcome = try Self.decode(piece.bytes, format, into: &builder)
                } catch let error as DecodeError {
                    guard skipBad else { throw CommandFailure("\(piece.place): \(DisplayText.safe(error.message))") }
                    report.skippedMessages += 1
                    continue
                }
                if let reason = outcome.firstRejection, !skipBad {
                    throw CommandFailure("\(piece.place): \(DisplayText.safe(reason))")
                }
                report.skippedSpans += outcome.rejectedCount
                guard builder.spanCount > 0 else { continue }
                try importer.append(builder.makeBatch(), from: piece.place)
                report.spans += outcome.acceptedCount
            }
        }

        private static func decode(
            _ bytes: ArraySlice<UInt8>, _ format: SpanFileFormat, into builder: inout SpanBatchBuilder
        ) throws -> DecodeOutcome {
            // What the store took once is never cut.
            let limits = SpanLimits(
                spanCountMax: 1 << 30, attributeCountMax: 1 << 20, valueByteCountMax: SpanFileFormat.readByteCountMax)
            let options = OTLPOptions(keepsSkeinFacts: true)
            return try bytes.withUnsafeBytes { raw in
                switch format {
                case .jsonl: try OTLPJSONDecoder.decode(raw, limits: limits, options: options, into: &builder)
                case .otlp: try OTLPProtobufDecoder.decode(raw, limits: limits, options: options, into: &builder)
                }
            }
        }
    }
}
