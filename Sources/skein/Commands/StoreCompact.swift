import ArgumentParser
import Terminal
import TraceStore

extension StoreCommand {
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compact",
            abstract: "Merge segments as far as their size allows.",
            discussion: """
                A running server merges its segments by itself, a few at a time; this merges all that can be merged,
                at once. No server may have the folder open.

                Examples:
                  skein store compact
                  skein store compact --data /var/lib/skein --json
                """)

        @OptionGroup var folder: StoreFolderOptions
        @OptionGroup var format: FormatOptions

        private struct Report: Encodable {
            let segmentsBefore: Int
            let segments: Int
            let bytesBefore: Int
            let bytes: Int
        }

        func run() throws {
            let store = try folder.open()
            defer { store.close() }
            try store.seal()
            let before = store.statistics()
            var bar = ProgressBar(total: 0, noun: "blocks")
            let result = Result { try store.compact { bar.show($0) } }
            bar.finish()
            _ = try result.get()
            let after = store.statistics()
            let report = Report(
                segmentsBefore: before.segmentCount, segments: after.segmentCount,
                bytesBefore: before.segmentByteCount, bytes: after.segmentByteCount)
            if format.json { return try Output.json(report) }
            Output.text(
                "\(NumberText.count(report.segmentsBefore, "segment")), \(NumberText.bytes(report.bytesBefore)) -> "
                    + "\(NumberText.count(report.segments, "segment")), \(NumberText.bytes(report.bytes))\n")
        }
    }
}
