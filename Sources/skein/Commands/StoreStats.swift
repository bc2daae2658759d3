import ArgumentParser
import Configuration
import HTTPClient
import Terminal
import TraceStore

extension StoreCommand {
    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stats",
            abstract: "Print how much is stored.",
            discussion: """
                Asks the admin port of a running server, or opens a data folder that no server has. What a server
                warns of, such as a cluster that takes nothing and since when, goes to the standard error. What the
                bytes of the segments are spent on can only be read from the folder.

                Examples:
                  skein store stats
                  skein store stats --server http://127.0.0.1:14269 --json
                  skein store stats --data ./skein-data
                  skein store stats --data ./skein-data --columns
                  skein store stats --data ./skein-data --segments
                """)

        @Option(
            help: ArgumentHelp(
                "Admin listener of the server (default: http://127.0.0.1:14269, or as configured).", valueName: "url"))
        var server: String?
        @Option(help: ArgumentHelp("Data folder to open directly, while no server has it.", valueName: "folder"))
        var data: String?
        @Flag(help: "Print the bytes of each column of all segments, the costliest first.") var columns = false
        @Flag(help: "Print a line for each segment.") var segments = false
        @OptionGroup var file: ConfigurationFileOptions
        @OptionGroup var format: FormatOptions

        func validate() throws {
            if server != nil && data != nil { throw ValidationError("--server and --data exclude each other.") }
            if columns && segments { throw ValidationError("--columns and --segments exclude each other.") }
            if server != nil && (columns || segments) {
                throw ValidationError("--columns and --segments read a data folder: a server cannot be asked.")
            }
        }

        func run() throws {
            guard columns || segments else { return try printSamples() }
            let store = try FolderSource.open(data ?? file.load().dataPath)
            defer { store.close() }
            if columns { try printColumns(of: store) } else { try printSegments(of: store) }
        }

        // MARK: Figures

        private func printSamples() throws {
            if let data { return try print(Self.samples(ofFolder: data)) }
            let client = try file.client(server: server, listener: .admin)
            try print(Self.samples(of: client))
            for warning in try Self.warnings(of: client) { Output.error(DisplayText.safe(warning)) }
        }

        private func print(_ samples: [MetricSample]) throws {
            if format.json {
                return try Output.json(Dictionary(samples.map { ($0.name, $0.value) }) { _, last in last })
            }
            var table = TextTable([.init("METRIC"), .init("VALUE", isRightAligned: true)])
            for sample in samples { table.add([sample.name, sample.text]) }
            Output.lines(table.lines())
        }

        /// As readiness tells them, one a line.
        private static func warnings(of client: HTTPClient) throws -> [String] {
            let response = try client.get("/health/ready")
            guard response.status == 200 else { return [] }
            return response.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("warning: ") }
        }

        private static func samples(of client: HTTPClient) throws -> [MetricSample] {
            let response = try client.get("/metrics")
            let samples = MetricSample.parse(response.text).filter {
                $0.name.hasPrefix("skein_store_") || $0.name.hasPrefix("skein_forwarder_lag_")
            }
            guard response.status == 200, !samples.isEmpty else {
                throw CommandFailure("\(client.baseURL) has no metrics of a store: is it the admin port?")
            }
            return samples
        }

        private static func samples(ofFolder path: String) throws -> [MetricSample] {
            let store = try FolderSource.open(path)
            defer { store.close() }
            let statistics = store.statistics()
            let lags = try store.lags().map { name, lag in
                MetricSample(
                    name: "skein_forwarder_lag_spans{destination=\"\(name)\"}", value: Double(lag.spanCount))
            }
            return StoreMetrics.all.map { MetricSample(name: $0.text, value: $0.read(statistics)) } + lags
        }

        // MARK: Columns

        private struct ColumnReport: Encodable {
            struct Column: Encodable {
                let name: String
                let bytes: Double
                let bytesPerSpan: Double
            }
            let spans: Int
            let bytes: Int
            let columns: [Column]
        }

        private func printColumns(of store: TraceStore) throws {
            var bar = ProgressBar(total: store.statistics().segmentCount, noun: "segments")
            let composition = try store.composition { done, _ in bar.show(done) }
            bar.finish()
            let spanCount = max(1, Double(composition.spanCount))
            if format.json {
                return try Output.json(
                    ColumnReport(
                        spans: composition.spanCount, bytes: composition.byteCount,
                        columns: composition.parts.map {
                            .init(name: $0.name, bytes: $0.byteCount, bytesPerSpan: $0.byteCount / spanCount)
                        }))
            }
            var table = TextTable([
                .init("COLUMN"), .init("BYTES", isRightAligned: true), .init("SHARE", isRightAligned: true),
                .init("BYTES/SPAN", isRightAligned: true),
            ])
            func add(_ name: String, _ byteCount: Double) {
                let share = composition.byteCount > 0 ? byteCount / Double(composition.byteCount) * 100 : 0
                table.add([
                    name, NumberText.bytes(Int(byteCount.rounded())), "\(Self.fixed(share, digits: 1)) %",
                    Self.fixed(byteCount / spanCount, digits: 3),
                ])
            }
            for part in composition.parts { add(part.name, part.byteCount) }
            add("all", Double(composition.byteCount))
            Output.lines(table.lines())
        }

        // MARK: Segments

        private struct SegmentLine: Encodable {
            let id: Int64
            let createdNanoseconds: Int64
            let earliestStartNanoseconds: Int64?
            let latestEndNanoseconds: Int64?
            let spans: Int
            let traces: Int
            let errors: Int
            let blocks: Int
            let bytes: Int
        }

        private func printSegments(of store: TraceStore) throws {
            let figures = try store.segmentFigures()
            if format.json {
                return try Output.json(
                    figures.map {
                        SegmentLine(
                            id: $0.id, createdNanoseconds: $0.createdAt, earliestStartNanoseconds: $0.earliestStart,
                            latestEndNanoseconds: $0.latestEnd, spans: $0.spanCount, traces: $0.traceCount,
                            errors: $0.errorCount, blocks: $0.blockCount, bytes: $0.byteCount)
                    })
            }
            guard !figures.isEmpty else { return Output.text("no segments\n") }
            var table = TextTable(
                [.init("SEGMENT", isRightAligned: true), .init("CREATED"), .init("FIRST START"), .init("LAST END")]
                    + ["SPANS", "TRACES", "ERRORS", "BLOCKS", "BYTES", "BYTES/SPAN"].map {
                        .init($0, isRightAligned: true)
                    })
            for segment in figures {
                table.add([
                    "\(segment.id)", ClockText.local(segment.createdAt),
                    segment.earliestStart.map(ClockText.local) ?? "-", segment.latestEnd.map(ClockText.local) ?? "-",
                    NumberText.count(segment.spanCount), NumberText.count(segment.traceCount),
                    NumberText.count(segment.errorCount), NumberText.count(segment.blockCount),
                    NumberText.bytes(segment.byteCount),
                    Self.fixed(Double(segment.byteCount) / Double(max(1, segment.spanCount)), digits: 1),
                ])
            }
            Output.lines(table.lines())
        }

        /// Rounded to so many digits behind the point.
        static func fixed(_ number: Double, digits: Int) -> String {
            var scale = 1
            for _ in 0..<digits { scale *= 10 }
            let scaled = Int((number * Double(scale)).rounded())
            let fraction = String(scaled % scale)
            return "\(scaled / scale)." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
        }
    }
}
